/* One read of a TUN queue, cut into the packets that the network is to see.
 *
 * With offloads on, the kernel hands over up to 64 KB of one flow under one header (a super-packet), and packets whose
 * checksum is left to us. What comes out here is what a kernel without offloads would have sent, byte by byte. Each
 * packet is written straight to where it goes (behind the SSTP and PPP heads of its frame), its payload copied once:
 *
 *     struct gso g;
 *     if (gso_init(&g, vnet, packet) < 0) drop it;
 *     while ((n = gso_next_len(&g)) != 0) {
 *         at = a frame's head for n bytes of packet;
 *         gso_next(&g, at);
 *     }
 *
 * It decides nothing about sizes: whoever cannot send packets of gso_next_len() bytes answers the first of them. */
#ifndef ADIT_SEG_GSO_H
#define ADIT_SEG_GSO_H

#include "base/err.h"
#include "seg/vnet.h"

enum gso_kind {
    GSO_PLAIN,    /* goes as it is */
    GSO_CHECKSUM, /* one packet, its checksum has to be completed */
    GSO_TCP,
    GSO_UDP,
};

/* The fields are gso.c's business; read through the functions. */
struct gso {
    enum gso_kind kind;
    uint8_t version;
    uint8_t tcp_flags;
    bool first;             /* none given out yet */
    uint16_t head_len;      /* IP and transport headers */
    uint16_t transport;     /* where the transport header is */
    uint16_t size;          /* payload of each packet but the last */
    uint16_t check_at;      /* GSO_CHECKSUM: where the checksum goes */
    uint16_t id;            /* IPv4: of the next packet */
    uint32_t seq;           /* TCP: of the next packet */
    uint64_t ip_sum;        /* of the IPv4 header without length, identification and checksum */
    uint64_t transport_sum; /* of pseudo and transport header without what differs between packets */
    const uint8_t *head;    /* of the super-packet */
    struct slice rest;      /* payload not yet given out; GSO_PLAIN, GSO_CHECKSUM: the packet */
};

/* Looks at a packet as read from a queue and its header. Borrows both until the last gso_next(). Returns 0 or
 *   ERR_TRUNCATED  fewer bytes than the headers need, or nothing at all;
 *   ERR_UNKNOWN    a gso_type that we never switched on;
 *   ERR_VERSION    the packet is not of the family or protocol that gso_type says;
 *   ERR_LENGTH     lengths in the headers contradict each other, or there is no payload to cut;
 *   ERR_VALUE      a checksum place outside the packet or not the transport's, no gso_size, a fragment.
 * A packet that is neither to be cut nor to be summed is not looked at. *g is untouched on failure. */
int gso_init(struct gso *g, const uint8_t vnet[VNET_HDR], struct slice packet) MUST_CHECK;

/* Bytes of the next packet; 0 when there is none left. */
static inline size_t gso_next_len(const struct gso *g)
{
    size_t payload = g->rest.n < g->size ? g->rest.n : g->size;
    return payload ? g->head_len + payload : 0;
}

/* Packets left. */
static inline size_t gso_left(const struct gso *g)
{
    return g->rest.n ? (g->rest.n + g->size - 1) / g->size : 0;
}

/* Passes over the next packet, as if it had been given out. */
void gso_pass(struct gso *g);

/* Passes over packets that have gone already: those that the first `end` bytes of the super-packet make up. `end` is what
 * gso_end() said after the last of them. */
void gso_skip(struct gso *g, uint32_t end);

/* Bytes of the super-packet that the packets given out so far make up; 0 before the first. */
static inline uint32_t gso_end(const struct gso *g, uint32_t whole)
{
    return g->rest.n == whole ? 0 : g->kind >= GSO_TCP && g->first ? 0 : whole - (uint32_t)g->rest.n;
}

/* Writes the next packet and returns its length, gso_next_len(), which must fit into dst; 0 when there is none left.
 * dst must not overlap the packet that is being cut. */
size_t gso_next(struct gso *g, uint8_t *dst);

#endif
