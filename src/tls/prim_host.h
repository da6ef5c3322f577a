/* The primitives and the dice of this host: OpenSSL for SHA, MD5 and HMAC, Nettle for MD4 and DES.
 *
 * MD4 and DES are only MS-CHAPv2's (RFC 2759); OpenSSL 3 keeps them in its legacy provider, which is
 * off by default, and nobody should have to turn it on for this. */
#ifndef ADIT_TLS_PRIM_HOST_H
#define ADIT_TLS_PRIM_HOST_H

#include "crypto/prim.h"

/* May be used from several threads. A library that cannot hash any more aborts the process: there is
 * no sensible way on, and a wrong digest must never be taken for a right one. */
extern const struct prim prim_host;

/* Fills dst from the kernel's generator; for struct env. Blocks only before the kernel is seeded;
 * aborts if there is no randomness to be had. `ctx` is unused. */
void prim_random(void *ctx, uint8_t *dst, size_t n);

#endif
