/* struct virtio_net_hdr: the ten bytes before every packet of a TUN queue that was opened with IFF_VNET_HDR.
 *
 * Virtio 1.2, 5.1.6. Written by the kernel in front of what is read from a queue, and by us in front of what is
 * written to it. Its numbers are in this machine's byte order (a TUN queue's legacy default). */
#ifndef ADIT_SEG_VNET_H
#define ADIT_SEG_VNET_H

#include "base/slice.h"

enum { VNET_HDR = 10 };

enum { /* flags */
       VNET_NEEDS_CSUM =
           1, /* the checksum field holds the sum of the pseudo header only; csum_start and _offset say where */
       VNET_DATA_VALID = 2,
};

enum { /* gso_type */
       VNET_GSO_NONE = 0,
       VNET_GSO_TCPV4 = 1,
       VNET_GSO_UDP = 3, /* one datagram to be cut into IP fragments: never offered to us, not supported */
       VNET_GSO_TCPV6 = 4,
       VNET_GSO_UDP_L4 = 5,
       VNET_GSO_ECN = 0x80, /* with TCP: the packet has CWR set */
};

struct vnet {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len;     /* bytes of headers; a hint, never relied on */
    uint16_t gso_size;    /* payload bytes of each packet but the last */
    uint16_t csum_start;  /* where summing starts, from the first byte of the packet */
    uint16_t csum_offset; /* where the checksum goes, from csum_start */
};

static inline uint16_t vnet_u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}

static inline struct vnet vnet_read(const uint8_t src[VNET_HDR])
{
    return (struct vnet){ src[0], src[1], vnet_u16(src + 2), vnet_u16(src + 4), vnet_u16(src + 6), vnet_u16(src + 8) };
}

static inline void vnet_write(uint8_t dst[VNET_HDR], const struct vnet *v)
{
    dst[0] = v->flags;
    dst[1] = v->gso_type;
    memcpy(dst + 2, &v->hdr_len, 2);
    memcpy(dst + 4, &v->gso_size, 2);
    memcpy(dst + 6, &v->csum_start, 2);
    memcpy(dst + 8, &v->csum_offset, 2);
}

#endif
