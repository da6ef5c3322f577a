/* The vectors of the binding and the call that meets them; see facts.h. */
#include "facts.h"

#include "../crypto/vec.h"
#include "tls/prim_host.h"

const char *const foreign_vectors[3] = { "V1", "V2", "V3" };

/* name|hash|hlak|nonce|certhash|cmk|mac|origin */
struct vector vector_of(const char *name)
{
    struct vector v = { 0 };
    char line[1024], *field[8] = { 0 };
    FILE *f = fopen(VECTORS "/binding.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        size_t n = strlen(name);
        if (strncmp(line, name, n) == 0 && line[n] == '|')
            break;
    }
    fclose(f);
    char *save = NULL;
    for (unsigned i = 0; i < 8; i++) {
        field[i] = strtok_r(i ? NULL : line, "|", &save);
        assert_non_null(field[i]);
    }
    assert_string_equal(field[0], name);
    v.hash = strcmp(field[1], "sha1") == 0 ? BINDING_SHA1 : BINDING_SHA256;
    v.len = vec_hex(field[6], v.mac, 32);
    assert_int_equal(vec_hex(field[2], v.hlak, 32), 32);
    assert_int_equal(vec_hex(field[3], v.nonce, 32), 32);
    assert_int_equal(vec_hex(field[4], v.cert, 32), v.len);
    vec_hex("10010070000400010003006800000000", v.msg, 16);
    v.msg[15] = v.hash;
    memcpy(v.msg + 16, v.nonce, 32);
    memcpy(v.msg + 48, v.cert, 32);
    memcpy(v.msg + 80, v.mac, 32);
    return v;
}

static void the_nonce(void *ctx, uint8_t *dst, size_t n)
{
    const struct bench *b = ctx;
    assert_int_equal(n, 32);
    memcpy(dst, b->v.nonce, 32);
}

void bench_take(struct bench *b)
{
    struct call_event e;
    while (call_event(&b->call, &e)) {
        b->last = e;
        b->ppp += e.kind == CALL_EV_PPP;
    }
    b->n_sent += call_pull(&b->call, b->sent + b->n_sent, sizeof b->sent - b->n_sent);
}

void bench_feed(struct bench *b, const void *bytes, size_t n, msec now)
{
    struct rd in = rd_of(bytes, n);
    int fed = FED_TOOK;
    b->last = (struct call_event){ 0 };
    b->n_sent = 0;
    b->ppp = 0;
    while (fed != FED_MORE && rd_left(&in)) {
        fed = call_feed(&b->call, &in, now);
        assert_true(fed >= 0);
        bench_take(b);
    }
    assert_int_equal(rd_left(&in), 0);
}

static void open_bench(struct bench *b, const char *vector, enum call_role role)
{
    memset(b, 0, sizeof *b);
    b->v = vector_of(vector);
    b->env = (struct env){ .ctx = b, .random = the_nonce, .prim = &prim_host };
    call_conf_default(&b->conf, role);
    memcpy(b->conf.certs[0].sha1, b->v.cert, 20);
    memcpy(b->conf.certs[0].sha256, b->v.cert, 32);
    b->conf.n_certs = 1;
    call_init(&b->call, b->out, &b->conf, &b->env, 0);
    bench_take(b);
}

void bench_server(struct bench *b, const char *vector)
{
    open_bench(b, vector, CALL_SERVER);
    bench_feed(b, cap_c.sstp[C_REQUEST].bytes, cap_c.sstp[C_REQUEST].n, 0);
    assert_int_equal(b->last.kind, CALL_EV_LINK_UP);
    assert_int_equal(b->call.state, CALL_SERVER_CALL_CONNECTED_PENDING);
}

/* The Ack is the capture's with the nonce and the hash of the vector. */
void bench_client(struct bench *b, const char *vector)
{
    struct packet ack = cap_s.sstp[S_ACK];
    open_bench(b, vector, CALL_CLIENT);
    ack.bytes[15] = b->v.hash;
    memcpy(ack.bytes + 16, b->v.nonce, 32);
    bench_feed(b, ack.bytes, ack.n, 0);
    assert_int_equal(b->last.kind, CALL_EV_LINK_UP);
    assert_int_equal(b->call.state, CALL_CLIENT_CONNECT_ACK_RECEIVED);
}
