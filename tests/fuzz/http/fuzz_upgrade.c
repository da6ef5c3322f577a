/* The HTTP handshake: the first byte chooses role and size of the pieces, the rest is what the peer sends. */
#include "fuzz.h"
#include "http/upgrade.h"

#include <stdlib.h>

static void must(bool ok)
{
    if (!ok)
        abort();
}

static const struct env env = { 0 };

static void check(struct http *h, bool server)
{
    static uint8_t out[HTTP_OUT_MAX];
    struct http_event ev;
    must(http_event(h, &ev));
    must(ev.kind != HTTP_EV_NONE && http_due(h) == NEVER);
    must(ev.correlation.n == 0 || ev.correlation.n == 36);
    must(ev.line.n <= sizeof h->line && ev.host.n <= sizeof h->host);
    size_t n = http_pull(h, out, sizeof out);
    /* The server always answers, the client never does. */
    must((n > 0) == server);
    if (ev.kind == HTTP_EV_UPGRADED) {
        must(ev.status == 200);
        FUZZ_REACHED();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t hash[32] = { 1 };
    static struct http h;
    static uint8_t out[HTTP_OUT_MAX];
    if (size == 0)
        return 0;
    bool server = data[0] & 1;
    size_t step = 1 + (data[0] >> 1);
    struct http_conf conf = {
        .server = server, .cert_sha1 = hash, .cert_sha256 = hash, .host = "a", .correlation = "{}", .timeout = 1000
    };
    http_init(&h, &conf, &env, 0);
    if (!server)
        must(http_pull(&h, out, sizeof out) > 0);
    data++, size--;
    for (size_t have = step < size ? step : size, start = 0;;) {
        struct rd r = rd_of(data + start, have - start);
        int got = http_feed(&h, &r, 1);
        start = have - rd_left(&r);
        if (got == FED_EVENT) {
            check(&h, server);
            return 0;
        }
        must(got == FED_MORE || (got == FED_TOOK && !server));
        if (got == FED_MORE && have == size)
            break;
        if (got == FED_MORE)
            have = have + step < size ? have + step : size;
    }
    /* No head came: time runs out. */
    struct http_event ev;
    http_tick(&h, http_due(&h));
    must(http_event(&h, &ev) && ev.kind == HTTP_EV_TIMEOUT);
    return 0;
}
