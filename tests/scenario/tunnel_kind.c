/* The adapter for the whole tunnel: lets scripts play a peer from its first HTTP byte on.
 *
 *   OPEN tunnel-client | tunnel-server  methods=eap,mschapv2,chap,pap  mru= compress=0|1 ipv6=0|1 ident=0|1 silent= hello=
 *                                       goodbye= ncp= auth= user= password= (client)
 *   FEED-less verbs, as ANSWER lines:
 *   ANSWER http                     the peer's side of the HTTP handshake arrives; ours is looked at and dropped
 *   ANSWER accept hlak=hex          the open question is answered well; 10.80.0.2, server 10.80.0.1, DNS 10.80.0.53
 *   ANSWER accept-pap               the same without a key
 *   ANSWER refuse code=691
 *   ANSWER close | lost
 *   ANSWER walk hex=…               bytes go through tunnel_walk(); user packets come out as events PACKET len= bytes=
 *
 * The certificate's hashes are 32 and 20 bytes of 0xcc. Everything else is the default. */
#include "tunnel_kind.h"

#include <stdlib.h>

#include "session/tunnel.h"

struct rig {
    struct tunnel t;
    struct tunnel_work work;
    const struct env *env;
    char user[64], password[64];
    uint32_t ask;
    struct tunnel_packet packets[16];
    size_t n_packets, next_packet;
    uint8_t walked[512];
};

static void set_methods(struct tunnel_conf *c, const char *list)
{
    static const struct {
        const char *name;
        enum auth_method method;
    } names[] = {
        { "eap", AUTH_EAP_MSCHAPV2 }, { "mschapv2", AUTH_MSCHAPV2 }, { "chap", AUTH_CHAP_MD5 }, { "pap", AUTH_PAP }
    };
    c->n_methods = 0;
    while (list && *list) {
        size_t n = strcspn(list, ",");
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (strlen(names[i].name) == n && strncmp(names[i].name, list, n) == 0)
                c->methods[c->n_methods++] = names[i].method;
        list += n + (list[n] == ',');
    }
    if (!c->n_methods)
        scenario_fail("no methods");
}

static void keep(char dst[64], const char *value, const char *otherwise)
{
    snprintf(dst, 64, "%s", value ? value : otherwise);
}

static void rig_open(void *m, const struct scenario_args *a, const struct env *env, msec now, enum tunnel_role role)
{
    struct rig *r = m;
    struct tunnel_conf c;
    tunnel_conf_default(&c, role);
    r->env = env;
    if (scenario_arg(a, "methods"))
        set_methods(&c, scenario_arg(a, "methods"));
    c.link.mru = (uint16_t)scenario_num(a, "mru", c.link.mru);
    c.link.compress = scenario_num(a, "compress", 1);
    c.link.ipv6 = scenario_num(a, "ipv6", 0);
    c.link.ident = scenario_num(a, "ident", 0) ? "ADIT-1" : NULL;
    c.link.silent = scenario_num(a, "silent", c.link.silent);
    c.call.hello = scenario_num(a, "hello", c.call.hello);
    c.goodbye = scenario_num(a, "goodbye", c.goodbye);
    c.ncp_timeout = scenario_num(a, "ncp", c.ncp_timeout);
    c.auth_timeout = scenario_num(a, "auth", c.auth_timeout);
    keep(r->user, scenario_arg(a, "user"), "User");
    keep(r->password, scenario_arg(a, "password"), "clientPass");
    c.user = slice_str(r->user);
    c.password = slice_str(r->password);
    c.server_name = "adit";
    c.http.host = "vpn.example.com";
    c.http.correlation = "{48B82435-099A-4158-A987-052E7570CFAA}";
    memset(&c.call.certs[0], 0xcc, sizeof c.call.certs[0]);
    c.http.cert_sha1 = r->t.conf.call.certs[0].sha1;
    c.http.cert_sha256 = r->t.conf.call.certs[0].sha256;
    c.call.n_certs = 1;
    tunnel_init(&r->t, &r->work, &c, env, now);
    uint8_t request[4096];
    static const char begin[] = "SSTP_DUPLEX_POST /sra_";
    size_t n = tunnel_pull(&r->t, request, sizeof request);
    if (role == TUNNEL_CLIENT && (n < sizeof begin || memcmp(request, begin, sizeof begin - 1) != 0))
        scenario_fail("no HTTP request");
}

static void client_open(void *m, const struct scenario_args *a, const struct env *env, msec now)
{
    rig_open(m, a, env, now, TUNNEL_CLIENT);
}

static void server_open(void *m, const struct scenario_args *a, const struct env *env, msec now)
{
    rig_open(m, a, env, now, TUNNEL_SERVER);
}

static int feed(void *m, struct rd *in, msec now)
{
    return tunnel_feed(&((struct rig *)m)->t, in, now);
}

static size_t pull(void *m, uint8_t *dst, size_t cap)
{
    return tunnel_pull(&((struct rig *)m)->t, dst, cap);
}

static void print_question(FILE *to, const struct auth_question *q)
{
    fprintf(to, " method=%s id=%u name=%.*s eap=", auth_method_name(q->method), q->id, (int)q->name.n,
            (const char *)q->name.p);
    scenario_print_hex(to, q->eap);
    fprintf(to, " password=%.*s", (int)q->password.n, (const char *)q->password.p);
}

static bool event(void *m, FILE *to)
{
    static const char *const kinds[] = {
        "NONE", "UPGRADED", "ASK", "AUTHENTICATED", "CONNECTED", "UP", "IDENT", "DOWN"
    };
    static const char *const causes[] = {
        "none",         "local",      "peer",           "lost",         "http-timeout",        "http-refused",
        "http-version", "sstp",       "sstp-aborted",   "binding",      "negotiation-timeout", "hello-timeout",
        "garbage",      "lcp",        "no-auth-method", "auth-refused", "auth-timeout",        "server-unproven",
        "no-network",   "no-address",
    };
    struct rig *r = m;
    struct tunnel_event e;
    if (r->next_packet < r->n_packets) {
        const struct tunnel_packet *p = &r->packets[r->next_packet++];
        fprintf(to, "PACKET len=%u bytes=", p->n);
        scenario_print_hex(to, slice_of(p->p, p->n));
        return true;
    }
    if (!tunnel_event(&r->t, &e))
        return false;
    fprintf(to, "%s", kinds[e.kind]);
    if (e.kind == TUNNEL_EV_ASK) {
        r->ask = e.ask;
        print_question(to, &e.question);
    }
    if (e.kind == TUNNEL_EV_UP)
        fprintf(to, " ipv4=%d ipv6=%d our=%08x peer=%08x dns=%08x dns2=%08x mtu=%u max=%u", e.ipv4, e.ipv6,
                e.ip.our_addr, e.ip.peer_addr, e.ip.dns[0], e.ip.dns[1], e.mtu, e.mtu_max);
    if (e.kind == TUNNEL_EV_CONNECTED)
        fprintf(to, " hash=%u", e.hash);
    if (e.kind == TUNNEL_EV_DOWN)
        fprintf(to, " cause=%s detail=%u attrib=%u", causes[e.cause], e.detail, e.attrib);
    fprintf(to, " text=");
    scenario_print_hex(to, e.text);
    return true;
}

/* What the peer says in HTTP, as Windows and RRAS do ([CAP]); a server's answer to it is taken away here, a client's
 * request was when it was made. */
static void http(struct rig *r, msec now)
{
    static const char request[] = "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
                                  "SSTPCORRELATIONID: {0D528CAC-464E-423A-A399-9470E234BC54}\r\n"
                                  "Content-Length: 18446744073709551615\r\nHost: n3zz-dc1.sstp-test.net\r\n\r\n";
    static const char response[] = "HTTP/1.1 200 \r\nContent-Length: 18446744073709551615\r\n"
                                   "Server: Microsoft-HTTPAPI/2.0\r\nDate: Mon, 21 Feb 2011 05:37:00 GMT\r\n\r\n";
    uint8_t ours[4096];
    bool server = r->t.conf.role == TUNNEL_SERVER;
    struct tunnel_event e;
    struct rd in = server ? rd_of(request, sizeof request - 1) : rd_of(response, sizeof response - 1);
    if (tunnel_feed(&r->t, &in, now) < 0 || rd_left(&in))
        scenario_fail("HTTP was not taken");
    if (!server)
        return;
    if (!tunnel_event(&r->t, &e) || e.kind != TUNNEL_EV_UPGRADED)
        scenario_fail("not upgraded");
    size_t n = tunnel_pull(&r->t, ours, sizeof ours);
    if (n < 13 || memcmp(ours, "HTTP/1.1 200 ", 13) != 0)
        scenario_fail("our answer to HTTP is missing");
}

static void accept_user(struct rig *r, const struct scenario_args *a, bool keyed, msec now)
{
    struct auth_verdict v = { .kind = VERDICT_ACCEPT, .keyed = keyed };
    struct params p = { .prefixes = { prefix_v4(0x0a500002, 32) },
                        .n_prefixes = 1,
                        .server_ipv4 = (uint32_t)scenario_num(a, "server", 0x0a500001),
                        .dns = { 0x0a500035 } };
    uint8_t six[16] = { 0xfd };
    if (scenario_num(a, "ipv6", 0))
        p.prefixes[p.n_prefixes++] = prefix_v6(six, 64);
    if (scenario_num(a, "client", 0))
        p.prefixes[0] = prefix_v4((uint32_t)scenario_num(a, "client", 0), 32);
    if (keyed && !scenario_hex(a, "hlak", v.hlak, sizeof v.hlak))
        scenario_fail("hlak= is missing");
    if (keyed)
        v.text = slice_str("S=0000000000000000000000000000000000000000");
    tunnel_answer(&r->t, r->ask, &v, &p, now);
}

static size_t unhex(const char *s, uint8_t *dst, size_t cap)
{
    size_t n = 0;
    unsigned v = 0;
    for (; s && s[0] && n < cap && sscanf(s, "%2x", &v) == 1; s += 2)
        dst[n++] = (uint8_t)v;
    return n;
}

static void walk(struct rig *r, const struct scenario_args *a, msec now)
{
    size_t n = unhex(scenario_arg(a, "hex"), r->walked, sizeof r->walked);
    struct rd in = rd_of(r->walked, n);
    int fed = FED_MORE;
    r->next_packet = 0;
    r->n_packets = tunnel_walk(&r->t, &in, r->packets, 16, &fed, now);
    if (fed < 0 || rd_left(&in))
        scenario_fail("walked into %d with %zu bytes left", fed, rd_left(&in));
}

static bool answer(void *m, const struct scenario_args *a, msec now)
{
    struct rig *r = m;
    char text[128];
    if (strcmp(a->name, "http") == 0) {
        http(r, now);
    } else if (strcmp(a->name, "accept") == 0) {
        accept_user(r, a, true, now);
    } else if (strcmp(a->name, "accept-pap") == 0) {
        accept_user(r, a, false, now);
    } else if (strcmp(a->name, "refuse") == 0) {
        snprintf(text, sizeof text, "E=%u R=0 C=%032d V=3 M=No", (unsigned)scenario_num(a, "code", 691), 0);
        struct auth_verdict v = { .kind = VERDICT_REFUSE, .text = slice_str(text) };
        tunnel_answer(&r->t, r->ask, &v, NULL, now);
    } else if (strcmp(a->name, "close") == 0) {
        tunnel_close(&r->t, TUNNEL_CAUSE_LOCAL, 0, now);
    } else if (strcmp(a->name, "lost") == 0) {
        tunnel_lost(&r->t, now);
    } else if (strcmp(a->name, "walk") == 0) {
        walk(r, a, now);
    } else {
        return false;
    }
    return true;
}

static void tick(void *m, msec now)
{
    tunnel_tick(&((struct rig *)m)->t, now);
}

static msec due(const void *m)
{
    return tunnel_due(&((const struct rig *)m)->t);
}

static const char *state(const void *m)
{
    static const char *const phases[] = { "HTTP", "SSTP", "ENDING", "OVER" };
    return phases[((const struct rig *)m)->t.phase];
}

static void done(void *m)
{
    tunnel_done(&((struct rig *)m)->t);
}

const struct scenario_kind tunnel_client_kind = {
    "tunnel-client", sizeof(struct rig), client_open, feed, pull, event, answer, tick, due, state, done,
};

const struct scenario_kind tunnel_server_kind = {
    "tunnel-server", sizeof(struct rig), server_open, feed, pull, event, answer, tick, due, state, done,
};
