/* How a call ended: for each cause the exit status that the manual promises, and a line with words and with what to do. */
#include "client/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "events/events.h"
#include "wire/sstp_msg.h"

static char said[4096];
static int sink;

static int setup(void **state)
{
    (void)state;
    sink = memfd_create("events", 0);
    events_init("test", EVENT_DEBUG);
    events_set_fd(sink);
    return sink < 0;
}

static int teardown(void **state)
{
    (void)state;
    events_set_fd(-1);
    return close(sink);
}

static const char *lines(void)
{
    ssize_t n = pread(sink, said, sizeof said - 1, 0);
    assert_true(n >= 0);
    said[n] = '\0';
    assert_int_equal(ftruncate(sink, 0), 0);
    assert_int_equal(lseek(sink, 0, SEEK_SET), 0);
    return said;
}

static enum exit_code ended(enum tunnel_cause cause, uint32_t detail, uint8_t attrib, bool was_up)
{
    static const struct tls_cert_hash leaf = { .sha1 = { 0xab }, .sha256 = { 0xcd } };
    struct outcome o = { "0D528CAC", "vpn.example.com", was_up };
    struct tunnel_event ev = {
        .kind = TUNNEL_EV_DOWN, .cause = cause, .detail = detail, .attrib = attrib, .text = slice_str("their\nwords")
    };
    return outcome_tunnel(&o, &ev, &leaf);
}

static void test_every_cause(void **state)
{
    (void)state;
    static const struct {
        enum tunnel_cause cause;
        uint32_t detail;
        uint8_t attrib;
        bool was_up;
        enum exit_code code;
        const char *event;
    } rows[] = {
        { TUNNEL_CAUSE_LOCAL, 0, 0, true, EXIT_OK, "CLIENT_DISCONNECTED" },
        { TUNNEL_CAUSE_PEER, 0, 0, true, EXIT_REFUSED, "CLIENT_DISCONNECTED" },
        { TUNNEL_CAUSE_LOST, 0, 0, true, EXIT_NETWORK, "CLIENT_LOST" },
        { TUNNEL_CAUSE_LOST, 0, 0, false, EXIT_NETWORK, "CLIENT_NO_RESPONSE" },
        { TUNNEL_CAUSE_HTTP_TIMEOUT, 0, 0, false, EXIT_NETWORK, "CLIENT_NO_RESPONSE" },
        { TUNNEL_CAUSE_HTTP_REFUSED, 404, 0, false, EXIT_REFUSED, "CLIENT_HTTP_REFUSED" },
        { TUNNEL_CAUSE_HTTP_VERSION, 0, 0, false, EXIT_REFUSED, "CLIENT_NOT_HTTP11" },
        { TUNNEL_CAUSE_SSTP, 4, 1, false, EXIT_REFUSED, "SSTP_NEGOTIATION_FAILED" },
        { TUNNEL_CAUSE_SSTP_ABORTED, 9, 2, false, EXIT_REFUSED, "SSTP_NEGOTIATION_FAILED" },
        { TUNNEL_CAUSE_SSTP_ABORTED, 4, SSTP_ATTRIB_CRYPTO_BINDING, false, EXIT_CERTIFICATE, "SECURITY_CHECK_FAILED" },
        { TUNNEL_CAUSE_BINDING, BINDING_MAC, 0, false, EXIT_CERTIFICATE, "SECURITY_CHECK_FAILED" },
        { TUNNEL_CAUSE_BINDING, 999, 0, false, EXIT_CERTIFICATE, "SECURITY_CHECK_FAILED" },
        { TUNNEL_CAUSE_NEGOTIATION_TIMEOUT, 0, 0, false, EXIT_NETWORK, "SSTP_NEGOTIATION_FAILED" },
        { TUNNEL_CAUSE_HELLO_TIMEOUT, 0, 0, true, EXIT_NETWORK, "CLIENT_LOST" },
        { TUNNEL_CAUSE_GARBAGE, 0, 0, false, EXIT_REFUSED, "SSTP_NEGOTIATION_FAILED" },
        { TUNNEL_CAUSE_LCP, 0, 0, false, EXIT_REFUSED, "SSTP_NEGOTIATION_FAILED" },
        { TUNNEL_CAUSE_NO_AUTH_METHOD, 0, 0, false, EXIT_AUTH, "CLIENT_AUTH_FAILED" },
        { TUNNEL_CAUSE_AUTH_REFUSED, 691, 0, false, EXIT_AUTH, "CLIENT_AUTH_FAILED" },
        { TUNNEL_CAUSE_AUTH_TIMEOUT, 0, 0, false, EXIT_AUTH, "CLIENT_AUTH_FAILED" },
        { TUNNEL_CAUSE_SERVER_UNPROVEN, 0, 0, false, EXIT_AUTH, "CLIENT_UNPROVEN" },
        { TUNNEL_CAUSE_NO_NETWORK, 0, 0, false, EXIT_REFUSED, "SSTP_NEGOTIATION_FAILED" },
        { TUNNEL_CAUSE_NO_ADDRESS, 0, 0, false, EXIT_REFUSED, "SSTP_NEGOTIATION_FAILED" },
    };
    bool seen[TUNNEL_CAUSE_NO_ADDRESS + 1] = { [TUNNEL_CAUSE_NONE] = true };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char event[64];
        enum exit_code code = ended(rows[i].cause, rows[i].detail, rows[i].attrib, rows[i].was_up);
        snprintf(event, sizeof event, " %s test call={0D528CAC}", rows[i].event);
        if (code != rows[i].code || !strstr(lines(), event))
            fail_msg("row %u: status %d, %s", i, code, said);
        const char *end = strchr(said, '\n');
        assert_true(end && end[1] == '\0'); /* one line, whatever the peer's words were */
        seen[rows[i].cause] = true;
    }
    for (unsigned c = 0; c <= TUNNEL_CAUSE_NO_ADDRESS; c++)
        assert_true(seen[c]);
}

static void test_below_the_tunnel(void **state)
{
    (void)state;
    struct outcome o = { "0D528CAC", "vpn.example.com", false };
    assert_int_equal(outcome_tls(&o, NULL, "connection closed"), EXIT_NETWORK);
    assert_non_null(strstr(lines(), "CLIENT_REQUEST_NOT_SENT"));
    assert_non_null(strstr(said, "connection closed"));
    assert_int_equal(outcome_lost(&o, "no answer"), EXIT_NETWORK);
    assert_non_null(strstr(lines(), "CLIENT_REQUEST_NOT_SENT"));
    o.was_up = true;
    assert_int_equal(outcome_lost(&o, "no answer"), EXIT_NETWORK);
    assert_non_null(strstr(lines(), "CLIENT_LOST"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cause),
        cmocka_unit_test(test_below_the_tunnel),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
