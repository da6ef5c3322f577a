/* authd's half of EAP against a hostile peer. The input is operations: bytes, well-formed Responses of any type
 * with the pending identifier, answers computed with the right or a wrong password, and the user's record.
 *
 * Invariants: nobody is accepted but who gave the right answer for a known user that may log in; every packet leaves an
 * event unless the record is due or all is over; at most attempts_max answers are judged. */
#include "auth/eap_server.h"
#include "auth_ops.h"
#include "fuzz.h"
#include "wire/chap_pkt.h"
#include "wire/eap_pkt.h"

static const char PASSWORD[] = "geheim";
enum { ATTEMPTS = 3 };

struct run {
    uint64_t dice;
    struct env env;
    struct eap_server srv;
    bool right;   /* the answer being judged is right */
    bool welcome; /* and so is the user */
    unsigned judged;
    unsigned ends;
};

static struct run r;

static void look(void)
{
    struct eap_server_event ev;

    while (eap_server_event(&r.srv, &ev)) {
        must(ev.kind != EAP_SERVER_EV_NONE && r.ends == 0);
        must(ev.packet.n <= AUTH_EAP_MAX && (ev.packet.n > 0 || ev.kind == EAP_SERVER_EV_USER));
        if (ev.kind == EAP_SERVER_EV_USER)
            must(++r.judged <= ATTEMPTS);
        if (ev.kind == EAP_SERVER_EV_ACCEPTED) {
            must(r.welcome);
            FUZZ_REACHED();
        }
        if (ev.kind == EAP_SERVER_EV_REFUSED)
            must(ev.code != 0 && ev.reason);
        r.ends += ev.kind == EAP_SERVER_EV_ACCEPTED || ev.kind == EAP_SERVER_EV_REFUSED;
    }
    must((r.srv.state == EAP_SERVER_DONE) == (r.ends == 1));
}

static void feed(struct slice s)
{
    struct rd in = rd_slice(s);
    bool idle = r.srv.state == EAP_SERVER_WAIT_USER || r.srv.state == EAP_SERVER_DONE;
    int fed = eap_server_feed(&r.srv, &in, 0);
    must(fed == (idle ? FED_TOOK : FED_EVENT));
}

/* A Response of this type, or of EAP-MSCHAPv2 with this OpCode. */
static void well_formed(struct rd *in)
{
    static uint8_t buf[512];
    struct wr w = wr_of(buf, sizeof(buf));
    uint8_t type = rd_u8(in);
    struct slice s = ops_bytes(in);

    if (type >= 0xf0 && type != EAP_TYPE_EXPANDED)
        eap_mschap_put(&w, EAP_RESPONSE, r.srv.id, &(struct eap_mschap){ .op = type & 0x0f, .text = s });
    else
        eap_pkt_put(&w, &(struct eap_pkt){ .code = EAP_RESPONSE, .id = r.srv.id, .type = type, .data = s });
    feed(wr_slice(&w));
}

static void compute(bool right)
{
    uint8_t hash[16], peer[16], nt[24], value[49], buf[256];
    struct wr v = wr_of(value, sizeof(value));
    struct wr w = wr_of(buf, sizeof(buf));
    struct mschap_exchange x = { r.srv.challenge, peer, slice_str("D\\user") };
    bool asked = r.srv.state == EAP_SERVER_WAIT_RESPONSE || r.srv.state == EAP_SERVER_WAIT_RETRY;

    ops_random(&r.dice, peer, sizeof(peer));
    ops_hash(right ? PASSWORD : "wrong", hash);
    mschap_nt_response(&prim_host, hash, &x, nt);
    chap_mschap2_response_put(&v, peer, nt);
    eap_mschap_put(&w, EAP_RESPONSE, r.srv.id,
                   &(struct eap_mschap){ EAP_MSCHAP_RESPONSE, 1, slice_of(value, 49), x.name, { 0 } });
    feed(wr_slice(&w));
    if (asked)
        r.right = right;
}

static void record(uint8_t how)
{
    struct eap_server_user u = { .known = how & 1, .refuse_code = how & 2 ? 647 : 0 };
    bool due = r.srv.state == EAP_SERVER_WAIT_USER;

    ops_hash(PASSWORD, u.nt_hash);
    eap_server_user(&r.srv, &u, 0);
    if (due)
        r.welcome = r.right && u.known && u.refuse_code == 0;
    r.right = due ? false : r.right;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd in = rd_of(data, size);
    struct eap_server_conf conf = { "server", ATTEMPTS };

    memset(&r, 0, sizeof(r));
    r.env = OPS_ENV(r.dice);
    eap_server_init(&r.srv, &conf, &r.env, 0);
    look();
    while (rd_left(&in) > 0) {
        switch (rd_u8(&in) % 5) {
        case 0:
            feed(ops_bytes(&in));
            break;
        case 1:
            well_formed(&in);
            break;
        case 2:
            compute(true);
            break;
        case 3:
            compute(false);
            break;
        case 4:
            record(rd_u8(&in));
            break;
        }
        look();
    }
    eap_server_done(&r.srv);
    return 0;
}
