/* The tunnel's verbs, and how its parts are put together; see tunnel.h.
 *
 * Each verb hands its work to one part and then pumps: what the parts have to send is collected in the order in which
 * it was made, what they have to say is handled, in a fixed order (http, call, authentication, link), until one has
 * something for the outside. Then nothing more is taken from anybody until that event is taken, so none is ever lost.
 *
 * The end has an order too. From our side: PPP terminates, at most `goodbye` ms, then Call Disconnect, then DOWN. From
 * the peer's side: its Terminate-Request is acked and its Call Disconnect awaited for as long. An SSTP abort, a
 * Call Disconnect or a lost transport takes PPP away without a word ([MS-SSTP] 3.2.5.3.4 to 3.2.5.3.6). */
#include "base/secret.h"
#include "session/tunnel_parts.h"
#include "wire/ppp_frame.h"
#include "wire/sstp_frame.h"

void tunnel_init(struct tunnel *t, struct tunnel_work *work, const struct tunnel_conf *conf, const struct env *env,
                 msec now)
{
    *t = (struct tunnel){ .conf = *conf, .work = work, .env = env, .now = now, .phase = TUNNEL_HTTP };
    bool server = conf->role == TUNNEL_SERVER;
    t->conf.http.server = server;
    t->conf.call.role = server ? CALL_SERVER : CALL_CLIENT;
    t->conf.link.role = server ? LINK_SERVER : LINK_CLIENT;
    t->conf.link.n_auth = 0;
    for (unsigned i = 0; i < conf->n_methods && i < AUTH_METHODS && i < LCP_AUTH_MAX; i++)
        t->conf.link.auth[t->conf.link.n_auth++] = tunnel_lcp_auth(conf->methods[i]);
    t->auth_due = t->ncp_due = t->goodbye_due = NEVER;
    http_init(&t->work->http, &t->conf.http, env, now);
    tunnel_collect(t);
}

/* --- memory that is lent --------------------------------------------------------------------------------------- */

struct tunnel_work *tunnel_spare(struct tunnel *t)
{
    bool used =
        t->phase == TUNNEL_HTTP || t->auth_on || t->ev_set || t->out_len || t->call.out_len || t->link.port.out_len;
    struct tunnel_work *w = used ? NULL : t->work;
    if (w) {
        t->work = NULL;
        t->link.port.out = NULL;
        t->call.out = NULL;
    }
    return w;
}

void tunnel_lend(struct tunnel *t, struct tunnel_work *work)
{
    t->work = work;
    t->link.port.out = work->frames;
    t->call.out = work->call;
}

/* --- bytes to send ------------------------------------------------------------------------------------------- */

/* Where the next message goes, and how long it may be; NULL if there is no room worth asking for. */
static uint8_t *out_room(struct tunnel *t, size_t head, size_t *ret_room)
{
    size_t left = (size_t)TUNNEL_OUT_MAX - t->out_len;
    if (!t->work || left <= 2 + head)
        return NULL;
    *ret_room = left - 2 - head;
    return t->work->out + t->out_len + 2;
}

static void out_keep(struct tunnel *t, size_t n)
{
    t->work->out[t->out_len] = (uint8_t)(n >> 8);
    t->work->out[t->out_len + 1] = (uint8_t)n;
    t->out_len += 2 + n;
}

static bool collect_plain(struct tunnel *t)
{
    size_t room = 0;
    uint8_t *at = out_room(t, 0, &room);
    if (!at)
        return false;
    bool http = t->phase == TUNNEL_HTTP;
    if ((http ? t->work->http.out_len : t->call.out_len) > room)
        return false; /* these parts cut where the room ends, and something else could get in between */
    size_t n = http ? http_pull(&t->work->http, at, room) : call_pull(&t->call, at, room);
    if (n)
        out_keep(t, n);
    return n > 0;
}

static bool collect_auth(struct tunnel *t)
{
    uint8_t ppp[4];
    size_t ppp_len = link_head(&t->link, tunnel_lcp_auth(t->method).proto, ppp);
    size_t head = SSTP_HEAD + ppp_len, room = 0;
    uint8_t *at = out_room(t, head, &room);
    if (!at || !t->auth_on)
        return false;
    size_t n = t->conf.role == TUNNEL_SERVER ? auth_server_pull(&t->work->auth.server, at + head, room)
                                             : auth_client_pull(&t->work->auth.client, at + head, room);
    if (!n)
        return false;
    sstp_frame_head(at, false, ppp_len + n);
    memcpy(at + SSTP_HEAD, ppp, ppp_len);
    out_keep(t, head + n);
    return true;
}

static bool collect_link(struct tunnel *t)
{
    size_t room = 0;
    uint8_t *at = out_room(t, SSTP_HEAD, &room);
    if (!at)
        return false;
    size_t n = link_pull(&t->link, at + SSTP_HEAD, room < SSTP_PAYLOAD_MAX ? room : SSTP_PAYLOAD_MAX);
    if (!n)
        return false;
    sstp_frame_head(at, false, n);
    out_keep(t, SSTP_HEAD + n);
    return true;
}

void tunnel_collect(struct tunnel *t)
{
    while (collect_plain(t))
        ;
    /* [MS-SSTP] 3.2.7, 3.3.7: PPP frames are sent in the states that relay them, and dropped in others. */
    if (t->phase == TUNNEL_HTTP || !t->link_on || !call_relays_control(&t->call))
        return;
    while (t->auth_on && collect_auth(t))
        ;
    while (collect_link(t))
        ;
}

size_t tunnel_pull(struct tunnel *t, uint8_t *dst, size_t cap)
{
    if (t->lost_wanted) /* [MS-SSTP] 3.1.7.2: nothing more goes over the wire */
        return 0;
    tunnel_collect(t);
    size_t taken = 0, given = 0;
    while (taken < t->out_len) {
        size_t n = (size_t)t->work->out[taken] << 8 | t->work->out[taken + 1];
        if (n > cap - given)
            break;
        memcpy(dst + given, t->work->out + taken + 2, n);
        given += n;
        taken += 2 + n;
    }
    if (taken) {
        memmove(t->work->out, t->work->out + taken, t->out_len - taken);
        t->out_len -= taken;
        secret_wipe(t->work->out + t->out_len, taken); /* a PAP password was perhaps among it */
    }
    return given;
}

/* --- the end ------------------------------------------------------------------------------------------------- */

bool tunnel_blame(struct tunnel *t, enum tunnel_cause cause, uint32_t detail)
{
    if (t->cause != TUNNEL_CAUSE_NONE)
        return false;
    t->cause = cause == TUNNEL_CAUSE_NONE ? TUNNEL_CAUSE_LOCAL : cause;
    t->detail = detail;
    return true;
}

void tunnel_blame_text(struct tunnel *t, struct slice text)
{
    t->text_len = text.n < sizeof t->text ? text.n : sizeof t->text;
    if (t->text_len)
        memcpy(t->text, text.p, t->text_len);
}

void tunnel_auth_off(struct tunnel *t)
{
    t->auth_due = NEVER;
    t->ask = 0;
    if (!t->auth_on)
        return;
    t->auth_on = false;
    if (t->conf.role == TUNNEL_SERVER)
        auth_server_done(&t->work->auth.server);
    else
        auth_client_done(&t->work->auth.client);
}

/* The link is over, whether it knows it or not. */
static void link_off(struct tunnel *t)
{
    tunnel_auth_off(t);
    if (t->link_on)
        link_lost(&t->link, t->now);
    t->link_on = t->ipv4_up = t->ipv6_up = t->up_wanted = false;
    t->ncp_due = t->goodbye_due = NEVER;
}

static void over(struct tunnel *t)
{
    link_off(t);
    t->phase = TUNNEL_OVER;
    t->connected = t->close_wanted = t->lost_wanted = false;
    t->down_wanted = true;
}

void tunnel_hang_up(struct tunnel *t)
{
    tunnel_collect(t); /* the last PPP frames go first */
    link_off(t);
    if (t->hung_up)
        return;
    t->hung_up = true;
    call_disconnect(&t->call, t->now);
}

void tunnel_end(struct tunnel *t, enum tunnel_cause cause, uint32_t detail)
{
    if (t->phase == TUNNEL_OVER || !tunnel_blame(t, cause, detail))
        return;
    if (t->phase == TUNNEL_HTTP) {
        over(t);
        return;
    }
    /* [MS-SSTP] 3.2.4.2, 3.3.4: PPP is terminated before the call is disconnected. */
    t->phase = TUNNEL_ENDING;
    t->up_wanted = false;
    t->ncp_due = NEVER;
    tunnel_collect(t); /* a failure packet goes before the Terminate-Request */
    tunnel_auth_off(t);
    if (!t->link_on) {
        tunnel_hang_up(t);
        return;
    }
    t->goodbye_due = tick_after(t->now, t->conf.goodbye);
    /* [CAP]: the reason in a Terminate-Request is what Microsoft's clients send, not what servers do. */
    link_close(&t->link, t->conf.role == TUNNEL_CLIENT ? tunnel_ras_error(t->cause, t->detail) : -1, t->now);
}

static void lose(struct tunnel *t, enum tunnel_cause cause)
{
    tunnel_blame(t, cause, 0);
    if (t->phase != TUNNEL_HTTP)
        call_lost(&t->call, t->now);
    over(t);
    t->out_len = 0; /* [MS-SSTP] 3.1.7.2: no wire activity */
}

/* --- the parts' events --------------------------------------------------------------------------------------- */

struct tunnel_event *tunnel_emit(struct tunnel *t, enum tunnel_ev_kind kind)
{
    t->ev = (struct tunnel_event){ .kind = kind };
    t->ev_set = true;
    return &t->ev;
}

static bool http_step(struct tunnel *t)
{
    struct http_event e;
    if (!http_event(&t->work->http, &e))
        return false;
    bool server = t->conf.role == TUNNEL_SERVER;
    switch (e.kind) {
    case HTTP_EV_NONE:
        break;
    case HTTP_EV_UPGRADED:
        tunnel_collect(t); /* the 200 */
        t->phase = TUNNEL_SSTP;
        call_init(&t->call, t->work->call, &t->conf.call, t->env, t->now);
        if (server) {
            struct tunnel_event *ev = tunnel_emit(t, TUNNEL_EV_UPGRADED);
            ev->text = e.correlation;
            ev->host = e.host;
        }
        break;
    case HTTP_EV_REFUSED:
        tunnel_blame(t, !server && e.err == ERR_VERSION ? TUNNEL_CAUSE_HTTP_VERSION : TUNNEL_CAUSE_HTTP_REFUSED,
                     e.status);
        tunnel_blame_text(t, e.line);
        tunnel_collect(t); /* the error page */
        over(t);
        break;
    case HTTP_EV_TIMEOUT:
        tunnel_blame(t, TUNNEL_CAUSE_HTTP_TIMEOUT, 0);
        over(t);
        break;
    }
    return true;
}

/* A PPP frame of the peer that did not take the data path. */
static void ppp_frame_in(struct tunnel *t, struct slice frame)
{
    struct ppp_frame f;
    if (!t->link_on)
        return;
    /* [CAP]: compressed data (00fd) cannot be ours, CCP is never agreed on; it is dropped like data nobody asked for. */
    if (ppp_frame_read(frame.p, frame.n, &f) == 0 &&
        (f.proto == PPP_PROTO_IPV4 || f.proto == PPP_PROTO_IPV6 || f.proto == PPP_PROTO_COMPRESSED)) {
        t->dropped++;
        return;
    }
    struct rd r = rd_slice(frame);
    if (link_feed(&t->link, &r, t->now) < 0)
        t->dropped++; /* RFC 1661 5: what is malformed is silently discarded */
}

static void call_is_connected(struct tunnel *t, uint8_t hash)
{
    if (t->phase != TUNNEL_SSTP)
        return;
    t->connected = true;
    bool up = t->ipv4_up || t->ipv6_up;
    t->up_wanted = up;
    t->ncp_due = up ? NEVER : tick_after(t->now, t->conf.ncp_timeout);
    tunnel_emit(t, TUNNEL_EV_CONNECTED)->hash = hash;
}

static void blame_call(struct tunnel *t, const struct call_event *e)
{
    uint32_t detail = 0;
    enum tunnel_cause cause = tunnel_cause_of_call(e, &detail);
    /* [CAP]: the Terminate-Request just before the Call Disconnect says why; the link may still wait for its own end. */
    if (cause == TUNNEL_CAUSE_PEER && t->link_on && t->link.has_ras_error)
        detail = t->link.ras_error;
    if (tunnel_blame(t, cause, detail))
        t->attrib = e->attrib;
}

static bool call_step(struct tunnel *t)
{
    struct call_event e;
    if (!call_event(&t->call, &e))
        return false;
    switch (e.kind) {
    case CALL_EV_NONE:
        break;
    case CALL_EV_LINK_UP:
        if (t->phase == TUNNEL_SSTP) {
            link_init(&t->link, t->work->frames, &t->conf.link, t->env, t->now);
            t->link_on = true;
        }
        break;
    case CALL_EV_PPP:
        ppp_frame_in(t, e.frame);
        break;
    case CALL_EV_CONNECTED:
        call_is_connected(t, e.hash);
        break;
    case CALL_EV_ENDING:
    case CALL_EV_DOWN:
        blame_call(t, &e);
        /* [MS-SSTP] 3.2.5.3.4, 3.3.5.2.4: PPP's lower layer is down; it is not asked to say goodbye. */
        link_off(t);
        t->phase = TUNNEL_ENDING;
        t->hung_up = true;
        if (e.kind == CALL_EV_DOWN) {
            tunnel_collect(t);
            over(t);
        }
        break;
    }
    return true;
}

static void report_down(struct tunnel *t)
{
    t->down_wanted = false;
    struct tunnel_event *ev = tunnel_emit(t, TUNNEL_EV_DOWN);
    ev->cause = t->cause;
    ev->detail = t->detail;
    ev->attrib = t->attrib;
    ev->text = slice_of(t->text, t->text_len);
}

/* A verb that had to wait until the parts were drained. */
static bool wanted_step(struct tunnel *t)
{
    if (t->phase == TUNNEL_OVER || (!t->lost_wanted && !t->close_wanted))
        return false;
    bool lost = t->lost_wanted;
    t->lost_wanted = t->close_wanted = false;
    if (lost)
        lose(t, TUNNEL_CAUSE_LOST);
    else
        tunnel_end(t, t->close_cause, t->close_detail);
    return true;
}

/* One thing that a part has to say; false: none has. The order is fixed: what lies lower first. */
static bool step(struct tunnel *t)
{
    if (t->phase == TUNNEL_HTTP && http_step(t))
        return true;
    if ((t->phase == TUNNEL_SSTP || t->phase == TUNNEL_ENDING) && call_step(t))
        return true;
    if (t->auth_on && (t->conf.role == TUNNEL_SERVER ? tunnel_server_step(t) : tunnel_client_step(t)))
        return true;
    if (t->link_on && tunnel_link_step(t))
        return true;
    if (wanted_step(t))
        return true;
    if (t->up_wanted)
        tunnel_report_up(t);
    else if (t->down_wanted)
        report_down(t);
    return t->ev_set;
}

void tunnel_pump(struct tunnel *t)
{
    tunnel_collect(t);
    while (!t->ev_set && step(t))
        tunnel_collect(t);
}

/* --- verbs --------------------------------------------------------------------------------------------------- */

int tunnel_feed(struct tunnel *t, struct rd *in, msec now)
{
    t->now = now;
    tunnel_pump(t);
    if (t->ev_set)
        return FED_EVENT;
    if (t->phase == TUNNEL_OVER) {
        (void)rd_rest(in);
        return FED_MORE;
    }
    int fed = t->phase == TUNNEL_HTTP ? http_feed(&t->work->http, in, now) : call_feed(&t->call, in, now);
    tunnel_pump(t);
    /* A part that cannot go on says why in an event; this is for one that does not. */
    if (fed < 0 && !t->ev_set && t->phase != TUNNEL_OVER) {
        lose(t, TUNNEL_CAUSE_GARBAGE);
        tunnel_pump(t);
    }
    if (t->ev_set)
        return FED_EVENT;
    return fed == FED_MORE ? FED_MORE : FED_TOOK;
}

bool tunnel_event(struct tunnel *t, struct tunnel_event *out)
{
    tunnel_pump(t);
    if (!t->ev_set)
        return false;
    *out = t->ev;
    t->ev_set = false;
    return true;
}

void tunnel_close(struct tunnel *t, enum tunnel_cause cause, uint32_t detail, msec now)
{
    t->now = now;
    if (t->phase == TUNNEL_OVER || t->close_wanted)
        return;
    t->close_wanted = true;
    t->close_cause = cause;
    t->close_detail = detail;
    tunnel_pump(t);
}

void tunnel_lost(struct tunnel *t, msec now)
{
    t->now = now;
    if (t->phase == TUNNEL_OVER)
        return;
    t->lost_wanted = true;
    tunnel_pump(t);
}

static void check_deadlines(struct tunnel *t)
{
    if (t->phase == TUNNEL_SSTP && t->auth_due <= t->now)
        tunnel_end(t, TUNNEL_CAUSE_AUTH_TIMEOUT, 0);
    if (t->phase == TUNNEL_SSTP && t->ncp_due <= t->now)
        tunnel_end(t, TUNNEL_CAUSE_NO_NETWORK, 0);
    if (t->phase == TUNNEL_ENDING && t->goodbye_due <= t->now)
        tunnel_hang_up(t);
}

void tunnel_tick(struct tunnel *t, msec now)
{
    t->now = now;
    tunnel_pump(t);
    if (!t->ev_set && t->phase == TUNNEL_HTTP) {
        http_tick(&t->work->http, now);
        tunnel_pump(t);
        return;
    }
    if (!t->ev_set && t->phase != TUNNEL_OVER) {
        call_tick(&t->call, now);
        tunnel_pump(t);
    }
    if (!t->ev_set && t->auth_on) {
        if (t->conf.role == TUNNEL_SERVER)
            auth_server_tick(&t->work->auth.server, now);
        else
            auth_client_tick(&t->work->auth.client, now);
        tunnel_pump(t);
    }
    if (!t->ev_set && t->link_on) {
        link_tick(&t->link, now);
        tunnel_pump(t);
    }
    if (!t->ev_set) {
        check_deadlines(t);
        tunnel_pump(t);
    }
}

msec tunnel_due(const struct tunnel *t)
{
    if (t->phase == TUNNEL_OVER)
        return NEVER;
    if (t->phase == TUNNEL_HTTP)
        return http_due(&t->work->http);
    msec due = tick_min(tick_min(t->auth_due, t->ncp_due), tick_min(t->goodbye_due, call_due(&t->call)));
    if (t->auth_on)
        due = tick_min(due, t->conf.role == TUNNEL_SERVER ? auth_server_due(&t->work->auth.server)
                                                          : auth_client_due(&t->work->auth.client));
    return t->link_on ? tick_min(due, link_due(&t->link)) : due;
}

void tunnel_done(struct tunnel *t)
{
    tunnel_auth_off(t);
    if (t->phase != TUNNEL_HTTP)
        call_done(&t->call);
    if (t->work)
        secret_wipe(t->work->out, TUNNEL_OUT_MAX); /* may hold a PAP password that was never sent */
    t->out_len = 0;
    t->conf.password = slice_of(NULL, 0);
}
