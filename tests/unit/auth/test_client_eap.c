/* The peer's side of EAP: Identity, Notification, Nak, EAP-MSCHAPv2, and servers that prove nothing. */
#include "auth_test.h"

static struct test_host host;
static struct env env;
static struct auth_client cli;
static uint8_t buf[2048];
static struct eap_pkt rsp;
static struct eap_mschap ms;
static uint8_t challenge[16];

static const char *user_ = "D\\user";
static const char *password_ = "geheim";

static struct auth_client_event event(void)
{
    struct auth_client_event ev = { 0 };
    (void)auth_client_event(&cli, &ev);
    return ev;
}

static void begin(void)
{
    struct auth_client_conf conf = { AUTH_EAP_MSCHAPV2, slice_str(user_), slice_str(password_), 3000, 10 };
    host = (struct test_host){ .dice = 5 };
    env = TEST_ENV(host);
    auth_client_init(&cli, &conf, &env, 1000);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
}

static int feed(struct slice s)
{
    struct rd r = rd_slice(s);
    return auth_client_feed(&cli, &r, 2000);
}

static int feed_eap(uint8_t code, uint8_t id, uint8_t type, const char *data)
{
    uint8_t pkt[700];
    struct wr w = wr_of(pkt, sizeof(pkt));
    eap_pkt_put(&w, &(struct eap_pkt){ .code = code, .id = id, .type = type, .data = slice_str(data) });
    return feed(wr_slice(&w));
}

static int feed_mschap(uint8_t id, uint8_t op, const char *text)
{
    uint8_t pkt[900];
    struct wr w = wr_of(pkt, sizeof(pkt));
    memset(challenge, id, sizeof(challenge));
    eap_mschap_put(&w, EAP_REQUEST, id,
                   &(struct eap_mschap){ op, 3, slice_of(challenge, 16), slice_str("srv"), slice_str(text) });
    return feed(wr_slice(&w));
}

static bool responded(uint8_t id)
{
    size_t n = auth_client_pull(&cli, buf, sizeof(buf));
    if (n == 0)
        return false;
    struct rd r = rd_of(buf, n);
    assert_int_equal(eap_pkt_parse(&r, &rsp), 0);
    assert_int_equal(rsp.code, EAP_RESPONSE);
    assert_int_equal(rsp.id, id);
    memset(&ms, 0, sizeof(ms));
    if (rsp.type == EAP_TYPE_MSCHAPV2)
        assert_int_equal(eap_mschap_parse(rsp.data, EAP_RESPONSE, &ms), 0);
    return true;
}

static void answered(uint8_t id, char success[43], uint8_t hlak[32])
{
    uint8_t hash[16];
    assert_int_equal(feed_mschap(id, EAP_MSCHAP_CHALLENGE, ""), FED_TOOK);
    assert_true(responded(id));
    assert_int_equal(ms.op, EAP_MSCHAP_RESPONSE);
    assert_int_equal(ms.ms_id, 3);
    assert_true(slice_eq(ms.name, slice_str(user_)));
    assert_int_equal(mschap_nt_hash(&prim_host, slice_str(password_), hash), 0);
    assert_true(verify_mschapv2(&prim_host, hash, ms.name, slice_of(challenge, 16), ms.value, success, hlak));
}

static void good(void **state)
{
    (void)state;
    for (uint8_t plus = 0; plus < 2; plus++) { /* the Success may have the Identifier of the Response, or the next */
        char success[43];
        uint8_t hlak[32];
        begin();
        assert_int_equal(feed_eap(EAP_REQUEST, 1, EAP_TYPE_IDENTITY, "who?"), FED_TOOK);
        assert_true(responded(1));
        assert_int_equal(rsp.type, EAP_TYPE_IDENTITY);
        assert_true(slice_eq(rsp.data, slice_str(user_)));
        answered(2, success, hlak);
        assert_int_equal(feed_mschap(3, EAP_MSCHAP_SUCCESS, success), FED_TOOK);
        assert_true(responded(3));
        assert_int_equal(ms.op, EAP_MSCHAP_SUCCESS);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE); /* not yet */
        assert_int_equal(feed_eap(EAP_SUCCESS, 2, 0, ""), FED_TOOK);
        assert_int_equal(feed_eap(EAP_SUCCESS, 5, 0, ""), FED_TOOK);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
        assert_int_equal(feed_eap(EAP_SUCCESS, 3 + plus, 0, ""), FED_EVENT);
        struct auth_client_event ev = event();
        assert_int_equal(ev.kind, AUTH_CLIENT_EV_ACCEPTED);
        assert_true(ev.keyed);
        assert_memory_equal(ev.hlak, hlak, 32);
        assert_int_equal(auth_client_due(&cli), NEVER);
    }
}

static void straight_to_the_method(void **state)
{
    (void)state;
    char success[43];
    uint8_t hlak[32];
    begin();
    answered(2, success, hlak); /* RFC 3748 2: the Identity may be left out */
}

static void repeated_requests(void **state)
{
    (void)state;
    char success[43];
    uint8_t hlak[32];
    uint8_t first[300];
    begin();
    answered(2, success, hlak);
    memcpy(first, buf, 60);
    feed_mschap(2, EAP_MSCHAP_CHALLENGE, "");
    assert_true(responded(2));
    assert_memory_equal(buf, first, 60);
    feed_mschap(3, EAP_MSCHAP_SUCCESS, success);
    assert_true(responded(3));
    feed_mschap(3, EAP_MSCHAP_SUCCESS, "S=nonsense"); /* the same Identifier: not looked into again */
    assert_true(responded(3));
    assert_int_equal(ms.op, EAP_MSCHAP_SUCCESS);
    feed_eap(EAP_SUCCESS, 3, 0, "");
    assert_int_equal(event().kind, AUTH_CLIENT_EV_ACCEPTED);
}

static void notification(void **state)
{
    (void)state;
    char success[43];
    uint8_t hlak[32];
    begin();
    feed_eap(EAP_REQUEST, 9, EAP_TYPE_NOTIFICATION, "Your password expires soon");
    assert_true(responded(9));
    assert_int_equal(rsp.type, EAP_TYPE_NOTIFICATION);
    assert_int_equal(rsp.data.n, 0);
    answered(10, success, hlak);
    feed_mschap(11, EAP_MSCHAP_SUCCESS, success);
    assert_true(responded(11));
    feed_eap(EAP_REQUEST, 12, EAP_TYPE_NOTIFICATION, "still here");
    assert_true(responded(12));
    feed_eap(EAP_SUCCESS, 12, 0, "");
    assert_int_equal(event().kind, AUTH_CLIENT_EV_ACCEPTED);
}

static void naks(void **state)
{
    (void)state;
    static const uint8_t types[] = { EAP_TYPE_MD5, 5, EAP_TYPE_TLS, 21, EAP_TYPE_PEAP, 255, 0, EAP_TYPE_NAK };
    begin();
    for (uint8_t i = 0; i < sizeof(types); i++) {
        feed_eap(EAP_REQUEST, i, types[i], "anything");
        assert_true(responded(i));
        assert_int_equal(rsp.type, EAP_TYPE_NAK);
        assert_int_equal(rsp.data.n, 1);
        assert_int_equal(rsp.data.p[0], EAP_TYPE_MSCHAPV2);
    }
    feed_eap(EAP_REQUEST, 100, EAP_TYPE_EXPANDED, "12345678"); /* its vendor is zero here: never mind */
    assert_true(responded(100));
    assert_int_equal(rsp.type, EAP_TYPE_NAK);
}

static void success_without_proof(void **state)
{
    (void)state;
    char success[43];
    uint8_t hlak[32];
    begin();
    assert_int_equal(feed_eap(EAP_SUCCESS, 0, 0, ""), FED_EVENT); /* at once */
    assert_int_equal(event().kind, AUTH_CLIENT_EV_UNPROVEN);
    begin();
    answered(2, success, hlak);
    feed_eap(EAP_SUCCESS, 2, 0, ""); /* straight after our answer */
    assert_int_equal(event().kind, AUTH_CLIENT_EV_UNPROVEN);
    begin();
    assert_int_equal(feed_mschap(1, EAP_MSCHAP_SUCCESS, success), FED_EVENT); /* we answered nothing */
    assert_int_equal(event().kind, AUTH_CLIENT_EV_UNPROVEN);
    static const char *const rows[] = { "", "S=", "M=Hi", "S=0000000000000000000000000000000000000000" };
    for (size_t i = 0; i < 4; i++) {
        begin();
        answered(2, success, hlak);
        assert_int_equal(feed_mschap(3, EAP_MSCHAP_SUCCESS, rows[i]), FED_EVENT);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_UNPROVEN);
        assert_false(responded(3)); /* no Success Response for this one */
    }
    begin();
    answered(2, success, hlak);
    feed_mschap(3, EAP_MSCHAP_FAILURE, "E=691 R=0");
    assert_true(responded(3));
    feed_eap(EAP_SUCCESS, 3, 0, ""); /* after all? */
    assert_int_equal(event().kind, AUTH_CLIENT_EV_UNPROVEN);
}

static void another_proof_does_not_do(void **state)
{
    (void)state;
    char first[43], second[43];
    uint8_t hlak[32];
    begin();
    answered(2, first, hlak);
    answered(3, second, hlak); /* challenged once more: the first answer no longer counts */
    assert_string_not_equal(first, second);
    feed_mschap(4, EAP_MSCHAP_SUCCESS, first);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_UNPROVEN);
}

static void refused(void **state)
{
    (void)state;
    char success[43];
    uint8_t hlak[32];
    for (unsigned late = 0; late < 2; late++) {
        begin();
        answered(2, success, hlak);
        feed_mschap(3, EAP_MSCHAP_FAILURE, "E=647 R=1 C=00000000000000000000000000000000 V=3 M=Disabled");
        assert_true(responded(3));
        assert_int_equal(ms.op, EAP_MSCHAP_FAILURE);
        assert_int_equal(rsp.data.n, 1);
        assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
        assert_int_equal(auth_client_due(&cli), 2000 + 3000);
        if (late)
            auth_client_tick(&cli, 5000); /* the EAP-Failure never comes */
        else
            assert_int_equal(feed_eap(EAP_FAILURE, 3, 0, ""), FED_EVENT);
        struct auth_client_event ev = event();
        assert_int_equal(ev.kind, AUTH_CLIENT_EV_REFUSED);
        assert_int_equal(ev.code, 647);
        assert_true(ev.retry);
        assert_true(slice_eq(ev.text, slice_str("Disabled")));
    }
}

static void failure_without_words(void **state)
{
    (void)state;
    char success[43];
    uint8_t hlak[32];
    begin();
    assert_int_equal(feed_eap(EAP_FAILURE, 200, 0, ""), FED_EVENT); /* before any Request */
    struct auth_client_event ev = event();
    assert_int_equal(ev.kind, AUTH_CLIENT_EV_REFUSED);
    assert_int_equal(ev.code, 691);
    begin();
    answered(2, success, hlak);
    assert_int_equal(feed_eap(EAP_FAILURE, 9, 0, ""), FED_TOOK);
    assert_int_equal(feed_eap(EAP_FAILURE, 2, 0, ""), FED_EVENT);
    assert_int_equal(event().code, 691);
    begin();
    answered(2, success, hlak);
    feed_mschap(3, EAP_MSCHAP_SUCCESS, success);
    feed_eap(EAP_FAILURE, 3, 0, ""); /* the password was right, and still */
    ev = event();
    assert_int_equal(ev.kind, AUTH_CLIENT_EV_REFUSED);
    assert_int_equal(ev.code, 691);
}

static void hostile_packets(void **state)
{
    (void)state;
    /* CVE-2025-62291: EAP packets of 6 to 8 bytes with OpCode 4, and others that say less than they should. */
    static const struct {
        size_t n;
        uint8_t bytes[12];
    } rows[] = {
        { 5, { 1, 9, 0, 5, 26 } },
        { 6, { 1, 9, 0, 6, 26, 4 } },
        { 7, { 1, 9, 0, 7, 26, 4, 0 } },
        { 8, { 1, 9, 0, 8, 26, 4, 0, 0 } },
        { 6, { 1, 9, 0, 6, 26, 3 } },
        { 9, { 1, 9, 0, 9, 26, 4, 0, 0, 3 } },
        { 9, { 1, 9, 0, 9, 26, 4, 0, 0xff, 0xff } },
        { 10, { 1, 9, 0, 10, 26, 1, 0, 0, 5, 16 } },
        { 9, { 1, 9, 0, 9, 26, 7, 0, 0, 4 } },
        { 9, { 1, 9, 0, 9, 26, 2, 0, 0, 4 } },
        { 6, { 2, 9, 0, 6, 26, 3 } },
    };
    begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(feed(slice_of(rows[i].bytes, rows[i].n)), FED_TOOK);
        assert_int_equal(host.notes[NOTE_AUTH_BAD_PACKET], i + 1);
        assert_false(responded(9));
    }
    assert_int_equal(event().kind, AUTH_CLIENT_EV_NONE);
}

static void silence(void **state)
{
    (void)state;
    char success[43];
    uint8_t hlak[32];
    begin();
    feed_eap(EAP_REQUEST, 1, EAP_TYPE_IDENTITY, "");
    answered(2, success, hlak);
    assert_int_equal(auth_client_due(&cli), 1000 + AUTH_CLIENT_LIMIT); /* nothing of this bought time */
    auth_client_tick(&cli, 1000 + AUTH_CLIENT_LIMIT);
    assert_int_equal(event().kind, AUTH_CLIENT_EV_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(straight_to_the_method),
        cmocka_unit_test(repeated_requests),
        cmocka_unit_test(notification),
        cmocka_unit_test(naks),
        cmocka_unit_test(success_without_proof),
        cmocka_unit_test(another_proof_does_not_do),
        cmocka_unit_test(refused),
        cmocka_unit_test(failure_without_words),
        cmocka_unit_test(hostile_packets),
        cmocka_unit_test(silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
