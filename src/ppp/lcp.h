/* LCP (RFC 1661, RFC 1570). Completed by its module. */
#ifndef ADIT_PPP_LCP_H
#define ADIT_PPP_LCP_H

#include "ppp/cp.h"

enum { LCP_AUTH_MAX = 8 };

/* An authentication protocol as LCP option 3 names it. */
struct lcp_auth {
    uint16_t proto;  /* PPP_PAP 0xc023, PPP_CHAP 0xc223, PPP_EAP 0xc227; 0: none */
    uint8_t alg;     /* CHAP only: 5 MD5, 0x81 MS-CHAPv2 */
};

#endif
