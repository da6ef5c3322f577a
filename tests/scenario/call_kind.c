/* The adapter for the SSTP call: lets scripts drive src/sstp in both roles.
 *
 *   OPEN call-client | call-server  mask=3 sha1=hex sha256=hex (the certificate) sha256b=hex (a second one, server)
 *                                   negotiation1= negotiation2= hello= abort1= abort2= disconnect1= disconnect2= naks=
 *   ANSWER authenticated hlak=hex | disconnect | lost | heard */
#include "call_kind.h"
#include "sstp/call.h"

static void call_open(void *m, const struct scenario_args *a, const struct env *env, msec now, enum call_role role)
{
    static uint8_t out[CALL_OUT]; /* one machine at a time */
    static struct call_conf c;
    call_conf_default(&c, role);
    c.hash_mask = (uint8_t)scenario_num(a, "mask", c.hash_mask);
    c.negotiation_1 = scenario_num(a, "negotiation1", c.negotiation_1);
    c.negotiation_2 = scenario_num(a, "negotiation2", c.negotiation_2);
    c.hello = scenario_num(a, "hello", c.hello);
    c.abort_1 = scenario_num(a, "abort1", c.abort_1);
    c.abort_2 = scenario_num(a, "abort2", c.abort_2);
    c.disconnect_1 = scenario_num(a, "disconnect1", c.disconnect_1);
    c.disconnect_2 = scenario_num(a, "disconnect2", c.disconnect_2);
    c.nak_max = (unsigned)scenario_num(a, "naks", c.nak_max);
    bool any = scenario_hex(a, "sha1", c.certs[0].sha1, 20);
    any |= scenario_hex(a, "sha256", c.certs[0].sha256, 32);
    c.n_certs = any ? 1 : 0;
    if (scenario_hex(a, "sha256b", c.certs[1].sha256, 32))
        c.n_certs = 2;
    call_init(m, out, &c, env, now);
}

static void client_open(void *m, const struct scenario_args *a, const struct env *env, msec now)
{
    call_open(m, a, env, now, CALL_CLIENT);
}

static void server_open(void *m, const struct scenario_args *a, const struct env *env, msec now)
{
    call_open(m, a, env, now, CALL_SERVER);
}

static int feed(void *m, struct rd *in, msec now)
{
    return call_feed(m, in, now);
}

static size_t pull(void *m, uint8_t *dst, size_t cap)
{
    return call_pull(m, dst, cap);
}

static bool event(void *m, FILE *to)
{
    static const char *const kinds[] = { "NONE", "LINK_UP", "PPP", "CONNECTED", "ENDING", "DOWN" };
    static const char *const causes[] = { "none",    "local", "peer",    "peer-abort", "protocol", "binding",
                                          "timeout", "hello", "garbage", "lost",       "naked" };
    static const char *const checks[] = { "ok", "missing", "repeated", "hash", "nonce", "certificate", "mac" };
    struct call_event e;
    if (!call_event(m, &e))
        return false;
    fprintf(to, "%s cause=%s check=%s attrib=%u status=%u hash=%u frame=", kinds[e.kind], causes[e.cause],
            checks[e.check], e.attrib, e.status, e.hash);
    scenario_print_hex(to, e.frame);
    return true;
}

static bool answer(void *m, const struct scenario_args *a, msec now)
{
    uint8_t hlak[32] = { 0 };
    if (strcmp(a->name, "authenticated") == 0) {
        if (!scenario_hex(a, "hlak", hlak, sizeof hlak))
            scenario_fail("hlak= is missing");
        call_authenticated(m, hlak, now);
    } else if (strcmp(a->name, "disconnect") == 0) {
        call_disconnect(m, now);
    } else if (strcmp(a->name, "lost") == 0) {
        call_lost(m, now);
    } else if (strcmp(a->name, "heard") == 0) {
        call_heard(m, now);
    } else {
        return false;
    }
    return true;
}

static void tick(void *m, msec now)
{
    call_tick(m, now);
}

static msec due(const void *m)
{
    return call_due(m);
}

static const char *state(const void *m)
{
    return call_state_name(((const struct call *)m)->state);
}

static void done(void *m)
{
    call_done(m);
}

const struct scenario_kind call_client_kind = {
    "call-client", sizeof(struct call), client_open, feed, pull, event, answer, tick, due, state, done,
};

const struct scenario_kind call_server_kind = {
    "call-server", sizeof(struct call), server_open, feed, pull, event, answer, tick, due, state, done,
};
