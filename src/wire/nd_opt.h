/* Numbers of neighbour discovery that only its reader and its writer need. */
#ifndef ADIT_WIRE_ND_OPT_H
#define ADIT_WIRE_ND_OPT_H

enum nd_option {
    ND_OPT_TARGET_LINK = 2, /* RFC 4861 4.6.1 */
    ND_OPT_PREFIX = 3,      /* RFC 4861 4.6.2 */
    ND_OPT_MTU = 5,         /* RFC 4861 4.6.4 */
    ND_OPT_ROUTE = 24,      /* RFC 4191 2.3 */
    ND_OPT_RDNSS = 25,      /* RFC 8106 5.1 */
    ND_OPT_DNSSL = 31,      /* RFC 8106 5.2 */
};

enum { /* first byte of flags, by message or option */
       ND_FLAG_MANAGED = 0x80,
       ND_FLAG_OTHER = 0x40,
       ND_FLAG_ROUTER = 0x80,
       ND_FLAG_SOLICITED = 0x40,
       ND_FLAG_OVERRIDE = 0x20,
       ND_FLAG_ON_LINK = 0x80,
       ND_FLAG_AUTONOMOUS = 0x40,
};

#endif
