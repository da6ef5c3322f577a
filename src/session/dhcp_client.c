/* The states of the DHCP client; see dhcp_client.h. Names are those of RFC 2131 figure 5, and one of ours: CHECKING.
 *
 * What a state does not expect is ignored: messages are broadcast, late, doubled and forged, and none of that is a
 * reason to end a session. */
#include "session/dhcp_client_parts.h"

enum {
    FIRST_GAP = 4000, /* RFC 2131 4.1: 4, 8, 16 … seconds, each give or take one */
    JITTER = 1000,
    GAP_MAX = 64000,
    REQUEST_TRIES = 3, /* then another server's turn */
    REBOOT_TRIES = 3,
    PROBES = 2, /* RFC 5227 has three, seconds apart; a login waits for these, and servers have looked before */
    PROBE_GAP = 300,
    AFTER_NAK = 1000,
    AFTER_DECLINE = 10000, /* RFC 2131 3.1, 5: SHOULD wait a minimum of ten seconds */
    RETRY_MIN = 60000,     /* RFC 2131 4.4.5 */
};

static uint32_t dice(const struct dhcp_client *c)
{
    uint8_t b[4];
    c->env->random(c->env->ctx, b, sizeof(b));
    struct rd r = rd_of(b, sizeof(b));
    return rd_u32(&r);
}

static void tell(struct dhcp_client *c, enum dhcp_client_what what, enum dhcp_client_why why)
{
    c->event = (struct dhcp_client_event){ .what = what, .why = why };
    c->event_set = true;
}

/* ---- times ---- */

msec dhcp_lease_ends(const struct dhcp_lease *l)
{
    return l->seconds == UINT32_MAX ? NEVER : tick_after(l->since, SECONDS(l->seconds));
}

static msec at_t1(const struct dhcp_client *c)
{
    return c->lease.seconds == UINT32_MAX ? NEVER : tick_after(c->lease.since, SECONDS(c->lease.t1));
}

static msec at_t2(const struct dhcp_client *c)
{
    return c->lease.seconds == UINT32_MAX ? NEVER : tick_after(c->lease.since, SECONDS(c->lease.t2));
}

/* RFC 2131 4.1: doubled, and spread by a second to both sides. */
static msec next_gap(const struct dhcp_client *c)
{
    msec gap = c->tries < 5 ? (msec)FIRST_GAP << c->tries : GAP_MAX;
    return gap - JITTER + dice(c) % (2 * JITTER + 1);
}

/* RFC 2131 4.4.5: half of what is left, but no less than a minute; and no later than the end of it. */
static msec next_retry(msec until, msec now)
{
    msec left = until > now ? until - now : 0;
    msec gap = left / 2 > RETRY_MIN ? left / 2 : RETRY_MIN;
    return tick_min(until, tick_after(now, gap));
}

static bool getting(const struct dhcp_client *c)
{
    return c->state <= DHCP_CLIENT_CHECKING;
}

bool dhcp_client_has(const struct dhcp_client *c)
{
    return c->state >= DHCP_CLIENT_BOUND && c->state <= DHCP_CLIENT_REBINDING;
}

msec dhcp_client_due(const struct dhcp_client *c)
{
    return getting(c) ? tick_min(c->due, c->give_up) : c->due;
}

/* ---- states ---- */

/* An exchange has a number of its own. */
static void new_exchange(struct dhcp_client *c, msec now)
{
    c->xid = dice(c);
    c->began = c->asked = now;
}

/* The only function that changes the state; with it the first thing to do and the next time. `wait` counts for INIT. */
static void enter(struct dhcp_client *c, enum dhcp_client_state state, msec wait, msec now)
{
    c->state = state;
    c->tries = 0;
    c->send = 0;
    c->probe = false;
    switch (state) {
    case DHCP_CLIENT_INIT:
        c->due = tick_after(now, wait);
        break;
    case DHCP_CLIENT_SELECTING:
        new_exchange(c, now);
        c->send = DHCP4_DISCOVER;
        c->due = tick_after(now, next_gap(c));
        break;
    case DHCP_CLIENT_REQUESTING: /* RFC 2131 4.4.1: with the number of the offer */
        c->asked = now;
        c->send = DHCP4_REQUEST;
        c->due = tick_after(now, next_gap(c));
        break;
    case DHCP_CLIENT_CHECKING:
        c->probe = true;
        c->due = tick_after(now, PROBE_GAP);
        break;
    case DHCP_CLIENT_REBOOTING:
        new_exchange(c, now);
        c->send = DHCP4_REQUEST;
        c->due = tick_after(now, next_gap(c));
        break;
    case DHCP_CLIENT_BOUND:
        c->due = at_t1(c) > now ? at_t1(c) : now + 1; /* past already: the answer came late */
        break;
    case DHCP_CLIENT_RENEWING:
        new_exchange(c, now);
        c->send = DHCP4_REQUEST;
        c->due = next_retry(at_t2(c), now);
        break;
    case DHCP_CLIENT_REBINDING:
        new_exchange(c, now);
        c->send = DHCP4_REQUEST;
        c->due = next_retry(dhcp_lease_ends(&c->lease), now);
        break;
    case DHCP_CLIENT_ENDED:
        c->due = NEVER;
        break;
    }
}

static void set_up(struct dhcp_client *c, const struct dhcp_client_conf *conf, const struct env *env, msec now)
{
    memset(c, 0, sizeof(*c));
    c->env = env;
    memcpy(c->mac, conf->mac, sizeof(c->mac));
    c->n_id = (uint8_t)(conf->id.n < sizeof(c->id) ? conf->id.n : sizeof(c->id));
    memcpy(c->id, conf->id.p, c->n_id);
    size_t n = strlen(conf->host);
    if (n < sizeof(c->host))
        memcpy(c->host, conf->host, n + 1);
    c->wish = conf->wish;
    c->give_up = tick_after(now, conf->patience);
}

void dhcp_client_init(struct dhcp_client *c, const struct dhcp_client_conf *conf, const struct env *env, msec now)
{
    set_up(c, conf, env, now);
    enter(c, DHCP_CLIENT_SELECTING, 0, now);
}

void dhcp_client_resume(struct dhcp_client *c, const struct dhcp_client_conf *conf, const struct dhcp_lease *lease,
                        const struct env *env, msec now)
{
    set_up(c, conf, env, now);
    c->lease = *lease;
    enter(c, lease->seconds && dhcp_lease_ends(lease) > now ? DHCP_CLIENT_BOUND : DHCP_CLIENT_REBOOTING, 0, now);
}

static void give_up(struct dhcp_client *c, msec now)
{
    enter(c, DHCP_CLIENT_ENDED, 0, now);
    tell(c, DHCP_CLIENT_NOT_GOT, c->conflict ? DHCP_WHY_CONFLICT : c->refused ? DHCP_WHY_REFUSED : DHCP_WHY_SILENCE);
}

static void lose(struct dhcp_client *c, enum dhcp_client_why why, msec now)
{
    enter(c, DHCP_CLIENT_ENDED, 0, now);
    tell(c, DHCP_CLIENT_LOST, why);
}

/* ---- what is heard ---- */

typedef void hear_fn(struct dhcp_client *c, const struct dhcp_heard *h, msec now);

/* RFC 2131 4.4.1: "The client collects DHCPOFFER messages over a period of time, or selects the first". */
static void on_offer(struct dhcp_client *c, const struct dhcp_heard *h, msec now)
{
    if (dhcp_client_read(h, &c->offer))
        enter(c, DHCP_CLIENT_REQUESTING, 0, now);
}

static void on_granted(struct dhcp_client *c, const struct dhcp_heard *h, msec now)
{
    struct dhcp_lease l;
    if (!dhcp_client_read(h, &l) || l.addr != c->offer.addr)
        return;
    l.since = c->asked; /* RFC 2131 4.4.1: from when the request was sent */
    if (dhcp_lease_ends(&l) <= tick_after(now, PROBES * PROBE_GAP))
        return;
    c->lease = l;
    enter(c, DHCP_CLIENT_CHECKING, 0, now);
}

static void on_not_granted(struct dhcp_client *c, const struct dhcp_heard *h, msec now)
{
    (void)h;
    c->refused = true;
    enter(c, DHCP_CLIENT_INIT, AFTER_NAK, now);
}

static void on_extended(struct dhcp_client *c, const struct dhcp_heard *h, msec now)
{
    struct dhcp_lease l;
    if (!dhcp_client_read(h, &l))
        return;
    if (l.addr != c->lease.addr) {
        lose(c, DHCP_WHY_CHANGED, now);
        return;
    }
    bool rebooted = c->state == DHCP_CLIENT_REBOOTING;
    l.since = c->asked;
    if (dhcp_lease_ends(&l) <= now)
        return;
    c->lease = l;
    enter(c, DHCP_CLIENT_BOUND, 0, now);
    tell(c, rebooted ? DHCP_CLIENT_GOT : DHCP_CLIENT_RENEWED, DHCP_WHY_SILENCE);
}

/* RFC 2131 4.4.5: "MUST immediately stop using". */
static void on_taken_away(struct dhcp_client *c, const struct dhcp_heard *h, msec now)
{
    (void)h;
    lose(c, DHCP_WHY_REFUSED, now);
}

/* RFC 2131 4.4.1, RFC 5227 2.1.1: somebody has it, or wants to. */
static void on_conflict(struct dhcp_client *c, const struct dhcp_heard *h, msec now)
{
    c->conflict = true;
    enter(c, DHCP_CLIENT_INIT, AFTER_DECLINE, now);
    c->send = DHCP4_DECLINE;
    c->wish = 0;
    tell(c, DHCP_CLIENT_CONFLICT, DHCP_WHY_CONFLICT);
    memcpy(c->event.mac, h->mac, sizeof(h->mac));
}

static const struct row {
    const char *name;
    hear_fn *offer, *ack, *nak, *arp;
} rows[] = {
    [DHCP_CLIENT_INIT] = { .name = "INIT" },
    [DHCP_CLIENT_SELECTING] = { .name = "SELECTING", .offer = on_offer },
    [DHCP_CLIENT_REQUESTING] = { .name = "REQUESTING", .ack = on_granted, .nak = on_not_granted },
    [DHCP_CLIENT_CHECKING] = { .name = "CHECKING", .arp = on_conflict },
    [DHCP_CLIENT_REBOOTING] = { .name = "REBOOTING", .ack = on_extended, .nak = on_taken_away },
    [DHCP_CLIENT_BOUND] = { .name = "BOUND" },
    [DHCP_CLIENT_RENEWING] = { .name = "RENEWING", .ack = on_extended, .nak = on_taken_away },
    [DHCP_CLIENT_REBINDING] = { .name = "REBINDING", .ack = on_extended, .nak = on_taken_away },
    [DHCP_CLIENT_ENDED] = { .name = "ENDED" },
};

const char *dhcp_client_state_name(enum dhcp_client_state s)
{
    return rows[s].name;
}

const char *dhcp_client_why_text(enum dhcp_client_why why)
{
    static const char *const texts[] = {
        [DHCP_WHY_SILENCE] = "no DHCP server answered",
        [DHCP_WHY_REFUSED] = "the DHCP server refused the address",
        [DHCP_WHY_CONFLICT] = "another host uses the address",
        [DHCP_WHY_EXPIRED] = "the lease has expired, and no DHCP server extended it",
        [DHCP_WHY_CHANGED] = "the DHCP server gave another address",
    };
    return texts[why];
}

/* Somebody else's word of the address that we check. */
static bool meets(const struct dhcp_client *c, const struct dhcp_heard *h)
{
    bool probes = h->from == 0 && h->target == c->lease.addr;
    return memcmp(h->mac, c->mac, sizeof(c->mac)) != 0 && (h->from == c->lease.addr || probes);
}

static hear_fn *action(const struct dhcp_client *c, const struct dhcp_heard *h)
{
    const struct row *row = &rows[c->state];
    if (h->arp)
        return row->arp && meets(c, h) ? row->arp : NULL;
    if (h->m.xid != c->xid || h->m.hlen != 6 || memcmp(h->m.chaddr, c->mac, sizeof(c->mac)) != 0)
        return NULL;
    return h->m.type == DHCP4_OFFER ? row->offer
           : h->m.type == DHCP4_ACK ? row->ack
           : h->m.type == DHCP4_NAK ? row->nak
                                    : NULL;
}

bool dhcp_client_feed(struct dhcp_client *c, const struct dhcp_heard *h, msec now)
{
    hear_fn *fn = c->event_set ? NULL : action(c, h);
    if (fn)
        fn(c, h, now);
    return fn != NULL;
}

/* ---- time ---- */

/* RFC 2131 4.1: the same message again, later each time; false after `most` of them. */
static bool again(struct dhcp_client *c, unsigned most, msec now)
{
    if (++c->tries >= most)
        return false;
    c->send = c->state == DHCP_CLIENT_SELECTING ? DHCP4_DISCOVER : DHCP4_REQUEST;
    c->due = tick_after(now, next_gap(c));
    return true;
}

static void probe_again(struct dhcp_client *c, msec now)
{
    if (++c->tries < PROBES) {
        c->probe = true;
        c->due = tick_after(now, PROBE_GAP);
        return;
    }
    enter(c, DHCP_CLIENT_BOUND, 0, now);
    tell(c, DHCP_CLIENT_GOT, DHCP_WHY_SILENCE);
}

static void extend(struct dhcp_client *c, msec now)
{
    if (now >= dhcp_lease_ends(&c->lease))
        lose(c, DHCP_WHY_EXPIRED, now);
    else if (now >= at_t2(c) && c->state != DHCP_CLIENT_REBINDING)
        enter(c, DHCP_CLIENT_REBINDING, 0, now);
    else if (c->state == DHCP_CLIENT_BOUND)
        enter(c, DHCP_CLIENT_RENEWING, 0, now);
    else {
        c->asked = now; /* a minute later: no answer to the one before */
        c->send = DHCP4_REQUEST;
        c->due = next_retry(c->state == DHCP_CLIENT_RENEWING ? at_t2(c) : dhcp_lease_ends(&c->lease), now);
    }
}

void dhcp_client_tick(struct dhcp_client *c, msec now)
{
    if (now < dhcp_client_due(c) || c->event_set)
        return;
    if (getting(c) && now >= c->give_up) {
        give_up(c, now);
        return;
    }
    switch (c->state) {
    case DHCP_CLIENT_INIT:
        enter(c, DHCP_CLIENT_SELECTING, 0, now);
        break;
    case DHCP_CLIENT_SELECTING:
        (void)again(c, UINT32_MAX, now);
        break;
    case DHCP_CLIENT_REQUESTING:
        if (!again(c, REQUEST_TRIES, now))
            enter(c, DHCP_CLIENT_SELECTING, 0, now);
        break;
    case DHCP_CLIENT_CHECKING:
        probe_again(c, now);
        break;
    case DHCP_CLIENT_REBOOTING:
        if (!again(c, REBOOT_TRIES, now))
            lose(c, DHCP_WHY_EXPIRED, now);
        break;
    case DHCP_CLIENT_BOUND:
    case DHCP_CLIENT_RENEWING:
    case DHCP_CLIENT_REBINDING:
        extend(c, now);
        break;
    case DHCP_CLIENT_ENDED:
        break;
    }
}

/* ---- out ---- */

void dhcp_client_release(struct dhcp_client *c, msec now)
{
    /* What is checked only is granted already; what REBOOTING asks for may be ours. */
    bool ours = dhcp_client_has(c) || c->state == DHCP_CLIENT_CHECKING ||
                (c->state == DHCP_CLIENT_REBOOTING && c->lease.server);
    c->event_set = false;
    enter(c, DHCP_CLIENT_ENDED, 0, now);
    if (!ours)
        return;
    new_exchange(c, now);
    c->send = DHCP4_RELEASE;
}

size_t dhcp_client_pull(struct dhcp_client *c, uint8_t *dst, size_t cap, msec now)
{
    if (cap < DHCP_CLIENT_FRAME || (!c->send && !c->probe))
        return 0;
    struct wr w = wr_of(dst, DHCP_CLIENT_FRAME);
    if (c->send)
        dhcp_client_put(c, &w, now);
    else
        dhcp_client_put_probe(c, &w);
    if (c->send)
        c->send = 0;
    else
        c->probe = false;
    return wr_len(&w);
}

bool dhcp_client_event(struct dhcp_client *c, struct dhcp_client_event *out)
{
    if (!c->event_set)
        return false;
    c->event_set = false;
    *out = c->event;
    return true;
}
