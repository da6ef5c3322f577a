/* The adapter for the PPP link: lets scripts drive src/ppp in both roles. One FEED is one frame.
 *
 *   OPEN link-client | link-server  auth1= auth2= auth3= (hex of LCP option 3: c22381; auth1 is c22381 unless said, 0 is
 *                                   none) mru= compress=0|1 silent= echo= ipv4=0|1 ipv6=0|1 ident=0|1 (0 unless said)
 *   ANSWER authenticated our=hex peer=hex dns1=hex dns2=hex (addresses; all zero unless said) want_dns=0|1 ip6=0|1
 *                        our_id=hex peer_id=hex
 *   ANSWER close ras=number | lost */
#include "ppp_kind.h"
#include "ppp/link.h"

struct rig {
    struct link link; /* first: most verbs see nothing else */
    uint8_t out[CP_PORT_OUT];
};

static void add_auth(struct link_conf *c, const struct scenario_args *a, const char *key, uint64_t otherwise)
{
    uint64_t v = otherwise;
    const char *hex = scenario_arg(a, key);
    if (hex && strcmp(hex, "0") != 0) {
        uint8_t b[3] = { 0 };
        size_t n = strlen(hex) / 2;
        scenario_hex(a, key, b, n < 3 ? n : 3);
        v = (uint64_t)b[0] << 16 | (uint64_t)b[1] << 8 | b[2];
    } else if (hex) {
        v = 0;
    }
    if (v)
        c->auth[c->n_auth++] = (struct lcp_auth){ (uint16_t)(v >> 8), (uint8_t)v };
}

static void ppp_open(void *m, const struct scenario_args *a, const struct env *env, msec now, enum link_role role)
{
    struct link_conf c;
    link_conf_default(&c, role);
    add_auth(&c, a, "auth1", 0xc22381);
    add_auth(&c, a, "auth2", 0);
    add_auth(&c, a, "auth3", 0);
    c.mru = (uint16_t)scenario_num(a, "mru", c.mru);
    c.compress = scenario_num(a, "compress", c.compress) != 0;
    c.silent = scenario_num(a, "silent", c.silent);
    c.lcp_echo = scenario_num(a, "echo", c.lcp_echo);
    c.ipv4 = scenario_num(a, "ipv4", c.ipv4) != 0;
    c.ipv6 = scenario_num(a, "ipv6", c.ipv6) != 0;
    if (!scenario_num(a, "ident", 0))
        c.ident = NULL;
    struct rig *r = m;
    link_init(&r->link, r->out, &c, env, now);
}

static void client_open(void *m, const struct scenario_args *a, const struct env *env, msec now)
{
    ppp_open(m, a, env, now, LINK_CLIENT);
}

static void server_open(void *m, const struct scenario_args *a, const struct env *env, msec now)
{
    ppp_open(m, a, env, now, LINK_SERVER);
}

static int feed(void *m, struct rd *in, msec now)
{
    return link_feed(m, in, now);
}

static size_t pull(void *m, uint8_t *dst, size_t cap)
{
    return link_pull(m, dst, cap);
}

static void print_addresses(FILE *to, const struct link_event *e)
{
    fprintf(to, " our=%08x peer=%08x dns1=%08x dns2=%08x our_id=", e->ipv4.our_addr, e->ipv4.peer_addr, e->ipv4.dns[0],
            e->ipv4.dns[1]);
    scenario_print_hex(to, slice_of(e->ipv6.our_id, 8));
    fprintf(to, " peer_id=");
    scenario_print_hex(to, slice_of(e->ipv6.peer_id, 8));
}

static bool event(void *m, FILE *to)
{
    static const char *const kinds[] = { "NONE",    "AUTH_START", "AUTH_PACKET", "IPV4_UP", "IPV4_DOWN",
                                         "IPV6_UP", "IPV6_DOWN",  "IDENT",       "DOWN" };
    static const char *const causes[] = { "none",    "local", "peer",       "no-answer",    "no-convergence",
                                          "no-auth", "loop",  "no-network", "echo-timeout", "renegotiation" };
    struct link_event e;
    if (!link_event(m, &e))
        return false;
    fprintf(to, "%s auth=%04x%02x proto=%04x cause=%s ras=", kinds[e.kind], e.auth.proto, e.auth.alg, e.proto,
            causes[e.cause]);
    if (e.has_ras_error)
        fprintf(to, "%u", e.ras_error);
    else
        fprintf(to, "none");
    fprintf(to, " packet=");
    scenario_print_hex(to, e.packet);
    print_addresses(to, &e);
    return true;
}

static uint32_t address(const struct scenario_args *a, const char *key)
{
    uint8_t b[4] = { 0 };
    scenario_hex(a, key, b, sizeof b);
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void authenticated(struct link *l, const struct scenario_args *a, msec now)
{
    struct link_net net = {
        .ipcp = { .server = l->conf.role == LINK_SERVER,
                  .our_addr = address(a, "our"),
                  .peer_addr = address(a, "peer"),
                  .dns = { address(a, "dns1"), address(a, "dns2") },
                  .want_dns = scenario_num(a, "want_dns", 1) != 0 },
        .ip6cp = { .on = scenario_num(a, "ip6", 0) != 0 },
    };
    scenario_hex(a, "our_id", net.ip6cp.our_id, 8);
    scenario_hex(a, "peer_id", net.ip6cp.peer_id, 8);
    link_authenticated(l, &net, now);
}

static bool answer(void *m, const struct scenario_args *a, msec now)
{
    if (strcmp(a->name, "authenticated") == 0)
        authenticated(m, a, now);
    else if (strcmp(a->name, "close") == 0)
        link_close(m, scenario_arg(a, "ras") ? (int)scenario_num(a, "ras", 0) : -1, now);
    else if (strcmp(a->name, "lost") == 0)
        link_lost(m, now);
    else
        return false;
    return true;
}

static void tick(void *m, msec now)
{
    link_tick(m, now);
}

static msec due(const void *m)
{
    return link_due(m);
}

static const char *state(const void *m)
{
    static const char *const phases[] = { "dead", "establish", "authenticate", "network", "terminate" };
    return phases[((const struct link *)m)->phase];
}

const struct scenario_kind ppp_client_kind = {
    "link-client", sizeof(struct rig), client_open, feed, pull, event, answer, tick, due, state, NULL,
};

const struct scenario_kind ppp_server_kind = {
    "link-server", sizeof(struct rig), server_open, feed, pull, event, answer, tick, due, state, NULL,
};
