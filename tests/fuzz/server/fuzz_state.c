/* The state that one master hands to the next, behind its fingerprint (which no input would ever hit): whatever is accepted
 * is written again as the same bytes, and nothing is left behind by what is refused. */
#include "fuzz.h"

#include "server/state.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 64 };

static uint8_t in[STATE_MAX], out[STATE_MAX];
static struct master m;

/* Magic, fingerprint and version as this program writes them. */
static size_t head(void)
{
    static struct config none;
    struct wr all = wr_of(out, sizeof(out)), body = wr_of(in, sizeof(in));
    master_parts_init(&m, &none);
    state_put(&all, &m);
    state_put_body(&body, &m);
    size_t n = wr_len(&all) - wr_len(&body);
    memcpy(in, out, n);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config none;
    size_t n = head();
    if (size > sizeof(in) - n)
        return 0;
    memcpy(in + n, data, size);
    master_parts_init(&m, &none);
    if (state_get(slice_of(in, n + size), &m) < 0) {
        if (m.host.routed || m.upgrade.own)
            abort();
        return 0;
    }
    FUZZ_REACHED();
    for (unsigned i = 0; i < m.n_roles; i++)
        if (role_vacant(&m.roles[i]))
            goto done; /* written by nobody: such places are left out */
    struct wr w = wr_of(out, sizeof(out));
    state_put(&w, &m);
    if (!wr_ok(&w) || wr_len(&w) != n + size || memcmp(in, out, n + size) != 0)
        abort();
done:
    free(m.host.routed);
    free(m.host.leased);
    free(m.host.leases);
    free(m.host.limits);
    free(m.upgrade.own);
    m = (struct master){ 0 };
    return 0;
}
