/* What the two call targets share: the input as a list of operations on a call, and what must hold after each. */
#ifndef ADIT_TESTS_FUZZ_CALL_OPS_H
#define ADIT_TESTS_FUZZ_CALL_OPS_H

#include "sstp/call.h"

/* Runs one input:
 *   0x00..0x7f  that many bytes follow and are fed
 *   0x80..0x9f  time passes, (op - 0x80) times 4 s
 *   0xa0        authenticated        0xa1  disconnect       0xa2  lost      0xa3  heard
 *   0xa4        what there is to send is fetched            0xa5  tick at the deadline
 *   0xa6        server: a Call Connected whose nonce, certificate and MAC are right is fed
 *   others      nothing */
void call_ops_run(enum call_role role, const uint8_t *data, size_t size);

#endif
