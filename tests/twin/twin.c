/* The rig for two tunnels in memory; see twin.h. */
#include "twin.h"

#include <assert.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>

#include "auth/verify.h"
#include "crypto/mschap.h"
#include "tls/prim_host.h"

static const uint8_t cert_sha1[20] = { 0xc1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 };
static const uint8_t cert_sha256[32] = { 0xc2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 };

/* splitmix64 */
static uint64_t roll(uint64_t *dice)
{
    uint64_t z = (*dice += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void twin_random(void *ctx, uint8_t *dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)roll(ctx);
}

static void end_init(struct twin_end *e, uint64_t seed)
{
    e->dice = seed;
    e->env = (struct env){ .ctx = &e->dice, .random = twin_random, .prim = &prim_host };
}

void twin_init(struct twin *w, enum auth_method method, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->dice = seed;
    w->now = 1000000;
    end_init(&w->client, seed ^ 0x1111);
    end_init(&w->server, seed ^ 0x2222);
    tunnel_conf_default(&w->client_conf, TUNNEL_CLIENT);
    tunnel_conf_default(&w->server_conf, TUNNEL_SERVER);
    struct call_cert cert;
    memcpy(cert.sha1, cert_sha1, sizeof cert.sha1);
    memcpy(cert.sha256, cert_sha256, sizeof cert.sha256);
    w->client_conf.call.certs[0] = w->server_conf.call.certs[0] = cert;
    w->client_conf.call.n_certs = w->server_conf.call.n_certs = 1;
    w->client_conf.methods[0] = w->server_conf.methods[0] = method;
    w->client_conf.n_methods = w->server_conf.n_methods = 1;
    w->client_conf.http.host = "vpn.example.com";
    w->client_conf.http.correlation = "{48B82435-099A-4158-A987-052E7570CFAA}";
    w->client_conf.user = slice_str("alice");
    w->client_conf.password = slice_str("correct horse");
    w->server_conf.http.cert_sha1 = cert_sha1;
    w->server_conf.http.cert_sha256 = cert_sha256;
    w->server_conf.server_name = "adit";
    w->params = (struct params){
        .prefixes = { prefix_v4(0x0a500002, 32) },
        .n_prefixes = 1,
        .server_ipv4 = 0x0a500001,
        .dns = { 0x0a500035, 0x0a500036 },
    };
    w->judge = (struct twin_judge){ .env = w->server.env, .user = "alice", .password = "correct horse" };
}

void twin_start(struct twin *w)
{
    tunnel_init(&w->client.t, &w->client.work, &w->client_conf, &w->client.env, w->now);
    tunnel_init(&w->server.t, &w->server.work, &w->server_conf, &w->server.env, w->now);
}

static void record(struct twin_end *e, enum tape_op op, const uint8_t *bytes, size_t n, unsigned number)
{
    if (!e->tape)
        return;
    struct wr w = wr_of(e->tape->bytes + e->tape->n, sizeof e->tape->bytes - e->tape->n);
    wr_u8(&w, op);
    if (op == TAPE_FEED || op == TAPE_WALK) {
        wr_u16(&w, (unsigned)n);
        wr_bytes(&w, bytes, n);
    } else if (op == TAPE_TICK) {
        wr_u16(&w, number);
    }
    assert(wr_ok(&w));
    e->tape->n += wr_len(&w);
}

/* --- the judge ----------------------------------------------------------------------------------------------- */

static bool is_user(const struct twin_judge *j, struct slice name)
{
    return slice_eq(mschap_account(name), slice_str(j->user));
}

static void judge_refuse(struct twin_judge *j, const struct auth_question *q, unsigned code)
{
    static const uint8_t challenge[16];
    j->verdict.kind = VERDICT_REFUSE;
    size_t n = q->method == AUTH_MSCHAPV2 ? verify_failure_text(j->text, sizeof j->text, code, false, challenge, "No")
                                          : (size_t)snprintf(j->text, sizeof j->text, "E=%u No", code);
    j->verdict.text = slice_of(j->text, n);
}

static void judge_eap(struct twin_judge *j, const struct auth_question *q, msec now)
{
    struct eap_server_conf c = { .server_name = "adit", .attempts_max = 3 };
    struct eap_server_event e = { 0 };
    if (q->eap.n == 0) {
        eap_server_init(&j->eap, &c, &j->env, now);
    } else {
        struct rd r = rd_slice(q->eap);
        if (eap_server_feed(&j->eap, &r, now) < 0)
            return;
    }
    if (eap_server_event(&j->eap, &e) && e.kind == EAP_SERVER_EV_USER) {
        struct eap_server_user u = { .known = is_user(j, e.name), .refuse_code = j->refuse_code };
        int bad = mschap_nt_hash(&prim_host, slice_str(j->password), u.nt_hash);
        assert(bad == 0);
        (void)bad;
        eap_server_user(&j->eap, &u, now);
        (void)eap_server_event(&j->eap, &e);
    }
    assert(e.packet.n <= sizeof j->bytes);
    memcpy(j->bytes, e.packet.p, e.packet.n);
    j->verdict.eap = slice_of(j->bytes, e.packet.n);
    j->verdict.kind = e.kind == EAP_SERVER_EV_ACCEPTED  ? VERDICT_ACCEPT
                      : e.kind == EAP_SERVER_EV_REFUSED ? VERDICT_REFUSE
                                                        : VERDICT_MORE;
    if (j->verdict.kind == VERDICT_REFUSE)
        j->verdict.text = slice_of(j->text, (size_t)snprintf(j->text, sizeof j->text, "E=%u", e.code));
    j->verdict.keyed = e.kind == EAP_SERVER_EV_ACCEPTED;
    memcpy(j->verdict.hlak, e.hlak, HLAK_LEN);
}

static void judge_mschap(struct twin_judge *j, const struct auth_question *q)
{
    uint8_t hash[16];
    char success[43] = { 0 };
    int bad = mschap_nt_hash(&prim_host, slice_str(j->password), hash);
    assert(bad == 0);
    (void)bad;
    if (!is_user(j, q->name) ||
        !verify_mschapv2(&prim_host, hash, q->name, q->challenge, q->response, success, j->verdict.hlak)) {
        judge_refuse(j, q, 691);
        return;
    }
    j->verdict.kind = VERDICT_ACCEPT;
    j->verdict.keyed = true;
    j->verdict.text = slice_of(j->text, (size_t)snprintf(j->text, sizeof j->text, "%s M=Welcome", success));
}

void twin_judge_ask(struct twin_judge *j, const struct tunnel_event *e, msec now)
{
    const struct auth_question *q = &e->question;
    bool right = false;
    j->asked++;
    j->ask = e->ask;
    j->due = tick_after(now, j->after);
    j->pending = !j->silent;
    j->verdict = (struct auth_verdict){ 0 };
    switch (q->method) {
    case AUTH_EAP_MSCHAPV2:
        judge_eap(j, q, now);
        break;
    case AUTH_MSCHAPV2:
        judge_mschap(j, q);
        break;
    case AUTH_PAP:
    case AUTH_CHAP_MD5:
        right = q->method == AUTH_PAP
                    ? slice_eq(q->password, slice_str(j->password))
                    : verify_chap_md5(&prim_host, q->id, slice_str(j->password), q->challenge, q->response);
        if (right && is_user(j, q->name))
            j->verdict.kind = VERDICT_ACCEPT;
        else
            judge_refuse(j, q, 691);
        break;
    case AUTH_NONE:
    case AUTH_METHODS:
        assert(false); /* a question without a method */
    }
    if (j->verdict.kind == VERDICT_ACCEPT && j->refuse_code)
        judge_refuse(j, q, j->refuse_code);
    if (j->no_key) {
        j->verdict.keyed = false;
        memset(j->verdict.hlak, 0, HLAK_LEN);
    }
}

static bool judge_answer(struct twin *w)
{
    struct twin_judge *j = &w->judge;
    if (!j->pending || j->due > w->now)
        return false;
    j->pending = false;
    record(&w->server, TAPE_ANSWER, NULL, 0, 0);
    struct params none = { 0 };
    tunnel_answer(&w->server.t, j->ask, &j->verdict, j->no_address ? &none : &w->params, w->now);
    return true;
}

/* --- one end ------------------------------------------------------------------------------------------------- */

static void copy_text(char *dst, size_t cap, struct slice s)
{
    size_t n = s.n < cap - 1 ? s.n : cap - 1;
    if (n)
        memcpy(dst, s.p, n);
    dst[n] = 0;
}

static void note_event(struct twin *w, struct twin_end *end, const struct tunnel_event *e)
{
    static const char letters[] = { [TUNNEL_EV_NONE] = '?',          [TUNNEL_EV_UPGRADED] = 'U',  [TUNNEL_EV_ASK] = 'Q',
                                    [TUNNEL_EV_AUTHENTICATED] = 'A', [TUNNEL_EV_CONNECTED] = 'C', [TUNNEL_EV_UP] = 'N',
                                    [TUNNEL_EV_IDENT] = 'I',         [TUNNEL_EV_DOWN] = 'D' };
    assert(!strchr(end->log, 'D')); /* nothing after DOWN */
    assert(end->log_len < TWIN_LOG - 1);
    end->log[end->log_len++] = letters[e->kind];
    switch (e->kind) {
    case TUNNEL_EV_UPGRADED:
        copy_text(end->host, sizeof end->host, e->host);
        copy_text(end->correlation, sizeof end->correlation, e->text);
        break;
    case TUNNEL_EV_ASK:
        twin_judge_ask(&w->judge, e, w->now);
        break;
    case TUNNEL_EV_CONNECTED:
        end->hash = e->hash;
        break;
    case TUNNEL_EV_UP:
        end->up = *e;
        break;
    case TUNNEL_EV_IDENT:
        copy_text(end->ident, sizeof end->ident, e->text);
        break;
    case TUNNEL_EV_DOWN:
        end->down = *e;
        copy_text(end->down_text, sizeof end->down_text, e->text);
        break;
    case TUNNEL_EV_NONE:
    case TUNNEL_EV_AUTHENTICATED:
        break;
    }
}

static bool take_events(struct twin *w, struct twin_end *end)
{
    struct tunnel_event e;
    bool any = false;
    while (tunnel_event(&end->t, &e)) {
        note_event(w, end, &e);
        any = true;
    }
    return any;
}

/* A reader that sees only what has arrived, from a copy of exactly that size so that a sanitizer sees any step beyond. */
static bool take_bytes(struct twin *w, struct twin_end *end)
{
    bool any = false;
    for (;;) {
        uint8_t *exact = end->in_len ? __builtin_memcpy(__builtin_malloc(end->in_len), end->in, end->in_len) : NULL;
        struct rd r = rd_of(exact, end->in_len);
        struct tunnel_packet out[3];
        int fed = FED_MORE;
        size_t n = 0;
        if (w->feed_only)
            fed = tunnel_feed(&end->t, &r, w->now);
        else
            n = tunnel_walk(&end->t, &r, out, 3, &fed, w->now);
        assert(fed >= 0 && n <= 3);
        for (size_t i = 0; i < n; i++) {
            end->packets++;
            end->packet_len = out[i].n;
            memcpy(end->packet, out[i].p, out[i].n < sizeof end->packet ? out[i].n : sizeof end->packet);
        }
        size_t taken = end->in_len - rd_left(&r);
        memmove(end->in, end->in + taken, end->in_len - taken);
        end->in_len -= taken;
        any |= taken > 0;
        any |= take_events(w, end); /* before `exact` goes: events borrow from it */
        __builtin_free(exact);
        assert(fed != FED_TOOK || taken > 0);
        if (fed == FED_MORE)
            return any;
    }
}

static bool send_bytes(struct twin_end *end, struct twin_pipe *pipe)
{
    uint8_t buf[8192];
    bool any = false;
    size_t n;
    while ((n = tunnel_pull(&end->t, buf, sizeof buf)) > 0) {
        if (pipe->head + pipe->len + n > TWIN_PIPE) {
            memmove(pipe->bytes, pipe->bytes + pipe->head, pipe->len);
            pipe->head = 0;
        }
        assert(pipe->len + n <= TWIN_PIPE);
        memcpy(pipe->bytes + pipe->head + pipe->len, buf, n);
        pipe->len += n;
        pipe->total += n;
        any = true;
    }
    return any;
}

static bool deliver(struct twin *w, struct twin_pipe *pipe, struct twin_end *to)
{
    size_t n = w->chunk > 0 ? (size_t)w->chunk : w->chunk == TWIN_ALL ? TWIN_IN : 1 + roll(&w->dice) % 4096;
    if (to->gone) {
        pipe->len = 0;
        return false;
    }
    size_t room = TWIN_IN - to->in_len;
    n = n > pipe->len ? pipe->len : n;
    n = n > room ? room : n;
    if (n == 0)
        return false;
    memcpy(to->in + to->in_len, pipe->bytes + pipe->head, n);
    record(to, w->feed_only ? TAPE_FEED : TAPE_WALK, to->in + to->in_len, n, 0);
    to->in_len += n;
    pipe->head += n;
    pipe->len -= n;
    return true;
}

/* --- time ---------------------------------------------------------------------------------------------------- */

/* Somebody who reported DOWN closes the connection once its last bytes are out. */
static bool close_down(struct twin *w, struct twin_end *end, struct twin_end *other, struct twin_pipe *to_other)
{
    (void)end;
    if (end->gone || !strchr(end->log, 'D') || to_other->len > 0)
        return false;
    end->gone = true;
    if (!strchr(other->log, 'D'))
        tunnel_lost(&other->t, w->now);
    return true;
}

bool twin_turn(struct twin *w)
{
    bool any = send_bytes(&w->client, &w->up);
    any |= send_bytes(&w->server, &w->down);
    any |= deliver(w, &w->up, &w->server);
    any |= take_bytes(w, &w->server);
    any |= deliver(w, &w->down, &w->client);
    any |= take_bytes(w, &w->client);
    any |= judge_answer(w);
    any |= close_down(w, &w->server, &w->client, &w->down);
    any |= close_down(w, &w->client, &w->server, &w->up);
    return any;
}

void twin_settle(struct twin *w)
{
    for (unsigned i = 0; twin_turn(w); i++)
        assert(i < 1000000);
}

void twin_run(struct twin *w, msec ms)
{
    msec until = tick_after(w->now, ms);
    twin_settle(w);
    for (;;) {
        msec due = tick_min(tunnel_due(&w->client.t), tunnel_due(&w->server.t));
        if (w->judge.pending)
            due = tick_min(due, w->judge.due);
        if (due > until)
            break;
        msec step = due > w->now ? due - w->now : 0;
        w->now += step;
        record(&w->client, TAPE_TICK, NULL, 0, (unsigned)((step + 3) / 4));
        record(&w->server, TAPE_TICK, NULL, 0, (unsigned)((step + 3) / 4));
        msec before = tick_min(tunnel_due(&w->client.t), tunnel_due(&w->server.t));
        tunnel_tick(&w->client.t, w->now);
        tunnel_tick(&w->server.t, w->now);
        twin_settle(w);
        assert(w->judge.pending || before > w->now ||
               tick_min(tunnel_due(&w->client.t), tunnel_due(&w->server.t)) > w->now); /* a tick makes progress */
    }
    w->now = until;
}

bool twin_send(struct twin *w, struct twin_end *from, int family, size_t n)
{
    struct twin_pipe *pipe = from == &w->client ? &w->up : &w->down;
    uint8_t buf[8 + 4096];
    twin_settle(w); /* control bytes that wait go first */
    size_t head = tunnel_data_head(&from->t, family, n, buf);
    if (!head)
        return false;
    for (size_t i = 0; i < n; i++)
        buf[head + i] = (uint8_t)(i * 31 + n);
    if (n)
        buf[head] = (uint8_t)(family << 4 | 5);
    assert(pipe->len == 0 && head + n <= TWIN_PIPE);
    pipe->head = 0;
    memcpy(pipe->bytes, buf, head + n);
    pipe->len = head + n;
    return true;
}

void twin_cut(struct twin *w)
{
    tunnel_lost(&w->client.t, w->now);
    tunnel_lost(&w->server.t, w->now);
    w->up.len = w->down.len = 0;
    twin_settle(w);
}

void twin_done(struct twin *w)
{
    tunnel_done(&w->client.t);
    tunnel_done(&w->server.t);
    eap_server_done(&w->judge.eap);
}
