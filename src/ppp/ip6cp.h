/* IPV6CP (RFC 5072): interface identifiers. Options only; the automaton is ppp/cp.h. */
#ifndef ADIT_PPP_IP6CP_H
#define ADIT_PPP_IP6CP_H

#include "ppp/cp.h"

struct ip6cp_conf {
    bool on;            /* false: Protocol-Reject */
    uint8_t our_id[8];  /* all zero: drawn at random */
    uint8_t peer_id[8]; /* server: suggested when the peer's is zero or equal to ours; all zero: drawn */
    bool insist; /* server: suggested also to a peer that asks for another, as often as it hears (IP6CP_INSIST) */
};

enum { IP6CP_INSIST = 3 }; /* RFC 1661 4.6: below Max-Failure, so that a peer that knows better has its own way */

struct ip6cp_result {
    uint8_t our_id[8], peer_id[8];
};

struct ip6cp {
    struct cp cp; /* first member */
    struct ip6cp_conf conf;
    bool ask_id;           /* the peer has not rejected the option */
    uint8_t our_id[8];     /* what we ask for now */
    bool peer_sent_id;     /* the request being judged holds option 1 */
    uint8_t pending_id[8]; /* its value */
    unsigned insisted;     /* how often */
    uint8_t suggested[8];  /* what a peer without a usable identifier is Nak'ed to */
    uint8_t peer_id[8];    /* acked */
};

void ip6cp_init(struct ip6cp *i, const struct ip6cp_conf *conf, const struct cp_conf *cp, struct cp_port *port);
struct ip6cp_result ip6cp_result(const struct ip6cp *i);

#endif
