/* IPCP (RFC 1332, RFC 1877): addresses, DNS and NBNS. Completed by its module. */
#ifndef ADIT_PPP_IPCP_H
#define ADIT_PPP_IPCP_H

#include "ppp/cp.h"

struct ipcp_conf {
    bool server;
    uint32_t our_addr;      /* host order; client: 0 asks the peer */
    uint32_t peer_addr;     /* server: what the peer is Nak'ed to; client: 0, accepts what the peer says */
    uint32_t dns[2], nbns[2]; /* server: handed out, 0: rejected */
    bool want_dns;          /* client: asks for 129 and 131 */
};

struct ipcp_result {
    uint32_t our_addr, peer_addr; /* host order */
    uint32_t dns[2];              /* client: as Nak'ed by the server, 0: none */
};

#endif
