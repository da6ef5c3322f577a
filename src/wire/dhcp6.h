/* DHCPv6 messages between client and server (RFC 8415) into structs and back. Decides nothing; no relay messages. */
#ifndef ADIT_WIRE_DHCP6_H
#define ADIT_WIRE_DHCP6_H

#include "base/prefix.h"
#include "wire/dns_name.h"

enum {
    DHCP6_CLIENT_PORT = 546,
    DHCP6_SERVER_PORT = 547,
    DHCP6_DUID_MIN = 3,   /* a type and something (RFC 8415 11.1) */
    DHCP6_DUID_MAX = 130, /* 128 and the type */
    DHCP6_IAS = 4,        /* identity associations of a message that are kept */
    DHCP6_LEASES = 4,     /* addresses or prefixes of one that are kept */
};

enum dhcp6_type { /* RFC 8415 7.3 */
                  DHCP6_SOLICIT = 1,
                  DHCP6_ADVERTISE = 2,
                  DHCP6_REQUEST = 3,
                  DHCP6_CONFIRM = 4,
                  DHCP6_RENEW = 5,
                  DHCP6_REBIND = 6,
                  DHCP6_REPLY = 7,
                  DHCP6_RELEASE = 8,
                  DHCP6_DECLINE = 9,
                  DHCP6_RECONFIGURE = 10,
                  DHCP6_INFORMATION_REQUEST = 11,
};

enum dhcp6_option { /* RFC 8415 21; 23 and 24: RFC 3646 */
                    DHCP6_OPT_CLIENT_ID = 1,
                    DHCP6_OPT_SERVER_ID = 2,
                    DHCP6_OPT_IA_NA = 3,
                    DHCP6_OPT_IAADDR = 5,
                    DHCP6_OPT_ORO = 6,
                    DHCP6_OPT_PREFERENCE = 7,
                    DHCP6_OPT_ELAPSED = 8,
                    DHCP6_OPT_STATUS = 13,
                    DHCP6_OPT_RAPID_COMMIT = 14,
                    DHCP6_OPT_DNS = 23,
                    DHCP6_OPT_DOMAINS = 24,
                    DHCP6_OPT_IA_PD = 25,
                    DHCP6_OPT_IAPREFIX = 26,
                    DHCP6_OPT_REFRESH = 32,
};

enum dhcp6_status { /* RFC 8415 21.13 */
                    DHCP6_SUCCESS = 0,
                    DHCP6_UNSPEC_FAIL = 1,
                    DHCP6_NO_ADDRS_AVAIL = 2,
                    DHCP6_NO_BINDING = 3,
                    DHCP6_NOT_ON_LINK = 4,
                    DHCP6_USE_MULTICAST = 5,
                    DHCP6_NO_PREFIX_AVAIL = 6,
};

struct dhcp6_lease {
    struct prefix p;           /* an address has length 128 */
    uint32_t preferred, valid; /* seconds, UINT32_MAX: for ever */
};

struct dhcp6_ia {
    bool pd; /* IA_PD, else IA_NA */
    uint32_t iaid, t1, t2;
    struct dhcp6_lease leases[DHCP6_LEASES]; /* only those whose lifetimes make sense: RFC 8415 21.6, 21.22 */
    unsigned n_leases;
    bool has_status;
    uint16_t status;
};

struct dhcp6 {
    uint8_t type;                      /* enum dhcp6_type */
    uint32_t xid;                      /* 24 bits */
    struct slice client_id, server_id; /* empty: absent */
    struct dhcp6_ia ias[DHCP6_IAS];
    unsigned n_ias;
    struct slice oro; /* 16-bit codes; see dhcp6_asks() */
    bool rapid_commit;
    uint8_t preference;
    uint16_t elapsed; /* hundredths of a second */
    bool has_status;
    uint16_t status;
    struct slice dns;     /* 16-byte addresses */
    struct slice domains; /* for dns_names_read(), not compressed */
    bool has_refresh;
    uint32_t refresh; /* seconds */
};

/* Decodes a whole UDP payload. Options that are not listed above are skipped. Returns 0 or
 *   ERR_TRUNCATED  the head or an option is longer than the bytes;
 *   ERR_UNKNOWN    a type that is not listed above (relay messages, for one);
 *   ERR_LENGTH     an option with a length that it cannot have;
 *   ERR_VALUE      a prefix longer than 128 bits;
 *   ERR_DUPLICATE  an option twice that may occur once.
 * Slices borrow from `bytes`; `ret_m` is untouched on failure. */
int dhcp6_decode(struct slice bytes, struct dhcp6 *ret_m) MUST_CHECK;

/* Does the option request name this option? */
bool dhcp6_asks(const struct dhcp6 *m, uint16_t option);

/* Encoding: head, then options. */
void dhcp6_put_head(struct wr *w, uint8_t type, uint32_t xid);
void dhcp6_put(struct wr *w, uint16_t option, struct slice value);
void dhcp6_put_u16(struct wr *w, uint16_t option, uint16_t value);
void dhcp6_put_u32(struct wr *w, uint16_t option, uint32_t value);
void dhcp6_put_status(struct wr *w, uint16_t status, const char *text);
/* The option request. */
void dhcp6_put_oro(struct wr *w, const uint16_t *options, unsigned n);
/* With its leases, and with its status if has_status. */
void dhcp6_put_ia(struct wr *w, const struct dhcp6_ia *ia);
/* Full-length IPv6 prefixes. */
void dhcp6_put_dns(struct wr *w, const struct prefix *dns, unsigned n);
void dhcp6_put_domains(struct wr *w, const struct dns_name *names, unsigned n);

#endif
