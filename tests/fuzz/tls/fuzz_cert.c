/* Certificates of strangers: DER and PEM into cert_info() and the loading of chains. Whatever they hold, the texts are
 * printable and end. Input: 'D' and DER, or 'P' and PEM (chain and key in one). */
#include "tls/cert.h"
#include "tls/tls.h"

#include "base/rd.h"
#include "fuzz.h"

#include <stdlib.h>

static void check_text(const char *s, size_t cap)
{
    size_t n = strnlen(s, cap);
    if (n == cap)
        abort();
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] > 0x7e)
            abort();
}

static void check_info(int r, const struct cert_info *i)
{
    if (r < 0)
        return;
    FUZZ_REACHED();
    check_text(i->subject, sizeof i->subject);
    check_text(i->issuer, sizeof i->issuer);
    check_text(i->names, sizeof i->names);
    check_text(i->usages, sizeof i->usages);
    check_text(i->dates, sizeof i->dates);
    check_text(i->key, sizeof i->key);
    check_text(i->pin, sizeof i->pin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cert_info info;
    char err[TLS_ERR_TEXT];
    struct rd r = rd_of(data, size);
    bool der = rd_u8(&r) == 'D';
    struct slice s = rd_rest(&r);
    if (der) {
        check_info(cert_info_der(s, &info), &info);
        return 0;
    }
    check_info(cert_info(s, &info), &info);
    struct tls_ctx *c = tls_ctx_server(s, s, err);
    if (c)
        check_text(tls_ctx_warning(c), TLS_ERR_TEXT);
    else
        check_text(err, sizeof err);
    tls_ctx_free(c);
    struct tls_verify v = { .name = "vpn.example.com", .ca_pem = s };
    c = s.n ? tls_ctx_client(&v, err) : NULL;
    tls_ctx_free(c);
    return 0;
}
