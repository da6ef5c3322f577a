/* Bodies of messages between admin, master and workers, and requests of callers: the first byte chooses, the rest is the
 * input. A message that was accepted is encoded again and must be accepted as the same bytes. */
#include "fuzz.h"

#include "admin/json.h"

#include <stdlib.h>
#include <string.h>

static uint8_t buf[IMSG_MAX];

static void same(const struct wr *w, struct slice s)
{
    if (!wr_ok(w) || !slice_eq(wr_slice(w), s))
        abort();
    FUZZ_REACHED();
}

static void use_json(json_t *j)
{
    size_t n;
    char *text = api_json_text(j, &n);
    if (!text)
        abort();
    free(text);
}

static void sessions(struct slice s)
{
    struct rd r;
    uint32_t next;
    unsigned n, i;
    struct admin_session one;
    struct wr w = wr_of(buf, sizeof(buf));
    if (admin_get_sessions(s, &r, &next, &n) < 0)
        return;
    admin_begin_sessions(&w);
    for (i = 0; i < n && admin_next_session(&r, &one) == 0; i++) {
        admin_put_session(&w, &one);
        use_json(api_json_session(i, &one));
    }
    admin_end_sessions(&w, next, n);
    if (i == n && rd_end(&r))
        same(&w, s);
}

static void status(struct slice s)
{
    static struct admin_status one;
    struct wr w = wr_of(buf, sizeof(buf));
    if (admin_get_status(s, &one) < 0)
        return;
    admin_put_status(&w, &one);
    use_json(api_json_status(&one, NULL, 0, NULL));
    same(&w, s);
}

static void worker(struct slice s)
{
    struct admin_worker one;
    struct wr w = wr_of(buf, sizeof(buf));
    if (admin_get_worker(s, &one) < 0)
        return;
    admin_put_worker(&w, &one);
    same(&w, s);
}

static void events(struct slice s)
{
    struct rd r = rd_slice(s);
    struct slice line;
    struct wr w = wr_of(buf, sizeof(buf));
    int e;
    while ((e = admin_next_line(&r, &line)) > 0) {
        admin_put_line(&w, line);
        use_json(api_json_event(line));
    }
    if (e == 0)
        same(&w, s);
}

static void done(struct slice s)
{
    struct admin_done one;
    struct wr w = wr_of(buf, sizeof(buf));
    if (admin_get_done(s, &one) < 0)
        return;
    admin_put_done(&w, one.outcome, one.words);
    same(&w, s);
}

static void ends(struct slice s)
{
    char user[AUTH_NAME_MAX], reason[ADMIN_REASON];
    uint64_t handle;
    struct wr w = wr_of(buf, sizeof(buf));
    if (admin_get_end(s, &handle, reason) == 0) {
        admin_put_end(&w, handle, reason);
        same(&w, s);
    }
    w = wr_of(buf, sizeof(buf));
    if (admin_get_end_user(s, user, reason) == 0) {
        admin_put_end_user(&w, user, reason);
        same(&w, s);
    }
}

static const char *query(void *ctx, const char *key)
{
    return key[0] == 'l' ? ctx : NULL;
}

/* METHOD NUL PATH NUL VALUE NUL BODY */
static void request(struct slice s)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "HEAD" };
    char path[512], value[64];
    struct api_call call;
    struct api_error e;
    struct rd r = rd_slice(s);
    const char *method = methods[rd_u8(&r) % 5];
    struct slice p = rd_take(&r, rd_u8(&r)), v = rd_take(&r, rd_u8(&r) % sizeof(value));
    if (!rd_ok(&r))
        return;
    memcpy(path, p.p, p.n);
    path[p.n] = 0;
    memcpy(value, v.p, v.n);
    value[v.n] = 0;
    if (api_parse(method, path, query, value, rd_rest(&r), &call, &e) == 0)
        FUZZ_REACHED();
    else if (e.status < 400 || e.status > 413 || !e.message[0])
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct slice) = { sessions, status, worker, events, done, ends, request };
    if (size < 1 || size > IMSG_MAX)
        return 0;
    targets[data[0] % 7](slice_of(data + 1, size - 1));
    return 0;
}
