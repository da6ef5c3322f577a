/* One netlink request and its answers, over libmnl: what link.c and route.c share. Private to this layer. */
#ifndef ADIT_NET_MNL_H
#define ADIT_NET_MNL_H

#include <libmnl/libmnl.h>

#include "base/prefix.h"

enum { NL_REQUEST_MAX = 1024 };

/* A request under construction; big enough for all that we send. */
union nl_request {
    struct nlmsghdr head;
    uint8_t bytes[NL_REQUEST_MAX];
};

/* Begins a request with NLM_F_REQUEST | NLM_F_ACK | flags; returns its fixed part of `fixed` bytes, zeroed. */
void *nl_begin(union nl_request *q, uint16_t type, uint16_t flags, size_t fixed);
/* Sends it and runs `answer` (may be NULL) on each answer until the kernel says that it is done.
 * Returns 0 or the errno of what went wrong. */
int nl_exchange(union nl_request *q, mnl_cb_t answer, void *arg);

/* AF_INET or AF_INET6; 0 for none. */
uint8_t nl_family(const struct prefix *p);
/* Adds the address (4 or 16 bytes) as attribute `type`. */
void nl_put_addr(union nl_request *q, uint16_t type, const struct prefix *p);
/* Reads an attribute as an address of `family` (AF_) with `len` bits; false if its length is not the family's. */
bool nl_get_addr(const struct nlattr *a, int family, unsigned len, struct prefix *ret_p);

#endif
