/* How a client judges the server: every wrong certificate is refused for the right reason, with words, and before the
 * handshake is done; and how a server's own files are judged when they are loaded. */
#include "certs.h"
#include "pair.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME "vpn.example.com"
#define DAY  86400L

static struct made ca, other_ca, mid;
static struct slice ca_pem;
static struct tls_end a;
static char text[2048], pin_seen[64];

static int setup(void **state)
{
    (void)state;
    ca = cert_make(&(struct cert_spec){ .cn = "Test CA", .ca = true }, NULL);
    other_ca = cert_make(&(struct cert_spec){ .cn = "Other CA", .ca = true }, NULL);
    mid = cert_make(&(struct cert_spec){ .cn = "Test Intermediate", .ca = true }, &ca);
    const struct made *c[] = { &ca };
    ca_pem = pem_of(c, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cert_unmake(&ca);
    cert_unmake(&other_ca);
    cert_unmake(&mid);
    return 0;
}

/* Our server refuses to load most of these certificates, so the peer is a plain OpenSSL server on memory BIOs. */
struct plain_server {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *rd, *wr;
};

static void plain_open(struct plain_server *p, const struct made *const *chain, size_t n, int version)
{
    p->ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(p->ctx, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_max_proto_version(p->ctx, version);
    assert_int_equal(SSL_CTX_use_certificate(p->ctx, chain[0]->x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(p->ctx, chain[0]->key), 1);
    for (size_t i = 1; i < n; i++)
        SSL_CTX_add1_chain_cert(p->ctx, chain[i]->x);
    p->ssl = SSL_new(p->ctx);
    p->rd = BIO_new(BIO_s_mem());
    p->wr = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(p->rd, -1);
    SSL_set_bio(p->ssl, p->rd, p->wr);
    SSL_set_accept_state(p->ssl);
}

/* Dials; fills text and pin_seen; the result is why it failed. */
static enum tls_fail dial_chain(const struct made *const *chain, size_t n, const struct tls_verify *v, int version)
{
    char err[TLS_ERR_TEXT];
    struct plain_server p;
    struct tls_ctx *c = tls_ctx_client(v, err);
    if (!c)
        fail_msg("%s", err);
    end_open(&a, c, 0);
    tls_ctx_free(c);
    plain_open(&p, chain, n, version);
    int r = 0;
    for (int i = 0; i < 10 && r == 0; i++) {
        r = end_handshake(&a, PIPE_CAP);
        BIO_write(p.rd, a.io.out, (int)a.io.out_len);
        a.io.out_len = 0;
        SSL_do_handshake(p.ssl);
        int got = BIO_read(p.wr, a.in + a.in_len, (int)(PIPE_CAP - a.in_len));
        a.in_len += got > 0 ? (size_t)got : 0;
    }
    enum tls_fail f = tls_fail(a.t);
    assert_int_equal(r, f == TLS_FAIL_NONE ? 1 : ERR_SECURITY);
    assert_int_equal(tls_state(a.t), f == TLS_FAIL_NONE ? TLS_OPEN : TLS_FAILED);
    if (f != TLS_FAIL_NONE)
        assert_false(SSL_is_init_finished(p.ssl)); /* the server never got as far as HTTP */
    snprintf(text, sizeof text, "%s", tls_fail_text(a.t));
    snprintf(pin_seen, sizeof pin_seen, "%s", tls_peer_pin(a.t));
    for (const char *s = text; *s; s++)
        assert_true(*s >= 0x20 && *s < 0x7f);
    end_close(&a);
    SSL_free(p.ssl);
    SSL_CTX_free(p.ctx);
    ERR_clear_error();
    return f;
}

static enum tls_fail dial_made(const struct made *m, const struct tls_verify *v)
{
    const struct made *chain[] = { m };
    return dial_chain(chain, 1, v, TLS1_3_VERSION);
}

static enum tls_fail dial(const struct cert_spec *s, const struct made *issuer, const struct tls_verify *v)
{
    struct made m = cert_make(s, issuer);
    enum tls_fail f = dial_made(&m, v);
    cert_unmake(&m);
    return f;
}

static void expect_text(const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void by_name(void **state)
{
    (void)state;
    static const struct {
        const char *san, *dialled;
        enum tls_fail want;
    } t[] = {
        { "DNS:vpn.example.com", NAME, TLS_FAIL_NONE },
        { "DNS:VPN.Example.COM", NAME, TLS_FAIL_NONE },
        { "DNS:other.example.com,DNS:vpn.example.com", NAME, TLS_FAIL_NONE },
        { "DNS:vpn.example.com", "vpn.example.com.", TLS_FAIL_NONE },
        { "DNS:other.example.com", NAME, TLS_FAIL_NAME },
        { "DNS:example.com", NAME, TLS_FAIL_NAME },
        { "DNS:vpn.example.com.evil.net", NAME, TLS_FAIL_NAME },
        { "DNS:*.example.com", NAME, TLS_FAIL_NONE },
        { "DNS:*.example.com", "a.vpn.example.com", TLS_FAIL_NAME },
        { "DNS:*.example.com", "example.com", TLS_FAIL_NAME },
        { "DNS:v*.example.com", NAME, TLS_FAIL_NAME },
        { "DNS:*n.example.com", NAME, TLS_FAIL_NAME },
        { "DNS:vpn.*.com", NAME, TLS_FAIL_NAME },
        { "DNS:*.*.com", NAME, TLS_FAIL_NAME },
        { "DNS:*.com", "example.com", TLS_FAIL_NAME },
        { "DNS:*", NAME, TLS_FAIL_NAME },
        { "IP:192.0.2.1", NAME, TLS_FAIL_NAME },
        { "URI:https://vpn.example.com/", NAME, TLS_FAIL_NAME },
        { "email:root@vpn.example.com", NAME, TLS_FAIL_NAME },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct tls_verify v = { .name = t[i].dialled, .ca_pem = ca_pem };
        struct cert_spec s = { .cn = "leaf", .san = t[i].san, .eku = "serverAuth" };
        enum tls_fail f = dial(&s, &ca, &v);
        if (f != t[i].want)
            fail_msg("%s for %s: %d %s", t[i].san, t[i].dialled, f, text);
    }
    expect_text("is not for vpn.example.com: subject CN=leaf; issuer CN=Test CA; valid 2");
    expect_text("names root@vpn.example.com; usages Server Authentication");
}

static void by_address(void **state)
{
    (void)state;
    static const struct {
        const char *san, *dialled;
        enum tls_fail want;
    } t[] = {
        { "IP:192.0.2.1", "192.0.2.1", TLS_FAIL_NONE },
        { "IP:2001:db8::1", "2001:db8:0::1", TLS_FAIL_NONE },
        { "IP:fe80::1", "fe80::1%eth0", TLS_FAIL_NONE },
        { "IP:192.0.2.1", "192.0.2.2", TLS_FAIL_NAME },
        { "IP:2001:db8::1", "2001:db8::2", TLS_FAIL_NAME },
        { "DNS:192.0.2.1", "192.0.2.1", TLS_FAIL_NAME }, /* an address as a DNS name is no address */
        { "DNS:*.0.2.1", "192.0.2.1", TLS_FAIL_NAME },
        { "DNS:vpn.example.com", "192.0.2.1", TLS_FAIL_NAME },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct tls_verify v = { .ip = t[i].dialled, .ca_pem = ca_pem };
        struct cert_spec s = { .cn = t[i].dialled[0] == '1' ? t[i].dialled : "x",
                               .san = t[i].san,
                               .eku = "serverAuth" };
        enum tls_fail f = dial(&s, &ca, &v);
        if (f != t[i].want)
            fail_msg("%s for %s: %d %s", t[i].san, t[i].dialled, f, text);
    }
}

static const struct tls_verify named = { .name = NAME };

static struct tls_verify with_ca(void)
{
    struct tls_verify v = named;
    v.ca_pem = ca_pem;
    return v;
}

static void common_name_does_not_count(void **state)
{
    (void)state;
    struct tls_verify v = with_ca();
    assert_int_equal(dial(&(struct cert_spec){ .cn = NAME, .eku = "serverAuth" }, &ca, &v), TLS_FAIL_NAME);
    expect_text("names none");
    v = (struct tls_verify){ .ip = "192.0.2.1", .ca_pem = ca_pem };
    assert_int_equal(dial(&(struct cert_spec){ .cn = "192.0.2.1", .eku = "serverAuth" }, &ca, &v), TLS_FAIL_NAME);
}

static void name_with_nul_and_control_bytes(void **state)
{
    (void)state;
    struct tls_verify v = with_ca();
    static const char evil[] = NAME "\0.evil.net", esc[] = "\x1b[2J\r\nname";
    struct cert_spec s = {
        .cn = "l\x1b[2Jeaf\xc3\xa4", .eku = "serverAuth", .raw_dns = evil, .raw_dns_len = sizeof evil - 1
    };
    assert_int_equal(dial(&s, &ca, &v), TLS_FAIL_NAME);
    expect_text("names vpn.example.com\\x00.evil.net");
    s.raw_dns = esc;
    s.raw_dns_len = sizeof esc - 1;
    assert_int_equal(dial(&s, &ca, &v), TLS_FAIL_NAME);
    expect_text("names \\x1b[2J\\x0d\\x0aname");
    static char giant[3000];
    memset(giant, 'A', sizeof giant);
    s.raw_dns = giant;
    s.raw_dns_len = sizeof giant;
    assert_int_equal(dial(&s, &ca, &v), TLS_FAIL_NAME);
    assert_string_equal(text + strlen(text) - 6, "AAA...");
}

static void dates(void **state)
{
    (void)state;
    struct tls_verify v = with_ca();
    struct cert_spec s = { .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth", .from = -2 * DAY, .to = -60 };
    assert_int_equal(dial(&s, &ca, &v), TLS_FAIL_DATES);
    expect_text("certificate has expired");
    s.from = 3600;
    s.to = DAY;
    assert_int_equal(dial(&s, &ca, &v), TLS_FAIL_DATES);
    expect_text("not yet valid");
    struct made old_ca =
        cert_make(&(struct cert_spec){ .cn = "Old CA", .ca = true, .from = -2 * DAY, .to = -DAY }, NULL);
    const struct made *c[] = { &old_ca };
    v.ca_pem = pem_of(c, 1);
    s.from = s.to = 0;
    assert_int_equal(dial(&s, &old_ca, &v), TLS_FAIL_DATES);
    expect_text("the issuer CN=Old CA");
    cert_unmake(&old_ca);
}

static void usages(void **state)
{
    (void)state;
    static const struct {
        const char *eku, *found;
        enum tls_fail want;
    } t[] = {
        { "serverAuth", NULL, TLS_FAIL_NONE },
        { "clientAuth,serverAuth", NULL, TLS_FAIL_NONE },
        { "anyExtendedKeyUsage", NULL, TLS_FAIL_NONE },
        { "clientAuth", "usages Client Authentication", TLS_FAIL_EKU },
        { "emailProtection,1.2.3.4", "usages E-mail Protection, 1.2.3.4", TLS_FAIL_EKU },
        { NULL, "usages none", TLS_FAIL_EKU },
    };
    struct tls_verify v = with_ca();
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        enum tls_fail f = dial(&(struct cert_spec){ .cn = "leaf", .san = "DNS:" NAME, .eku = t[i].eku }, &ca, &v);
        if (f != t[i].want)
            fail_msg("%s: %d %s", t[i].eku ? t[i].eku : "none", f, text);
        if (t[i].found)
            expect_text(t[i].found);
    }
}

/* An issuer that is itself restricted: to other things, or to anything. */
static void issuer_usages(void **state)
{
    (void)state;
    struct tls_verify v = with_ca();
    static const char *const eku[] = { "clientAuth", "anyExtendedKeyUsage", "serverAuth" };
    static const enum tls_fail want[] = { TLS_FAIL_UNTRUSTED, TLS_FAIL_NONE, TLS_FAIL_NONE };
    for (int i = 0; i < 3; i++) {
        struct made m = cert_make(&(struct cert_spec){ .cn = "mid", .ca = true, .eku = eku[i] }, &ca);
        struct made leaf = cert_make(&(struct cert_spec){ .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth" }, &m);
        const struct made *chain[] = { &leaf, &m };
        assert_int_equal(dial_chain(chain, 2, &v, TLS1_3_VERSION), want[i]);
        cert_unmake(&leaf);
        cert_unmake(&m);
    }
}

static void chains(void **state)
{
    (void)state;
    struct tls_verify v = with_ca();
    struct cert_spec s = { .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth" };
    struct made leaf = cert_make(&s, &mid), not_ca = cert_make(&s, &ca), below = cert_make(&s, &not_ca);
    const struct made *full[] = { &leaf, &mid }, *bad[] = { &below, &not_ca };
    assert_int_equal(dial_chain(full, 2, &v, TLS1_3_VERSION), TLS_FAIL_NONE);
    assert_int_equal(dial_chain(full, 2, &v, TLS1_2_VERSION), TLS_FAIL_NONE);
    assert_int_equal(dial_chain(full, 1, &v, TLS1_3_VERSION), TLS_FAIL_UNTRUSTED); /* intermediate missing */
    expect_text("unable to get local issuer certificate");
    assert_int_equal(dial_chain(bad, 2, &v, TLS1_3_VERSION), TLS_FAIL_UNTRUSTED); /* issued by a server certificate */
    assert_int_equal(dial(&s, &other_ca, &v), TLS_FAIL_UNTRUSTED);
    assert_int_equal(dial(&s, NULL, &v), TLS_FAIL_UNTRUSTED);
    expect_text("self-signed certificate; subject CN=leaf; issuer CN=leaf");
    struct tls_verify leaf_ca = named;
    const struct made *only[] = { &leaf };
    leaf_ca.ca_pem = pem_of(only, 1); /* --ca with the server's own certificate */
    assert_int_equal(dial_chain(full, 1, &leaf_ca, TLS1_3_VERSION), TLS_FAIL_NONE);
    cert_unmake(&leaf);
    cert_unmake(&not_ca);
    cert_unmake(&below);
}

static void pin_of(const struct made *m, uint8_t out[32])
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(m->key, &der);
    EVP_Digest(der, (size_t)n, out, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
}

static void pins(void **state)
{
    (void)state;
    uint8_t two[64];
    char want[64];
    struct made m = cert_make(&(struct cert_spec){ .cn = "leaf", .eku = "serverAuth" }, NULL); /* no name, no issuer */
    struct made anyone = cert_make(&(struct cert_spec){ .cn = "x" }, NULL);
    pin_of(&anyone, two);
    pin_of(&m, two + 32);
    strcpy(want, "sha256//");
    EVP_EncodeBlock((uint8_t *)want + 8, two + 32, 32);
    struct tls_verify v = named;
    v.pins = slice_of(two + 32, 32);
    assert_int_equal(dial_made(&m, &v), TLS_FAIL_NONE);
    assert_string_equal(pin_seen, want);
    v.pins = slice_of(two, 64); /* one of two */
    assert_int_equal(dial_made(&m, &v), TLS_FAIL_NONE);
    v.pins = slice_of(two, 32); /* the wrong one */
    assert_int_equal(dial_made(&m, &v), TLS_FAIL_PIN);
    expect_text(want);
    assert_string_equal(pin_seen, want);
    v = with_ca(); /* untrusted: the pin is there to be shown */
    assert_int_equal(dial_made(&m, &v), TLS_FAIL_UNTRUSTED);
    assert_string_equal(pin_seen, want);
    cert_unmake(&m);
    cert_unmake(&anyone);
}

/* A wrong pin is not healed by a good chain, nor wrong dates or usages by a good pin. */
static void pin_replaces_only_chain_and_name(void **state)
{
    (void)state;
    uint8_t pin[32];
    struct cert_spec specs[] = {
        { .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth" },
        { .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth", .from = -2 * DAY, .to = -60 },
        { .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth", .from = 3600, .to = DAY },
        { .cn = "leaf", .san = "DNS:" NAME, .eku = "clientAuth" },
        { .cn = "leaf", .san = "DNS:" NAME },
    };
    static const enum tls_fail want[] = { TLS_FAIL_NONE, TLS_FAIL_DATES, TLS_FAIL_DATES, TLS_FAIL_EKU, TLS_FAIL_EKU };
    for (int i = 0; i < 5; i++) {
        struct made m = cert_make(&specs[i], &ca);
        struct tls_verify v = with_ca();
        pin_of(&m, pin);
        v.pins = slice_of(pin, 32);
        assert_int_equal(dial_made(&m, &v), want[i]);
        pin[0] ^= 1;
        assert_int_equal(dial_made(&m, &v), TLS_FAIL_PIN);
        cert_unmake(&m);
    }
}

static void client_conf_errors(void **state)
{
    (void)state;
    char err[TLS_ERR_TEXT], long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    static const uint8_t pin[33];
    const struct tls_verify bad[] = {
        { .ca_pem = ca_pem },
        { .name = "a", .ip = "192.0.2.1", .ca_pem = ca_pem },
        { .name = "", .ca_pem = ca_pem },
        { .name = long_name, .ca_pem = ca_pem },
        { .ip = "192.0.2", .ca_pem = ca_pem },
        { .ip = "[2001:db8::1]", .ca_pem = ca_pem },
        { .ip = "%eth0", .ca_pem = ca_pem },
        { .name = NAME, .pins = slice_of(pin, 33) },
        { .name = NAME, .ca_pem = slice_str("no certificate at all") },
        { .name = NAME, .ca_pem = slice_str("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(tls_ctx_client(&bad[i], err));
        assert_true(strlen(err) > 10);
    }
}

/* With the system's store, a certificate of ours is unknown; where there is no store, that is said. */
static void system_store(void **state)
{
    (void)state;
    char err[TLS_ERR_TEXT];
    struct tls_ctx *c = tls_ctx_client(&named, err);
    if (!c) {
        assert_non_null(strstr(err, "ca-certificates"));
        return;
    }
    tls_ctx_free(c);
    assert_int_equal(dial(&(struct cert_spec){ .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth" }, &ca, &named),
                     TLS_FAIL_UNTRUSTED);
}

/* ---- the server's own files ---- */

static void expect_refused(struct slice chain, struct slice key, const char *why)
{
    char err[TLS_ERR_TEXT];
    assert_null(tls_ctx_server(chain, key, err));
    if (!strstr(err, why))
        fail_msg("\"%s\" does not say \"%s\"", err, why);
}

static void server_files(void **state)
{
    (void)state;
    struct cert_spec s = { .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth" };
    struct made m = cert_make(&s, &mid), other = cert_make(&s, &mid);
    s.eku = "clientAuth";
    struct made client = cert_make(&s, &mid);
    s.eku = NULL;
    struct made none = cert_make(&s, &mid);
    const struct made *full[] = { &m, &mid }, *swapped[] = { &mid, &m }, *c[] = { &client }, *n[] = { &none };
    struct slice chain = pem_of(full, 2), key = pem_key(&m, NULL), empty = { 0 };

    expect_refused(chain, pem_key(&other, NULL), "does not belong to the first certificate of the chain (CN=leaf)");
    expect_refused(pem_of(swapped, 2), key, "but to number 2: put that first");
    expect_refused(chain, pem_key(&m, "secret"), "protected with a passphrase");
    expect_refused(chain, empty, "no usable private key");
    expect_refused(chain, slice_str("rubbish"), "no usable private key");
    expect_refused(empty, key, "no certificate");
    expect_refused(key, key, "no certificate");
    expect_refused(slice_of(chain.p, chain.n - 60), key, "certificate number 2 of the chain is damaged");
    expect_refused(slice_of(chain.p, 100), key, "certificate number 1 of the chain is damaged");
    expect_refused(pem_of(c, 1), pem_key(&client, NULL),
                   "neither the extended key usage Server Authentication nor Any "
                   "Purpose (it has: Client Authentication");
    expect_refused(pem_of(n, 1), pem_key(&none, NULL), "(it has: none; subject CN=leaf)");
    struct made weak = { m.x, EVP_RSA_gen(1024) };
    expect_refused(chain, pem_key(&weak, NULL), "does not belong");
    EVP_PKEY_free(weak.key);
    cert_unmake(&m);
    cert_unmake(&other);
    cert_unmake(&client);
    cert_unmake(&none);
}

static void expect_warning(struct slice chain, struct slice key, const char *what)
{
    char err[TLS_ERR_TEXT];
    struct tls_ctx *c = tls_ctx_server(chain, key, err);
    if (!c)
        fail_msg("%s", err);
    if (what ? !strstr(tls_ctx_warning(c), what) : tls_ctx_warning(c)[0])
        fail_msg("\"%s\" does not say \"%s\"", tls_ctx_warning(c), what ? what : "nothing");
    tls_ctx_free(c);
}

static void server_warnings(void **state)
{
    (void)state;
    struct cert_spec s = { .cn = "leaf", .san = "DNS:" NAME, .eku = "anyExtendedKeyUsage" };
    struct made m = cert_make(&s, &mid), self = cert_make(&s, NULL);
    s.from = -2 * DAY;
    s.to = -DAY;
    struct made old = cert_make(&s, NULL);
    s.from = DAY;
    s.to = 2 * DAY;
    struct made early = cert_make(&s, NULL);
    const struct made *full[] = { &m, &mid, &ca }, *gap[] = { &m, &ca }, *o[] = { &old }, *e[] = { &early },
                      *sf[] = { &self };
    struct slice key = pem_key(&m, NULL);
    expect_warning(pem_of(full, 3), key, NULL);
    expect_warning(pem_of(full, 2), key, NULL);
    expect_warning(pem_join(key, pem_of(full, 2)), key, NULL); /* key and chain in one file */
    expect_warning(pem_of(full, 1), key, "also need its issuer's (CN=Test Intermediate)");
    expect_warning(pem_of(gap, 2), key, "certificate number 2 of the chain did not issue the one before it");
    expect_warning(pem_of(sf, 1), pem_key(&self, NULL), NULL);
    expect_warning(pem_of(o, 1), pem_key(&old, NULL), "has expired");
    expect_warning(pem_of(e, 1), pem_key(&early, NULL), "not valid yet");
    cert_unmake(&m);
    cert_unmake(&self);
    cert_unmake(&old);
    cert_unmake(&early);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name),
        cmocka_unit_test(by_address),
        cmocka_unit_test(common_name_does_not_count),
        cmocka_unit_test(name_with_nul_and_control_bytes),
        cmocka_unit_test(dates),
        cmocka_unit_test(usages),
        cmocka_unit_test(issuer_usages),
        cmocka_unit_test(chains),
        cmocka_unit_test(pins),
        cmocka_unit_test(pin_replaces_only_chain_and_name),
        cmocka_unit_test(client_conf_errors),
        cmocka_unit_test(system_store),
        cmocka_unit_test(server_files),
        cmocka_unit_test(server_warnings),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
