/* What the client's processes say to each other: types, bodies, and who may say what. See priv/imsg.h. */
#ifndef ADIT_CLIENT_MSGS_H
#define ADIT_CLIENT_MSGS_H

#include "client/options.h"
#include "priv/imsg.h"
#include "session/net_offer.h"

enum client_msg {
    CM_LOOKUP = 1, /* parent to resolver: host name */
    CM_ADDRESSES,  /* resolver to parent: addresses, or a text that says why there are none */
    CM_PLAN,       /* parent to engine: everything that it needs to dial */
    CM_PEER,       /* engine to parent: the address that won */
    CM_UP,         /* engine to parent: what PPP gave; the first waits for CM_TUN, others say what came to it */
    CM_OFFER,      /* engine to parent: what the server tells beside PPP, all of it, again when that changes */
    CM_TUN,        /* parent to engine: the TUN queue as a descriptor; id: its offloads, CM_TUN_PLAIN */
    CM_STOP,       /* parent to engine: end the call in order */
    CM_DOWN,       /* engine to parent: exit code; everything was said already */
    CM_PING,       /* parent to engine: answered as soon as its loop comes round */
    CM_PONG,       /* engine to parent */
};

enum { CM_TUN_PLAIN = 0x100 /* no flows and no CoDel */ };

enum { PLAN_ADDRESSES = 16, PLAN_CA_FD = 4, PLAN_DUID = 18 };

/* The engine's orders. The CA file is descriptor PLAN_CA_FD (or /dev/null with pins alone). */
struct plan {
    char host[OPT_HOST];
    bool host_is_ip;
    uint16_t port;
    char host_header[OPT_HOST + 8];
    char call[40]; /* correlation id, without braces */
    char user[AUTH_NAME_MAX + 1];
    uint8_t password[AUTH_PASSWORD_BYTES]; /* wiped by both sides after use */
    size_t password_len;
    uint8_t pins[OPT_PINS][32];
    unsigned n_pins;
    enum auth_method methods[AUTH_METHODS];
    unsigned n_methods;
    struct prefix addresses[PLAN_ADDRESSES]; /* full length, in the order to try */
    unsigned n_addresses;
    bool want_dns, want_ipv6, want_prefix, verbose, wide_gcm;
    uint8_t interface_id[8]; /* of this host at this server, the same each time */
    uint8_t duid[PLAN_DUID]; /* of this host, for DHCPv6 */
};

/* What PPP gave. */
struct up_net {
    bool ipv4, ipv6;
    uint32_t our_addr, peer_addr, dns[2]; /* host order */
    uint8_t our_id[8], peer_id[8];        /* IPv6 interface identifiers */
    uint16_t mtu;
};

size_t plan_encode(const struct plan *p, uint8_t *dst, size_t cap);
int plan_decode(struct slice body, struct plan *ret_p) MUST_CHECK;
size_t addresses_encode(const struct prefix *a, unsigned n, const char *why, uint8_t *dst, size_t cap);
/* Returns how many; `why` gets words when there are none. < 0: malformed. */
int addresses_decode(struct slice body, struct prefix *a, unsigned max, char why[256]) MUST_CHECK;
size_t up_encode(const struct up_net *u, uint8_t *dst, size_t cap);
int up_decode(struct slice body, struct up_net *ret_u) MUST_CHECK;
/* At most CM_OFFER_MAX bytes. */
enum { CM_OFFER_MAX = 12288 };
size_t offer_encode(const struct net_offer *o, uint8_t *dst, size_t cap);
/* Names are dns_name_ok() or empty, prefixes have lengths of their family: the engine is not trusted with either. */
int offer_decode(struct slice body, struct net_offer *ret_o) MUST_CHECK;
/* Is it fit for this host? A server, or an engine that was taken over, must not claim loopback or multicast addresses. NULL:
 * yes; a peer or resolver that cannot be one is taken out. Else why not. */
const char *up_judge(struct up_net *u) MUST_CHECK;
size_t address_encode(const struct prefix *a, uint8_t *dst, size_t cap);
int address_decode(struct slice body, struct prefix *ret_a) MUST_CHECK;

/* The exit code of CM_DOWN. < 0: there is no such code. */
int down_decode(struct slice body, enum exit_code *ret_code) MUST_CHECK;

/* What the parent accepts from its engine and its resolver; what they accept from it. */
enum { CM_FROM_ENGINE, CM_FROM_RESOLVER, CM_FROM_PARENT };
const char *client_msg_check(int from, const struct imsg *m);

#endif
