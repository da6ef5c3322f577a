/* Neighbour proxying: hosts of an outer network that look for the IPv6 address of a client are told that it is here
 * (RFC 4861 7.2.8). One worker does it for all: it knows the owners of all addresses. */
#ifndef ADIT_SERVER_NDP_H
#define ADIT_SERVER_NDP_H

#include "server/plane.h"
#include "server/roles.h"

struct ndp_link {
    const struct plane *plane;
    int fd;
    struct watch *watch;
    uint8_t mac[6];
    struct prefix nets[ROLE_NDP_NETS]; /* of the pools that are proxied there */
    unsigned n_nets;
};

struct ndp {
    struct ndp_link at[CONFIG_POOLS];
    unsigned n;
};

/* Another interface; fd (net/ndp.h) is taken over. ERR_NOMEM; ERR_VALUE: too many, or not such a socket. */
int ndp_add(struct ndp **n, struct plane *p, int fd, const struct role_ndp *r) MUST_CHECK;
/* None any more. */
void ndp_clear(struct ndp **n);

/* The answer to a solicitation, if one is due: into w, and where to in dst_mac (all nodes: 33:33:00:00:00:01). For tests apart
 * from the socket. False: it is not for one of ours. */
bool ndp_answer(const struct ndp_link *l, struct slice packet, const uint8_t from_mac[6], struct wr *w,
                uint8_t dst_mac[6]);

#endif
