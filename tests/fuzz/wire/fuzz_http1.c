/* One HTTP head: the scan finds the same end however the bytes are cut; what is accepted lies inside the head. */
#include "fuzz.h"
#include "wire/http1.h"

#include <stdlib.h>

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void inside(struct slice head, struct slice s)
{
    must(s.n == 0 || (s.p >= head.p && s.p + s.n <= head.p + head.n));
}

static void check(struct slice head, const struct http1_head *h)
{
    FUZZ_REACHED();
    must(h->n_fields <= HTTP1_FIELDS_MAX);
    inside(head, h->line);
    inside(head, h->method);
    inside(head, h->target);
    inside(head, h->reason);
    for (unsigned i = 0; i < h->n_fields; i++) {
        inside(head, h->fields[i].name);
        inside(head, h->fields[i].value);
        must(h->fields[i].name.n > 0);
    }
}

/* In pieces of `step` bytes. */
static int scan(const uint8_t *data, size_t size, size_t step)
{
    size_t scanned = 0;
    for (size_t n = 0;; n += step) {
        struct rd r = rd_of(data, n < size ? n : size);
        int got = http1_scan(&r, &scanned);
        must(rd_left(&r) == (n < size ? n : size));
        if (got != 0 || n >= size)
            return got;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int n = scan(data, size, size ? size : 1);
    must(n == scan(data, size, 7));
    must(n <= (int)size && n <= HTTP1_HEAD_MAX);
    if (n <= 0)
        return 0;
    struct http1_head h;
    struct slice head = slice_of(data, (size_t)n);
    if (http1_request(head, &h) == 0) {
        check(head, &h);
        must(http1_response(head, &h) < 0); /* no head is both */
    } else if (http1_response(head, &h) == 0) {
        check(head, &h);
    }
    return 0;
}
