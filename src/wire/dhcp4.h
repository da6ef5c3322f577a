/* DHCP messages (RFC 2131, RFC 2132) into structs and back. Decides nothing: who may ask, and what is answered, is
 * session/inform's.
 *
 * Options stay bytes until they are asked for: one option may be split over several places (RFC 3396), also over the
 * fields `file` and `sname` (option 52), and dhcp4_get() joins it. */
#ifndef ADIT_WIRE_DHCP4_H
#define ADIT_WIRE_DHCP4_H

#include "base/prefix.h"
#include "wire/dns_name.h"

enum {
    DHCP4_SERVER_PORT = 67,
    DHCP4_CLIENT_PORT = 68,
    DHCP4_MIN = 300,         /* shorter messages are padded: RFC 1542 2.1 */
    DHCP4_SIZE_MIN = 576,    /* every client takes an IP packet of this length (RFC 2131 2) */
    DHCP4_OPTION_MAX = 1500, /* the longest joined option of a packet of a sane size */
    DHCP4_ROUTES_MAX = 32,
};

enum { DHCP4_BOOTREQUEST = 1, DHCP4_BOOTREPLY = 2 };

enum dhcp4_type { /* option 53, RFC 2132 9.6 */
                  DHCP4_DISCOVER = 1,
                  DHCP4_OFFER = 2,
                  DHCP4_REQUEST = 3,
                  DHCP4_DECLINE = 4,
                  DHCP4_ACK = 5,
                  DHCP4_NAK = 6,
                  DHCP4_RELEASE = 7,
                  DHCP4_INFORM = 8,
};

enum dhcp4_option {
    DHCP4_OPT_PAD = 0,
    DHCP4_OPT_MASK = 1,
    DHCP4_OPT_ROUTER = 3,
    DHCP4_OPT_DNS = 6,
    DHCP4_OPT_HOST_NAME = 12,
    DHCP4_OPT_DOMAIN = 15,
    DHCP4_OPT_VENDOR = 43,
    DHCP4_OPT_NBNS = 44,
    DHCP4_OPT_ADDRESS = 50, /* the one that is asked for */
    DHCP4_OPT_LEASE_TIME = 51,
    DHCP4_OPT_OVERLOAD = 52,
    DHCP4_OPT_TYPE = 53,
    DHCP4_OPT_SERVER_ID = 54,
    DHCP4_OPT_ASKED = 55,
    DHCP4_OPT_SIZE = 57,
    DHCP4_OPT_T1 = 58,
    DHCP4_OPT_T2 = 59,
    DHCP4_OPT_VENDOR_CLASS = 60,
    DHCP4_OPT_CLIENT_ID = 61,
    DHCP4_OPT_USER_CLASS = 77,
    DHCP4_OPT_SEARCH = 119,    /* RFC 3397 */
    DHCP4_OPT_ROUTES = 121,    /* RFC 3442 */
    DHCP4_OPT_MS_ROUTES = 249, /* Windows before Vista knows only this number for it */
    DHCP4_OPT_MS_LONG = 250,   /* [MS-DHCPE] 2.2.9: more of the option before it */
    DHCP4_OPT_WPAD = 252,
    DHCP4_OPT_END = 255,
};

enum { DHCP4_AREAS = 3 };

struct dhcp4 {
    uint8_t op; /* DHCP4_BOOTREQUEST or DHCP4_BOOTREPLY */
    uint8_t htype, hlen, hops;
    uint32_t xid;
    uint16_t secs; /* as it stands; Windows writes it little-endian ([CAP]) */
    uint16_t flags;
    uint32_t ciaddr, yiaddr, siaddr, giaddr; /* host order */
    uint8_t chaddr[16];
    uint8_t type;                    /* option 53; never 0 */
    struct slice areas[DHCP4_AREAS]; /* decoding: options without their end mark: options field, file, sname */
};

/* Decodes a whole UDP payload. Returns 0 or
 *   ERR_TRUNCATED  shorter than the fixed part, or an option longer than its field;
 *   ERR_VERSION    the magic cookie is not there (BOOTP);
 *   ERR_LENGTH     hlen > 16, or option 52 or 53 with a wrong length;
 *   ERR_VALUE      an op, an overload or a message type that is not defined;
 *   ERR_MISSING    no message type, or a field of options without its end mark.
 * Bytes after an end mark are padding. Slices borrow from `bytes`; `ret_m` is untouched on failure. */
int dhcp4_decode(struct slice bytes, struct dhcp4 *ret_m) MUST_CHECK;

/* Joins all instances of an option into `dst` (RFC 3396 5), and what Microsoft's servers put behind a full one as option
 * 250 ([MS-DHCPE] 2.2.9). ERR_MISSING: none; ERR_NOBUF: more than `cap` bytes. An
 * option that is there may be empty. */
int dhcp4_get(const struct dhcp4 *m, uint8_t option, uint8_t *dst, size_t cap, size_t *ret_n) MUST_CHECK;

/* Values of options, as dhcp4_get() gave them. More than `max` entries are checked and left out. */

/* Addresses in host order (options 3, 6, 44, 54); ERR_LENGTH unless there are 4, 8, 12 … bytes. */
int dhcp4_addrs(struct slice value, uint32_t *addrs, unsigned max, unsigned *ret_n) MUST_CHECK;

struct dhcp4_route {
    struct prefix to; /* host bits cleared */
    uint32_t router;  /* host order; 0: on the link (RFC 3442, "Local Subnet Routes") */
};

/* Options 121 and 249 (RFC 3442). ERR_VALUE: a width over 32; ERR_TRUNCATED; ERR_MISSING: empty. */
int dhcp4_routes(struct slice value, struct dhcp4_route *routes, unsigned max, unsigned *ret_n) MUST_CHECK;

/* Options 12, 15, 252: visible ASCII, NULs at the end taken off (Windows sends one). ERR_VALUE: other characters;
 * ERR_MISSING: empty; ERR_NOBUF: `cap`, which counts the NUL that is written, does not suffice. */
int dhcp4_text(struct slice value, char *dst, size_t cap) MUST_CHECK;

/* Encoding: the head first, then options, then the end. The writer goes bad where it is too small or a value cannot
 * be written; it may be copied before an option and put back if that did not fit. */

/* The fixed part, the cookie and option 53. */
void dhcp4_put_head(struct wr *w, const struct dhcp4 *m);
/* An option of any length: over 255 bytes it is split (RFC 3396 6). */
void dhcp4_put(struct wr *w, uint8_t option, struct slice value);
/* For a Microsoft client, which does not join instances ([MS-DHCPE] 2.2.9: "do not follow RFC 3396"): of the one option
 * that was put since `start`, the writer's length before it, all parts but the first become option 250. */
void dhcp4_continue_ms(struct wr *w, size_t start);
void dhcp4_put_addrs(struct wr *w, uint8_t option, const uint32_t *addrs, unsigned n);
/* n <= DHCP4_ROUTES_MAX. */
void dhcp4_put_routes(struct wr *w, uint8_t option, const struct dhcp4_route *routes, unsigned n);
/* Option 119. */
void dhcp4_put_search(struct wr *w, const struct dns_name *names, unsigned n);
/* End mark, and padding up to DHCP4_MIN bytes since `start`, the writer's length before dhcp4_put_head(). */
void dhcp4_put_end(struct wr *w, size_t start);

#endif
