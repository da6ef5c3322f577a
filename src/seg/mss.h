/* MSS clamping: a TCP SYN that passes through the tunnel promises no longer segments than the tunnel carries.
 *
 * Without it, connections through a tunnel of MTU 1400 hang wherever ICMP "packet too big" is filtered. It changes at
 * most two bytes of option and two of checksum, in place; it never makes an MSS larger. */
#ifndef ADIT_SEG_MSS_H
#define ADIT_SEG_MSS_H

#include "wire/ip.h"

/* Lowers the MSS option of a SYN in packet[0..n) to `mtu` less the fixed headers (RFC 9293 3.7.1: 40 for IPv4, 60 for
 * IPv6). `partial`: the checksum field holds the pseudo header's sum only, to be completed by an offload
 * (VIRTIO_NET_HDR_F_NEEDS_CSUM), and is left alone. Returns whether the packet was changed; anything that is no well-formed
 * SYN with this option is left as it is, as is everything if `mtu` has no room for headers. */
bool mss_clamp(uint8_t *packet, size_t n, uint16_t mtu, bool partial);

#endif
