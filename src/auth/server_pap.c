/* PAP, the authenticator's side (RFC 1334 section 2). The peer speaks first and repeats itself; a password
 * comes in clear and goes into one question. */
#include "auth/server_int.h"

#include "base/secret.h"
#include "wire/pap_pkt.h"

static void put_result(struct auth_server *a, uint8_t code, struct slice text)
{
    struct wr w = wr_of(a->out, sizeof(a->out));
    /* RFC 1334 2.2.2: the reply has the Identifier of the Request. */
    struct pap_pkt pkt = { .code = code, .id = a->id, .text = server_cut(text, PAP_FIELD_MAX) };

    pap_pkt_put(&w, &pkt);
    a->out_len = wr_len(&w);
    a->last_id = a->id;
    a->has_last = true;
}

/* The packet that `in` holds; what was parsed once parses again. */
static struct pap_pkt kept(const struct auth_server *a)
{
    struct rd r = rd_of(a->in, a->in_len);
    struct pap_pkt pkt = { 0 };

    (void)!pap_pkt_parse(&r, &pkt);
    return pkt;
}

/* The same name and password as in the packet kept? */
static bool same_as_kept(const struct auth_server *a, const struct pap_pkt *pkt)
{
    struct pap_pkt k = kept(a);

    return a->in_len > 0 && slice_eq(k.name, pkt->name) && k.password.n == pkt->password.n &&
           secret_eq(k.password.p, pkt->password.p, k.password.n);
}

/* The result that stands, once more, to a Request with this Identifier. */
static void repeat_result(struct auth_server *a, uint8_t id)
{
    a->id = id;
    a->last_id = id;
    a->out[1] = id;
    a->out_ready = true;
}

static int request_new(struct auth_server *a, const struct pap_pkt *pkt, struct slice frame, msec now)
{
    /* A Request that crossed our Nak is no new attempt. */
    if (a->has_last && (pkt->id == a->last_id || same_as_kept(a, pkt))) {
        repeat_result(a, pkt->id);
        return 0;
    }
    if (!server_keep(a, frame))
        return ERR_LENGTH;
    struct pap_pkt k = kept(a);
    struct auth_question q = { .method = AUTH_PAP, .id = k.id, .name = k.name, .password = k.password };
    a->id = k.id;
    server_ask(a, &q, now);
    return 0;
}

static int request_judged(struct auth_server *a, const struct pap_pkt *pkt, struct slice frame, msec now)
{
    (void)frame;
    (void)now;
    /* RFC 1334 2.2.1: a repeated Request has a new Identifier. The answer goes to the latest. */
    if (same_as_kept(a, pkt))
        a->id = pkt->id;
    return 0;
}

static int request_again(struct auth_server *a, const struct pap_pkt *pkt, struct slice frame, msec now)
{
    (void)frame;
    (void)now;
    /* RFC 1334 2.2.1: the Ack may have been lost; a repeated Request gets the same reply code. */
    if (a->has_last)
        repeat_result(a, pkt->id);
    return 0;
}

typedef int (*pap_fn)(struct auth_server *a, const struct pap_pkt *pkt, struct slice frame, msec now);

/* A hole is dropped and noted: Ack and Nak are ours to send. */
static const pap_fn rows[AUTH_SERVER_DONE + 1][PAP_NAK + 1] = {
    [AUTH_SERVER_WAIT_PEER] = { [PAP_REQUEST] = request_new },
    [AUTH_SERVER_WAIT_VERDICT] = { [PAP_REQUEST] = request_judged },
    [AUTH_SERVER_DONE] = { [PAP_REQUEST] = request_again },
};

static void start(struct auth_server *a, msec now)
{
    server_enter(a, AUTH_SERVER_WAIT_PEER, now);
}

static int got(struct auth_server *a, struct slice frame, msec now)
{
    struct rd r = rd_slice(frame);
    struct pap_pkt pkt;

    int err = pap_pkt_parse(&r, &pkt);
    if (err < 0)
        return err;
    pap_fn fn = rows[a->state][pkt.code];
    return fn ? fn(a, &pkt, frame, now) : ERR_STATE;
}

static void refuse(struct auth_server *a, uint8_t id, const char *why, msec now)
{
    a->id = id;
    put_result(a, PAP_NAK, slice_str(why));
    server_refused(a, now);
}

static void verdict(struct auth_server *a, const struct auth_verdict *v, msec now)
{
    switch (v->kind) {
    case VERDICT_ACCEPT:
        put_result(a, PAP_ACK, v->text);
        server_accepted(a, v, now);
        return;
    case VERDICT_REFUSE:
        put_result(a, PAP_NAK, v->text);
        if (!server_may_retry(a, v)) {
            server_refused(a, now);
            return;
        }
        a->out_ready = true;
        server_enter(a, AUTH_SERVER_WAIT_PEER, now);
        return;
    case VERDICT_MORE:
        break;
    }
    refuse(a, a->id, "No decision was made", now); /* PAP has no more rounds: our own fault */
}

const struct server_proto server_pap = { PPP_PAP, start, got, verdict, refuse };
