/* What the client's processes say to each other: any body, as each message. What is taken encodes to the same bytes, and
 * holds nothing that the receiver could not live with. Input: which message, then its body. */
#include "client/msgs.h"

#include <stdlib.h>

#include "fuzz.h"

enum { KINDS = 5 };

static void whole(const struct prefix *a)
{
    if (a->len != (a->family == 4 ? 32 : 128))
        abort();
}

static void same(struct slice body, const uint8_t *again, size_t n, uint32_t kind)
{
    static unsigned seen;
    if (!slice_eq(body, slice_of(again, n)))
        abort();
    seen |= 1u << kind;
    if (seen == (1u << KINDS) - 1)
        FUZZ_REACHED();
}

static void plan(struct slice body, uint8_t *again, size_t cap)
{
    static struct plan p;
    if (plan_decode(body, &p) < 0)
        return;
    if (p.n_pins > OPT_PINS || p.n_methods > AUTH_METHODS || p.n_addresses > PLAN_ADDRESSES ||
        p.password_len > sizeof p.password || !memchr(p.user, 0, sizeof p.user))
        abort();
    for (unsigned i = 0; i < p.n_addresses; i++)
        whole(&p.addresses[i]);
    /* booleans: any number but 0 is true */
    size_t n = plan_encode(&p, again, cap);
    struct plan q;
    if (n != body.n || plan_decode(slice_of(again, n), &q) < 0 || strcmp(p.host, q.host) != 0)
        abort();
    same(slice_of(again, n), again, n, 0);
}

static void offer(struct slice body, uint8_t *again, size_t cap)
{
    static struct net_offer o;
    if (offer_decode(body, &o) < 0)
        return;
    for (unsigned i = 0; i < o.n_dns; i++)
        whole(&o.dns[i]);
    for (unsigned i = 0; i < o.n_search; i++)
        if (!dns_name_ok(o.search[i].text))
            abort();
    if (o.domain.text[0] && !dns_name_ok(o.domain.text))
        abort();
    same(body, again, offer_encode(&o, again, cap), 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[CM_OFFER_MAX];
    struct rd r = rd_of(data, size);
    uint32_t kind = rd_u8(&r) % KINDS;
    struct slice body = rd_rest(&r);
    struct prefix a[PLAN_ADDRESSES];
    struct up_net u;
    char why[256];
    int n;
    if (kind == 0)
        plan(body, again, sizeof again);
    if (kind == 1 && (n = addresses_decode(body, a, PLAN_ADDRESSES, why)) >= 0) {
        for (int i = 0; i < n; i++)
            whole(&a[i]);
        same(body, again, addresses_encode(a, (unsigned)n, why, again, sizeof again), kind);
    }
    if (kind == 2 && up_decode(body, &u) == 0)
        same(body, again, up_encode(&u, again, sizeof again), kind);
    if (kind == 3 && address_decode(body, a) == 0) {
        whole(a);
        same(body, again, address_encode(a, again, sizeof again), kind);
    }
    if (kind == 4)
        offer(body, again, sizeof again);
    return 0;
}
