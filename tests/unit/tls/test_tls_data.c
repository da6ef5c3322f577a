/* The engine after the handshake, and what is none: large writes, small buffers, KeyUpdate, ends of all kinds, plain
 * HTTP and garbage, memory. */
#include "peers.h"
#include "tls/tls_impl.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

static void large_writes_in_chunks(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    static const size_t chunks[] = { 1, 7, 1448, 16384, 20000, PIPE_CAP };
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        transfer(&a, &b, chunks[i] < 7 ? 20000 : 65536, chunks[i], 65536);
        transfer(&b, &a, 65536, chunks[i] < 7 ? 1000 : chunks[i], 1 + i * 700); /* small reads: data waits inside */
    }
    transfer(&a, &b, 0, 1, 1);
    assert_int_equal(tls_read(b.t, got, 0), ERR_LENGTH);
    close_both();
}

static void write_needs_room(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    fill(sent, 40000, 1);
    a.io.out_cap = tls_write_room(40000) - 1;
    assert_int_equal(tls_write(a.t, sent, 40000), ERR_NOBUF);
    assert_int_equal(a.io.out_len, 0);
    a.io.out_cap = tls_write_room(40000);
    assert_int_equal(tls_write(a.t, sent, 40000), 0);
    a.io.out_cap = a.io.out_len + 500;
    assert_int_equal(tls_write(a.t, sent, 1), ERR_NOBUF); /* what is there stays as it is */
    end_ship(&a, &b);
    a.io.out_cap = sizeof a.out;
    size_t have = 0;
    for (long r; (r = end_read(&b, got + have, 65536, PIPE_CAP)) > 0;)
        have += (size_t)r;
    assert_int_equal(have, 40000);
    assert_memory_equal(sent, got, have);
    transfer(&a, &b, 5, 100, 100);
    close_both();
}

/* A handshake through output buffers that are far too small: slower, never lost. */
static void handshake_with_tiny_output(void **state)
{
    (void)state;
    static const size_t caps[] = { 1, 5, 100, 1000 };
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        open_both(true, caps[i]);
        assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
        a.io.out_cap = b.io.out_cap = sizeof a.out;
        one_message(&a, &b, "a");
        one_message(&b, &a, "b");
        close_both();
    }
}

static void key_update_under_load(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    for (int i = 0; i < 60; i++) {
        struct tls_end *x = i & 1 ? &a : &b, *y = i & 1 ? &b : &a;
        assert_int_equal(tls_key_update(x->t, i & 2), 0);
        if (i % 3 == 0)
            assert_int_equal(tls_key_update(y->t, true), 0); /* both at once */
        transfer(x, y, 30000, i % 5 ? PIPE_CAP : 333, 65536);
        transfer(y, x, 30000, PIPE_CAP, 65536); /* carries y's answer in front of the data */
    }
    close_both();
}

/* The answer to a KeyUpdate goes out in front of the next data; without room for both, neither goes. */
static void key_update_answer_without_room(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    assert_int_equal(tls_key_update(a.t, true), 0);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"hello", 5), 0);
    end_ship(&a, &b);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), 5);
    assert_memory_equal(got, "hello", 5);
    b.io.out_cap = b.io.out_len; /* full */
    assert_int_equal(tls_write(b.t, (const uint8_t *)"w", 1), ERR_NOBUF);
    b.io.out_cap = b.io.out_len + tls_write_room(1);
    assert_int_equal(tls_write(b.t, (const uint8_t *)"w", 1), 0);
    assert_true(b.io.out_len > 2 * 22); /* two records */
    end_ship(&b, &a);
    b.io.out_cap = sizeof b.out;
    assert_int_equal(end_read(&a, got, sizeof got, PIPE_CAP), 1);
    transfer(&b, &a, 1000, PIPE_CAP, 65536);
    transfer(&a, &b, 1000, PIPE_CAP, 65536);
    close_both();
}

static unsigned updates; /* that the plain peer has seen */

static void on_message(int write, int version, int type, const void *bytes, size_t n, SSL *ssl, void *arg)
{
    (void)version;
    (void)ssl;
    (void)arg;
    updates += !write && type == SSL3_RT_HANDSHAKE && n && *(const uint8_t *)bytes == SSL3_MT_KEY_UPDATE;
}

/* RFC 8446 5.5: a key is changed before too much was encrypted with it. */
static void keys_are_renewed_in_time(void **state)
{
    (void)state;
    static const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION };
    for (int v = 0; v < 2; v++) {
        struct plain p;
        plain_server(false);
        plain_open(&p, versions[v], NULL);
        SSL_set_msg_callback(p.ssl, on_message);
        assert_int_equal(plain_handshake(&p, &b), 1);
        updates = 0;
        to_plain(&p, 3 * TLS_RECORD);
        assert_int_equal(b.t->records, 3);
        to_plain(&p, 1);
        assert_int_equal(b.t->records, 4);
        b.t->records = TLS_KEY_RECORDS - 3;
        to_plain(&p, 2 * TLS_RECORD);
        assert_int_equal(updates, 0);
        to_plain(&p, 1);
        assert_int_equal(updates, versions[v] == TLS1_3_VERSION);
        to_plain(&p, 50000);
        assert_int_equal(updates, versions[v] == TLS1_3_VERSION);
        assert_int_equal(SSL_write(p.ssl, "back", 4), 4); /* the peer's own keys stay as they are */
        plain_ship(&p, &b);
        assert_int_equal(end_read(&b, got, sizeof(got), PIPE_CAP), 4);
        plain_close(&p);
        end_close(&b);
    }
}

/* Reading may have to say something (here: no to a renegotiation), so it does not begin without room for that. */
static void read_needs_room(void **state)
{
    (void)state;
    struct plain p;
    plain_server(false);
    plain_open(&p, TLS1_2_VERSION, NULL);
    assert_int_equal(plain_handshake(&p, &b), 1);
    assert_int_equal(SSL_renegotiate(p.ssl), 1);
    SSL_do_handshake(p.ssl);
    plain_ship(&p, &b);
    size_t waits = b.in_len;
    b.io.out_cap = TLS_READ_ROOM - 1;
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_NOBUF);
    assert_int_equal(b.in_len, waits); /* nothing taken */
    b.io.out_cap = TLS_READ_ROOM;
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), 0);
    assert_true(b.io.out_len > 0);
    plain_ship(&p, &b);
    assert_int_equal(SSL_do_handshake(p.ssl), -1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    plain_close(&p);
    end_close(&b);
}

static void no_key_update_in_12(void **state)
{
    (void)state;
    struct plain p;
    plain_server(false);
    assert_int_equal(tls_key_update(b.t, true), ERR_STATE);
    plain_open(&p, TLS1_2_VERSION, NULL);
    assert_int_equal(plain_handshake(&p, &b), 1);
    assert_int_equal(tls_key_update(b.t, true), ERR_STATE);
    plain_close(&p);
    end_close(&b);
}

/* ---- ends ---- */

static void close_notify_ends_it(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"bye", 3), 0);
    tls_close(a.t);
    tls_close(a.t);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"x", 1), ERR_STATE);
    end_ship(&a, &b);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), 3);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_ENDED);
    assert_int_equal(tls_state(b.t), TLS_CLOSED);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_ENDED);
    assert_int_equal(tls_eof(b.t), ERR_ENDED);
    assert_string_equal(tls_fail_text(b.t), "");
    tls_close(b.t);
    end_ship(&b, &a);
    assert_int_equal(end_read(&a, got, sizeof got, PIPE_CAP), ERR_ENDED);
    struct tls_cert_hash h;
    assert_int_equal(tls_leaf_hash(a.t, &h), 0); /* still known */
    close_both();
}

static void truncation_is_told_apart(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(tls_eof(a.t), ERR_TRUNCATED);
    assert_int_equal(tls_state(a.t), TLS_FAILED);
    assert_non_null(strstr(tls_fail_text(a.t), "during the TLS handshake"));
    close_both();
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"half", 4), 0);
    a.io.out_len -= 3;
    end_ship(&a, &b);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), 0);
    assert_int_equal(tls_eof(b.t), ERR_TRUNCATED);
    assert_non_null(strstr(tls_fail_text(b.t), "without TLS's close_notify"));
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_TRUNCATED);
    close_both();
}

static void damaged_record(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"hello", 5), 0);
    a.io.out[a.io.out_len - 1] ^= 1;
    end_ship(&a, &b);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_SECURITY);
    assert_non_null(strstr(tls_fail_text(b.t), "damaged or forged"));
    assert_int_equal(tls_state(b.t), TLS_FAILED);
    end_ship(&b, &a); /* the alert */
    assert_int_equal(end_read(&a, got, sizeof got, PIPE_CAP), ERR_REFUSED);
    assert_non_null(strstr(tls_fail_text(a.t), "alert"));
    close_both();
}

static int feed_server(const void *p, size_t n)
{
    plain_server(false);
    memcpy(b.in, p, n);
    b.in_len = n;
    return end_handshake(&b, PIPE_CAP);
}

static void not_tls_to_the_server(void **state)
{
    (void)state;
    static const char get[] = "GET / HTTP/1.1\r\n\r\n", post[] = "SSTP_DUPLEX_POST /sra HTTP/1.1\r\n",
                      connect[] = "CONNECT a:443 HTTP/1.1\r\n", ssh[] = "SSH-2.0-x\r\n",
                      odd[] = "\x01\xff\x02 zzzzz\r\n";
    assert_int_equal(feed_server(get, sizeof get - 1), ERR_VERSION);
    assert_string_equal(tls_fail_text(b.t), "the peer spoke plain HTTP where TLS is expected; it began with \"GET /\"");
    end_close(&b);
    assert_int_equal(feed_server(post, sizeof post - 1), ERR_VERSION);
    end_close(&b);
    assert_int_equal(feed_server(connect, sizeof connect - 1), ERR_VERSION);
    end_close(&b);
    assert_int_equal(feed_server(ssh, sizeof ssh - 1), ERR_VERSION);
    assert_non_null(strstr(tls_fail_text(b.t), "does not speak TLS; it began with \"SSH-2\""));
    end_close(&b);
    assert_true(feed_server(odd, sizeof odd - 1) < 0);
    assert_non_null(strstr(tls_fail_text(b.t), "\\x01\\xff\\x02"));
    end_close(&b);
}

static void not_tls_to_the_client(void **state)
{
    (void)state;
    static const char bad[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    struct tls_ctx *c = client_ctx();
    end_open(&a, c, 0);
    tls_ctx_free(c);
    assert_int_equal(end_handshake(&a, 0), 0);
    memcpy(a.in, bad, sizeof bad - 1);
    a.in_len = sizeof bad - 1;
    assert_int_equal(end_handshake(&a, PIPE_CAP), ERR_VERSION);
    assert_int_equal(tls_fail(a.t), TLS_FAIL_PROTOCOL);
    assert_non_null(strstr(tls_fail_text(a.t), "\"HTTP/"));
    assert_string_equal(tls_peer_pin(a.t), "");
    end_close(&a);
}

static void garbage(void **state)
{
    (void)state;
    uint8_t p[4096];
    for (unsigned seed = 1; seed < 200; seed++) {
        fill(p, sizeof p, seed);
        if (seed & 1)
            memcpy(p, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
        assert_true(feed_server(p, sizeof p) < 0);
        assert_true(strlen(tls_fail_text(b.t)) > 10);
        end_close(&b);
    }
}

/* OpenSSL would set aside what a message claims to need: refused from its head. */
static void huge_hello_is_refused_early(void **state)
{
    (void)state;
    static const uint8_t big[] = { 0x16, 3, 1, 0, 4, 1, 2, 0, 0 }, fits[] = { 0x16, 3, 1, 0, 4, 1, 0, 0x40, 0 };
    static const uint8_t split[] = { 0x16, 3, 1, 0, 1, 1, 0x16, 3, 1, 0, 1, 2, 0x16, 3, 1, 0, 2, 0, 0 };
    assert_int_equal(feed_server(big, sizeof big), ERR_LENGTH);
    assert_non_null(strstr(tls_fail_text(b.t), "far too long"));
    end_close(&b);
    assert_int_equal(feed_server(split, sizeof split), ERR_LENGTH);
    end_close(&b);
    assert_int_equal(feed_server(fits, sizeof fits), 0);
    end_close(&b);
}

/* ---- memory ---- */

static size_t heap(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void idle_connections_hold_no_buffers(void **state)
{
    (void)state;
    enum { N = 50 };
    struct tls_ctx *c = client_ctx(), *s = server_ctx(false);
    static struct tls_end e[N];
    static uint8_t junk[16384];
    size_t before = heap();
    for (int i = 0; i < N; i++) {
        end_open(&a, c, 0);
        end_open(&e[i], s, 0);
        assert_int_equal(pair_handshake(&a, &e[i], PIPE_CAP), 0);
        transfer(&a, &e[i], 65536, PIPE_CAP, sizeof junk);
        transfer(&e[i], &a, 65536, PIPE_CAP, sizeof junk);
        end_close(&a);
        free(e[i].in);
        e[i].in = NULL;
    }
    size_t each = (heap() - before) / N;
    if (heap() == 0) /* an address sanitizer's allocator does not tell */
        print_message("bytes per idle connection: not measured (sanitizer)\n");
    else
        print_message("bytes per idle server connection: %zu\n", each);
    assert_true(each < 24 * 1024);
    for (int i = 0; i < N; i++)
        end_close(&e[i]);
    tls_ctx_free(c);
    tls_ctx_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_writes_in_chunks),
        cmocka_unit_test(write_needs_room),
        cmocka_unit_test(handshake_with_tiny_output),
        cmocka_unit_test(key_update_under_load),
        cmocka_unit_test(key_update_answer_without_room),
        cmocka_unit_test(keys_are_renewed_in_time),
        cmocka_unit_test(read_needs_room),
        cmocka_unit_test(no_key_update_in_12),
        cmocka_unit_test(close_notify_ends_it),
        cmocka_unit_test(truncation_is_told_apart),
        cmocka_unit_test(damaged_record),
        cmocka_unit_test(not_tls_to_the_server),
        cmocka_unit_test(not_tls_to_the_client),
        cmocka_unit_test(garbage),
        cmocka_unit_test(huge_hello_is_refused_early),
        cmocka_unit_test(idle_connections_hold_no_buffers),
    };
    return cmocka_run_group_tests(tests, peers_setup, peers_teardown);
}
