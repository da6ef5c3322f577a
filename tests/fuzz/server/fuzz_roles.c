/* Bodies of messages between roles and datagrams between workers: the first byte chooses the decoder, the rest is its input.
 * What was accepted is encoded again and must decode to as much. */
#include "fuzz.h"

#include "dp/handover.h"
#include "server/roles.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t buf[65536];

static void again(const struct wr *w, int (*get)(struct slice))
{
    if (!wr_ok(w) || get(wr_slice(w)) < 0)
        abort();
    FUZZ_REACHED();
}

static int get_ask(struct slice s)
{
    struct role_ask a;
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_ask(s, &a);
    if (r == 0)
        role_put_ask(&w, &a);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static int get_verdict(struct slice s)
{
    struct role_verdict v;
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_verdict(s, &v);
    if (r == 0)
        role_put_verdict(&w, &v);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static int get_own(struct slice s)
{
    struct role_own o;
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_own(s, &o);
    if (r == 0)
        role_put_own(&w, &o);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static int get_counters(struct slice s)
{
    struct role_counters c;
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_counters(s, &c);
    if (r == 0)
        role_put_counters(&w, &c);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static int get_end(struct slice s)
{
    uint64_t session;
    char reason[ROLE_REASON];
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_end(s, &session, reason);
    if (r == 0)
        role_put_end(&w, session, reason);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static int get_cert(struct slice s)
{
    struct role_cert c;
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_cert(s, &c);
    if (r == 0)
        role_put_cert(&w, &c);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static int get_claim(struct slice s)
{
    struct role_claim c;
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_claim(s, &c);
    if (r == 0)
        role_put_claim(&w, &c);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static int get_ndp(struct slice s)
{
    struct role_ndp n;
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_ndp(s, &n);
    if (r == 0)
        role_put_ndp(&w, &n);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static int get_lan(struct slice s)
{
    struct role_lan l;
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_lan(s, &l);
    if (r == 0)
        role_put_lan(&w, &l);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static int get_lease(struct slice s)
{
    struct role_lease l;
    struct wr w = wr_of(buf, sizeof(buf));
    int r = role_get_lease(s, &l);
    if (r == 0)
        role_put_lease(&w, &l);
    return r < 0 ? r : wr_ok(&w) && wr_len(&w) == s.n ? 0 : ERR_BUG;
}

static void handover(const uint8_t *data, size_t size)
{
    static int fds[2] = { -1, -1 };
    static uint8_t in[HANDOVER_MAX];
    struct batch b;
    if (fds[0] < 0 && handover_pair(fds) < 0)
        abort();
    if (send(fds[0], data, size, MSG_DONTWAIT) < 0)
        return;
    int n = handover_recv(fds[1], in, &b);
    if (n != (int)b.n && !(n == ERR_LENGTH && b.n == 0))
        abort();
    for (unsigned i = 0; i < b.n; i++)
        if (b.at[i].p < in + TUN_VNET_HDR || b.at[i].p + b.at[i].n > in + size)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int (*const decoders[])(struct slice) = { get_ask, get_verdict, get_own, get_counters, get_end,  get_cert,
                                                     NULL,    get_claim,   get_ndp, get_lan,      get_lease };
    if (size < 1)
        return 0;
    unsigned kind = data[0] % 11;
    struct slice s = slice_of(data + 1, size - 1);
    if (kind == 6) {
        handover(s.p, s.n);
        return 0;
    }
    int r = decoders[kind](s);
    if (r == ERR_BUG)
        abort();
    if (r == 0) {
        static uint8_t copy[65536];
        struct wr w = wr_of(copy, sizeof(copy));
        wr_put(&w, s);
        again(&w, decoders[kind]);
    }
    return 0;
}
