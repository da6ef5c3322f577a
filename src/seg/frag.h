/* An IPv4 packet without DF, cut into fragments that fit into a tunnel (RFC 791 3.2).
 *
 *     struct frag f;
 *     if (frag_init(&f, packet, mtu) < 0) drop it;
 *     while ((n = frag_next_len(&f)) != 0) frag_next(&f, dst);
 *
 * The packet's own checksums must be complete (gso_next does that): a fragment cannot make up for them. */
#ifndef ADIT_SEG_FRAG_H
#define ADIT_SEG_FRAG_H

#include "base/err.h"
#include "base/slice.h"

enum { FRAG_OPTIONS_MAX = 40 };

/* The fields are frag.c's business. */
struct frag {
    struct slice head; /* the packet's own header, which the first fragment keeps */
    struct slice rest; /* data not yet given out */
    uint16_t offset;   /* of the next fragment: the 13-bit field, in 8 bytes */
    uint16_t mtu;
    bool first;
    bool more;                         /* the packet is itself a fragment, and not the last */
    uint8_t options_len;               /* of the others' headers */
    uint8_t options[FRAG_OPTIONS_MAX]; /* those with the copied flag, padded */
};

/* Returns 0, or an error of ip_parse(), or
 *   ERR_VERSION  not IPv4;
 *   ERR_STATE    DF is set: see icmp.h;
 *   ERR_LENGTH   options that do not add up, an MTU without room for 8 bytes of data, or a packet which with its offset
 *                would be longer than IPv4 can say.
 * A packet that fits comes out as it is. Borrows the packet until the last frag_next(). *f is untouched on failure. */
int frag_init(struct frag *f, struct slice packet, unsigned mtu) MUST_CHECK;

/* Bytes of the next fragment, at most the MTU; 0 when there is none left. */
size_t frag_next_len(const struct frag *f);

/* Writes it and returns its length; dst must not overlap the packet. */
size_t frag_next(struct frag *f, uint8_t *dst);

#endif
