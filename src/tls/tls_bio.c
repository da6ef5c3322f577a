/* Our BIO: OpenSSL reads from the lent ciphertext and appends to the lent output; nothing is copied twice or kept. */
#include "tls/tls_impl.h"

static int bio_read(BIO *b, char *dst, int len)
{
    struct tls *t = BIO_get_data(b);
    struct slice *in = &t->io->in;
    BIO_clear_retry_flags(b);
    if (len <= 0)
        return 0;
    size_t n = in->n < (size_t)len ? in->n : (size_t)len;
    if (!n) {
        BIO_set_retry_read(b);
        return -1;
    }
    for (size_t i = 0; i < n && t->n_first < sizeof t->first; i++)
        t->first[t->n_first++] = in->p[i];
    if (t->ctx->server && t->state == TLS_HANDSHAKE &&
        hello_guard(&t->guard, in->p, n, SSL_version(t->ssl) == TLS1_3_VERSION)) {
        tls_set_fail(t, TLS_FAIL_PROTOCOL, "the peer began a handshake message that is far too long");
        return -1; /* without "retry": the handshake fails */
    }
    memcpy(dst, in->p, n);
    *in = slice_of(in->p + n, in->n - n);
    return (int)n;
}

static int bio_write(BIO *b, const char *src, int len)
{
    struct tls *t = BIO_get_data(b);
    struct tls_io *io = t->io;
    BIO_clear_retry_flags(b);
    if (len <= 0)
        return 0;
    size_t room = io->out_cap - io->out_len, n = room < (size_t)len ? room : (size_t)len;
    if (!n) {
        BIO_set_retry_write(b);
        return -1;
    }
    memcpy(io->out + io->out_len, src, n);
    io->out_len += n;
    return (int)n;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)b;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH; /* nothing is held back here; nothing else is offered */
}

static int bio_create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

BIO_METHOD *tls_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 0x7f, "adit");
    if (m && BIO_meth_set_read(m, bio_read) && BIO_meth_set_write(m, bio_write) && BIO_meth_set_ctrl(m, bio_ctrl) &&
        BIO_meth_set_create(m, bio_create))
        return m;
    BIO_meth_free(m);
    return NULL;
}
