/* The peer's side of PAP and CHAP: what it sends, whom it believes, and when it gives up. */
#include "auth_test.h"

static struct test_host host;
static struct env env;
static struct auth_client cli;
static uint8_t buf[2048];
static size_t len;

static const char *user_ = "D\\user";
static const char *password_ = "geheim";

static void begin(enum auth_method m)
{
    struct auth_client_conf conf = { m, slice_str(user_), slice_str(password_), 3000, 10 };
    host = (struct test_host){ .dice = 5 };
    env = TEST_ENV(host);
    auth_client_init(&cli, &conf, &env, 1000);
}

static struct auth_client_event event(void)
{
    struct auth_client_event ev = { 0 };
    (void)auth_client_event(&cli, &ev);
    return ev;
}

static bool pull(void)
{
    len = auth_client_pull(&cli, buf, sizeof(buf));
    return len > 0;
}

static int feed(struct slice s)
{
    struct rd r = rd_slice(s);
    return auth_client_feed(&cli, &r, 2000);
}

/* PAP */

static int feed_pap(uint8_t code, uint8_t id, const char *text)
{
    uint8_t pkt[300];
    struct wr w = wr_of(pkt, sizeof(pkt));
    pap_pkt_put(&w, &(struct pap_pkt){ .code = code, .id = id, .text = slice_str(text) });
    return feed(wr_slice(&w));
}

static uint8_t pap_request(void)
{
    struct pap_pkt pkt;
    assert_true(pull());
    struct rd r = rd_of(buf, len);
    assert_int_equal(pap_pkt_parse(&r, &pkt), 0);
    assert_int_equal(pkt.code, PAP_REQUEST);
    assert_true(slice_eq(pkt.name, slice_str(user_)));
    assert_true(slice_eq(pkt.password, slice_str(password_)));
    return pkt.id;
}

static void pap(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    begin(AUTH_PAP);
    uint8_t id = pap_request();
    assert_int_equal(feed_pap(PAP_ACK, id + 1, ""), FED_TOOK); /* nothing of ours */
    assert_int_equal(feed_pap(PAP_ACK, id - 1, ""), FED_TOOK);
    assert_int_equal(feed_pap(PAP_REQUEST, id, ""), FED_TOOK);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
    assert_int_equal(feed_pap(PAP_ACK, id, "hi"), FED_EVENT);
    struct auth_client_event ev = event();
    assert_int_equal(ev.kind, AUTH_CLIENT_EV_ACCEPTED);
    assert_false(ev.keyed);
    assert_memory_equal(ev.hlak, zeros, 32);
    assert_int_equal(auth_client_due(&cli), NEVER);
    assert_int_equal(feed_pap(PAP_NAK, id, "changed my mind"), FED_TOOK);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
}

static void pap_refused(void **state)
{
    (void)state;
    begin(AUTH_PAP);
    assert_int_equal(feed_pap(PAP_NAK, pap_request(), "go away"), FED_EVENT);
    struct auth_client_event ev = event();
    assert_int_equal(ev.kind, AUTH_CLIENT_EV_REFUSED);
    assert_true(slice_eq(ev.text, slice_str("go away")));
    assert_int_equal(ev.code, 0);
}

static void pap_repeats(void **state)
{
    (void)state;
    begin(AUTH_PAP);
    uint8_t first = pap_request();
    msec now = 1000;
    for (unsigned i = 1; i <= 10; i++) {
        now += 3000;
        assert_int_equal(auth_client_due(&cli), now);
        auth_client_tick(&cli, now - 1);
        assert_false(pull());
        auth_client_tick(&cli, now);
        assert_int_equal(pap_request(), (uint8_t)(first + i)); /* RFC 1334 2.2.1: changed each time */
    }
    struct auth_client copy = cli;
    auth_client_tick(&cli, now + 3000);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_TIMEOUT);
    assert_int_equal(feed_pap(PAP_ACK, first, ""), FED_TOOK);
    cli = copy; /* a slow server may answer the first of them */
    assert_int_equal(feed_pap(PAP_ACK, first - 1, ""), FED_TOOK);
    assert_int_equal(feed_pap(PAP_ACK, first, ""), FED_EVENT);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_ACCEPTED);
}

static void what_pap_cannot_carry(void **state)
{
    (void)state;
    static char big[300];
    memset(big, 'x', 256);
    struct auth_client_conf conf = { AUTH_PAP, slice_of(big, 255), slice_of(big, 255), 3000, 10 };
    begin(AUTH_PAP);
    auth_client_init(&cli, &conf, &env, 0);
    assert_true(pull());
    conf.password.n = 256;
    auth_client_init(&cli, &conf, &env, 0);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_UNUSABLE);
    assert_false(pull());
    conf = (struct auth_client_conf){ AUTH_PAP, slice_of(big, 256), slice_of(big, 255), 3000, 10 };
    auth_client_init(&cli, &conf, &env, 0);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_UNUSABLE);
    assert_int_equal(auth_client_due(&cli), NEVER);
}

/* CHAP */

static uint8_t challenge_value[16];

static int feed_chap(uint8_t code, uint8_t id, size_t value_len, const char *text)
{
    uint8_t pkt[700], value[255];
    struct wr w = wr_of(pkt, sizeof(pkt));
    memset(value, id, sizeof(value));
    memset(challenge_value, id, sizeof(challenge_value));
    chap_pkt_put(&w, &(struct chap_pkt){ code, id, slice_of(value, value_len), slice_str("srv"), slice_str(text) });
    return feed(wr_slice(&w));
}

static struct chap_pkt response(uint8_t id)
{
    struct chap_pkt pkt;
    assert_true(pull());
    struct rd r = rd_of(buf, len);
    assert_int_equal(chap_pkt_parse(&r, &pkt), 0);
    assert_int_equal(pkt.code, CHAP_RESPONSE);
    assert_int_equal(pkt.id, id);
    assert_true(slice_eq(pkt.name, slice_str(user_))); /* domain included */
    return pkt;
}

/* The proof that fits the Response just given, and the key. */
static void proof(const struct chap_pkt *pkt, char success[43], uint8_t hlak[32])
{
    uint8_t hash[16];
    assert_int_equal(mschap_nt_hash(&prim_host, slice_str(password_), hash), 0);
    assert_true(verify_mschapv2(&prim_host, hash, pkt->name, slice_of(challenge_value, 16), pkt->value, success, hlak));
}

static void md5(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 16, 255 };
    for (size_t i = 0; i < 3; i++) {
        uint8_t value[255];
        begin(AUTH_CHAP_MD5);
        assert_false(pull()); /* the server speaks first */
        assert_int_equal(feed_chap(CHAP_CHALLENGE, 7, sizes[i], ""), FED_TOOK);
        memset(value, 7, sizeof(value));
        struct chap_pkt pkt = response(7);
        assert_true(verify_chap_md5(&prim_host, 7, slice_str(password_), slice_of(value, sizes[i]), pkt.value));
        assert_int_equal(feed_chap(CHAP_SUCCESS, 7, 0, "hi"), FED_EVENT);
        struct auth_client_event ev = event();
        assert_int_equal(ev.kind, AUTH_CLIENT_EV_ACCEPTED);
        assert_false(ev.keyed);
    }
    begin(AUTH_CHAP_MD5);
    feed_chap(CHAP_CHALLENGE, 7, 16, "");
    feed_chap(CHAP_FAILURE, 7, 0, "no");
    struct auth_client_event ev = event();
    assert_int_equal(ev.kind, AUTH_CLIENT_EV_REFUSED);
    assert_true(slice_eq(ev.text, slice_str("no")));
}

static void mschap(void **state)
{
    (void)state;
    char success[43];
    uint8_t hlak[32];
    begin(AUTH_MSCHAPV2);
    assert_int_equal(feed_chap(CHAP_CHALLENGE, 9, 16, ""), FED_TOOK);
    struct chap_pkt pkt = response(9);
    proof(&pkt, success, hlak);
    assert_int_equal(feed_chap(CHAP_SUCCESS, 8, 0, success), FED_TOOK); /* another Identifier */
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
    assert_int_equal(feed_chap(CHAP_SUCCESS, 9, 0, success), FED_EVENT);
    struct auth_client_event ev = event();
    assert_int_equal(ev.kind, AUTH_CLIENT_EV_ACCEPTED);
    assert_true(ev.keyed);
    assert_memory_equal(ev.hlak, hlak, 32);
    assert_int_equal(feed_chap(CHAP_FAILURE, 9, 0, "E=691"), FED_TOOK);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
}

static void unproven(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "Welcome",
        "S=",
        "M=Welcome",
        "S=0000000000000000000000000000000000000000",
        "S=407A5589115FD0D6209F510FE9C04566932CDA56",
        "M=S=%",
        "E=0",
    };
    char success[43];
    uint8_t hlak[32];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(AUTH_MSCHAPV2);
        feed_chap(CHAP_CHALLENGE, 9, 16, "");
        assert_int_equal(feed_chap(CHAP_SUCCESS, 9, 0, rows[i]), FED_EVENT);
        struct auth_client_event ev = event();
        assert_int_equal(ev.kind, AUTH_CLIENT_EV_UNPROVEN);
        assert_false(ev.keyed);
        assert_int_equal(host.notes[NOTE_AUTH_SERVER_UNPROVEN], 1);
    }
    /* One wrong digit, at each place. */
    for (size_t i = 2; i < 42; i++) {
        begin(AUTH_MSCHAPV2);
        feed_chap(CHAP_CHALLENGE, 9, 16, "");
        struct chap_pkt pkt = response(9);
        proof(&pkt, success, hlak);
        success[i] = success[i] == '0' ? '1' : '0';
        feed_chap(CHAP_SUCCESS, 9, 0, success);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_UNPROVEN);
    }
}

static void before_anything(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    assert_int_equal(feed_chap(CHAP_SUCCESS, 0, 0, "S=0000000000000000000000000000000000000000"), FED_TOOK);
    assert_int_equal(feed_chap(CHAP_FAILURE, 0, 0, "E=691"), FED_TOOK);
    assert_int_equal(feed_chap(CHAP_RESPONSE, 0, 49, ""), FED_TOOK);
    assert_int_equal(feed_chap(CHAP_CHANGE_PASSWORD, 0, 0, ""), FED_TOOK);
    for (size_t n = 1; n <= 255; n++)
        if (n != 16)
            assert_int_equal(feed_chap(CHAP_CHALLENGE, 0, n, ""), FED_TOOK);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
    assert_false(pull());
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned code;
        bool retry;
        const char *shown;
    } rows[] = {
        { "E=691 R=1 C=00000000000000000000000000000000 V=3 M=Wrong", 691, true, "Wrong" },
        { "E=647 R=0 V=3", 647, false, "E=647 R=0 V=3" },
        { "R=0 E=649 M=No dial-in", 649, false, "No dial-in" },
        { "Get lost", 0, false, "Get lost" },
        { "E=x", 0, false, "E=x" },
        { "", 0, false, "" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(AUTH_MSCHAPV2);
        feed_chap(CHAP_CHALLENGE, 9, 16, "");
        assert_int_equal(feed_chap(CHAP_FAILURE, 9, 0, rows[i].text), FED_EVENT);
        struct auth_client_event ev = event();
        assert_int_equal(ev.kind, AUTH_CLIENT_EV_REFUSED);
        assert_int_equal(ev.code, rows[i].code);
        assert_int_equal(ev.retry, rows[i].retry);
        assert_true(slice_eq(ev.text, slice_str(rows[i].shown)));
        assert_int_equal(feed_chap(CHAP_CHALLENGE, 10, 16, ""), FED_TOOK); /* it is over */
        (void)pull();
        assert_false(pull());
    }
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char text[601];
    memset(text, 'a', 600);
    text[600] = 0;
    begin(AUTH_MSCHAPV2);
    feed_chap(CHAP_CHALLENGE, 9, 16, "");
    feed_chap(CHAP_FAILURE, 9, 0, text);
    assert_int_equal(event().text.n, AUTH_TEXT_MAX);
}

static void challenged_again(void **state)
{
    (void)state;
    uint8_t first[300];
    char success[43];
    uint8_t hlak[32];
    begin(AUTH_MSCHAPV2);
    feed_chap(CHAP_CHALLENGE, 9, 16, "");
    (void)response(9);
    size_t first_len = len;
    memcpy(first, buf, len);
    feed_chap(CHAP_CHALLENGE, 9, 16, ""); /* RFC 1994 4.1: repeated: the same Response */
    (void)response(9);
    assert_int_equal(len, first_len);
    assert_memory_equal(buf, first, len);
    feed_chap(CHAP_CHALLENGE, 10, 16, ""); /* another: another Response */
    struct chap_pkt pkt = response(10);
    assert_memory_not_equal(pkt.value.p, first + 5, 16);
    assert_int_equal(auth_client_due(&cli), 1000 + AUTH_CLIENT_LIMIT); /* one deadline for all of it */
    proof(&pkt, success, hlak);
    feed_chap(CHAP_SUCCESS, 10, 0, success);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_ACCEPTED);
    feed_chap(CHAP_CHALLENGE, 10, 16, ""); /* late and doubled: the Response once more, and nothing begins again */
    (void)response(10);
    assert_int_equal(auth_client_due(&cli), NEVER);
    assert_int_equal(feed_chap(CHAP_SUCCESS, 10, 0, success), FED_TOOK);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
    /* RFC 1994 2: and again, in the middle of the call. */
    feed_chap(CHAP_CHALLENGE, 77, 16, "");
    pkt = response(77);
    proof(&pkt, success, hlak);
    assert_int_equal(feed_chap(CHAP_SUCCESS, 77, 0, success), FED_TOOK); /* nothing new to report */
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
    feed_chap(CHAP_CHALLENGE, 78, 16, "");
    auth_client_tick(&cli, 2000 + AUTH_CLIENT_LIMIT);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE); /* no result, no harm */
    assert_int_equal(auth_client_due(&cli), NEVER);
    feed_chap(CHAP_CHALLENGE, 79, 16, "");
    feed_chap(CHAP_SUCCESS, 79, 0, "S=0000000000000000000000000000000000000000");
    assert_int_equal(event().kind, AUTH_CLIENT_EV_UNPROVEN);
}

static void silence(void **state)
{
    (void)state;
    for (unsigned answered = 0; answered < 2; answered++) {
        begin(AUTH_MSCHAPV2);
        if (answered)
            feed_chap(CHAP_CHALLENGE, 9, 16, "");
        assert_int_equal(auth_client_due(&cli), 1000 + AUTH_CLIENT_LIMIT);
        auth_client_tick(&cli, 1000 + AUTH_CLIENT_LIMIT - 1);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
        auth_client_tick(&cli, 1000 + AUTH_CLIENT_LIMIT);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_TIMEOUT);
        assert_int_equal(auth_client_due(&cli), NEVER);
    }
}

static void unusable(void **state)
{
    (void)state;
    static const enum auth_method methods[] = { AUTH_MSCHAPV2, AUTH_EAP_MSCHAPV2 };
    static uint8_t big[1100];
    memset(big, 'x', sizeof(big));
    for (size_t i = 0; i < 2; i++) {
        struct auth_client_conf conf = { methods[i], slice_str("u"), slice_str("\xff"), 3000, 10 };
        begin(AUTH_PAP);
        auth_client_init(&cli, &conf, &env, 0);
        struct auth_client_event ev = event();
        assert_int_equal(ev.kind, AUTH_CLIENT_EV_UNUSABLE);
        assert_true(ev.text.n > 0);
        conf.password = slice_of(big, 257);
        auth_client_init(&cli, &conf, &env, 0);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_UNUSABLE);
        conf.password = slice_of(big, 256);
        conf.user = slice_of(big, 257);
        auth_client_init(&cli, &conf, &env, 0);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_UNUSABLE);
        conf.user = slice_of(big, 256);
        auth_client_init(&cli, &conf, &env, 0);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
        assert_int_not_equal(auth_client_due(&cli), NEVER);
    }
}

static void hostile_lengths(void **state)
{
    (void)state;
    static const uint8_t rows[][6] = { { 1, 0, 0, 0, 0, 0 }, { 1, 0, 0xff, 0xff, 1, 1 }, { 1, 0, 0, 7, 255, 1 } };
    for (unsigned m = AUTH_PAP; m < AUTH_METHODS; m++) {
        begin((enum auth_method)m);
        (void)pull();
        unsigned notes = 0;
        for (size_t i = 0; i < 3; i++) {
            for (size_t n = 1; n <= 6; n++) {
                assert_int_equal(feed(slice_of(rows[i], n)), FED_TOOK);
                assert_int_equal(host.notes[NOTE_AUTH_BAD_PACKET], ++notes);
            }
        }
        assert_int_equal(feed((struct slice){ 0 }), FED_MORE);
        assert_false(pull());
    }
}

static void done(void **state)
{
    (void)state;
    begin(AUTH_PAP);
    assert_int_equal(auth_client_pull(&cli, buf, 5), 0);
    auth_client_done(&cli);
    assert_false(pull());
    assert_int_equal(auth_client_due(&cli), NEVER);
    auth_client_tick(&cli, NEVER - 1);
    assert_int_equal(feed_pap(PAP_ACK, 1, ""), FED_MORE);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pap),
        cmocka_unit_test(pap_refused),
        cmocka_unit_test(pap_repeats),
        cmocka_unit_test(what_pap_cannot_carry),
        cmocka_unit_test(md5),
        cmocka_unit_test(mschap),
        cmocka_unit_test(unproven),
        cmocka_unit_test(before_anything),
        cmocka_unit_test(refused),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(challenged_again),
        cmocka_unit_test(silence),
        cmocka_unit_test(unusable),
        cmocka_unit_test(hostile_lengths),
        cmocka_unit_test(done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
