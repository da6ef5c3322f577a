/* RFC 3079's key derivation for MS-CHAPv2; see mppe_keys.h. */
#include "crypto/mppe_keys.h"

#include "base/secret.h"
#include "base/wr.h"

/* RFC 3079 3.4 */
static const char MAGIC1[] = "This is the MPPE Master Key";
static const char MAGIC2[] = "On the client side, this is the send key; on the server side, it is the receive key.";
static const char MAGIC3[] = "On the client side, this is the receive key; on the server side, it is the send key.";
enum { PAD_LEN = 40 };

void mppe_master_key(const struct prim *p, const uint8_t nt_hash[16], const uint8_t nt_response[24], uint8_t out[16])
{
    uint8_t hash_hash[MD4_LEN];
    uint8_t digest[SHA1_LEN];
    const struct slice password = slice_of(nt_hash, 16);

    p->md4(&password, 1, hash_hash);
    const struct slice parts[] = {
        slice_of(hash_hash, sizeof(hash_hash)),
        slice_of(nt_response, 24),
        slice_of(MAGIC1, sizeof(MAGIC1) - 1),
    };
    p->sha1(parts, 3, digest);
    memcpy(out, digest, MPPE_KEY_LEN);
    secret_wipe(hash_hash, sizeof(hash_hash));
    secret_wipe(digest, sizeof(digest));
}

static void start_key(const struct prim *p, const uint8_t master[16], struct slice magic, uint8_t out[16])
{
    uint8_t pad1[PAD_LEN];
    uint8_t pad2[PAD_LEN];
    uint8_t digest[SHA1_LEN];

    memset(pad1, 0x00, sizeof(pad1));
    memset(pad2, 0xf2, sizeof(pad2));
    const struct slice parts[] = {
        slice_of(master, MPPE_KEY_LEN),
        slice_of(pad1, sizeof(pad1)),
        magic,
        slice_of(pad2, sizeof(pad2)),
    };
    p->sha1(parts, 4, digest);
    memcpy(out, digest, MPPE_KEY_LEN);
    secret_wipe(digest, sizeof(digest));
}

void mppe_start_keys(const struct prim *p, const uint8_t master[16], struct mppe_keys *out)
{
    start_key(p, master, slice_of(MAGIC2, sizeof(MAGIC2) - 1), out->c2s);
    start_key(p, master, slice_of(MAGIC3, sizeof(MAGIC3) - 1), out->s2c);
}

void mppe_hlak(const struct prim *p, const uint8_t nt_hash[16], const uint8_t nt_response[24], uint8_t hlak[32])
{
    uint8_t master[MPPE_KEY_LEN];
    struct mppe_keys keys;

    mppe_master_key(p, nt_hash, nt_response, master);
    mppe_start_keys(p, master, &keys);
    /* [MS-SSTP] 3.2.5.2.2: the client's MasterSendKey | MasterReceiveKey; 3.2.5.2.4: the server's MasterReceiveKey |
     * MasterSendKey. [MS-CHAP] 3.1.5.1 puts the same bytes first into the MSK of EAP-MSCHAPv2. */
    mppe_hlak_join(slice_of(keys.c2s, MPPE_KEY_LEN), slice_of(keys.s2c, MPPE_KEY_LEN), hlak);
    secret_wipe(master, sizeof(master));
    secret_wipe(&keys, sizeof(keys));
}

void mppe_hlak_join(struct slice c2s, struct slice s2c, uint8_t hlak[32])
{
    struct wr w = wr_of(hlak, MPPE_HLAK_LEN);

    /* [MS-SSTP] 3.2.5.2.2: longer keys are cut to 32 bytes, shorter ones padded with zeros at the end. */
    memset(hlak, 0, MPPE_HLAK_LEN);
    wr_bytes(&w, c2s.p, c2s.n < MPPE_HLAK_LEN ? c2s.n : MPPE_HLAK_LEN);
    wr_bytes(&w, s2c.p, s2c.n < w.cap - w.len ? s2c.n : w.cap - w.len);
}
