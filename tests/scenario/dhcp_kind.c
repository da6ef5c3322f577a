/* The adapter for the DHCP client: lets scripts drive src/session/dhcp_client. A FEED is one Ethernet frame.
 *
 *   OPEN dhcp-client  mac=hex id=hex(8 bytes) host=name patience=20s; keep=number (an address that it had before)
 *   ANSWER release */
#include "dhcp_kind.h"
#include "session/dhcp_client.h"

struct bed {
    struct dhcp_client c;
    msec now; /* of the last call: what is sent says how long it took */
};

static void open_it(void *m, const struct scenario_args *a, const struct env *env, msec now)
{
    struct bed *b = m;
    uint8_t id[8] = { 0 };
    const char *host = scenario_arg(a, "host");
    struct dhcp_client_conf conf = { .host = host ? host : "", .id = slice_of(id, sizeof(id)) };
    struct dhcp_lease had = { .addr = (uint32_t)scenario_num(a, "keep", 0) };
    if (!scenario_hex(a, "mac", conf.mac, sizeof(conf.mac)) || !scenario_hex(a, "id", id, sizeof(id)))
        scenario_fail("mac= or id= is missing");
    conf.patience = scenario_num(a, "patience", 20000);
    b->now = now;
    if (had.addr)
        dhcp_client_resume(&b->c, &conf, &had, env, now);
    else
        dhcp_client_init(&b->c, &conf, env, now);
}

static int feed(void *m, struct rd *in, msec now)
{
    struct bed *b = m;
    struct dhcp_heard h;
    struct slice frame = rd_rest(in);
    b->now = now;
    int e = dhcp_client_hear(frame, true, &h);
    if (e < 0)
        return e;
    (void)dhcp_client_feed(&b->c, &h, now);
    return b->c.event_set ? FED_EVENT : FED_TOOK;
}

static size_t pull(void *m, uint8_t *dst, size_t cap)
{
    struct bed *b = m;
    return dhcp_client_pull(&b->c, dst, cap, b->now);
}

static bool event(void *m, FILE *to)
{
    static const char *const names[] = { "GOT", "RENEWED", "CONFLICT", "NOT_GOT", "LOST" };
    static const char *const whys[] = { "silence", "refused", "conflict", "expired", "changed" };
    struct bed *b = m;
    struct dhcp_client_event e;
    if (!dhcp_client_event(&b->c, &e))
        return false;
    const struct dhcp_lease *l = &b->c.lease;
    fprintf(to, "%s why=%s addr=0x%08x server=0x%08x seconds=%u t1=%u t2=%u mac=", names[e.what], whys[e.why], l->addr,
            l->server, l->seconds, l->t1, l->t2);
    scenario_print_hex(to, slice_of(e.mac, sizeof(e.mac)));
    return true;
}

static bool answer(void *m, const struct scenario_args *a, msec now)
{
    struct bed *b = m;
    b->now = now;
    if (strcmp(a->name, "release") != 0)
        return false;
    dhcp_client_release(&b->c, now);
    return true;
}

static void tick(void *m, msec now)
{
    struct bed *b = m;
    b->now = now;
    dhcp_client_tick(&b->c, now);
}

static msec due(const void *m)
{
    return dhcp_client_due(&((const struct bed *)m)->c);
}

static const char *state(const void *m)
{
    return dhcp_client_state_name(((const struct bed *)m)->c.state);
}

const struct scenario_kind dhcp_client_kind = {
    "dhcp-client", sizeof(struct bed), open_it, feed, pull, event, answer, tick, due, state, NULL,
};
