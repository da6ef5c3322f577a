/* Making a self-signed certificate and describing certificates. Writes only below a temporary folder. */
#include "tls/cert.h"

#include "certs.h"
#include "pair.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/adit-cert-XXXXXX";
static char cert_path[64], key_path[64];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(cert_path, sizeof cert_path, "%s/cert.pem", dir);
    snprintf(key_path, sizeof key_path, "%s/key.pem", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(cert_path);
    unlink(key_path);
    return rmdir(dir); /* fails if anything was left behind */
}

static struct slice load(const char *path, char *buf, size_t cap)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(buf, 1, cap, f);
    fclose(f);
    return slice_of(buf, n);
}

static int count_files(void)
{
    DIR *d = opendir(dir);
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void made_certificate_serves(void **state)
{
    (void)state;
    static const char *const names[] = { "vpn.example.com", "192.0.2.7", "2001:db8::7", "localhost" };
    char err[TLS_ERR_TEXT], cert_buf[4096], key_buf[4096];
    struct stat st;
    assert_int_equal(cert_self_signed(names, 4, cert_path, key_path, err), 0);
    assert_int_equal(stat(key_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(cert_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(count_files(), 2);

    struct slice cert = load(cert_path, cert_buf, sizeof cert_buf), key = load(key_path, key_buf, sizeof key_buf);
    struct cert_info i;
    assert_int_equal(cert_info(cert, &i), 0);
    assert_string_equal(i.subject, "CN=vpn.example.com");
    assert_string_equal(i.issuer, "CN=vpn.example.com");
    assert_string_equal(i.names, "vpn.example.com, 192.0.2.7, 2001:db8::7, localhost");
    assert_string_equal(i.usages, "Server Authentication");
    assert_string_equal(i.key, "RSA 2048");
    assert_int_equal(i.days_left, CERT_DAYS - 1);
    assert_true(i.for_servers);
    assert_true(i.self_signed);
    assert_int_equal(strlen(i.pin), 52);

    struct tls_ctx *s = tls_ctx_server(cert, key, err);
    assert_non_null(s);
    assert_string_equal(tls_ctx_warning(s), "");
    struct tls_cert_hash h;
    tls_ctx_hash(s, &h);
    assert_memory_equal(&h, &i.hash, sizeof h);
    for (int k = 0; k < 4; k++) { /* every name, by our own client, which trusts just this certificate */
        static struct tls_end a, b;
        struct tls_verify v = { .ca_pem = cert };
        *(k == 1 || k == 2 ? &v.ip : &v.name) = names[k];
        struct tls_ctx *c = tls_ctx_client(&v, err);
        assert_non_null(c);
        end_open(&a, c, 0);
        end_open(&b, s, 0);
        assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
        assert_string_equal(tls_peer_pin(a.t), i.pin);
        end_close(&a);
        end_close(&b);
        tls_ctx_free(c);
    }
    tls_ctx_free(s);
}

static void made_certificate_can_issue_nothing(void **state)
{
    (void)state;
    static const char *const names[] = { "vpn.example.com" };
    char err[TLS_ERR_TEXT], buf[4096];
    assert_int_equal(cert_self_signed(names, 1, cert_path, key_path, err), 0);
    struct slice pem = load(cert_path, buf, sizeof buf);
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
    assert_int_equal(X509_check_ca(x), 0);
    assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
    assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_SERVER);
    assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
    X509_free(x);
    BIO_free(b);
}

static void names_are_checked(void **state)
{
    (void)state;
    char err[TLS_ERR_TEXT], long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const char *const bad[] = { "",
                                "a b",
                                "a,DNS:b",
                                "a\nb",
                                "b\xc3\xbc"
                                "cher.example",
                                "[::1]",
                                "a/b",
                                long_name };
    unlink(cert_path);
    unlink(key_path);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *two[] = { "good.example.com", bad[i] };
        assert_int_equal(cert_self_signed(two, 2, cert_path, key_path, err), ERR_VALUE);
        assert_non_null(strstr(err, "neither a DNS name nor an address"));
    }
    assert_int_equal(cert_self_signed(NULL, 0, cert_path, key_path, err), ERR_VALUE);
    assert_int_equal(count_files(), 0);
    char name70[71];
    memset(name70, 'b', 60);
    strcpy(name70 + 60, ".e.example"); /* no common name holds it; the SAN does */
    const char *const ok[] = { name70 };
    assert_int_equal(cert_self_signed(ok, 1, cert_path, key_path, err), 0);
}

static void failed_writing_leaves_nothing(void **state)
{
    (void)state;
    static const char *const names[] = { "a.example.com" };
    char err[TLS_ERR_TEXT], nowhere[128];
    unlink(cert_path);
    unlink(key_path);
    snprintf(nowhere, sizeof nowhere, "%s/missing/cert.pem", dir);
    assert_int_equal(cert_self_signed(names, 1, nowhere, key_path, err), ERR_SYSTEM);
    assert_non_null(strstr(err, "No such file or directory"));
    assert_int_equal(cert_self_signed(names, 1, cert_path, nowhere, err), ERR_SYSTEM);
    assert_int_equal(count_files(), 0);
}

static void info_of_damaged_input(void **state)
{
    (void)state;
    struct made m = cert_make(&(struct cert_spec){ .cn = "x", .san = "DNS:a" }, NULL);
    const struct made *one[] = { &m };
    struct slice pem = pem_of(one, 1);
    struct cert_info i = { .days_left = 77 };
    for (size_t n = 0; n + 2 < pem.n; n += 7)
        assert_int_equal(cert_info(slice_of(pem.p, n), &i), ERR_VALUE);
    uint8_t *der = NULL;
    int len = i2d_X509(m.x, &der);
    for (int n = 0; n < len; n++)
        assert_int_equal(cert_info_der(slice_of(der, (size_t)n), &i), ERR_VALUE);
    assert_int_equal(i.days_left, 77); /* untouched */
    assert_int_equal(cert_info_der(slice_of(der, (size_t)len), &i), 0);
    assert_string_equal(i.usages, "none");
    assert_string_equal(i.key, "EC 256");
    assert_false(i.for_servers);
    uint8_t *longer = malloc((size_t)len + 1);
    memcpy(longer, der, (size_t)len);
    longer[len] = 0;
    assert_int_equal(cert_info_der(slice_of(longer, (size_t)len + 1), &i), ERR_VALUE);
    free(longer);
    OPENSSL_free(der);
    cert_unmake(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_certificate_serves), cmocka_unit_test(made_certificate_can_issue_nothing),
        cmocka_unit_test(names_are_checked),       cmocka_unit_test(failed_writing_leaves_nothing),
        cmocka_unit_test(info_of_damaged_input),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
