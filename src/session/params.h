/* What a session is given: prefixes, names, limits. Part of authd's verdict; plain data, both roles. */
#ifndef ADIT_SESSION_PARAMS_H
#define ADIT_SESSION_PARAMS_H

#include "base/prefix.h"

enum { PARAMS_PREFIXES = 20, PARAMS_CLAIMS = 8, PARAMS_DNS = 4, PARAMS_USER = 64 };

struct params {
    struct prefix prefixes[PARAMS_PREFIXES]; /* what the session owns; [0] is its IPv4 /32 where it has one */
    unsigned n_prefixes;
    unsigned n_routed;        /* of these, the last ones: networks behind the client */
    uint32_t server_ipv4;     /* our tunnel address, host order */
    uint32_t dns[2], nbns[2]; /* IPv4 for IPCP, host order, 0: none */
    struct prefix dns6[PARAMS_DNS];
    unsigned n_dns6;
    /* Of these: the /64 that the client makes its addresses of, or, as a /128, its address in a /64 that all share; it may
     * claim PARAMS_CLAIMS more of that. Family 0: none. */
    struct prefix link6;
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

/* Does the session have its address in a /64 that others have theirs in? */
static inline bool params_shares(const struct params *p)
{
    return p->link6.family == 6 && p->link6.len == 128;
}

/* An address of the /64 that the session shares with others. */
static inline bool params_may_claim(const struct params *p, const uint8_t addr[16])
{
    return params_shares(p) && memcmp(p->link6.addr, addr, 8) == 0;
}

/* One more, before those that are networks behind the client. False: there is no room. */
static inline bool params_add(struct prefix *list, unsigned *n, unsigned n_routed, const struct prefix *p)
{
    unsigned at = *n - n_routed;
    if (*n == PARAMS_PREFIXES)
        return false;
    memmove(&list[at + 1], &list[at], n_routed * sizeof(*list));
    list[at] = *p;
    ++*n;
    return true;
}

/* One less; not one behind the client. */
static inline void params_drop(struct prefix *list, unsigned *n, const struct prefix *p)
{
    unsigned k = 0;
    for (unsigned i = 0; i < *n; i++)
        if (!prefix_eq(&list[i], p))
            list[k++] = list[i];
    *n = k;
}

#endif
