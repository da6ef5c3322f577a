/* The server's part of the call: judges the request, verifies the binding. [MS-SSTP] 3.3. */
#include "base/secret.h"
#include "sstp/call_rows.h"

/* The Nak table of [MS-SSTP] 3.3.5.2.2. */

static void add_reason(struct sstp_msg *nak, struct sstp_status_info s)
{
    if (nak->n_status < SSTP_STATUS_MAX)
        nak->status[nak->n_status++] = s;
}

/* A fault as the decoder names it, turned into what a Nak may say. */
static struct sstp_status_info nak_reason(struct sstp_status_info f)
{
    if (f.status != SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG)
        return f;
    if (f.attrib == SSTP_ATTRIB_STATUS_INFO) {
        f.status = SSTP_STATUS_STATUS_INFO_NOT_SUPPORTED_IN_MSG;
        return f;
    }
    /* [MS-SSTP] 2.2.12 has no word for "known, but not here": not recognised is the nearest, without a value. */
    return (struct sstp_status_info){ .attrib = f.attrib, .status = SSTP_STATUS_UNRECOGNIZED_ATTRIBUTE };
}

/* Was this attribute there, in the wrong length? Then it is not missing. */
static bool was_faulty(const struct sstp_msg *m, unsigned attrib)
{
    for (unsigned i = 0; i < m->n_faults; i++)
        if (m->faults[i].attrib == attrib)
            return true;
    return false;
}

/* All faults of one request go into one Nak. `value` holds the protocol number that the Nak repeats. */
static void judge_request(const struct sstp_msg *m, struct sstp_msg *nak, uint8_t value[2])
{
    *nak = (struct sstp_msg){ .type = SSTP_CALL_CONNECT_NAK };
    for (unsigned i = 0; i < m->n_faults; i++)
        add_reason(nak, nak_reason(m->faults[i]));

    if (!m->has_protocol && !was_faulty(m, SSTP_ATTRIB_ENCAPSULATED_PROTOCOL_ID)) {
        /* [MS-SSTP] 2.2.8 wants ENCAPSULATED_PROTOCOL_ID here, 3.3.5.2.2 STATUS_INFO; we name what is missing. */
        add_reason(nak, (struct sstp_status_info){ .attrib = SSTP_ATTRIB_ENCAPSULATED_PROTOCOL_ID,
                                                   .status = SSTP_STATUS_REQUIRED_ATTRIBUTE_MISSING });
    } else if (m->has_protocol && m->protocol != SSTP_PROTOCOL_PPP) {
        struct wr w = wr_of(value, 2);
        wr_u16(&w, m->protocol);
        add_reason(nak, (struct sstp_status_info){ .attrib = SSTP_ATTRIB_ENCAPSULATED_PROTOCOL_ID,
                                                   .status = SSTP_STATUS_VALUE_NOT_SUPPORTED,
                                                   .value = wr_slice(&w) });
    }
}

static void refuse_request(struct call *c, const struct sstp_msg *nak, msec now)
{
    if (c->naks < c->conf->nak_max) {
        c->naks++;
        call_send(c, nak);
        env_note(c->env, NOTE_CALL_NAK_SENT, nak->status[0].attrib, nak->status[0].status, slice_of(NULL, 0));
        return; /* stays in Server_Connect_Request_Pending, on the time it already has */
    }
    /* [MS-SSTP] 3.3.5.2.2: the counter <16> is exceeded. */
    call_abort(c,
               (struct call_fault){ CALL_CAUSE_PROTOCOL, BINDING_OK, SSTP_ATTRIB_STATUS_INFO,
                                    SSTP_STATUS_RETRY_COUNT_EXCEEDED },
               now);
}

void call_got_request(struct call *c, const struct call_in *in, msec now)
{
    struct sstp_msg nak;
    uint8_t value[2];
    judge_request(in->msg, &nak, value);
    if (nak.n_status > 0) {
        refuse_request(c, &nak, now);
        return;
    }
    /* [MS-SSTP] 2.2.6: a random nonce, fresh for each Ack. */
    struct sstp_msg ack = { .type = SSTP_CALL_CONNECT_ACK, .has_binding_req = true, .hash_mask = c->conf->hash_mask };
    c->env->random(c->env->ctx, c->nonce, sizeof c->nonce);
    memcpy(ack.nonce, c->nonce, sizeof ack.nonce);
    call_send(c, &ack);
    call_enter(c, CALL_SERVER_CALL_CONNECTED_PENDING, now);
    call_say(c, CALL_EV_LINK_UP);
}

/* The binding, [MS-SSTP] 3.3.5.2.3. */

static bool cert_is_ours(const struct call *c, const struct sstp_msg *m)
{
    bool ours = false;
    for (unsigned i = 0; i < c->conf->n_certs && i < CALL_HASHES_MAX; i++) {
        const struct call_cert *cert = &c->conf->certs[i];
        /* Padding is ignored on receipt: of a SHA-1 slot only 20 bytes are compared. */
        ours |= m->hash == BINDING_SHA256 ? secret_eq(m->cert_hash, cert->sha256, sizeof cert->sha256)
                                          : secret_eq(m->cert_hash, cert->sha1, sizeof cert->sha1);
    }
    return ours;
}

/* Everything but the MAC, which needs the key. */
static enum binding_check check_shape(const struct call *c, const struct call_in *in)
{
    const struct sstp_msg *m = in->msg;
    for (unsigned i = 0; i < m->n_faults; i++)
        if (m->faults[i].status == SSTP_STATUS_DUPLICATE_ATTRIBUTE)
            return BINDING_REPEATED;
    /* [MS-SSTP] 2.2.11: Length MUST be 112, so there is one attribute; 3.3.5.2.3: no Status Info with a status. */
    if (!m->has_binding || m->n_faults > 0 || in->whole.n != SSTP_CONNECTED_LEN)
        return BINDING_MISSING;
    if ((m->hash != BINDING_SHA1 && m->hash != BINDING_SHA256) || !(m->hash & c->conf->hash_mask))
        return BINDING_HASH_PROTOCOL;
    if (!secret_eq(m->nonce, c->nonce, sizeof c->nonce))
        return BINDING_NONCE;
    return cert_is_ours(c, m) ? BINDING_OK : BINDING_CERTIFICATE;
}

/* Over the bytes received, reserved bits included: both sides MACed what was on the wire. */
static enum binding_check check_mac(const struct call *c, const uint8_t msg[SSTP_CONNECTED_LEN])
{
    uint8_t mac[SSTP_HASH_SLOT];
    binding_mac(c->env->prim, c->hash, c->hlak, msg, mac);
    size_t n = c->hash == BINDING_SHA256 ? SHA256_LEN : SHA1_LEN;
    bool ok = secret_eq(mac, msg + SSTP_CONNECTED_MAC_AT, n);
    secret_wipe(mac, sizeof mac);
    return ok ? BINDING_OK : BINDING_MAC;
}

static void fail_binding(struct call *c, enum binding_check check, msec now)
{
    env_note(c->env, NOTE_CALL_BINDING_FAILED, check, 0, slice_of(NULL, 0));
    /* [MS-SSTP] 3.3.5.2.3: two reasons, by whether the attribute is unusable or its content wrong. */
    bool unusable = check == BINDING_MISSING || check == BINDING_REPEATED;
    call_abort(c,
               (struct call_fault){
                   CALL_CAUSE_BINDING,
                   check,
                   unusable ? SSTP_ATTRIB_STATUS_INFO : SSTP_ATTRIB_CRYPTO_BINDING,
                   unusable ? SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG : SSTP_STATUS_VALUE_NOT_SUPPORTED,
               },
               now);
}

static void finish_binding(struct call *c, const uint8_t msg[SSTP_CONNECTED_LEN], msec now)
{
    enum binding_check check = check_mac(c, msg);
    if (check != BINDING_OK) {
        fail_binding(c, check, now);
        return;
    }
    call_wipe(c);
    call_enter(c, CALL_SERVER_CALL_CONNECTED, now);
    call_say(c, CALL_EV_CONNECTED);
}

void call_got_connected(struct call *c, const struct call_in *in, msec now)
{
    if (c->has_deferred) {
        /* One may overtake our own authentication result, two are a mistake. */
        env_note(c->env, NOTE_CALL_BINDING_FAILED, BINDING_REPEATED, 0, slice_of(NULL, 0));
        call_abort(c,
                   (struct call_fault){ CALL_CAUSE_PROTOCOL, BINDING_REPEATED, SSTP_ATTRIB_STATUS_INFO,
                                        SSTP_STATUS_UNACCEPTED_FRAME_RECEIVED },
                   now);
        return;
    }
    enum binding_check check = check_shape(c, in);
    if (check != BINDING_OK) {
        fail_binding(c, check, now);
        return;
    }
    c->hash = in->msg->hash;
    if (c->has_hlak) {
        finish_binding(c, in->whole.p, now);
        return;
    }
    /* The client sends it the moment it knows that it is authenticated, which may be before we have settled that
     * ourselves: RADIUS accounting, another process. */
    memcpy(c->deferred, in->whole.p, sizeof c->deferred);
    c->has_deferred = true;
    env_note(c->env, NOTE_CALL_DEFERRED, 0, 0, slice_of(NULL, 0));
}

void call_server_authenticated(struct call *c, msec now)
{
    if (c->has_deferred)
        finish_binding(c, c->deferred, now);
}
