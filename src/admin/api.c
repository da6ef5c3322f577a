/* See api.h. */
#include "admin/api.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int api_fail(struct api_error *e, unsigned status, const char *code, const char *fmt, ...)
{
    va_list ap;
    *e = (struct api_error){ .status = status, .code = code };
    va_start(ap, fmt);
    vsnprintf(e->message, sizeof(e->message), fmt, ap);
    va_end(ap);
    return ERR_VALUE;
}

/* ---- names of sessions ---- */

const char *api_id_text(struct api_id id, char dst[API_ID_TEXT])
{
    snprintf(dst, API_ID_TEXT, "%u-%llx", id.worker, (unsigned long long)id.handle);
    return dst;
}

/* Digits of the base alone: strtoull would take signs and blanks. */
static bool number(const char *s, size_t n, unsigned base, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;
    if (n == 0 || n > 20)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned d = s[i] >= '0' && s[i] <= '9'   ? (unsigned)(s[i] - '0')
                     : s[i] >= 'a' && s[i] <= 'f' ? (unsigned)(s[i] - 'a') + 10
                                                  : 99;
        if (d >= base || v > (max - d) / base)
            return false;
        v = v * base + d;
    }
    *ret = v;
    return true;
}

bool api_id_from(const char *text, struct api_id *ret_id)
{
    const char *dash = strchr(text, '-');
    uint64_t worker, handle;
    if (!dash || !number(text, (size_t)(dash - text), 10, 255, &worker) ||
        !number(dash + 1, strlen(dash + 1), 16, UINT64_MAX, &handle))
        return false;
    *ret_id = (struct api_id){ (uint32_t)worker, handle };
    return true;
}

/* ---- the table ---- */

struct route {
    const char *method, *path; /* '*' stands for one part of the path, not empty */
    enum api_call_kind kind;
};

/* clang-format off */
static const struct route routes[] = {
    { "GET",    "/v1/status",             API_STATUS },
    { "GET",    "/v1/sessions",           API_SESSIONS },
    { "GET",    "/v1/sessions/*",         API_SESSION },
    { "DELETE", "/v1/sessions/*",         API_END },
    { "POST",   "/v1/users/*/disconnect", API_END_USER },
    { "POST",   "/v1/drain",              API_DRAIN },
    { "POST",   "/v1/reload",             API_RELOAD },
    { "POST",   "/v1/upgrade",            API_UPGRADE },
    { "PUT",    "/v1/log-level",          API_LOG_LEVEL },
};
/* clang-format on */
enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

/* Does the path fit the pattern? The part under '*' goes to *ret_part. A part may hold slashes if the pattern goes on
 * behind it: names of users may. */
static bool fits(const char *pattern, const char *path, struct slice *ret_part)
{
    const char *star = strchr(pattern, '*');
    if (!star)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(star - pattern), after = strlen(star + 1), n = strlen(path);
    if (n <= before + after || strncmp(pattern, path, before) != 0 || strcmp(path + n - after, star + 1) != 0)
        return false;
    *ret_part = slice_of(path + before, n - before - after);
    return after || !memchr(path + before, '/', n - before);
}

static const struct route *find_route(const char *method, const char *path, struct slice *ret_part, struct api_error *e)
{
    const char *allow[2] = { NULL, NULL };
    unsigned n = 0;
    for (unsigned i = 0; i < ROUTES; i++) {
        if (!fits(routes[i].path, path, ret_part))
            continue;
        if (strcmp(routes[i].method, method) == 0)
            return &routes[i];
        if (n < 2)
            allow[n++] = routes[i].method;
    }
    if (n == 0) {
        api_fail(e, 404, "no_such_path", "there is nothing at this path; see adit-api(7)");
    } else {
        api_fail(e, 405, "wrong_method", "this path takes %s%s%s", allow[0], n > 1 ? " and " : "",
                 n > 1 ? allow[1] : "");
        e->allow = n > 1 ? "GET, DELETE" : allow[0];
    }
    return NULL;
}

bool api_takes_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "DELETE") == 0;
}

/* ---- what belongs to a call ---- */

static int take_reason(const char *text, struct api_call *c, struct api_error *e)
{
    size_t n = strlen(text);
    if (n >= sizeof(c->reason))
        return api_fail(e, 400, "bad_reason", "the reason may have %zu bytes at most", sizeof(c->reason) - 1);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return api_fail(e, 400, "bad_reason", "the reason holds a control character");
    memcpy(c->reason, text, n + 1);
    return 0;
}

static int take_level(const char *text, struct api_call *c, struct api_error *e)
{
    if (event_level_from(text, &c->level))
        return 0;
    return api_fail(e, 400, "bad_level", "the level is error, warning, notice, info or debug");
}

static int take_member(const char *key, const json_t *value, struct api_call *c, struct api_error *e)
{
    bool ends = c->kind == API_END || c->kind == API_END_USER;
    const char *text = json_string_value(value);
    if (ends && strcmp(key, "reason") == 0)
        return text ? take_reason(text, c, e) : api_fail(e, 400, "bad_reason", "the reason is no string");
    if (c->kind == API_LOG_LEVEL && strcmp(key, "level") == 0)
        return text ? take_level(text, c, e) : api_fail(e, 400, "bad_level", "the level is no string");
    return api_fail(e, 400, "bad_body", "this call knows no \"%.40s\"", key);
}

static int take_body(struct slice body, struct api_call *c, struct api_error *e)
{
    if (body.n == 0)
        return c->kind == API_LOG_LEVEL ? api_fail(e, 400, "bad_level", "the body must be {\"level\": \"...\"}") : 0;
    if (body.n > API_BODY_MAX)
        return api_fail(e, 413, "too_large", "the body may have %d bytes at most", API_BODY_MAX);
    json_error_t why;
    json_t *object = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(object)) {
        json_decref(object);
        return api_fail(e, 400, "bad_body", "the body is no JSON object%s%.80s", object ? "" : ": ",
                        object ? "" : why.text);
    }
    int r = 0;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) if (r == 0) r = take_member(key, value, c, e);
    if (r == 0 && c->kind == API_LOG_LEVEL && json_object_size(object) == 0)
        r = api_fail(e, 400, "bad_level", "the body must be {\"level\": \"...\"}");
    json_decref(object);
    return r;
}

static int take_page(api_query_fn *query, void *ctx, struct api_call *c, struct api_error *e)
{
    const char *limit = query(ctx, "limit"), *after = query(ctx, "after");
    uint64_t n = API_LIMIT_MAX;
    if (limit && (!number(limit, strlen(limit), 10, API_LIMIT_MAX, &n) || n == 0))
        return api_fail(e, 400, "bad_limit", "limit is a number from 1 to %d", API_LIMIT_MAX);
    if (after && (!api_id_from(after, &c->after) || c->after.handle > UINT32_MAX))
        return api_fail(e, 400, "bad_after", "after is what \"next\" of the answer before said");
    c->limit = (uint32_t)n;
    return 0;
}

/* The part of the path that is under the star. */
static int take_part(struct slice part, struct api_call *c, struct api_error *e)
{
    char text[AUTH_NAME_MAX];
    if (part.n >= sizeof(text))
        return api_fail(e, 404, "not_found", "no name is that long");
    memcpy(text, part.p, part.n);
    text[part.n] = 0;
    if (c->kind == API_END_USER)
        memcpy(c->user, text, part.n + 1);
    else if (!api_id_from(text, &c->id))
        return api_fail(e, 404, "not_found", "this is no session's id: they look like 0-100000003");
    return 0;
}

int api_parse(const char *method, const char *path, api_query_fn *query, void *ctx, struct slice body,
              struct api_call *ret_call, struct api_error *ret_e)
{
    struct slice part = slice_of(NULL, 0);
    const struct route *route = find_route(method, path, &part, ret_e);
    if (!route)
        return ERR_VALUE;
    struct api_call c = { .kind = route->kind };
    int r = part.n ? take_part(part, &c, ret_e) : 0;
    if (r == 0 && c.kind == API_SESSIONS)
        r = take_page(query, ctx, &c, ret_e);
    const char *reason = c.kind == API_END || c.kind == API_END_USER ? query(ctx, "reason") : NULL;
    if (r == 0 && reason)
        r = take_reason(reason, &c, ret_e);
    if (r == 0)
        r = api_takes_body(method) ? take_body(body, &c, ret_e) : 0;
    if (r == 0)
        *ret_call = c;
    return r;
}
