/* Interface identifier and DUID out of the machine's own number; see identity.h. */
#include "client/identity.h"

#include <fcntl.h>
#include <unistd.h>

#include "tls/prim_host.h"

/* The first `n` bytes of a keyed digest over all words, each with its zero. */
static void derive(struct slice machine, const char *const words[], uint8_t *out, size_t n)
{
    uint8_t digest[SHA256_LEN];
    struct slice parts[4];
    unsigned k = 0;
    for (; words[k]; k++)
        parts[k] = slice_of((const uint8_t *)words[k], strlen(words[k]) + 1);
    prim_host.hmac_sha256(machine, parts, k, digest);
    memcpy(out, digest, n);
}

/* RFC 5453: identifiers that are not a host's; zero is none at all (RFC 5072 4.1). */
static bool reserved(const uint8_t id[8])
{
    static const uint8_t zero[8], isatap[5] = { 0x02, 0x00, 0x5e, 0xff, 0xfe };
    static const uint8_t anycast[7] = { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    return memcmp(id, zero, 8) == 0 || memcmp(id, isatap, sizeof isatap) == 0 ||
           (memcmp(id, anycast, sizeof anycast) == 0 && id[7] >= 0x80);
}

void identity_from(struct slice machine, const char *server, const char *user, uint8_t interface_id[8],
                   uint8_t duid[PLAN_DUID])
{
    const char *const id_words[] = { "adit interface identifier", server, user, NULL };
    const char *const duid_words[] = { "adit duid", NULL };
    derive(machine, id_words, interface_id, 8);
    if (reserved(interface_id))
        interface_id[0] ^= 0x10;
    /* RFC 6355: DUID-UUID, type 4. */
    duid[0] = 0;
    duid[1] = 4;
    derive(machine, duid_words, duid + 2, PLAN_DUID - 2);
}

void identity_make(const struct options *o, uint8_t interface_id[8], uint8_t duid[PLAN_DUID])
{
    uint8_t machine[64];
    int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, machine, sizeof machine);
    if (fd >= 0)
        close(fd);
    if (n < 32) { /* machine-id(5): 32 digits; "uninitialized" is none */
        prim_random(NULL, machine, 32);
        n = 32;
    }
    identity_from(slice_of(machine, (size_t)n), o->host, o->user, interface_id, duid);
}
