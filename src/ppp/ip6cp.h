/* IPV6CP (RFC 5072): interface identifiers. Completed by its module. */
#ifndef ADIT_PPP_IP6CP_H
#define ADIT_PPP_IP6CP_H

#include "ppp/cp.h"

struct ip6cp_conf {
    bool on;                /* false: Protocol-Reject */
    uint8_t our_id[8];      /* all zero: drawn at random */
    uint8_t peer_id[8];     /* server: suggested when the peer's is zero or equal to ours; all zero: drawn */
};

struct ip6cp_result {
    uint8_t our_id[8], peer_id[8];
};

#endif
