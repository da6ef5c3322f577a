/* The TLS server fed with anything, in chunks that the input chooses. Input: chunk size, room for output, then the
 * stream. Goal: a ClientHello that is accepted, seen by the ServerHello that answers it. A stream may not make the
 * engine loop without progress, hold more than it may, or succeed without the key exchange. */
#include "tls/cert.h"
#include "tls/openssl.h"
#include "tls/tls.h"

#include "base/rd.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct tls_ctx *make_ctx(void)
{
    static const char *const names[] = { "vpn.example.com" };
    char dir[] = "/tmp/adit-fuzz-XXXXXX", cert[64], key[64], err[TLS_ERR_TEXT];
    static char cert_pem[4096], key_pem[4096];
    if (!mkdtemp(dir))
        abort();
    snprintf(cert, sizeof cert, "%s/cert", dir);
    snprintf(key, sizeof key, "%s/key", dir);
    if (cert_self_signed(names, 1, cert, key, err) < 0)
        abort();
    FILE *c = fopen(cert, "r"), *k = fopen(key, "r");
    size_t nc = fread(cert_pem, 1, sizeof cert_pem, c), nk = fread(key_pem, 1, sizeof key_pem, k);
    fclose(c);
    fclose(k);
    unlink(cert);
    unlink(key);
    rmdir(dir);
    struct tls_ctx *ctx = tls_ctx_server(slice_of(cert_pem, nc), slice_of(key_pem, nk), err);
    if (!ctx)
        abort();
    return ctx;
}

/* One lent chunk; true while the engine wants more. */
static bool step(struct tls *t, struct tls_io *io, struct slice chunk, bool *hello)
{
    io->in = chunk;
    for (int turns = 0; turns < 20000; turns++) {
        size_t left = io->in.n;
        int r = tls_handshake(t);
        *hello |= io->out_len >= 6 && io->out[0] == 0x16 && io->out[5] == 2; /* a ServerHello */
        bool wrote = io->out_len;
        io->out_len = 0;
        if (r == 1)
            abort(); /* nobody can finish a handshake with recorded bytes */
        if (r == ERR_NOBUF && (wrote || io->in.n < left))
            continue;
        if (r == ERR_NOBUF)
            abort(); /* there was room and no progress */
        if (r == 0 && io->in.n)
            abort(); /* "needs more" with bytes left */
        if (r < 0 && !*tls_fail_text(t))
            abort();
        return r == 0;
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tls_ctx *ctx;
    static uint8_t out[TLS_OUT_MIN];
    if (!ctx)
        ctx = make_ctx();
    struct rd r = rd_of(data, size);
    size_t chunk = (size_t)rd_u8(&r) * 4 + 1, cap = rd_u8(&r) & 1 ? 64 : sizeof out;
    struct tls_io io = { .out = out, .out_cap = cap };
    struct tls *t = tls_new(ctx, &io);
    bool hello = false;
    while (rd_left(&r) && step(t, &io, rd_take(&r, rd_left(&r) < chunk ? rd_left(&r) : chunk), &hello))
        ;
    if (hello)
        FUZZ_REACHED();
    struct tls_cert_hash h;
    if (tls_leaf_hash(t, &h) == 0 || tls_eof(t) >= 0)
        abort();
    tls_free(t);
    return 0;
}
