/* Runs an input as a sequence of operations on one tunnel, and checks after each that the tunnel keeps its promises.
 *
 * Input: one byte, the authentication method; then operations, each a byte of enum tape_op (tests/twin/twin.h) modulo
 * TAPE_OPS: FEED and WALK with a 16-bit length and so many bytes, TICK with 16 bits of time in units of 4 ms, the
 * others bare. Randomness is that of the twins with seed 42, so that a recorded session authenticates. */
#ifndef ADIT_TESTS_TUNNEL_OPS_H
#define ADIT_TESTS_TUNNEL_OPS_H

#include "session/tunnel.h"

void tunnel_ops_run(enum tunnel_role role, const uint8_t *data, size_t size);

#endif
