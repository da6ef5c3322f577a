/* An Ethernet on which sessions have addresses of their own: what the interface is, sockets for its DHCP and ARP, and
 * answering ARP for those addresses (proxy neighbours). Rights of root are needed for all but looking. */
#ifndef ADIT_NET_ETHER_H
#define ADIT_NET_ETHER_H

#include "base/err.h"
#include "base/prefix.h"

enum { ETHER_FDS = 2 }; /* IPv4 that DHCP servers send; ARP */

struct ether {
    int index;
    uint8_t mac[6];
    struct prefix own; /* the host's first IPv4 address there, full length; family 0: none */
};

/* ERR_MISSING: there is no such interface; ERR_VALUE: it is no Ethernet. */
int ether_look(const char *name, struct ether *ret_e, char err[256]) MUST_CHECK;
/* Packet sockets bound to the interface, non-blocking, close-on-exec, that take whole frames: fds[0] receives what comes to
 * UDP port 68, says in its messages' PACKET_AUXDATA whether checksums are there, and sends any frame; fds[1] receives ARP. */
int ether_open(const struct ether *e, int fds[ETHER_FDS], char err[256]) MUST_CHECK;

/* The host answers ARP for the address there, or no more. ERR_DUPLICATE, ERR_MISSING: it did, it did not. Ours carry the
 * protocol number of our routes; only such are taken away. */
int ether_proxy(const char *name, const struct prefix *addr, bool add, char err[256]) MUST_CHECK;
/* Those of ours that are there: fn for each. */
int ether_proxies(const char *name, void (*fn)(void *ctx, const struct prefix *addr), void *ctx) MUST_CHECK;

#endif
