/* MS-CHAPv2 of the played Windows client, alone and inside EAP (RFC 2759, RFC 3748). */
#include "crypto/mppe_keys.h"
#include "crypto/mschap.h"
#include "tls/prim_host.h"
#include "win.h"
#include "wire/chap_pkt.h"
#include "wire/eap_pkt.h"
#include "wire/mschap_text.h"

static void answer_of(struct win *w, struct slice challenge, uint8_t value[49])
{
    uint8_t hash[16];
    struct wr o = wr_of(value, 49);
    if (challenge.n != 16 || mschap_nt_hash(&prim_host, slice_str(w->password), hash) < 0)
        bad("a challenge of %zu bytes", challenge.n);
    if (!w->challenged || memcmp(w->auth_challenge, challenge.p, 16) != 0) /* else it is asked again: the same answer */
        prim_random(NULL, w->peer_challenge, 16);
    w->challenged = true;
    memcpy(w->auth_challenge, challenge.p, 16);
    struct mschap_exchange x = { w->auth_challenge, w->peer_challenge, slice_str(w->user) };
    mschap_nt_response(&prim_host, hash, &x, w->nt_response);
    chap_mschap2_response_put(&o, w->peer_challenge, w->nt_response);
}

/* "S=…": the server knows the password too. */
static void check_success(struct win *w, struct slice text)
{
    struct mschap_success s;
    uint8_t hash[16];
    struct mschap_exchange x = { w->auth_challenge, w->peer_challenge, slice_str(w->user) };
    if (mschap_success_parse(text, &s) < 0 || mschap_nt_hash(&prim_host, slice_str(w->password), hash) < 0 ||
        !mschap_auth_response_ok(&prim_host, hash, w->nt_response, &x, s.auth_response))
        bad("the server did not prove itself");
    mppe_hlak(&prim_host, hash, w->nt_response, w->hlak);
}

static void check_failure(struct win *w, struct slice text)
{
    struct mschap_failure f;
    if (mschap_failure_parse(text, &f) < 0)
        bad("a malformed failure");
    w->refused = true;
    w->refused_code = f.error;
}

/* [CAP]: Call Connected first, then both network protocols. A client that finds the proof wrong says 778 instead. */
static void accepted(struct win *w)
{
    if (w->proven)
        return; /* said again, to an answer that was given again */
    w->proven = true;
    if (w->wish.code == 778)
        return;
    call_connected(w);
    ncp_start(w);
}

void on_chap(struct win *w, struct slice info)
{
    struct rd r = rd_slice(info);
    struct chap_pkt c;
    uint8_t value[49], bytes[512];
    struct wr o = wr_of(bytes, sizeof bytes);
    if (!w->opened)
        bad("CHAP before LCP is open");
    if (chap_pkt_parse(&r, &c) < 0)
        bad("a malformed CHAP packet");
    switch (c.code) {
    case CHAP_CHALLENGE:
        answer_of(w, c.value, value);
        chap_pkt_put(&o, &(struct chap_pkt){ CHAP_RESPONSE, c.id, slice_of(value, 49), slice_str(w->user), { 0 } });
        send_ppp(w, PPP_PROTO_CHAP, false, wr_slice(&o));
        break;
    case CHAP_SUCCESS:
        check_success(w, c.text);
        accepted(w);
        break;
    case CHAP_FAILURE:
        check_failure(w, c.text);
        break;
    default:
        bad("CHAP code %u", c.code);
    }
}

static void on_mschap(struct win *w, const struct eap_pkt *e)
{
    struct eap_mschap m, a = { 0 };
    uint8_t value[49], bytes[512];
    struct wr o = wr_of(bytes, sizeof bytes);
    if (eap_mschap_parse(e->data, e->code, &m) < 0)
        bad("a malformed EAP-MSCHAPv2 packet");
    a.op = m.op;
    if (m.op == EAP_MSCHAP_CHALLENGE) {
        answer_of(w, m.value, value);
        a = (struct eap_mschap){
            .op = EAP_MSCHAP_RESPONSE, .ms_id = m.ms_id, .value = slice_of(value, 49), .name = slice_str(w->user)
        };
    } else if (m.op == EAP_MSCHAP_SUCCESS) {
        check_success(w, m.text);
    } else {
        check_failure(w, m.text);
    }
    eap_mschap_put(&o, EAP_RESPONSE, e->id, &a);
    send_ppp(w, PPP_PROTO_EAP, false, wr_slice(&o));
}

static void on_request(struct win *w, const struct eap_pkt *e)
{
    static const uint8_t wanted[] = { EAP_TYPE_MSCHAPV2 };
    struct eap_pkt a = { .code = EAP_RESPONSE, .id = e->id, .type = EAP_TYPE_NAK, .data = slice_of(wanted, 1) };
    uint8_t bytes[512];
    struct wr o = wr_of(bytes, sizeof bytes);
    if (e->type == EAP_TYPE_MSCHAPV2) {
        on_mschap(w, e);
        return;
    }
    if (e->type == EAP_TYPE_IDENTITY) {
        a.type = EAP_TYPE_IDENTITY;
        a.data = slice_str(w->user);
    }
    eap_pkt_put(&o, &a);
    send_ppp(w, PPP_PROTO_EAP, false, wr_slice(&o));
}

void on_eap(struct win *w, struct slice info)
{
    struct rd r = rd_slice(info);
    struct eap_pkt e;
    if (!w->opened)
        bad("EAP before LCP is open");
    if (eap_pkt_parse(&r, &e) < 0)
        bad("a malformed EAP packet");
    if (e.code == EAP_REQUEST)
        on_request(w, &e);
    else if (e.code == EAP_SUCCESS)
        accepted(w);
    else if (e.code == EAP_FAILURE)
        w->refused = true;
    else
        bad("EAP code %u", e.code);
}
