/* The authenticator's network half against a hostile peer, every method. The input is a method and operations:
 * bytes from the peer, well-formed packets with the pending identifier, time, verdicts of each kind, on time and late.
 *
 * Invariants: nobody is accepted but by an ACCEPT to the open question, nor without a key where the method makes one;
 * question numbers never repeat; one question is open at a time; every state but the last has a deadline. */
#include "auth/server.h"
#include "auth_ops.h"
#include "fuzz.h"
#include "wire/chap_pkt.h"
#include "wire/eap_pkt.h"
#include "wire/pap_pkt.h"

struct run {
    uint64_t dice;
    struct env env;
    struct auth_server srv;
    msec now;
    uint32_t ask;    /* the latest question */
    bool open;       /* it has no answer yet */
    bool may_accept; /* the answer just given was an ACCEPT with a key */
    unsigned ends;
};

static struct run r;

static void feed(struct slice s)
{
    struct rd in = rd_slice(s);
    int fed = auth_server_feed(&r.srv, &in, r.now);
    must(fed >= 0 && (fed == FED_MORE || rd_left(&in) == 0));
}

/* A well-formed answer to what is pending, with a name and a value out of the input. */
static void well_formed(struct slice s)
{
    static uint8_t buf[1024];
    static uint8_t value[CHAP_MSCHAP2_RESPONSE_LEN];
    struct wr w = wr_of(buf, sizeof(buf));

    switch (r.srv.conf.method) {
    case AUTH_PAP:
        pap_pkt_put(&w, &(struct pap_pkt){ .code = PAP_REQUEST, .id = r.srv.id + 1, .name = s, .password = s });
        break;
    case AUTH_CHAP_MD5:
    case AUTH_MSCHAPV2: {
        size_t n = r.srv.conf.method == AUTH_CHAP_MD5 ? CHAP_MD5_RESPONSE_LEN : CHAP_MSCHAP2_RESPONSE_LEN;
        chap_pkt_put(
            &w, &(struct chap_pkt){ .code = CHAP_RESPONSE, .id = r.srv.id, .value = slice_of(value, n), .name = s });
        break;
    }
    case AUTH_EAP_MSCHAPV2:
        eap_pkt_put(&w, &(struct eap_pkt){ .code = EAP_RESPONSE, .id = r.srv.id, .type = 26, .data = s });
        break;
    case AUTH_NONE:
    case AUTH_METHODS:
        abort();
    }
    feed(wr_slice(&w));
}

static void answer(struct rd *in)
{
    uint8_t how = rd_u8(in);
    struct auth_verdict v = { .kind = (enum auth_verdict_kind)(how & 3) };
    uint32_t ask = how & 4 ? r.ask - 1 : r.ask;

    if (v.kind > VERDICT_REFUSE)
        return;
    v.retry = how & 8;
    v.keyed = how & 16;
    v.text = v.eap = ops_bytes(in);
    ops_random(&r.dice, v.challenge, sizeof(v.challenge));
    if (how & 32)
        ops_random(&r.dice, v.hlak, sizeof(v.hlak));
    bool has_key = v.keyed && how & 32;
    r.may_accept =
        r.open && ask == r.ask && v.kind == VERDICT_ACCEPT && (has_key || !auth_method_keyed(r.srv.conf.method));
    auth_server_answer(&r.srv, ask, &v, r.now);
    if (ask == r.ask)
        r.open = false;
}

static void on_event(const struct auth_server_event *ev)
{
    must(ev->kind != AUTH_SERVER_EV_NONE && r.ends == 0);
    if (ev->kind == AUTH_SERVER_EV_ASK) {
        must(!r.open && ev->ask > r.ask);
        must(ev->question.name.n <= AUTH_NAME_MAX && ev->question.eap.n <= AUTH_EAP_MAX);
        r.ask = ev->ask;
        r.open = true;
        return;
    }
    if (ev->kind == AUTH_SERVER_EV_ACCEPTED) {
        must(r.may_accept);
        FUZZ_REACHED();
    }
    r.open = false;
    r.ends++;
}

static void look(void)
{
    struct auth_server_event ev;
    static uint8_t out[AUTH_EAP_MAX + 4];

    while (auth_server_event(&r.srv, &ev))
        on_event(&ev);
    r.may_accept = false;
    (void)auth_server_pull(&r.srv, out, sizeof(out));
    must(auth_server_pull(&r.srv, out, sizeof(out)) == 0);
    must((r.srv.state == AUTH_SERVER_DONE) == (auth_server_due(&r.srv) == NEVER));
    must((r.srv.state == AUTH_SERVER_DONE) == (r.ends == 1));
    must((r.srv.state == AUTH_SERVER_WAIT_VERDICT) == r.open);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd in = rd_of(data, size);
    enum auth_method m = (enum auth_method)(AUTH_PAP + rd_u8(&in) % (AUTH_METHODS - AUTH_PAP));
    struct auth_server_conf conf = { m, "server", 3000, 10, 3 };

    memset(&r, 0, sizeof(r));
    r.env = OPS_ENV(r.dice);
    auth_server_init(&r.srv, &conf, &r.env, 0);
    look();
    while (rd_left(&in) > 0) {
        switch (rd_u8(&in) % 4) {
        case 0:
            feed(ops_bytes(&in));
            break;
        case 1:
            r.now += (msec)rd_u8(&in) * 250;
            auth_server_tick(&r.srv, r.now);
            break;
        case 2:
            well_formed(ops_bytes(&in));
            break;
        case 3:
            answer(&in);
            break;
        }
        look();
    }
    auth_server_done(&r.srv);
    return 0;
}
