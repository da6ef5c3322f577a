/* PAP, the peer's side (RFC 1334 section 2): says name and password, again and again, until somebody answers. */
#include "auth/client_int.h"

#include "wire/pap_pkt.h"

static void send_request(struct auth_client *a, msec now)
{
    struct wr w = wr_of(a->out, sizeof(a->out));
    struct pap_pkt pkt = { .code = PAP_REQUEST, .name = a->conf.user, .password = a->conf.password };

    pkt.id = ++a->id; /* RFC 1334 2.2.1: a new Identifier for each Request that is issued */
    pap_pkt_put(&w, &pkt);
    a->out_len = wr_len(&w);
    a->out_ready = true;
    a->sent++;
    client_enter(a, AUTH_CLIENT_SENT, now);
}

static void start(struct auth_client *a, msec now)
{
    if (a->conf.user.n > PAP_FIELD_MAX || a->conf.password.n > PAP_FIELD_MAX) {
        client_end(a, AUTH_CLIENT_EV_UNUSABLE, slice_str("PAP carries at most 255 bytes of name and of password"), now);
        return;
    }
    send_request(a, now);
}

/* Does the reply answer one of our Requests? They are all the same but for the Identifier, so a reply to an
 * earlier one, from a server slower than our timer, is as good. */
static bool is_ours(const struct auth_client *a, const struct pap_pkt *pkt)
{
    return (uint8_t)(a->id - pkt->id) < a->sent;
}

static void ack(struct auth_client *a, const struct pap_pkt *pkt, msec now)
{
    (void)pkt;
    client_accepted(a, NULL, now);
}

static void nak(struct auth_client *a, const struct pap_pkt *pkt, msec now)
{
    client_end(a, AUTH_CLIENT_EV_REFUSED, pkt->text, now);
}

typedef void (*pap_fn)(struct auth_client *a, const struct pap_pkt *pkt, msec now);

/* A hole is dropped and noted. */
static const pap_fn rows[AUTH_CLIENT_DONE + 1][PAP_NAK + 1] = {
    [AUTH_CLIENT_SENT] = { [PAP_ACK] = ack, [PAP_NAK] = nak },
};

static int got(struct auth_client *a, struct slice frame, msec now)
{
    struct rd r = rd_slice(frame);
    struct pap_pkt pkt;

    int err = pap_pkt_parse(&r, &pkt);
    if (err < 0)
        return err;
    pap_fn fn = rows[a->state][pkt.code];
    if (!fn || !is_ours(a, &pkt))
        return ERR_STATE;
    fn(a, &pkt, now);
    return 0;
}

static void late(struct auth_client *a, msec now)
{
    if (a->sent <= a->conf.retransmit_max)
        send_request(a, now);
    else
        client_end(a, AUTH_CLIENT_EV_TIMEOUT, (struct slice){ 0 }, now);
}

const struct client_proto client_pap = { PPP_PAP, start, got, late };
