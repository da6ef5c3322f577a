/* The primitives and the dice of this host: Nettle and the kernel.
 *
 * Not OpenSSL: its hashes allocate, and so may fail, and MD4 and DES (only MS-CHAPv2's, RFC 2759) it keeps in its legacy
 * provider, which is off by default, and nobody should have to turn it on for this. */
#ifndef ADIT_TLS_PRIM_HOST_H
#define ADIT_TLS_PRIM_HOST_H

#include "crypto/prim.h"

/* May be used from several threads; allocates nothing and cannot fail. */
extern const struct prim prim_host;

/* Fills dst from the kernel's generator; for struct env. Blocks only before the kernel is seeded;
 * aborts if there is no randomness to be had. `ctx` is unused. */
void prim_random(void *ctx, uint8_t *dst, size_t n);

#endif
