/* What a session is given: prefixes, names, limits. Part of authd's verdict; plain data, both roles. */
#ifndef ADIT_SESSION_PARAMS_H
#define ADIT_SESSION_PARAMS_H

#include "base/prefix.h"

enum { PARAMS_PREFIXES = 12, PARAMS_DNS = 4, PARAMS_USER = 64 };

struct params {
    struct prefix prefixes[PARAMS_PREFIXES]; /* what the session owns; [0] is its IPv4 /32 where it has one */
    unsigned n_prefixes;
    unsigned n_routed;        /* of these, the last ones: networks behind the client */
    uint32_t server_ipv4;     /* our tunnel address, host order */
    uint32_t dns[2], nbns[2]; /* IPv4 for IPCP, host order, 0: none */
    struct prefix dns6[PARAMS_DNS];
    unsigned n_dns6;
    struct prefix link6;       /* of these: the /64 that the client makes its addresses of; family 0: none */
    struct prefix delegated6;  /* of these: what a router behind the client may have by DHCPv6; family 0: none */
    uint8_t pool, group, user; /* what else it is told: 1 + index in its snapshot; 0: none */
    uint16_t mtu;              /* inner MTU to use at most; 0: no wish */
    uint32_t session_timeout;  /* seconds, 0: none */
    uint32_t idle_timeout;
    uint32_t snapshot; /* number of the configuration that the session began with */
};

/* The IPv4 /32 of the session, host order; 0 if it has none. */
static inline uint32_t params_ipv4(const struct params *p)
{
    for (unsigned i = 0; i < p->n_prefixes; i++)
        if (p->prefixes[i].family == 4 && p->prefixes[i].len == 32)
            return prefix_v4_addr(&p->prefixes[i]);
    return 0;
}

#endif
