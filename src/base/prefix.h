/* An IP prefix of either family: what a session owns, what routes and pools are made of.
 *
 * IPv4 lives in the last four bytes of the v4-mapped form (::ffff:a.b.c.d), so that one
 * comparison and one table serve both families; `len` counts in the family's own bits. */
#ifndef ADIT_BASE_PREFIX_H
#define ADIT_BASE_PREFIX_H

#include "base/rd.h"
#include "base/wr.h"

struct prefix {
    uint8_t addr[16]; /* network byte order; v4-mapped for IPv4 */
    uint8_t family;   /* 4 or 6; 0 is "none" */
    uint8_t len;      /* 0..32 or 0..128 */
};

#define PREFIX_TEXT 52 /* bytes that prefix_text() needs at most */

/* Host bits are kept as given; len is not checked. */
struct prefix prefix_v4(uint32_t addr_host_order, unsigned len);
struct prefix prefix_v6(const uint8_t addr[16], unsigned len);
/* The address as a host-order number; only for family 4. */
uint32_t prefix_v4_addr(const struct prefix *p);
/* The 16 bytes (v4-mapped for IPv4) lie in the prefix? */
bool prefix_has(const struct prefix *p, const uint8_t addr16[16]);
bool prefix_eq(const struct prefix *a, const struct prefix *b);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
/* Parses "10.1.2.0/24", "fd00::/8", or a bare address (full length). Host bits set are ERR_VALUE unless
 * `host_bits_ok`. Returns 0 or an error; *ret_p untouched on failure. */
int prefix_parse(const char *text, bool host_bits_ok, struct prefix *ret_p) __attribute__((warn_unused_result));
/* Writes text with a NUL ("10.80.0.1/32", "fd00::/64"); without "/len" where the length is full. RFC 5952. */
const char *prefix_text(const struct prefix *p, char buf[PREFIX_TEXT]);

/* The 18 bytes by which our own processes tell each other a prefix: family, length, address. Reading anything but a family
 * 4 or 6 with a length that it has makes the reader bad; "none" is the caller's to write differently. */
void prefix_put(struct wr *w, const struct prefix *p);
void prefix_get(struct rd *r, struct prefix *p);
/* The same for one that may be "none" (family 0), which is one byte then. */
void prefix_put_maybe(struct wr *w, const struct prefix *p);
void prefix_get_maybe(struct rd *r, struct prefix *p);

#endif
