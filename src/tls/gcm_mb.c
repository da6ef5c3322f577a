/* The library's side: which of its functions, and the tables that it makes of keys. See gcm.h. */
#include "tls/gcm.h"

#include "base/secret.h"

#include <intel-ipsec-mb.h>
#include <stdalign.h>
#include <string.h>

enum { SLOTS = 32 }; /* keys whose tables are kept: sixteen sessions that are busy at once */

static const uint64_t wanted = IMB_CPUFLAGS_AVX512 | IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ | IMB_FEATURE_SAFE_DATA |
                               IMB_FEATURE_SELF_TEST | IMB_FEATURE_SELF_TEST_PASS;

_Static_assert(sizeof(struct gcm_context_data) <= GCM_STATE, "room for the library's state");

/* What there is for a length of key. */
struct functions {
    aes_gcm_pre_t prepare;
    aes_gcm_init_t begin;
    aes_gcm_enc_dec_update_t crypt[2]; /* decrypt, encrypt */
    aes_gcm_enc_dec_finalize_t end;    /* both ways the same */
};

static struct functions aes128, aes256;

struct slot {
    alignas(64) struct gcm_key_data tables; /* the library loads whole vectors, and does not say so */
    uint64_t number;                        /* of the key they are of; 0: none */
};

static _Thread_local struct slot slots[SLOTS];
static _Thread_local uint32_t next_slot;
static uint64_t last_number;

static void choose(const IMB_MGR *m)
{
    aes128 = (struct functions){
        m->gcm128_pre, m->gcm128_init, { m->gcm128_dec_update, m->gcm128_enc_update }, m->gcm128_enc_finalize
    };
    aes256 = (struct functions){
        m->gcm256_pre, m->gcm256_init, { m->gcm256_dec_update, m->gcm256_enc_update }, m->gcm256_enc_finalize
    };
}

bool gcm_open(void)
{
    /* The library looks at what the processor has, this at what the kernel lets it use (XCR0). */
    if (aes128.prepare || !__builtin_cpu_supports("avx512f"))
        return aes128.prepare;
    IMB_MGR *m = alloc_mb_mgr(0);
    if (!m)
        return false;
    init_mb_mgr_auto(m, NULL);
    if ((m->features & wanted) == wanted)
        choose(m);
    free_mb_mgr(m); /* its queues of jobs are of no use here */
    return aes128.prepare;
}

static const struct functions *functions_of(const struct gcm *g)
{
    return g->key_len == 16 ? &aes128 : &aes256;
}

static struct gcm_context_data *state_of(struct gcm *g)
{
    return (struct gcm_context_data *)(void *)g->state;
}

/* The key's tables, made again where others have taken their place. */
static const struct gcm_key_data *tables_of(struct gcm *g)
{
    struct slot *s = &slots[g->slot];
    if (s->number == g->number)
        return &s->tables;
    g->slot = next_slot++ % SLOTS;
    s = &slots[g->slot];
    functions_of(g)->prepare(g->key, &s->tables);
    s->number = g->number;
    return &s->tables;
}

void gcm_key(struct gcm *g, const uint8_t *key, size_t n)
{
    gcm_forget(g);
    g->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
    g->key_len = (uint8_t)n;
    memcpy(g->key, key, n);
}

void gcm_forget(struct gcm *g)
{
    struct slot *s = &slots[g->slot];
    if (g->number && s->number == g->number)
        secret_wipe(s, sizeof(*s));
    secret_wipe(g, sizeof(*g));
}

void gcm_begin(struct gcm *g, const uint8_t iv[GCM_IV], const uint8_t *aad, size_t n_aad)
{
    functions_of(g)->begin(tables_of(g), state_of(g), iv, aad, n_aad);
}

void gcm_crypt(struct gcm *g, bool encrypt, uint8_t *dst, const uint8_t *src, size_t n)
{
    functions_of(g)->crypt[encrypt](tables_of(g), state_of(g), dst, src, n);
}

void gcm_end(struct gcm *g, uint8_t ret_tag[GCM_TAG])
{
    functions_of(g)->end(tables_of(g), state_of(g), ret_tag, GCM_TAG);
    secret_wipe(g->state, sizeof(g->state));
}
