/* Facts 1 to 4, 14 and 15: the keys of the crypto binding, against what [MS-SSTP] 4.7, RFC 2759, RFC 3079, sstp-client and
 * two Windows machines printed or sent. docs/FACTS.md says what each fact is and where its bytes come from. */
#include "facts.h"

#include "../crypto/vec.h"
#include "auth/verify.h"
#include "crypto/mppe_keys.h"
#include "crypto/mschap.h"
#include "tls/prim_host.h"

static void hmac(const struct vector *v, struct slice key, const struct slice *parts, size_t n, uint8_t out[32])
{
    memset(out, 0, 32);
    if (v->hash == BINDING_SHA1)
        prim_host.hmac_sha1(key, parts, n, out);
    else
        prim_host.hmac_sha256(key, parts, n, out);
}

/* Does a key derived from seed | length | counter, each as given, make the vector's MAC? */
static bool makes_it(const struct vector *v, struct slice seed, const char *length, struct slice counter)
{
    uint8_t cmk[32], mac[32], msg[112];
    struct slice parts[] = { seed, slice_of(length, 2), counter };
    hmac(v, slice_of(v->hlak, 32), parts, 3, cmk);
    memcpy(msg, v->msg, 80);
    memset(msg + 80, 0, 32);
    struct slice whole = slice_of(msg, sizeof msg);
    hmac(v, slice_of(cmk, v->len), &whole, 1, mac);
    return memcmp(mac, v->mac, 32) == 0;
}

static void fact_01_cmk_length_is_little_endian(void **state)
{
    (void)state;
    static const char seed[] = "SSTP inner method derived CMK";
    struct slice one = slice_of("\1", 1), seed29 = slice_str(seed);
    assert_int_equal(seed29.n, 29);
    for (unsigned i = 0; i < 3; i++) {
        struct vector v = vector_of(foreign_vectors[i]);
        bool sha1 = v.hash == BINDING_SHA1;
        const char *little = sha1 ? "\x14\x00" : "\x20\x00", *big = sha1 ? "\x00\x14" : "\x00\x20";
        assert_true(makes_it(&v, seed29, little, one));
        assert_false(makes_it(&v, seed29, big, one));
        assert_false(makes_it(&v, slice_of(seed, sizeof seed), little, one)); /* with the NUL */
        assert_false(makes_it(&v, seed29, little, slice_of("\0", 1)));
        assert_false(makes_it(&v, seed29, little, slice_of("\0\1", 2)));
        uint8_t mac[32];
        binding_mac(&prim_host, v.hash, v.hlak, v.msg, mac);
        assert_memory_equal(mac, v.mac, 32);
    }
}

static void fact_02_hlak_is_client_to_server_first(void **state)
{
    (void)state;
    uint8_t nt_hash[16], response[24], hlak[32], c2s[16], s2c[16], mac[32], key[32];

    /* sstp-client, both keys, named as the client sees them: send first */
    const char *password = vec_text("mschap.txt", "sstp-client-mppe", "password");
    assert_int_equal(mschap_nt_hash(&prim_host, slice_str(password), nt_hash), 0);
    vec_bytes("mschap.txt", "sstp-client-mppe", "nt_response", response, 24);
    vec_bytes("mschap.txt", "sstp-client-mppe", "k_c2s", c2s, 16);
    vec_bytes("mschap.txt", "sstp-client-mppe", "k_s2c", s2c, 16);
    mppe_hlak(&prim_host, nt_hash, response, hlak);
    assert_memory_equal(hlak, c2s, 16);
    assert_memory_equal(hlak + 16, s2c, 16);
    mppe_hlak_join(slice_of(c2s, 16), slice_of(s2c, 16), key); /* as RADIUS brings them: Recv, Send */
    assert_memory_equal(key, hlak, 32);

    /* RFC 3079 3.5.3 prints the server's send key: the second half */
    vec_bytes("mschap.txt", "rfc2759-9.2", "nt_hash", nt_hash, 16);
    vec_bytes("mschap.txt", "rfc2759-9.2", "nt_response", response, 24);
    vec_bytes("mschap.txt", "rfc2759-9.2", "k_s2c", s2c, 16);
    mppe_hlak(&prim_host, nt_hash, response, hlak);
    assert_memory_equal(hlak + 16, s2c, 16);
    assert_memory_not_equal(hlak, s2c, 16);

    /* Windows with EAP-TLS: 32-byte keys, the client's send key alone. Its receive key stands beside it in sstp-client's
     * self-test and must not help. */
    struct vector v = vector_of("V3");
    uint8_t recv[32];
    vec_hex("6DB2817CDC55AA42C3A1FF3389BE08E2EFFE8B2DC719074A43CFBB8ACF7414CE", recv, 32);
    mppe_hlak_join(slice_of(v.hlak, 32), slice_of(recv, 32), key);
    binding_mac(&prim_host, v.hash, key, v.msg, mac);
    assert_memory_equal(mac, v.mac, 32);
    mppe_hlak_join(slice_of(recv, 32), slice_of(v.hlak, 32), key);
    binding_mac(&prim_host, v.hash, key, v.msg, mac);
    assert_memory_not_equal(mac, v.mac, 32);
}

/* Our client, given the key and the nonce of the vector, sends the vector's message, byte for byte. */
static void client_makes(const char *name)
{
    struct bench b;
    bench_client(&b, name);
    b.n_sent = 0;
    call_authenticated(&b.call, b.v.hlak, 100);
    bench_take(&b);
    assert_int_equal(b.n_sent, sizeof b.v.msg);
    assert_memory_equal(b.sent, b.v.msg, sizeof b.v.msg);
    call_done(&b.call);
}

/* Our server, which drew the vector's nonce, takes the vector's message; and none that differs in a bit. */
static void server_takes(const char *name, size_t wrong_byte)
{
    struct bench b;
    bench_server(&b, name);
    call_authenticated(&b.call, b.v.hlak, 100);
    bool right = wrong_byte >= sizeof b.v.msg;
    if (!right)
        b.v.msg[wrong_byte] ^= 0x01;
    bench_feed(&b, b.v.msg, sizeof b.v.msg, 200);
    assert_int_equal(b.last.kind, right ? CALL_EV_CONNECTED : CALL_EV_ENDING);
    assert_int_equal(b.call.state, right ? CALL_SERVER_CALL_CONNECTED : CALL_ABORT_PENDING);
    if (!right)
        assert_int_equal(b.last.cause, CALL_CAUSE_BINDING);
    call_done(&b.call);
}

static void fact_03_the_mac_covers_all_112_bytes(void **state)
{
    (void)state;
    uint8_t msg[112], mac[32];
    for (unsigned i = 0; i < 3; i++) {
        struct vector v = vector_of(foreign_vectors[i]);
        for (unsigned at = 0; at < 112; at++) { /* the header counts; the MAC's own slot does not */
            memcpy(msg, v.msg, sizeof msg);
            msg[at] ^= 0x80;
            binding_mac(&prim_host, v.hash, v.hlak, msg, mac);
            assert_int_equal(memcmp(mac, v.mac, 32) == 0, at >= 80);
        }
        client_makes(foreign_vectors[i]);
        server_takes(foreign_vectors[i], SIZE_MAX);
        server_takes(foreign_vectors[i], 16);             /* nonce */
        server_takes(foreign_vectors[i], 48);             /* certificate hash */
        server_takes(foreign_vectors[i], 80);             /* MAC */
        server_takes(foreign_vectors[i], 80 + v.len - 1); /* its last byte */
    }
    /* SHA-1 leaves twelve zeros after the hash and after the MAC: those after the hash are part of the message */
    struct vector v = vector_of("V2");
    static const uint8_t zeros[12];
    assert_memory_equal(v.msg + 68, zeros, 12);
    binding_mac(&prim_host, v.hash, v.hlak, v.msg, mac);
    assert_memory_equal(mac + 20, zeros, 12);
    server_takes("V2", 79);
}

/* The Response of RFC 2759 9.2 as it stands in a CHAP packet: peer challenge, eight zeros, NT-Response, flags. */
static void rfc_response(uint8_t out[49])
{
    memset(out, 0, 49);
    vec_bytes("mschap.txt", "rfc2759-9.2", "peer_challenge", out, 16);
    vec_bytes("mschap.txt", "rfc2759-9.2", "nt_response", out + 24, 24);
}

static void fact_04_the_domain_is_not_hashed(void **state)
{
    (void)state;
    uint8_t challenge[16], expected[8], got[8], nt_hash[16], response[49], hlak[32];
    char success[43];
    vec_bytes("mschap.txt", "rfc2759-9.2", "auth_challenge", challenge, 16);
    vec_bytes("mschap.txt", "rfc2759-9.2", "challenge_hash", expected, 8);
    vec_bytes("mschap.txt", "rfc2759-9.2", "nt_hash", nt_hash, 16);
    rfc_response(response);
    static const char *const names[] = { "User", "BIGCO\\User" };
    for (unsigned i = 0; i < 2; i++) {
        struct mschap_exchange x = { challenge, response, slice_str(names[i]) };
        mschap_challenge_hash(&prim_host, &x, got);
        assert_memory_equal(got, expected, 8);
        assert_true(verify_mschapv2(&prim_host, nt_hash, slice_str(names[i]), slice_of(challenge, 16),
                                    slice_of(response, 49), success, hlak));
        assert_string_equal(success, vec_text("mschap.txt", "rfc2759-9.2", "success"));
    }
    /* the bytes count as they were sent: another case is another name */
    assert_false(verify_mschapv2(&prim_host, nt_hash, slice_str("BIGCO\\user"), slice_of(challenge, 16),
                                 slice_of(response, 49), success, hlak));
    /* [CAP]: the name of a real Response has its domain */
    const struct packet *p = &cap_c.sstp[C_RESPONSE];
    struct slice name = slice_of(p->bytes + 60, p->n - 60);
    assert_true(slice_eq(name, slice_str("SSTP-TEST\\Eivind")));
    assert_true(slice_eq(mschap_account(name), slice_str("Eivind")));
}

/* A server with two certificates, of which the vector's is the second. */
static void fact_14_the_certificate_that_this_client_saw(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        for (unsigned known = 0; known < 2; known++) {
            struct bench b;
            bench_server(&b, foreign_vectors[i]);
            struct call_cert seen = b.conf.certs[0];
            memset(&b.conf.certs[0], 0x77, sizeof seen);
            b.conf.certs[known] = known ? seen : b.conf.certs[0];
            b.conf.n_certs = known + 1;
            call_authenticated(&b.call, b.v.hlak, 1);
            bench_feed(&b, b.v.msg, sizeof b.v.msg, 2);
            assert_int_equal(b.last.kind, known ? CALL_EV_CONNECTED : CALL_EV_ENDING);
            if (!known)
                assert_int_equal(b.last.check, BINDING_CERTIFICATE);
            call_done(&b.call);
        }
    /* The hash follows the mask. [CAP]: RRAS, whose certificate was signed with SHA-1, offered SHA-256 alone, and that is
     * what its client used. */
    assert_int_equal(cap_s.sstp[S_ACK].bytes[15], BINDING_SHA256);
    assert_int_equal(cap_c.sstp[C_CONNECTED].bytes[15], BINDING_SHA256);
    struct bench b;
    bench_client(&b, "V1");
    assert_int_equal(b.call.hash, cap_c.sstp[C_CONNECTED].bytes[15]);
    call_done(&b.call);
}

/* What the server says when its key is all zeros, or the client's: MS-CHAPv2 without MPPE keys. */
static void fact_15_zeros_only_where_no_keys_are(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    assert_true(auth_method_keyed(AUTH_MSCHAPV2) && auth_method_keyed(AUTH_EAP_MSCHAPV2));
    assert_false(auth_method_keyed(AUTH_PAP) || auth_method_keyed(AUTH_CHAP_MD5));
    for (unsigned i = 0; i < 3; i++) {
        struct bench b;
        bench_server(&b, foreign_vectors[i]);
        call_authenticated(&b.call, zeros, 1);
        bench_feed(&b, b.v.msg, sizeof b.v.msg, 2);
        assert_int_equal(b.last.kind, CALL_EV_ENDING);
        assert_int_equal(b.last.check, BINDING_MAC);
        /* [MS-SSTP] 3.3.5.2.3: {CRYPTO_BINDING, VALUE_NOT_SUPPORTED} */
        static const uint8_t abort_sent[] = { 0x10, 1, 0, 0x14, 0, 5, 0, 1, 0, 2, 0, 12, 0, 0, 0, 3, 0, 0, 0, 4 };
        assert_int_equal(b.n_sent, sizeof abort_sent);
        assert_memory_equal(b.sent, abort_sent, sizeof abort_sent);
        call_done(&b.call);
    }
    /* No foreign bytes of a binding with zeros exist: V4 was computed. sstpc with PAP shows it (tests/peers/10-sstpc, pap). */
    static const char *const computed[] = { "V4a", "V4b" };
    for (unsigned i = 0; i < 2; i++) {
        struct vector v = vector_of(computed[i]);
        assert_memory_equal(v.hlak, zeros, 32);
        client_makes(computed[i]);
        server_takes(computed[i], SIZE_MAX);
    }
}

/* RFC 2759 4: on the wire of PPP the flags come last ([CAP]: zero, and the name follows); RADIUS has them second. */
static void runner_up_flags_of_the_response_come_last(void **state)
{
    (void)state;
    const struct packet *p = &cap_c.sstp[C_RESPONSE];
    static const uint8_t reserved[8];
    assert_int_equal(p->bytes[10], 49); /* Value-Size */
    assert_memory_not_equal(p->bytes + 11, reserved, 8);
    assert_memory_equal(p->bytes + 27, reserved, 8); /* after 16 bytes of peer challenge */
    assert_int_equal(p->bytes[59], 0);               /* flags */
    assert_int_equal(p->bytes[60], 'S');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fact_01_cmk_length_is_little_endian),
        cmocka_unit_test(fact_02_hlak_is_client_to_server_first),
        cmocka_unit_test(fact_03_the_mac_covers_all_112_bytes),
        cmocka_unit_test(fact_04_the_domain_is_not_hashed),
        cmocka_unit_test(fact_14_the_certificate_that_this_client_saw),
        cmocka_unit_test(fact_15_zeros_only_where_no_keys_are),
        cmocka_unit_test(runner_up_flags_of_the_response_come_last),
    };
    return cmocka_run_group_tests(tests, capture_load, NULL);
}
