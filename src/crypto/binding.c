/* The crypto binding's two keyed hashes; see binding.h. Nothing here knows a state or a policy. */
#include "crypto/binding.h"

#include "base/secret.h"

static const char SEED[] = "SSTP inner method derived CMK";

static void hmac(const struct prim *p, uint8_t hash, struct slice key, const struct slice *parts, size_t n,
                 uint8_t out[BINDING_SLOT])
{
    memset(out, 0, BINDING_SLOT);
    if (hash == BINDING_SHA1)
        p->hmac_sha1(key, parts, n, out);
    else if (hash == BINDING_SHA256)
        p->hmac_sha256(key, parts, n, out);
}

static size_t digest_len(uint8_t hash)
{
    return hash == BINDING_SHA1 ? SHA1_LEN : SHA256_LEN;
}

void binding_cmk(const struct prim *p, uint8_t hash, const uint8_t hlak[32], uint8_t cmk[32])
{
    /* [MS-SSTP] 3.2.5.2.2: CMK = T1 = HMAC(HLAK, S | LEN | 0x01). The seed S has no NUL, and LEN, alone in this
     * protocol, is little-endian (only so do the vectors of [MS-SSTP] 4.7 come out). */
    const uint8_t len_and_counter[3] = { (uint8_t)digest_len(hash), 0x00, 0x01 };
    const struct slice parts[] = {
        slice_of(SEED, sizeof(SEED) - 1),
        slice_of(len_and_counter, sizeof(len_and_counter)),
    };

    hmac(p, hash, slice_of(hlak, BINDING_HLAK_LEN), parts, 2, cmk);
}

void binding_mac(const struct prim *p, uint8_t hash, const uint8_t hlak[32], const uint8_t msg[112], uint8_t mac[32])
{
    static const uint8_t zeros[BINDING_SLOT];
    uint8_t cmk[BINDING_SLOT];
    /* [MS-SSTP] 3.2.5.2.1: all 112 bytes, header included, with the MAC and its padding taken as zero. What the
     * message holds elsewhere, reserved bits included, counts as it stands. */
    const struct slice parts[] = {
        slice_of(msg, BINDING_MAC_AT),
        slice_of(zeros, sizeof(zeros)),
    };

    binding_cmk(p, hash, hlak, cmk);
    hmac(p, hash, slice_of(cmk, digest_len(hash)), parts, 2, mac);
    secret_wipe(cmk, sizeof(cmk));
}
