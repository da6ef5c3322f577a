/* IPCP (RFC 1332, RFC 1877): addresses, DNS and NBNS. Options only; the automaton is ppp/cp.h. */
#ifndef ADIT_PPP_IPCP_H
#define ADIT_PPP_IPCP_H

#include "ppp/cp.h"

struct ipcp_conf {
    bool server;
    uint32_t our_addr;        /* host order; client: 0 asks the peer */
    uint32_t peer_addr;       /* server: what the peer is Nak'ed to; client: 0, accepts what the peer says */
    uint32_t dns[2], nbns[2]; /* server: handed out, 0: rejected */
    bool want_dns;            /* client: asks for 129 and 131 */
};

struct ipcp_result {
    uint32_t our_addr, peer_addr; /* host order */
    uint32_t dns[2];              /* client: as Nak'ed by the server, 0: none */
};

struct ipcp {
    struct cp cp; /* first member */
    struct ipcp_conf conf;
    bool ask_addr, ask_dns[2]; /* what we ask for now */
    uint32_t our_addr, dns[2]; /* the values that we ask for now */
    bool peer_sent_addr;       /* the request being judged holds option 3 */
    uint32_t pending_addr;     /* its value */
    uint32_t peer_addr;        /* acked; 0: the peer told none */
};

void ipcp_init(struct ipcp *i, const struct ipcp_conf *conf, const struct cp_conf *cp);
/* What was agreed; only once Opened. */
struct ipcp_result ipcp_result(const struct ipcp *i);

#endif
