/* The authenticator's network half for PAP and CHAP: identifiers, repetition, attempts, and what it drops. */
#include "auth_test.h"

static struct test_host host;
static struct env env;
static struct auth_server srv;
static uint8_t buf[2048];
static size_t len;

static void begin(enum auth_method m)
{
    struct auth_server_conf conf = { m, "test-server", 3000, 10, 3 };
    host = (struct test_host){ .dice = 42 };
    env = TEST_ENV(host);
    auth_server_init(&srv, &conf, &env, 1000);
}

static bool pull(void)
{
    len = auth_server_pull(&srv, buf, sizeof(buf));
    return len > 0;
}

static int feed(const struct wr *w)
{
    struct rd r = rd_slice(wr_slice(w));
    return auth_server_feed(&srv, &r, 2000);
}

static struct auth_server_event event(void)
{
    struct auth_server_event ev = { 0 };
    (void)auth_server_event(&srv, &ev);
    return ev;
}

static uint32_t asked(void)
{
    struct auth_server_event ev = event();
    assert_int_equal(ev.kind, AUTH_SERVER_EV_ASK);
    assert_int_not_equal(ev.ask, 0);
    return ev.ask;
}

static void refuse_text(uint32_t ask, const char *text, bool retry)
{
    struct auth_verdict v = { .kind = VERDICT_REFUSE, .text = slice_str(text), .retry = retry };
    memset(v.challenge, 0xc3, sizeof(v.challenge));
    auth_server_answer(&srv, ask, &v, 3000);
}

static void accept_text(uint32_t ask, const char *text, bool keyed)
{
    struct auth_verdict v = { .kind = VERDICT_ACCEPT, .text = slice_str(text), .keyed = keyed };
    memset(v.hlak, 0x77, sizeof(v.hlak));
    auth_server_answer(&srv, ask, &v, 3000);
}

/* PAP */

static int feed_pap(uint8_t id, const char *name, const char *password)
{
    uint8_t pkt[600];
    struct wr w = wr_of(pkt, sizeof(pkt));
    pap_pkt_put(&w, &(struct pap_pkt){ 1, id, slice_str(name), slice_str(password), { 0 } });
    return feed(&w);
}

static void pap_reply(uint8_t code, uint8_t id)
{
    assert_true(pull());
    assert_int_equal(buf[0], code);
    assert_int_equal(buf[1], id);
    assert_false(pull());
}

static void pap_accepts(void **state)
{
    (void)state;
    begin(AUTH_PAP);
    assert_false(pull()); /* the peer speaks first */
    assert_int_equal(feed_pap(9, "D\\u", "pw"), FED_EVENT);
    struct auth_server_event ev = event();
    assert_int_equal(ev.kind, AUTH_SERVER_EV_ASK);
    assert_int_equal(ev.question.method, AUTH_PAP);
    assert_true(slice_eq(ev.question.name, slice_str("D\\u")));
    assert_true(slice_eq(ev.question.password, slice_str("pw")));
    accept_text(ev.ask, "hi", false);
    assert_int_equal(event().kind, AUTH_SERVER_EV_ACCEPTED);
    pap_reply(2, 9);
    assert_int_equal(auth_server_due(&srv), NEVER);
    /* RFC 1334 2.2.1: after the end the same code to every Request, and nobody is asked. */
    assert_int_equal(feed_pap(10, "D\\u", "pw"), FED_TOOK);
    pap_reply(2, 10);
    assert_int_equal(feed_pap(11, "other", "x"), FED_TOOK);
    pap_reply(2, 11);
}

static void pap_repeats_cost_nothing(void **state)
{
    (void)state;
    begin(AUTH_PAP);
    feed_pap(1, "u", "bad");
    uint32_t ask = asked();
    assert_int_equal(feed_pap(2, "u", "bad"), FED_TOOK);   /* the peer's timer, while we think */
    assert_int_equal(feed_pap(3, "u", "other"), FED_TOOK); /* another attempt, too early: dropped */
    refuse_text(ask, "no", true);
    pap_reply(3, 2); /* to the latest of the same Requests */
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    assert_int_equal(feed_pap(2, "u", "bad"), FED_TOOK);
    pap_reply(3, 2);
    assert_int_equal(feed_pap(4, "u", "bad"), FED_TOOK); /* crossed our Nak */
    pap_reply(3, 4);
    assert_int_equal(srv.attempts, 1);
    assert_int_equal(feed_pap(5, "u", "worse"), FED_EVENT);
    assert_true(asked() != ask);
}

static void pap_attempts(void **state)
{
    (void)state;
    begin(AUTH_PAP);
    for (unsigned i = 1; i <= 3; i++) {
        char password[2] = { (char)('0' + i), 0 };
        assert_int_equal(feed_pap((uint8_t)i, "u", password), FED_EVENT);
        refuse_text(asked(), "no", true);
        assert_int_equal(event().kind, i < 3 ? AUTH_SERVER_EV_NONE : AUTH_SERVER_EV_REFUSED);
        pap_reply(3, (uint8_t)i);
    }
    assert_int_equal(feed_pap(4, "u", "right"), FED_TOOK); /* too late */
    pap_reply(3, 4);
}

static void pap_silence(void **state)
{
    (void)state;
    begin(AUTH_PAP);
    assert_int_equal(auth_server_due(&srv), 1000 + AUTH_SERVER_PATIENCE);
    auth_server_tick(&srv, 1000 + AUTH_SERVER_PATIENCE - 1);
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    auth_server_tick(&srv, 1000 + AUTH_SERVER_PATIENCE);
    assert_int_equal(event().kind, AUTH_SERVER_EV_TIMEOUT);
    assert_int_equal(auth_server_due(&srv), NEVER);
    assert_false(pull());
}

static void pap_long_text_is_cut(void **state)
{
    (void)state;
    char text[400];
    memset(text, 't', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    begin(AUTH_PAP);
    feed_pap(1, "u", "p");
    refuse_text(asked(), text, false);
    assert_true(pull());
    assert_int_equal(len, 4 + 1 + 255);
}

/* CHAP */

static int feed_chap(uint8_t code, uint8_t id, size_t value_len, struct slice name)
{
    uint8_t pkt[2048];
    static const uint8_t value[255] = { 1, 2, 3 };
    struct wr w = wr_of(pkt, sizeof(pkt));
    chap_pkt_put(&w, &(struct chap_pkt){ code, id, slice_of(value, value_len), name, slice_str("text") });
    return feed(&w);
}

static uint8_t challenged(void)
{
    struct chap_pkt pkt;
    assert_true(pull());
    struct rd r = rd_of(buf, len);
    assert_int_equal(chap_pkt_parse(&r, &pkt), 0);
    assert_int_equal(pkt.code, CHAP_CHALLENGE);
    assert_int_equal(pkt.value.n, 16);
    assert_true(slice_eq(pkt.name, slice_str("test-server")));
    assert_memory_equal(pkt.value.p, srv.challenge, 16);
    return pkt.id;
}

/* The Failure in `buf`. */
static struct mschap_failure failure(uint8_t id)
{
    struct chap_pkt pkt;
    struct mschap_failure f;
    assert_true(pull());
    struct rd r = rd_of(buf, len);
    assert_int_equal(chap_pkt_parse(&r, &pkt), 0);
    assert_int_equal(pkt.code, CHAP_FAILURE);
    assert_int_equal(pkt.id, id);
    assert_int_equal(mschap_failure_parse(pkt.text, &f), 0);
    assert_true(f.has_challenge);
    assert_int_equal(f.version, 3);
    return f;
}

static void chap_retransmits(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    uint8_t first[256];
    uint8_t id = challenged();
    size_t first_len = len;
    memcpy(first, buf, len);
    msec now = 1000;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(auth_server_due(&srv), now + 3000);
        now += 3000;
        auth_server_tick(&srv, now - 1);
        assert_false(pull());
        auth_server_tick(&srv, now);
        assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
        assert_true(pull());
        assert_int_equal(len, first_len);
        assert_memory_equal(buf, first, len); /* the same Identifier, the same challenge */
    }
    auth_server_tick(&srv, now + 3000);
    assert_int_equal(event().kind, AUTH_SERVER_EV_TIMEOUT);
    assert_false(pull());
    assert_int_equal(feed_chap(CHAP_RESPONSE, id, 49, slice_str("u")), FED_TOOK); /* nobody listens */
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    assert_false(pull());
}

static void chap_question(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    uint8_t id = challenged();
    assert_int_equal(feed_chap(CHAP_RESPONSE, id, 49, slice_str("D\\u")), FED_EVENT);
    /* While the event waits, nothing is taken. */
    assert_int_equal(feed_chap(CHAP_RESPONSE, id, 49, slice_str("D\\u")), FED_EVENT);
    struct auth_server_event ev = event();
    assert_int_equal(ev.kind, AUTH_SERVER_EV_ASK);
    assert_int_equal(ev.question.method, AUTH_MSCHAPV2);
    assert_int_equal(ev.question.id, id);
    assert_true(slice_eq(ev.question.name, slice_str("D\\u")));
    assert_int_equal(ev.question.response.n, 49);
    assert_int_equal(ev.question.challenge.n, 16);
    assert_memory_equal(ev.question.challenge.p, srv.challenge, 16);
    accept_text(ev.ask, "S=x", true);
    ev = event();
    assert_int_equal(ev.kind, AUTH_SERVER_EV_ACCEPTED);
    assert_true(ev.keyed);
    assert_int_equal(ev.hlak[31], 0x77);
    assert_true(pull());
    assert_int_equal(buf[0], CHAP_SUCCESS);
    assert_int_equal(buf[1], id);
    /* The same Response again: the same answer, no question. Another Identifier: nothing. */
    assert_int_equal(feed_chap(CHAP_RESPONSE, id, 49, slice_str("D\\u")), FED_TOOK);
    assert_true(pull());
    assert_int_equal(buf[0], CHAP_SUCCESS);
    assert_int_equal(feed_chap(CHAP_RESPONSE, id + 1, 49, slice_str("D\\u")), FED_TOOK);
    assert_false(pull());
}

static void chap_drops(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    uint8_t id = challenged();
    static const uint8_t codes[] = { CHAP_CHALLENGE, CHAP_SUCCESS, CHAP_FAILURE };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(feed_chap(codes[i], id, 16, slice_str("u")), FED_TOOK);
    assert_int_equal(feed_chap(CHAP_RESPONSE, id + 1, 49, slice_str("u")), FED_TOOK);
    for (size_t n = 1; n <= 255; n++)
        if (n != 49)
            assert_int_equal(feed_chap(CHAP_RESPONSE, id, n, slice_str("u")), FED_TOOK);
    assert_false(pull());
    assert_int_equal(host.notes[NOTE_AUTH_BAD_PACKET], 3 + 1 + 254);
    assert_int_equal(auth_server_due(&srv), 4000); /* nothing of that bought time */
    assert_int_equal(feed_chap(CHAP_RESPONSE, id, 49, slice_str("u")), FED_EVENT);
}

static void hostile_lengths(void **state)
{
    (void)state;
    static const uint8_t rows[][6] = { { 2, 0, 0, 0, 0, 0 }, { 2, 0, 0xff, 0xff, 1, 1 }, { 2, 0, 0, 6, 255, 1 } };
    for (unsigned m = AUTH_PAP; m < AUTH_METHODS; m++) {
        begin((enum auth_method)m);
        (void)event();
        unsigned before = host.notes[NOTE_AUTH_BAD_PACKET];
        for (size_t i = 0; i < 3; i++) {
            for (size_t n = 1; n <= 6; n++) {
                struct rd r = rd_of(rows[i], n);
                if (n == 6 && i == 2 && m == AUTH_EAP_MSCHAPV2)
                    continue; /* a well-formed Response of type 255 */
                assert_int_equal(auth_server_feed(&srv, &r, 2000), FED_TOOK);
                assert_int_equal(rd_left(&r), 0);
                assert_int_equal(host.notes[NOTE_AUTH_BAD_PACKET], ++before);
            }
        }
        struct rd empty = rd_of("", 0);
        assert_int_equal(auth_server_feed(&srv, &empty, 2000), FED_MORE);
    }
}

static void mschap_retry(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    uint8_t id = challenged();
    feed_chap(CHAP_RESPONSE, id, 49, slice_str("u"));
    uint32_t first = asked();
    refuse_text(first, "E=691 R=1 C=00000000000000000000000000000000 V=3 M=Try again", true);
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    struct mschap_failure f = failure(id);
    assert_true(f.retry);
    assert_int_equal(f.error, 691);
    assert_int_equal(f.challenge[0], 0xc3); /* C= is the challenge that will be asked about */
    assert_true(slice_eq(f.message, slice_str("Try again")));
    /* RFC 2759 6: no short timeouts now, and no new Challenge. */
    assert_int_equal(auth_server_due(&srv), 3000 + AUTH_SERVER_PATIENCE);
    auth_server_tick(&srv, 3000 + 20000);
    assert_false(pull());
    /* The old Response once more: the same Failure, no question. */
    assert_int_equal(feed_chap(CHAP_RESPONSE, id, 49, slice_str("u")), FED_TOOK);
    assert_true(failure(id).retry);
    /* The next Identifier is the retry. */
    assert_int_equal(feed_chap(CHAP_RESPONSE, id + 2, 49, slice_str("u")), FED_TOOK);
    assert_int_equal(feed_chap(CHAP_RESPONSE, id + 1, 49, slice_str("u")), FED_EVENT);
    struct auth_server_event ev = event();
    assert_int_equal(ev.kind, AUTH_SERVER_EV_ASK);
    assert_int_not_equal(ev.ask, first);
    assert_int_equal(ev.question.challenge.p[0], 0xc3);
    accept_text(first, "S=late", true); /* a late answer to the first question */
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    refuse_text(ev.ask, "E=691 R=1 V=3", true);
    assert_true(failure(id + 1).retry);
    /* The third is the last, whatever the judge would allow. */
    feed_chap(CHAP_RESPONSE, id + 2, 49, slice_str("u"));
    refuse_text(asked(), "E=691 R=1 V=3", true);
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
    assert_false(failure(id + 2).retry);
    assert_int_equal(host.notes[NOTE_AUTH_RETRY], 2);
    assert_int_equal(auth_server_due(&srv), NEVER);
    assert_int_equal(feed_chap(CHAP_RESPONSE, id + 3, 49, slice_str("u")), FED_TOOK);
    assert_false(pull());
}

static void identifiers_wrap(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    srv.id = 255;
    feed_chap(CHAP_RESPONSE, 255, 49, slice_str("u"));
    refuse_text(asked(), "E=691 R=1 V=3", true);
    assert_int_equal(feed_chap(CHAP_RESPONSE, 0, 49, slice_str("u")), FED_EVENT);
}

static void mschap_no_retry(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    uint8_t id = challenged();
    feed_chap(CHAP_RESPONSE, id, 49, slice_str("u"));
    refuse_text(asked(), "E=647 R=1 C=00000000000000000000000000000000 V=3 M=Disabled", false);
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
    struct mschap_failure f = failure(id);
    assert_false(f.retry); /* the text said R=1, the verdict did not */
    assert_int_equal(f.error, 647);
}

static void mschap_nonsense_text(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    uint8_t id = challenged();
    feed_chap(CHAP_RESPONSE, id, 49, slice_str("u"));
    refuse_text(asked(), "go away", false);
    struct mschap_failure f = failure(id);
    assert_int_equal(f.error, 691);
    assert_int_equal(f.message.n, 0);
}

static void change_password(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    uint8_t id = challenged();
    assert_int_equal(feed_chap(CHAP_CHANGE_PASSWORD, id + 1, 1, slice_str("")), FED_EVENT);
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
    struct mschap_failure f = failure(id + 1);
    assert_int_equal(f.error, 709);
    assert_false(f.retry);
    assert_true(f.message.n > 0); /* with words */
    begin(AUTH_CHAP_MD5);
    (void)challenged();
    assert_int_equal(feed_chap(CHAP_CHANGE_PASSWORD, 1, 1, slice_str("")), FED_TOOK); /* not a code of RFC 1994 */
    assert_false(pull());
}

static void name_lengths(void **state)
{
    (void)state;
    static uint8_t name[2000];
    static const size_t ns[] = { 0, 1, 255, 256, 257, 1400 };
    for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++) {
        begin(AUTH_MSCHAPV2);
        uint8_t id = challenged();
        assert_int_equal(feed_chap(CHAP_RESPONSE, id, 49, slice_of(name, ns[i])), FED_EVENT);
        struct auth_server_event ev = event();
        assert_int_equal(ev.kind, ns[i] <= 256 ? AUTH_SERVER_EV_ASK : AUTH_SERVER_EV_REFUSED);
        if (ns[i] <= 256)
            assert_int_equal(ev.question.name.n, ns[i]);
        else
            assert_int_equal(failure(id).error, 691);
    }
}

static void md5(void **state)
{
    (void)state;
    begin(AUTH_CHAP_MD5);
    uint8_t id = challenged();
    assert_int_equal(feed_chap(CHAP_RESPONSE, id, 49, slice_str("u")), FED_TOOK);
    assert_int_equal(feed_chap(CHAP_RESPONSE, id, 16, slice_str("u")), FED_EVENT);
    refuse_text(asked(), "no", true); /* RFC 1994 4.2: no second attempt, whatever the judge would allow */
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
    assert_true(pull());
    assert_int_equal(buf[0], CHAP_FAILURE);
    assert_int_equal(len, 6);
}

/* Verdicts */

static void late_and_wrong_answers(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    uint8_t id = challenged();
    accept_text(0, "S=", true);
    accept_text(1, "S=", true); /* before anything was asked */
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    feed_chap(CHAP_RESPONSE, id, 49, slice_str("u"));
    uint32_t ask = asked();
    accept_text(ask + 1, "S=", true);
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    assert_false(pull());
    accept_text(ask, "S=", true);
    assert_int_equal(event().kind, AUTH_SERVER_EV_ACCEPTED);
    refuse_text(ask, "E=691", false); /* the second answer to one question */
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    assert_true(pull());
    assert_int_equal(buf[0], CHAP_SUCCESS);
}

static void no_verdict_in_time(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    uint8_t id = challenged();
    feed_chap(CHAP_RESPONSE, id, 49, slice_str("u"));
    uint32_t ask = asked();
    assert_int_equal(auth_server_due(&srv), 2000 + AUTH_SERVER_PATIENCE);
    auth_server_tick(&srv, 2000 + AUTH_SERVER_PATIENCE);
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
    assert_int_equal(failure(id).error, 691);
    accept_text(ask, "S=", true);
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
}

static void accepted_without_a_key(void **state)
{
    (void)state;
    struct auth_verdict zeros = { .kind = VERDICT_ACCEPT, .text = slice_str("S="), .keyed = true };
    for (unsigned i = 0; i < 2; i++) {
        begin(AUTH_MSCHAPV2);
        uint8_t id = challenged();
        feed_chap(CHAP_RESPONSE, id, 49, slice_str("u"));
        if (i == 0)
            accept_text(asked(), "S=", false);
        else
            auth_server_answer(&srv, asked(), &zeros, 3000);
        assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
        assert_int_equal(failure(id).error, 691);
        assert_int_equal(host.notes[NOTE_AUTH_NO_KEYS], 1);
    }
}

static void more_is_for_eap_only(void **state)
{
    (void)state;
    const struct auth_verdict more = { .kind = VERDICT_MORE };
    begin(AUTH_PAP);
    feed_pap(1, "u", "p");
    auth_server_answer(&srv, asked(), &more, 3000);
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
    begin(AUTH_CHAP_MD5);
    feed_chap(CHAP_RESPONSE, challenged(), 16, slice_str("u"));
    auth_server_answer(&srv, asked(), &more, 3000);
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
}

static void small_buffer_and_done(void **state)
{
    (void)state;
    begin(AUTH_MSCHAPV2);
    assert_int_equal(auth_server_pull(&srv, buf, 10), 0);
    assert_true(pull()); /* still there */
    auth_server_done(&srv);
    assert_int_equal(auth_server_due(&srv), NEVER);
    assert_false(pull());
    auth_server_tick(&srv, NEVER - 1);
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    uint8_t pkt[] = { 2, 0, 0, 4 };
    struct rd r = rd_of(pkt, sizeof(pkt));
    assert_int_equal(auth_server_feed(&srv, &r, 9000), FED_MORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pap_accepts),
        cmocka_unit_test(pap_repeats_cost_nothing),
        cmocka_unit_test(pap_attempts),
        cmocka_unit_test(pap_silence),
        cmocka_unit_test(pap_long_text_is_cut),
        cmocka_unit_test(chap_retransmits),
        cmocka_unit_test(chap_question),
        cmocka_unit_test(chap_drops),
        cmocka_unit_test(hostile_lengths),
        cmocka_unit_test(mschap_retry),
        cmocka_unit_test(identifiers_wrap),
        cmocka_unit_test(mschap_no_retry),
        cmocka_unit_test(mschap_nonsense_text),
        cmocka_unit_test(change_password),
        cmocka_unit_test(name_lengths),
        cmocka_unit_test(md5),
        cmocka_unit_test(late_and_wrong_answers),
        cmocka_unit_test(no_verdict_in_time),
        cmocka_unit_test(accepted_without_a_key),
        cmocka_unit_test(more_is_for_eap_only),
        cmocka_unit_test(small_buffer_and_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
