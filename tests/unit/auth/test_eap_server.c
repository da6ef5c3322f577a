/* authd's half of EAP, packet by packet: the good way, the retries, the refusals, and that nobody can tell an
 * unknown user from a wrong password. */
#include "auth_test.h"

static struct test_host host;
static struct env env;
static struct eap_server srv;
static struct eap_server_event ev;
static struct eap_pkt req;    /* the last packet sent */
static struct eap_mschap ms;  /* what is in it, if it is EAP-MSCHAPv2 */
static uint8_t challenge[16]; /* the last one offered */

static const char PASSWORD[] = "geheim";

/* Takes the event, which must be of this kind, and takes its packet apart. */
static void expect(enum eap_server_ev_kind kind)
{
    assert_true(eap_server_event(&srv, &ev));
    assert_int_equal(ev.kind, kind);
    memset(&ms, 0, sizeof(ms));
    memset(&req, 0, sizeof(req));
    if (ev.packet.n == 0)
        return;
    struct rd r = rd_slice(ev.packet);
    assert_int_equal(eap_pkt_parse(&r, &req), 0);
    if (req.type == EAP_TYPE_MSCHAPV2)
        assert_int_equal(eap_mschap_parse(req.data, req.code, &ms), 0);
    if (ms.op == EAP_MSCHAP_CHALLENGE)
        memcpy(challenge, ms.value.p, 16);
}

static void begin(void)
{
    struct eap_server_conf conf = { "test-server", 3 };
    host = (struct test_host){ .dice = 99 };
    env = TEST_ENV(host);
    eap_server_init(&srv, &conf, &env, 0);
    expect(EAP_SERVER_EV_SEND);
    assert_int_equal(req.code, EAP_REQUEST);
    assert_int_equal(req.type, EAP_TYPE_IDENTITY);
}

static int feed(struct slice pkt)
{
    struct rd r = rd_slice(pkt);
    return eap_server_feed(&srv, &r, 0);
}

static int respond(uint8_t type, struct slice data)
{
    uint8_t pkt[2048];
    struct wr w = wr_of(pkt, sizeof(pkt));
    eap_pkt_put(&w, &(struct eap_pkt){ .code = EAP_RESPONSE, .id = req.id, .type = type, .data = data });
    return feed(wr_slice(&w));
}

static void identify(void)
{
    assert_int_equal(respond(EAP_TYPE_IDENTITY, slice_str("outer")), FED_EVENT);
    expect(EAP_SERVER_EV_SEND);
    assert_int_equal(ms.op, EAP_MSCHAP_CHALLENGE);
    assert_true(slice_eq(ms.name, slice_str("test-server")));
}

static void nt_hash(const char *password, uint8_t hash[16])
{
    assert_int_equal(mschap_nt_hash(&prim_host, slice_str(password), hash), 0);
}

static int send_mschap(const struct eap_mschap *m)
{
    uint8_t pkt[2048];
    struct wr w = wr_of(pkt, sizeof(pkt));
    eap_mschap_put(&w, EAP_RESPONSE, req.id, m);
    return feed(wr_slice(&w));
}

static uint8_t last_peer_challenge[16], last_nt_response[24];

static int answer(struct slice name, const char *password)
{
    uint8_t hash[16], value[49];
    struct wr w = wr_of(value, sizeof(value));
    struct mschap_exchange x = { challenge, last_peer_challenge, name };

    nt_hash(password, hash);
    test_random(&host, last_peer_challenge, 16);
    mschap_nt_response(&prim_host, hash, &x, last_nt_response);
    chap_mschap2_response_put(&w, last_peer_challenge, last_nt_response);
    return send_mschap(&(struct eap_mschap){ EAP_MSCHAP_RESPONSE, ms.ms_id, slice_of(value, 49), name, { 0 } });
}

static void judge_user(bool known, unsigned refuse_code)
{
    struct eap_server_user u = { .known = known, .refuse_code = refuse_code };
    nt_hash(PASSWORD, u.nt_hash);
    expect(EAP_SERVER_EV_USER);
    eap_server_user(&srv, &u, 0);
}

/* The Failure Request just sent; its challenge is the next to answer. */
static void expect_failure(unsigned code, bool retry)
{
    struct mschap_failure f;
    expect(EAP_SERVER_EV_SEND);
    assert_int_equal(ms.op, EAP_MSCHAP_FAILURE);
    assert_int_equal(mschap_failure_parse(ms.text, &f), 0);
    assert_int_equal(f.error, code);
    assert_int_equal(f.retry, retry);
    assert_int_equal(f.version, 3);
    assert_true(f.has_challenge);
    memcpy(challenge, f.challenge, 16);
}

static int ack(uint8_t op)
{
    return send_mschap(&(struct eap_mschap){ .op = op });
}

static void succeed(const char *name)
{
    struct mschap_success s;
    uint8_t hash[16], key[32];
    struct mschap_exchange x = { challenge, last_peer_challenge, slice_str(name) };

    expect(EAP_SERVER_EV_SEND);
    assert_int_equal(ms.op, EAP_MSCHAP_SUCCESS);
    assert_int_equal(mschap_success_parse(ms.text, &s), 0);
    nt_hash(PASSWORD, hash);
    assert_true(mschap_auth_response_ok(&prim_host, hash, last_nt_response, &x, s.auth_response));
    uint8_t id = req.id;
    assert_int_equal(ack(EAP_MSCHAP_SUCCESS), FED_EVENT);
    expect(EAP_SERVER_EV_ACCEPTED);
    assert_int_equal(req.code, EAP_SUCCESS);
    assert_int_equal(req.id, id);
    assert_true(slice_eq(ev.name, slice_str(name)));
    assert_int_equal(ev.code, 0);
    char success[43];
    uint8_t value[49] = { 0 };
    memcpy(value, last_peer_challenge, 16);
    memcpy(value + 24, last_nt_response, 24);
    assert_true(
        verify_mschapv2(&prim_host, hash, slice_str(name), slice_of(challenge, 16), slice_of(value, 49), success, key));
    assert_memory_equal(ev.hlak, key, 32);
}

static void refused(unsigned code)
{
    expect(EAP_SERVER_EV_REFUSED);
    assert_int_equal(req.code, EAP_FAILURE);
    assert_int_equal(ev.code, code);
    assert_non_null(ev.reason);
    static const uint8_t zeros[32];
    assert_memory_equal(ev.hlak, zeros, 32);
}

static void good(void **state)
{
    (void)state;
    static const char *const names[] = { "user", "DOMAIN\\user", "" };
    for (size_t i = 0; i < 3; i++) {
        begin();
        identify();
        assert_int_equal(answer(slice_str(names[i]), PASSWORD), FED_EVENT);
        judge_user(true, 0);
        succeed(names[i]);
        assert_false(eap_server_event(&srv, &ev));
    }
}

static void third_time_lucky(void **state)
{
    (void)state;
    uint8_t id;
    begin();
    identify();
    answer(slice_str("user"), "wrong");
    judge_user(true, 0);
    id = req.id;
    expect_failure(691, true);
    assert_int_not_equal(req.id, id);
    answer(slice_str("user"), "wrong again");
    judge_user(true, 0);
    expect_failure(691, true);
    answer(slice_str("user"), PASSWORD);
    judge_user(true, 0);
    succeed("user");
}

static void three_wrong(void **state)
{
    (void)state;
    begin();
    identify();
    for (unsigned i = 1; i <= 3; i++) {
        answer(slice_str("user"), "wrong");
        judge_user(true, 0);
        expect_failure(691, i < 3);
    }
    assert_int_equal(answer(slice_str("user"), PASSWORD), FED_EVENT); /* to R=0: too late */
    refused(691);
    assert_int_equal(ack(EAP_MSCHAP_FAILURE), FED_TOOK);
}

static void gives_up(void **state)
{
    (void)state;
    begin();
    identify();
    answer(slice_str("user"), "wrong");
    judge_user(true, 0);
    expect_failure(691, true);
    assert_int_equal(ack(EAP_MSCHAP_FAILURE), FED_EVENT);
    refused(691);
}

static void may_not_log_in(void **state)
{
    (void)state;
    static const unsigned codes[] = { 646, 647, 648, 649 };
    for (size_t i = 0; i < 4; i++) {
        begin();
        identify();
        answer(slice_str("user"), PASSWORD);
        judge_user(true, codes[i]);
        expect_failure(codes[i], false);
        assert_int_equal(ack(EAP_MSCHAP_FAILURE), FED_EVENT);
        refused(codes[i]);
        /* Whoever does not know the password is not told. */
        begin();
        identify();
        answer(slice_str("user"), "wrong");
        judge_user(true, codes[i]);
        expect_failure(691, true);
    }
}

/* The packets of a whole refused conversation, without what is random in them. */
static size_t transcript(bool known, const char *password, uint8_t *dst)
{
    size_t n = 0;
    begin();
    identify();
    for (unsigned i = 1; i <= 3; i++) {
        answer(slice_str("user"), password);
        judge_user(known, 0);
        expect_failure(691, i < 3);
        memset(srv.out + 5 + 4 + 12, 0, 32); /* C= */
        memcpy(dst + n, srv.out, srv.out_len);
        n += srv.out_len;
    }
    ack(EAP_MSCHAP_FAILURE);
    refused(691);
    memcpy(dst + n, srv.out, srv.out_len);
    return n + srv.out_len;
}

static void unknown_looks_like_wrong(void **state)
{
    (void)state;
    static uint8_t a[2048], b[2048];
    size_t na = transcript(true, "wrong", a);
    size_t nb = transcript(false, PASSWORD, b); /* not even the password in the record that came with it helps */
    assert_int_equal(na, nb);
    assert_memory_equal(a, b, na);
}

static void naks(void **state)
{
    (void)state;
    static const uint8_t peap[] = { EAP_TYPE_PEAP, EAP_TYPE_TLS };
    static const uint8_t silly[] = { EAP_TYPE_MSCHAPV2 };
    begin();
    identify();
    assert_int_equal(respond(EAP_TYPE_NAK, slice_of(peap, 2)), FED_EVENT);
    refused(691);
    begin();
    identify();
    respond(EAP_TYPE_NAK, slice_of(silly, 1));
    refused(691);
    begin();
    identify();
    respond(EAP_TYPE_NAK, (struct slice){ 0 });
    refused(691);
    begin();
    respond(EAP_TYPE_NAK, slice_of(peap, 2)); /* to the Identity Request */
    refused(691);
    begin();
    identify();
    respond(EAP_TYPE_MD5, slice_of(peap, 2));
    refused(691);
}

static void out_of_order(void **state)
{
    (void)state;
    static const uint8_t ops[] = { EAP_MSCHAP_SUCCESS, EAP_MSCHAP_FAILURE, EAP_MSCHAP_CHANGE_PASSWORD };
    for (size_t i = 0; i < 3; i++) {
        begin();
        identify();
        assert_int_equal(ack(ops[i]), FED_EVENT); /* a Success Response to the Challenge would be convenient */
        refused(691);
    }
    begin();
    identify();
    answer(slice_str("user"), PASSWORD);
    judge_user(true, 0);
    expect(EAP_SERVER_EV_SEND);
    assert_int_equal(ack(EAP_MSCHAP_FAILURE), FED_EVENT); /* the peer found our proof wrong */
    refused(691);
    begin();
    identify();
    answer(slice_str("user"), "wrong");
    judge_user(true, 0);
    expect_failure(691, true);
    ack(EAP_MSCHAP_CHANGE_PASSWORD);
    refused(709);
}

static void waiting_for_the_record(void **state)
{
    (void)state;
    struct eap_server_user u = { .known = true };
    begin();
    eap_server_user(&srv, &u, 0); /* nobody asked */
    assert_false(eap_server_event(&srv, &ev));
    identify();
    answer(slice_str("user"), PASSWORD);
    assert_int_equal(answer(slice_str("other"), PASSWORD), FED_EVENT); /* the event waits */
    expect(EAP_SERVER_EV_USER);
    assert_true(slice_eq(ev.name, slice_str("user")));
    assert_int_equal(ack(EAP_MSCHAP_SUCCESS), FED_TOOK);
    assert_false(eap_server_event(&srv, &ev));
    assert_int_equal(srv.state, EAP_SERVER_WAIT_USER);
}

static void names(void **state)
{
    (void)state;
    static uint8_t name[1200];
    memset(name, 'n', sizeof(name));
    begin();
    identify();
    answer(slice_of(name, 256), PASSWORD);
    judge_user(true, 0);
    expect(EAP_SERVER_EV_SEND);
    assert_int_equal(ms.op, EAP_MSCHAP_SUCCESS);
    begin();
    identify();
    answer(slice_of(name, 257), PASSWORD);
    refused(691);
    begin(); /* a long identity only routes */
    respond(EAP_TYPE_IDENTITY, slice_of(name, sizeof(name)));
    expect(EAP_SERVER_EV_SEND);
    assert_int_equal(ms.op, EAP_MSCHAP_CHALLENGE);
}

static void hostile_packets(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint8_t bytes[12];
    } rows[] = {
        { 0, { 0 } },
        { 3, { 2, 0, 0 } },
        { 4, { 2, 0, 0, 4 } },
        { 5, { 2, 0, 0, 99, 26 } },
        { 5, { 2, 0, 0, 5, 26 } },
        { 6, { 2, 0, 0, 6, 26, 2 } },
        { 7, { 2, 0, 0, 7, 26, 2, 0 } },
        { 8, { 2, 0, 0, 8, 26, 2, 0, 0 } },
        { 9, { 2, 0, 0, 9, 26, 2, 0, 0, 4 } },
        { 10, { 2, 0, 0, 10, 26, 2, 0, 0, 5, 49 } },
        { 5, { 1, 0, 0, 5, 26 } },
        { 4, { 3, 0, 0, 4 } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[12];
        begin();
        identify();
        memcpy(bytes, rows[i].bytes, sizeof(bytes));
        bytes[1] = req.id;
        assert_int_equal(feed(slice_of(bytes, rows[i].n)), FED_EVENT);
        refused(691);
    }
    begin();
    identify();
    req.id++;
    assert_int_equal(ack(EAP_MSCHAP_FAILURE), FED_EVENT); /* another Identifier */
    refused(691);
}

static void wipes(void **state)
{
    (void)state;
    begin();
    identify();
    answer(slice_str("user"), PASSWORD);
    judge_user(true, 0);
    static const uint8_t zeros[sizeof(struct eap_server)];
    assert_memory_equal(srv.user.nt_hash, zeros, 16); /* not kept longer than it takes to judge */
    eap_server_done(&srv);
    assert_memory_equal(&srv, zeros, sizeof(srv));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),     cmocka_unit_test(third_time_lucky), cmocka_unit_test(three_wrong),
        cmocka_unit_test(gives_up), cmocka_unit_test(may_not_log_in),   cmocka_unit_test(unknown_looks_like_wrong),
        cmocka_unit_test(naks),     cmocka_unit_test(out_of_order),     cmocka_unit_test(waiting_for_the_record),
        cmocka_unit_test(names),    cmocka_unit_test(hostile_packets),  cmocka_unit_test(wipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
