/* Configuration options of PPP control protocols: type, length, data (RFC 1661 6, RFC 1332, RFC 1877, RFC 5072). */
#ifndef ADIT_WIRE_CP_OPT_H
#define ADIT_WIRE_CP_OPT_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum lcp_opt {
    LCP_OPT_MRU = 1,
    LCP_OPT_AUTH = 3,
    LCP_OPT_MAGIC = 5,
    LCP_OPT_PFC = 7,
    LCP_OPT_ACFC = 8,
    LCP_OPT_CALLBACK = 13,   /* RFC 1570 2.3 */
    LCP_OPT_MRRU = 17,       /* RFC 1990 5.1.1 */
    LCP_OPT_SHORT_SEQ = 18,  /* RFC 1990 5.1.2 */
    LCP_OPT_ENDPOINT = 19,   /* RFC 1990 5.1.3 */
    LCP_OPT_LINK_DISCR = 23, /* RFC 2125 */
};

enum ipcp_opt {
    IPCP_OPT_COMPRESSION = 2, /* RFC 1332 3.2: Van Jacobson */
    IPCP_OPT_ADDRESS = 3,     /* RFC 1332 3.3 */
    IPCP_OPT_DNS1 = 129,      /* RFC 1877 1.1 to 1.4 */
    IPCP_OPT_NBNS1 = 130,
    IPCP_OPT_DNS2 = 131,
    IPCP_OPT_NBNS2 = 132,
};

enum ip6cp_opt { IP6CP_OPT_IFID = 1 /* RFC 5072 4.1 */ };

enum { CP_OPT_HEAD = 2, CP_OPT_MAX = 255 };

struct cp_opt {
    uint8_t type;
    struct slice data;
};

/* Takes the next option. ERR_TRUNCATED: bytes end inside it; ERR_LENGTH: a length below 2. *ret_o untouched then. */
int cp_opt_next(struct rd *options, struct cp_opt *ret_o) MUST_CHECK;
/* All of it is well-formed options? (None at all is.) */
int cp_opt_check(struct slice options) MUST_CHECK;
/* The value of an option of exactly two, four bytes; ERR_LENGTH otherwise. */
int cp_opt_u16(const struct cp_opt *o, uint16_t *ret_v) MUST_CHECK;
int cp_opt_u32(const struct cp_opt *o, uint32_t *ret_v) MUST_CHECK;

/* Writing; data of at most 253 bytes, else the writer turns bad. */
void cp_opt_put(struct wr *w, const struct cp_opt *o);
void cp_opt_put_flag(struct wr *w, uint8_t type);
void cp_opt_put_u16(struct wr *w, uint8_t type, uint16_t v);
void cp_opt_put_u32(struct wr *w, uint8_t type, uint32_t v);

#endif
