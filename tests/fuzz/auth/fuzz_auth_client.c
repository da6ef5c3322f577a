/* The peer's side against a hostile server, every method. The input is a method and operations: bytes from the
 * server, time, and now and then a step of an honest server that knows the password.
 *
 * Invariants: with a method that makes keys, nobody is believed who did not know the password; every state but the last
 * has a deadline; an event ends the conversation. */
#include "auth/client.h"
#include "auth/verify.h"
#include "auth_ops.h"
#include "fuzz.h"
#include "wire/chap_pkt.h"
#include "wire/eap_pkt.h"
#include "wire/mschap_text.h"
#include "wire/pap_pkt.h"

static const char PASSWORD[] = "geheim";

struct run {
    uint64_t dice;
    struct env env;
    struct auth_client cli;
    msec now;
    uint8_t last[AUTH_EAP_MAX + 4]; /* what the client said last */
    size_t last_n;
    uint8_t id;
    bool proved; /* an honest proof for the latest answer was given */
    unsigned ends;
};

static struct run r;

static void feed(struct slice s)
{
    struct rd in = rd_slice(s);
    int fed = auth_client_feed(&r.cli, &in, r.now);
    must(fed >= 0 && (fed == FED_MORE || rd_left(&in) == 0));
}

static void honest_pap(void)
{
    uint8_t pkt[64];
    struct wr w = wr_of(pkt, sizeof(pkt));
    pap_pkt_put(&w, &(struct pap_pkt){ .code = PAP_ACK, .id = r.cli.id });
    feed(wr_slice(&w));
}

/* The proof for the answer that the client gave last; empty if it gave none. */
static struct slice proof(struct slice name, struct slice value, char success[43])
{
    uint8_t hash[16], hlak[32];
    ops_hash(PASSWORD, hash);
    if (!verify_mschapv2(&prim_host, hash, name, slice_of(r.cli.auth_challenge, 16), value, success, hlak))
        return (struct slice){ 0 };
    r.proved = true;
    return slice_of(success, 42);
}

static void honest_chap(void)
{
    uint8_t buf[256], value[16];
    char success[43];
    struct chap_pkt pkt = { 0 };
    struct wr w = wr_of(buf, sizeof(buf));
    struct rd in = rd_of(r.last, r.last_n);

    if (r.last_n == 0 || chap_pkt_parse(&in, &pkt) < 0) {
        ops_random(&r.dice, value, sizeof(value));
        pkt = (struct chap_pkt){ .code = CHAP_CHALLENGE, .id = r.id++, .value = slice_of(value, 16) };
    } else {
        pkt = (struct chap_pkt){ .code = CHAP_SUCCESS, .id = pkt.id, .text = proof(pkt.name, pkt.value, success) };
        r.last_n = 0;
    }
    chap_pkt_put(&w, &pkt);
    feed(wr_slice(&w));
}

static void honest_eap(void)
{
    uint8_t buf[256], value[16];
    char success[43];
    struct eap_pkt pkt = { 0 };
    struct eap_mschap m = { 0 };
    struct wr w = wr_of(buf, sizeof(buf));
    struct rd in = rd_of(r.last, r.last_n);

    if (r.last_n > 0 && eap_pkt_parse(&in, &pkt) == 0 && pkt.type == EAP_TYPE_MSCHAPV2)
        must(eap_mschap_parse(pkt.data, EAP_RESPONSE, &m) == 0);
    r.id++;
    if (m.op == EAP_MSCHAP_SUCCESS) {
        eap_pkt_put(&w, &(struct eap_pkt){ .code = EAP_SUCCESS, .id = pkt.id });
    } else if (m.op == EAP_MSCHAP_RESPONSE) {
        struct slice text = proof(m.name, m.value, success);
        eap_mschap_put(&w, EAP_REQUEST, r.id, &(struct eap_mschap){ .op = EAP_MSCHAP_SUCCESS, .text = text });
    } else {
        ops_random(&r.dice, value, sizeof(value));
        eap_mschap_put(&w, EAP_REQUEST, r.id,
                       &(struct eap_mschap){ .op = EAP_MSCHAP_CHALLENGE, .value = slice_of(value, 16) });
    }
    feed(wr_slice(&w));
}

static void honest(void)
{
    switch (r.cli.conf.method) {
    case AUTH_PAP:
        honest_pap();
        return;
    case AUTH_CHAP_MD5:
    case AUTH_MSCHAPV2:
        honest_chap();
        return;
    case AUTH_EAP_MSCHAPV2:
        honest_eap();
        return;
    case AUTH_NONE:
    case AUTH_METHODS:
        break;
    }
    abort();
}

static void look(void)
{
    struct auth_client_event ev;
    static uint8_t out[AUTH_EAP_MAX + 4];

    size_t n = auth_client_pull(&r.cli, out, sizeof(out));
    if (n > 0) {
        memcpy(r.last, out, n);
        r.last_n = n;
    }
    must(auth_client_pull(&r.cli, out, sizeof(out)) == 0);
    while (auth_client_event(&r.cli, &ev)) {
        must(ev.kind != AUTH_CLIENT_EV_NONE && ev.text.n <= AUTH_TEXT_MAX);
        must(ev.keyed == (ev.kind == AUTH_CLIENT_EV_ACCEPTED && auth_method_keyed(r.cli.conf.method)));
        must(!ev.keyed || r.proved);
        r.ends++;
        if (ev.kind == AUTH_CLIENT_EV_ACCEPTED)
            FUZZ_REACHED();
    }
    must((r.cli.state == AUTH_CLIENT_DONE) == (auth_client_due(&r.cli) == NEVER));
    must(r.cli.state != AUTH_CLIENT_DONE || r.ends > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd in = rd_of(data, size);
    enum auth_method m = (enum auth_method)(AUTH_PAP + rd_u8(&in) % (AUTH_METHODS - AUTH_PAP));
    struct auth_client_conf conf = { m, slice_str("DOMAIN\\user"), slice_str(PASSWORD), 3000, 10 };

    memset(&r, 0, sizeof(r));
    r.env = OPS_ENV(r.dice);
    auth_client_init(&r.cli, &conf, &r.env, 0);
    look();
    while (rd_left(&in) > 0) {
        switch (rd_u8(&in) % 3) {
        case 0:
            feed(ops_bytes(&in));
            break;
        case 1:
            r.now += (msec)rd_u8(&in) * 250;
            auth_client_tick(&r.cli, r.now);
            break;
        case 2:
            honest();
            break;
        }
        look();
    }
    auth_client_done(&r.cli);
    return 0;
}
