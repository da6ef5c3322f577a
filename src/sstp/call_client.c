/* The client's part of the call: asks, chooses the hash, proves the binding. [MS-SSTP] 3.2. */
#include "base/secret.h"
#include "sstp/call_rows.h"

static void send_request(struct call *c, msec now)
{
    /* [MS-SSTP] 3.2.4.1: MUST propose PPP, the only protocol there is. */
    struct sstp_msg m = { .type = SSTP_CALL_CONNECT_REQUEST, .has_protocol = true, .protocol = SSTP_PROTOCOL_PPP };
    call_send(c, &m);
    call_enter(c, CALL_CLIENT_CONNECT_REQUEST_SENT, now);
}

void call_client_start(struct call *c, msec now)
{
    send_request(c, now);
}

/* What is wrong with an Ack; status NO_ERROR: nothing. The text fixes no reasons for it ([MS-SSTP] 3.2.5.3.2). */
static struct call_fault judge_ack(const struct call *c, const struct sstp_msg *m)
{
    struct call_fault f = { CALL_CAUSE_PROTOCOL, BINDING_OK, SSTP_ATTRIB_CRYPTO_BINDING_REQ, SSTP_STATUS_NO_ERROR };
    if (!m->has_binding_req || m->n_faults > 0)
        f.status = SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG;
    else if (!(m->hash_mask & c->conf->hash_mask & (BINDING_SHA1 | BINDING_SHA256)))
        f.status = SSTP_STATUS_VALUE_NOT_SUPPORTED;
    return f;
}

void call_got_ack(struct call *c, const struct call_in *in, msec now)
{
    struct call_fault f = judge_ack(c, in->msg);
    if (f.status != SSTP_STATUS_NO_ERROR) {
        call_abort(c, f, now);
        return;
    }
    /* [MS-SSTP] 2.2.6: MUST select SHA-256 if the server offers both and we know both. */
    bool sha256 = in->msg->hash_mask & c->conf->hash_mask & BINDING_SHA256;
    c->hash = sha256 ? BINDING_SHA256 : BINDING_SHA1;
    memcpy(c->nonce, in->msg->nonce, sizeof c->nonce);
    call_enter(c, CALL_CLIENT_CONNECT_ACK_RECEIVED, now);
    call_say(c, CALL_EV_LINK_UP);
}

void call_got_nak(struct call *c, const struct call_in *in, msec now)
{
    const struct sstp_status_info *why = &in->msg->status[0];
    env_note(c->env, NOTE_CALL_NAK_RECEIVED, why->attrib, why->status, slice_of(NULL, 0));
    /* [MS-SSTP] 3.2.5.3.3: resend and restart the timer, <10> three times. */
    if (c->naks < c->conf->nak_max) {
        c->naks++;
        send_request(c, now);
        return;
    }
    call_abort(
        c,
        (struct call_fault){ CALL_CAUSE_NAKED, BINDING_OK, SSTP_ATTRIB_STATUS_INFO, SSTP_STATUS_RETRY_COUNT_EXCEEDED },
        now);
}

/* The hash of the certificate that TLS showed us, in its slot. */
static void put_cert_hash(const struct call *c, uint8_t slot[SSTP_HASH_SLOT])
{
    const struct call_cert *cert = &c->conf->certs[0];
    if (c->hash == BINDING_SHA256)
        memcpy(slot, cert->sha256, sizeof cert->sha256);
    else
        memcpy(slot, cert->sha1, sizeof cert->sha1); /* [MS-SSTP] 2.2.7: 12 bytes of zero follow */
}

void call_client_authenticated(struct call *c, msec now)
{
    struct sstp_msg m = { .type = SSTP_CALL_CONNECTED, .has_binding = true, .hash = c->hash };
    memcpy(m.nonce, c->nonce, sizeof m.nonce);
    put_cert_hash(c, m.cert_hash);

    /* [MS-SSTP] 3.2.5.2.1, 3.2.5.2.3: the MAC covers the whole message as it will be sent, its own field zero. */
    uint8_t bytes[SSTP_CONNECTED_LEN];
    struct wr w = wr_of(bytes, sizeof bytes);
    sstp_msg_encode(&w, &m);
    binding_mac(c->env->prim, c->hash, c->hlak, bytes, m.mac);
    call_send(c, &m);
    call_wipe(c);
    call_enter(c, CALL_CLIENT_CALL_CONNECTED, now);
    call_say(c, CALL_EV_CONNECTED);
}
