/* The keys of RFC 3079 and the HLAK made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/mppe_keys.h"
#include "crypto/mschap.h"
#include "tls/prim_host.h"
#include "vec.h"

#define FILE_ "mschap.txt"

static void check_block(const char *block)
{
    uint8_t hash[16], nt_response[24], want[16], hlak[32];
    uint8_t master[16];
    struct mppe_keys k;

    assert_int_equal(mschap_nt_hash(&prim_host, slice_str(vec_text(FILE_, block, "password")), hash), 0);
    vec_bytes(FILE_, block, "nt_response", nt_response, 24);
    mppe_master_key(&prim_host, hash, nt_response, master);
    mppe_start_keys(&prim_host, master, &k);
    vec_bytes(FILE_, block, "k_c2s", want, 16);
    assert_memory_equal(k.c2s, want, 16);
    vec_bytes(FILE_, block, "k_s2c", want, 16);
    assert_memory_equal(k.s2c, want, 16);
    mppe_hlak(&prim_host, hash, nt_response, hlak);
    assert_memory_equal(hlak, k.c2s, 16);
    assert_memory_equal(hlak + 16, k.s2c, 16);
}

static void rfc_vectors(void **state)
{
    (void)state;
    uint8_t hash[16], nt_response[24], want[16], got[16];

    check_block("rfc2759-9.2");
    vec_bytes(FILE_, "rfc2759-9.2", "nt_hash", hash, 16);
    vec_bytes(FILE_, "rfc2759-9.2", "nt_response", nt_response, 24);
    vec_bytes(FILE_, "rfc2759-9.2", "master_key", want, 16);
    mppe_master_key(&prim_host, hash, nt_response, got);
    assert_memory_equal(got, want, 16);
}

static void sstp_client_vector(void **state)
{
    (void)state;
    check_block("sstp-client-mppe");
}

static void joins(void **state)
{
    (void)state;
    uint8_t a[64], b[64], hlak[33], want[32];

    for (unsigned i = 0; i < 64; i++) {
        a[i] = (uint8_t)(i + 1);
        b[i] = (uint8_t)(i + 0x81);
    }
    for (size_t na = 0; na <= 64; na++) {
        for (size_t nb = 0; nb <= 64; nb++) {
            for (size_t i = 0; i < 32; i++)
                want[i] = i < na ? a[i] : i - na < nb ? b[i - na] : 0;
            memset(hlak, 0xee, sizeof(hlak));
            mppe_hlak_join(slice_of(a, na), slice_of(b, nb), hlak);
            assert_memory_equal(hlak, want, 32);
            assert_int_equal(hlak[32], 0xee);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_vectors),
        cmocka_unit_test(sstp_client_vector),
        cmocka_unit_test(joins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
