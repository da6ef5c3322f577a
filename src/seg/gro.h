/* The packets of one read, joined again per flow, so that the kernel's stack is walked once for up to 64 KB.
 *
 * The mirror of gso.h: whatever is joined here, a kernel (or gso_next) cuts into exactly the packets that came in. What
 * may be joined follows Linux (inet_gro_receive, tcp_gro_receive, udp_gro_receive_segment) and is stricter where joining
 * would lose a byte: TCP data segments in sequence whose headers differ in nothing but sequence number, identification,
 * length, checksum and a PSH that ends the join (or see GRO_COLLAPSE_PSH); UDP datagrams likewise, where switched on. A
 * packet that may not be joined passes alone and unchanged, with an empty virtio_net_hdr; a packet whose checksum is
 * wrong, too, so that who receives it sees that it is wrong. Packets of one flow are never reordered.
 *
 *     gro_init(&g, GRO_UDP);
 *     for each packet: while (!gro_add(&g, packet)) write what is there and gro_init() again;
 *     n = gro_finish(&g);
 *     for (i = 0; i < n; i++) one writev() of gro_slices(&g, i, slices);
 *
 * Nothing is copied but headers: the packets' bytes must stay until they are written. */
#ifndef ADIT_SEG_GRO_H
#define ADIT_SEG_GRO_H

#include "seg/vnet.h"

enum {
    GRO_PACKETS = 192,            /* one gro_init() to the next */
    GRO_SLICES = GRO_PACKETS + 1, /* of one write, at most */
    GRO_HEAD = 128,               /* IP and transport headers that can be joined: 40 + 60, and some extension headers */
    GRO_UDP_SEGMENTS = 64,        /* datagrams in one write (Linux: UDP_MAX_SEGMENTS of kernels before 6.10) */
    GRO_BUCKETS = 256,
};

enum {              /* flags of gro_init */
       GRO_UDP = 1, /* the kernel takes UDP super-packets (USO) */
       /* Join IPv4 packets that all have the same identification and DF (macOS, some phones: always 0). Linux does. Who cuts
     * them again counts the identification up, which RFC 6864 4.1 permits: it means nothing where DF is set. */
       GRO_FIXED_ID = 2,
       /* Go on behind a PSH, which Linux sets in every write of a sender that is in a hurry: the join has it if any of its
     * packets had. RFC 9293 3.9.1.2: it is independent of segment boundaries, and successive ones are to be collapsed. Linux
     * ends a join at it so as not to wait for more; here nothing is waited for. */
       GRO_COLLAPSE_PSH = 4,
};

struct gro_packet {
    struct slice whole;
    uint16_t head_len; /* where the payload begins */
    uint8_t next;      /* of the same write */
};

/* What one write() is to hold. */
struct gro_join {
    bool open;     /* may grow */
    bool verified; /* the first packet's checksums hold */
    uint8_t proto;
    uint8_t version;
    uint8_t first, last; /* packets */
    uint8_t count;
    uint8_t psh; /* the last packet's PSH flag, or anyone's */
    uint16_t transport;
    uint16_t size;    /* payload of each packet but the last */
    uint16_t id;      /* of the first packet */
    uint16_t id_step; /* 1, or 0 for a fixed identification */
    uint32_t seq;     /* of the packet that may follow */
    uint32_t bytes;   /* of the joined packet */
};

/* About 38 KB, one a worker. The fields are gro.c's business. */
struct gro {
    unsigned flags;
    unsigned packets, joins;
    struct gro_packet packet[GRO_PACKETS];
    struct gro_join join[GRO_PACKETS];
    uint8_t bucket[GRO_BUCKETS]; /* 1 + the newest join of a flow; 0: free */
    uint8_t head[GRO_PACKETS][VNET_HDR + GRO_HEAD];
};

/* Empties it. */
void gro_init(struct gro *g, unsigned flags);

/* Takes the next packet; anything goes, what is not understood passes alone. False: GRO_PACKETS are there already, and
 * nothing was taken. */
bool gro_add(struct gro *g, struct slice packet);

/* Nothing more comes: makes the headers, and returns how many writes there are. Packets of a flow are in the order in
 * which they came. */
unsigned gro_finish(struct gro *g);

/* The bytes of write i: the virtio_net_hdr with the joined header, then payloads; or an empty virtio_net_hdr, then the
 * packet. Returns the number of slices, 2 to GRO_SLICES. */
unsigned gro_slices(const struct gro *g, unsigned i, struct slice out[GRO_SLICES]);

/* Packets in write i. */
static inline unsigned gro_count(const struct gro *g, unsigned i)
{
    return g->join[i].count;
}

#endif
