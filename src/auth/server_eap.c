/* EAP, the network half as a pass-through authenticator (RFC 3748 section 4 and 2.3). The EAP server is behind
 * the questions: each Response of the peer is one, each verdict holds the packet to send. Here are only the
 * identifiers and the repetition, which RFC 3748 4.3 leaves to whoever stands next to the link. */
#include "auth/server_int.h"

#include "wire/eap_pkt.h"

static void put_packet(struct auth_server *a, struct slice packet)
{
    struct wr w = wr_of(a->out, sizeof(a->out));

    wr_put(&w, packet);
    a->out_len = wr_len(&w);
}

static void put_result(struct auth_server *a, uint8_t code)
{
    struct wr w = wr_of(a->out, sizeof(a->out));
    struct eap_pkt pkt = { .code = code, .id = a->id };

    eap_pkt_put(&w, &pkt);
    a->out_len = wr_len(&w);
}

static void refuse(struct auth_server *a, uint8_t id, const char *why, msec now)
{
    (void)why; /* RFC 3748 4.2: a Failure has no room for words */
    a->id = id;
    put_result(a, EAP_FAILURE);
    a->has_last = true;
    a->last_id = id;
    server_refused(a, now);
}

static void start(struct auth_server *a, msec now)
{
    struct auth_question q = { .method = a->conf.method };

    server_ask(a, &q, now);
}

static int response_new(struct auth_server *a, const struct eap_pkt *pkt, msec now)
{
    /* RFC 3748 4.1: a Response that does not match the pending Request is dropped; so is the second of two equal
     * ones, since the first has made another Request pending, or none. */
    if (pkt->id != a->id)
        return ERR_STATE;
    if (++a->rounds > AUTH_SERVER_ROUNDS_MAX) {
        refuse(a, a->id, "", now);
        return 0;
    }
    if (pkt->whole.n > AUTH_EAP_MAX || !server_keep(a, pkt->whole))
        return ERR_LENGTH;
    struct auth_question q = { .method = a->conf.method, .id = pkt->id, .eap = slice_of(a->in, a->in_len) };
    server_ask(a, &q, now);
    return 0;
}

static int response_judged(struct auth_server *a, const struct eap_pkt *pkt, msec now)
{
    (void)now;
    return pkt->id == a->id ? 0 : ERR_STATE;
}

static int response_again(struct auth_server *a, const struct eap_pkt *pkt, msec now)
{
    (void)now;
    if (!a->has_last || pkt->id != a->last_id)
        return ERR_STATE;
    a->out_ready = true;
    return 0;
}

typedef int (*eap_fn)(struct auth_server *a, const struct eap_pkt *pkt, msec now);

/* A hole is dropped and noted: RFC 3748 4.1 leaves Requests, and 4.2 Success and Failure, to the authenticator. */
static const eap_fn rows[AUTH_SERVER_DONE + 1][EAP_FAILURE + 1] = {
    [AUTH_SERVER_WAIT_PEER] = { [EAP_RESPONSE] = response_new },
    [AUTH_SERVER_WAIT_VERDICT] = { [EAP_RESPONSE] = response_judged },
    [AUTH_SERVER_DONE] = { [EAP_RESPONSE] = response_again },
};

static int got(struct auth_server *a, struct slice frame, msec now)
{
    struct rd r = rd_slice(frame);
    struct eap_pkt pkt;

    int err = eap_pkt_parse(&r, &pkt);
    if (err < 0)
        return err;
    eap_fn fn = rows[a->state][pkt.code];
    return fn ? fn(a, &pkt, now) : ERR_STATE;
}

/* The packet of a verdict, if it is one and has this code. */
static bool is_packet(struct slice packet, uint8_t code, struct eap_pkt *pkt)
{
    struct rd r = rd_slice(packet);

    return packet.n <= AUTH_EAP_MAX && eap_pkt_parse(&r, pkt) == 0 && pkt->code == code;
}

static void ask_peer(struct auth_server *a, const struct auth_verdict *v, msec now)
{
    struct eap_pkt pkt;

    if (!is_packet(v->eap, EAP_REQUEST, &pkt)) {
        refuse(a, a->id, "", now); /* the EAP server's fault; the peer cannot be asked nothing */
        return;
    }
    put_packet(a, pkt.whole);
    a->id = pkt.id;
    a->resend = true;
    a->out_ready = true;
    server_enter(a, AUTH_SERVER_WAIT_PEER, now);
}

static void put_final(struct auth_server *a, const struct auth_verdict *v, uint8_t code)
{
    struct eap_pkt pkt;

    if (is_packet(v->eap, code, &pkt))
        put_packet(a, pkt.whole);
    else
        put_result(a, code); /* RADIUS may leave it out (RFC 3579 2.6.5): then it is made here */
    a->has_last = true;
    a->last_id = a->id;
}

static void verdict(struct auth_server *a, const struct auth_verdict *v, msec now)
{
    switch (v->kind) {
    case VERDICT_MORE:
        ask_peer(a, v, now);
        break;
    case VERDICT_ACCEPT:
        put_final(a, v, EAP_SUCCESS);
        server_accepted(a, v, now);
        break;
    case VERDICT_REFUSE:
        put_final(a, v, EAP_FAILURE);
        server_refused(a, now);
        break;
    }
}

const struct server_proto server_eap = { PPP_EAP, start, got, verdict, refuse };
