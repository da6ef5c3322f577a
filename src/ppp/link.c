/* The phases of a link (RFC 1661 3.2): whose packet is this, may it come now, and what do the protocols' ups and
 * downs mean for the whole.
 *
 * Each verb lets the protocols work first and then settles: takes what LCP reports, then what the NCPs report.
 *
 * After authentication LCP is not negotiated a second time: the crypto binding ([MS-SSTP] 3.2.5.2.2) has been
 * made over that authentication, so a link that leaves Opened then is ended (LINK_CAUSE_RENEGOTIATION). */
#include "ppp/link.h"
#include "wire/ppp_frame.h"

static const struct slice nothing = { NULL, 0 };

void link_conf_default(struct link_conf *c, enum link_role role)
{
    *c = (struct link_conf){
        .role = role,
        .mru = LCP_MRU_MAX,
        .compress = true,
        .silent = role == LINK_SERVER ? SECONDS(1) : 0,
        .restart_first = SECONDS(1),
        .restart = SECONDS(3), /* RFC 1661 4.6, and the three counters */
        .max_configure = 10,
        .max_terminate = 2,
        .max_failure = 5,
        .ipv4 = true,
        .ipv6 = true,
        .ident = "ADIT-1",
    };
}

/* -- events -- */

static void push(struct link *l, const struct link_event *ev)
{
    enum { ROOM = sizeof l->ev / sizeof l->ev[0] };
    if (l->n_ev == ROOM)
        l->n_ev--; /* the owner takes events after each call: this one is late, and what comes matters more */
    l->ev[l->n_ev++] = *ev;
}

static void push_kind(struct link *l, enum link_ev_kind kind)
{
    struct link_event ev = { .kind = kind };
    push(l, &ev);
}

bool link_event(struct link *l, struct link_event *out)
{
    if (l->n_ev == 0)
        return false;
    *out = l->ev[0];
    l->n_ev--;
    memmove(l->ev, l->ev + 1, l->n_ev * sizeof l->ev[0]);
    return true;
}

/* -- the end -- */

/* The first cause is the one that is told. */
static void set_cause(struct link *l, enum link_cause cause)
{
    if (l->cause == LINK_CAUSE_NONE)
        l->cause = cause;
}

static enum link_cause cause_of(enum cp_fail f)
{
    switch (f) {
    case CP_FAIL_NO_ANSWER:
        return LINK_CAUSE_NO_ANSWER;
    case CP_FAIL_NO_CONVERGENCE:
    case CP_FAIL_REJECTED:
        return LINK_CAUSE_NO_CONVERGENCE;
    case CP_FAIL_AUTH:
        return LINK_CAUSE_NO_AUTH;
    case CP_FAIL_LOOP:
        return LINK_CAUSE_LOOP;
    case CP_FAIL_NONE:
        break;
    }
    return LINK_CAUSE_NONE;
}

static void die(struct link *l)
{
    if (l->phase == LINK_DEAD)
        return;
    l->phase = LINK_DEAD;
    struct link_event ev = {
        .kind = LINK_EV_DOWN,
        .cause = l->cause,
        .has_ras_error = l->has_ras_error,
        .ras_error = l->ras_error,
    };
    push(l, &ev);
}

/* Ends the link in order, from whatever LCP is doing. */
static void terminate(struct link *l, enum link_cause cause, msec now)
{
    set_cause(l, cause);
    l->phase = LINK_TERMINATE;
    cp_close(&l->lcp.cp, &l->port, now);
}

/* -- what LCP reports -- */

static bool lcp_negotiates(const struct link *l)
{
    return l->lcp.cp.state >= CP_REQ_SENT && l->lcp.cp.state <= CP_ACK_SENT;
}

static void lcp_went_up(struct link *l, msec now)
{
    struct link_event ev = { .kind = LINK_EV_AUTH_START, .auth = lcp_auth(&l->lcp) };
    l->phase = LINK_AUTHENTICATE;
    lcp_echo_start(&l->lcp, now);
    /* RFC 1570 2.1: Identification may be sent at any time; once is enough. */
    if (l->conf.ident && !l->ident_sent)
        lcp_identify(&l->lcp, &l->port, slice_str(l->conf.ident));
    l->ident_sent = true;
    push(l, &ev);
}

static void lcp_went_down(struct link *l, msec now)
{
    l->ipcp_on = false;
    l->ip6cp_on = false;
    bool bound = l->phase == LINK_NETWORK;
    bool again = lcp_negotiates(l);
    l->phase = again ? LINK_ESTABLISH : LINK_TERMINATE;
    if (again && bound)
        terminate(l, LINK_CAUSE_RENEGOTIATION, now);
}

static void peer_terminated(struct link *l)
{
    l->lcp.term_seen = false;
    if (l->cause != LINK_CAUSE_NONE)
        return;
    /* A server that hangs up on our "another method, please" had none in common; [CAP] shows no such end, pppd and our own
     * server do it without a word. */
    l->cause = l->phase == LINK_ESTABLISH && l->lcp.auth_nakked ? LINK_CAUSE_NO_AUTH : LINK_CAUSE_PEER;
    l->has_ras_error = l->lcp.has_ras_error;
    l->ras_error = l->lcp.ras_error;
}

static void peer_identified(struct link *l)
{
    struct link_event ev = { .kind = LINK_EV_IDENT, .packet = slice_of(l->lcp.ident, l->lcp.ident_len) };
    l->lcp.has_ident = false;
    if (slice_eq(ev.packet, slice_str("ADIT-1")))
        l->peer_adit = true;
    push(l, &ev);
}

static void peer_rejected_proto(struct link *l, uint16_t proto, msec now)
{
    l->lcp.rejected_proto = 0;
    env_note(l->port.env, NOTE_LCP_PROTO_REJECTED, proto, 0, nothing);
    if (proto == PPP_PROTO_IPCP && l->ipcp_on)
        cp_rejected(&l->ipcp.cp, &l->port, now);
    else if (proto == PPP_PROTO_IPV6CP && l->ip6cp_on)
        cp_rejected(&l->ip6cp.cp, &l->port, now);
    else if (l->phase == LINK_AUTHENTICATE && proto == lcp_auth(&l->lcp).proto)
        terminate(l, LINK_CAUSE_NO_CONVERGENCE, now);
}

static void settle_lcp(struct link *l, msec now)
{
    unsigned ind = cp_take(&l->lcp.cp);
    bool told_to_end = l->lcp.term_seen;
    if (l->lcp.has_ident)
        peer_identified(l);
    if (told_to_end)
        peer_terminated(l);
    set_cause(l, cause_of(l->lcp.cp.fail));
    if (ind & CP_IND_DOWN)
        lcp_went_down(l, now);
    if (ind & CP_IND_UP)
        lcp_went_up(l, now);
    if (l->lcp.cp.state == CP_CLOSING || l->lcp.cp.state == CP_STOPPING)
        l->phase = LINK_TERMINATE;
    /* RFC 1661 4.1 would go on asking a peer that ends while LCP still negotiates; it will not answer. */
    if ((ind & CP_IND_FINISHED) || (told_to_end && lcp_negotiates(l)))
        die(l);
}

/* -- what the NCPs report -- */

static void settle_ipcp(struct link *l, msec now)
{
    unsigned ind = cp_take(&l->ipcp.cp);
    if ((ind & CP_IND_DOWN) && l->ipv4_up) {
        l->ipv4_up = false;
        push_kind(l, LINK_EV_IPV4_DOWN);
    }
    if (ind & CP_IND_UP) {
        struct link_event ev = { .kind = LINK_EV_IPV4_UP, .ipv4 = ipcp_result(&l->ipcp) };
        l->ipv4_up = ev.ipv4.our_addr != 0;
        if (l->ipv4_up) {
            push(l, &ev);
        } else {
            /* A server that acks 0.0.0.0, or rejects the option, has no address for us. */
            env_note(l->port.env, NOTE_NCP_NO_ADDRESS, 0, 0, nothing);
            cp_close(&l->ipcp.cp, &l->port, now);
            l->ipcp_on = false;
        }
    }
    if (ind & CP_IND_FINISHED)
        l->ipcp_on = false;
}

static void settle_ip6cp(struct link *l)
{
    unsigned ind = cp_take(&l->ip6cp.cp);
    if ((ind & CP_IND_DOWN) && l->ipv6_up) {
        l->ipv6_up = false;
        push_kind(l, LINK_EV_IPV6_DOWN);
    }
    if (ind & CP_IND_UP) {
        struct link_event ev = { .kind = LINK_EV_IPV6_UP, .ipv6 = ip6cp_result(&l->ip6cp) };
        l->ipv6_up = true;
        push(l, &ev);
    }
    if (ind & CP_IND_FINISHED)
        l->ip6cp_on = false;
}

static void settle(struct link *l, msec now)
{
    if (l->lcp.rejected_proto)
        peer_rejected_proto(l, l->lcp.rejected_proto, now);
    /* RFC 1661 3.7: LCP's end ends the NCPs; their end is told first. */
    if (l->lcp.cp.ind & CP_IND_DOWN) {
        cp_down(&l->ipcp.cp, &l->port, now);
        cp_down(&l->ip6cp.cp, &l->port, now);
    }
    settle_ipcp(l, now);
    settle_ip6cp(l);
    if (l->phase == LINK_NETWORK && !l->ipcp_on && !l->ip6cp_on && l->lcp.cp.state == CP_OPENED)
        terminate(l, LINK_CAUSE_NO_NETWORK, now);
    settle_lcp(l, now);
}

/* -- packets -- */

/* [CAP]: RRAS asks only when the client has spoken; Windows drops what comes before and stalls for 3 s. */
static void start_lcp(struct link *l, msec now)
{
    l->heard = true;
    cp_up(&l->lcp.cp, &l->port, now);
}

static void on_lcp(struct link *l, struct slice info, msec now)
{
    if (!l->heard)
        start_lcp(l, now);
    lcp_input(&l->lcp, &l->port, info, now);
}

static void on_network_phase(struct link *l, const struct ppp_frame *f, msec now)
{
    if (f->proto == PPP_PROTO_IPCP && l->ipcp_on) {
        cp_input(&l->ipcp.cp, &l->port, f->info, now);
        return;
    }
    if (f->proto == PPP_PROTO_IPV6CP && l->ip6cp_on) {
        cp_input(&l->ip6cp.cp, &l->port, f->info, now);
        return;
    }
    /* User data is the composer's; compressed or encrypted datagrams nobody agreed on are dropped. */
    if (f->proto == PPP_PROTO_IPV4 || f->proto == PPP_PROTO_IPV6 || f->proto == PPP_PROTO_COMPRESSED)
        return;
    /* RFC 1661 5.7: CCP, CBCP, an NCP that is off, anything unknown. */
    env_note(l->port.env, NOTE_LCP_PROTO_UNKNOWN, f->proto, 0, nothing);
    lcp_reject_proto(&l->lcp, &l->port, f->proto, f->info);
}

/* RFC 1661 3.4, 3.5: what does not belong to the phase is silently discarded. */
static void dispatch(struct link *l, const struct ppp_frame *f, msec now)
{
    bool authenticating = l->phase == LINK_AUTHENTICATE || l->phase == LINK_NETWORK;
    if (f->proto == PPP_PROTO_LCP) {
        on_lcp(l, f->info, now);
    } else if (authenticating && f->proto == lcp_auth(&l->lcp).proto) {
        struct link_event ev = { .kind = LINK_EV_AUTH_PACKET, .proto = f->proto, .packet = f->info };
        push(l, &ev);
    } else if (l->phase == LINK_NETWORK) {
        on_network_phase(l, f, now);
    }
}

/* -- verbs -- */

void link_init(struct link *l, uint8_t out[CP_PORT_OUT], const struct link_conf *conf, const struct env *env, msec now)
{
    *l = (struct link){ .conf = *conf, .phase = LINK_ESTABLISH };
    l->port.env = env;
    l->port.out = out;
    l->port.peer_mru = LCP_MRU_DEFAULT;
    if (l->conf.mru > LCP_MRU_MAX || l->conf.mru < LCP_MRU_MIN)
        l->conf.mru = LCP_MRU_MAX;
    struct cp_conf cp = { conf->restart_first, conf->restart, conf->max_configure, conf->max_terminate,
                          conf->max_failure };
    struct lcp_conf lcp = {
        .server = conf->role == LINK_SERVER,
        .mru = l->conf.mru,
        .compress = conf->compress,
        .n_auth = conf->n_auth,
        .echo = conf->lcp_echo,
    };
    memcpy(lcp.auth, conf->auth, sizeof lcp.auth);
    lcp_init(&l->lcp, &lcp, &cp, &l->port);
    cp_open(&l->lcp.cp, &l->port, now);
    l->silent_until = tick_after(now, conf->silent);
    if (conf->silent == 0)
        start_lcp(l, now);
    (void)cp_take(&l->lcp.cp);
}

int link_feed(struct link *l, struct rd *frame, msec now)
{
    struct ppp_frame f;
    if (l->n_ev)
        return FED_EVENT;
    if (ppp_frame_decode(frame, &f) < 0 || l->phase == LINK_DEAD)
        return FED_TOOK;
    dispatch(l, &f, now);
    settle(l, now);
    return l->n_ev ? FED_EVENT : FED_TOOK;
}

size_t link_pull(struct link *l, uint8_t *dst, size_t cap)
{
    return cp_port_pull(&l->port, dst, cap);
}

void link_authenticated(struct link *l, const struct link_net *net, msec now)
{
    if (l->phase != LINK_AUTHENTICATE)
        return;
    const struct link_conf *c = &l->conf;
    struct cp_conf cp = { c->restart, c->restart, c->max_configure, c->max_terminate, c->max_failure };
    l->phase = LINK_NETWORK;
    /* A server without an address for this client has no IPv4 for it: IPCP is Protocol-Rejected. */
    l->ipcp_on = c->ipv4 && (c->role == LINK_CLIENT || net->ipcp.peer_addr);
    l->ip6cp_on = c->ipv6 && net->ip6cp.on;
    ipcp_init(&l->ipcp, &net->ipcp, &cp);
    ip6cp_init(&l->ip6cp, &net->ip6cp, &cp, &l->port);
    if (l->ipcp_on) {
        cp_up(&l->ipcp.cp, &l->port, now);
        cp_open(&l->ipcp.cp, &l->port, now);
    }
    if (l->ip6cp_on) {
        cp_up(&l->ip6cp.cp, &l->port, now);
        cp_open(&l->ip6cp.cp, &l->port, now);
    }
    settle(l, now);
}

void link_close(struct link *l, int ras_error, msec now)
{
    if (l->phase == LINK_DEAD || l->phase == LINK_TERMINATE)
        return;
    if (ras_error >= 0)
        lcp_set_ras_error(&l->lcp, (uint32_t)ras_error);
    terminate(l, LINK_CAUSE_LOCAL, now);
    settle(l, now);
}

void link_lost(struct link *l, msec now)
{
    if (l->phase == LINK_DEAD)
        return;
    l->port.out_len = 0;
    l->phase = LINK_TERMINATE;
    cp_down(&l->lcp.cp, &l->port, now);
    settle(l, now);
    die(l);
}

void link_tick(struct link *l, msec now)
{
    if (l->phase == LINK_DEAD)
        return;
    if (!l->heard && now >= l->silent_until)
        start_lcp(l, now);
    if (lcp_tick(&l->lcp, &l->port, now))
        terminate(l, LINK_CAUSE_ECHO_TIMEOUT, now);
    if (l->ipcp_on)
        cp_tick(&l->ipcp.cp, &l->port, now);
    if (l->ip6cp_on)
        cp_tick(&l->ip6cp.cp, &l->port, now);
    settle(l, now);
}

msec link_due(const struct link *l)
{
    if (l->phase == LINK_DEAD)
        return NEVER;
    msec due = tick_min(lcp_due(&l->lcp), l->heard ? NEVER : l->silent_until);
    if (l->ipcp_on)
        due = tick_min(due, l->ipcp.cp.due);
    if (l->ip6cp_on)
        due = tick_min(due, l->ip6cp.cp.due);
    return due;
}

size_t link_head(const struct link *l, uint16_t proto, uint8_t dst[4])
{
    return cp_port_head(&l->port, proto, dst);
}

uint16_t link_peer_mru(const struct link *l)
{
    /* [MS-SSTP] 2.2.1: an SSTP packet carries at most 4091 bytes, the PPP header (4) among them. */
    uint16_t fits = LCP_MRU_MAX - 4;
    return l->port.peer_mru < fits ? l->port.peer_mru : fits;
}
