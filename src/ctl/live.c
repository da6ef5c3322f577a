/* The verbs that ask or tell the running server. Each is one call of adit-api(7), or one after the other for long lists. */
#include "ctl/ctl.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WATCH_EVERY = 2, UPGRADE_TIME = 120 /* seconds */ };

/* Calls and complains: false with the exit status in *ret_result. */
static bool call(const char *socket, const char *method, const char *path, const char *body, struct reply *ret_r)
{
    char words[512];
    int fd = api_open(socket, false);
    if (fd >= 0 && strcmp(path, "/v1/upgrade") == 0)
        api_patience(fd, UPGRADE_TIME);
    if (fd < 0 || !api_call(fd, method, path, body, false, ret_r))
        return false;
    if (ret_r->status == 200)
        return true;
    fail("%s", api_message(ret_r, words, sizeof(words)));
    free(ret_r->body);
    return false;
}

static int written(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? CTL_OK : fail("standard output cannot be written");
}

/* Prints a document: as it came, or as a table. Frees it. */
static int show(const struct request *q, struct reply *r, bool (*table)(const char *text, size_t n))
{
    bool good = true;
    if (q->json)
        fwrite(r->body, 1, r->n, stdout);
    else
        good = table(r->body, r->n);
    free(r->body);
    return good ? written() : fail("the server's answer is none that this program knows");
}

/* ---- lists ---- */

/* Adds the next page to the list. */
static bool add_page(const char *socket, const char *next, json_t *list, json_t **ret_page)
{
    char path[128];
    struct reply r;
    size_t i;
    json_t *one;
    snprintf(path, sizeof(path), "/v1/sessions?after=%.60s", next);
    if (!call(socket, "GET", path, NULL, &r))
        return false;
    json_t *page = json_loadb(r.body, r.n, 0, NULL);
    free(r.body);
    json_array_foreach(json_object_get(page, "sessions"), i, one) json_array_append(list, one);
    *ret_page = page;
    return page != NULL;
}

/* A list of many pages becomes one document; one of a single page stays as it is. */
static bool all_pages(const char *socket, struct reply *r)
{
    json_t *all = json_loadb(r->body, r->n, 0, NULL), *page = json_incref(all);
    json_t *list = json_object_get(all, "sessions");
    const char *next;
    bool good = true, more = false;
    while (good && (next = json_string_value(json_object_get(page, "next"))) != NULL) {
        json_t *before = page;
        more = true;
        good = add_page(socket, next, list, &page);
        json_decref(before);
        if (!good)
            page = NULL;
    }
    json_decref(page);
    if (more) {
        json_object_del(all, "next");
        free(r->body);
        r->body = good ? json_dumps(all, JSON_COMPACT) : NULL;
        r->n = r->body ? strlen(r->body) : 0;
        good = r->body != NULL;
    }
    json_decref(all);
    return good;
}

static int sessions(const struct request *q, const char *socket)
{
    struct reply r;
    if (!call(socket, "GET", "/v1/sessions", NULL, &r) || !all_pages(socket, &r))
        return CTL_FAILED;
    return show(q, &r, table_sessions);
}

static int status(const struct request *q, const char *socket)
{
    struct reply r;
    return call(socket, "GET", "/v1/status", NULL, &r) ? show(q, &r, table_status) : CTL_FAILED;
}

/* Again and again until it fails or is interrupted. */
static int repeat(int (*fn)(const struct request *q, const char *socket), const struct request *q, const char *socket)
{
    int result;
    for (;;) {
        if (!q->json && isatty(STDOUT_FILENO))
            fputs("\033[H\033[2J", stdout);
        result = fn(q, socket);
        if (result != CTL_OK || !q->watch)
            return result;
        sleep(WATCH_EVERY);
    }
}

/* ---- one session, orders ---- */

/* An ID as it stands in the path; false after a complaint. */
static bool id_path(const char *id, char *dst, size_t cap)
{
    if (!id[0] || strlen(id) > 40 || strspn(id, "0123456789abcdef-") != strlen(id)) {
        fail("\"%s\" is no session's ID: aditctl sessions lists them", id);
        return false;
    }
    snprintf(dst, cap, "/v1/sessions/%s", id);
    return true;
}

static int session(const struct request *q, const char *socket)
{
    char path[128];
    struct reply r;
    if (!id_path(q->word, path, sizeof(path)) || !call(socket, "GET", path, NULL, &r))
        return CTL_FAILED;
    return show(q, &r, table_session);
}

static int disconnect(const struct request *q, const char *socket)
{
    char path[4 * AUTH_NAME_MAX];
    struct reply r;
    json_t *reason = q->reason ? json_pack("{s:s}", "reason", q->reason) : NULL;
    if (q->reason && !reason)
        return fail("the reason is not UTF-8");
    if (q->user && (!q->user[0] || strlen(q->user) >= AUTH_NAME_MAX))
        return fail("\"%s\" is no user's name", q->user);
    if (q->user)
        api_user_path(q->user, path, sizeof(path));
    else if (!id_path(q->word, path, sizeof(path)))
        return CTL_FAILED;
    char *body = reason ? json_dumps(reason, JSON_COMPACT) : NULL;
    bool good = call(socket, q->user ? "POST" : "DELETE", path, body, &r);
    free(body);
    json_decref(reason);
    if (!good)
        return CTL_FAILED;
    json_t *j = json_loadb(r.body, r.n, 0, NULL);
    long long n = json_integer_value(json_object_get(j, "ended"));
    json_decref(j);
    if (q->json)
        fwrite(r.body, 1, r.n, stdout);
    else
        printf("%lld session%s ended\n", n, n == 1 ? "" : "s");
    free(r.body);
    return written();
}

static int order(const struct request *q, const char *socket, const char *method, const char *path, const char *body)
{
    struct reply r;
    if (!call(socket, method, path, body, &r))
        return CTL_FAILED;
    json_t *j = json_loadb(r.body, r.n, 0, NULL);
    const char *words = json_string_value(json_object_get(j, "message"));
    if (q->json)
        fwrite(r.body, 1, r.n, stdout);
    else if (words && words[0])
        puts(words);
    json_decref(j);
    free(r.body);
    return written();
}

static int log_level(const struct request *q, const char *socket)
{
    static const char *const names[] = { "error", "warning", "notice", "info", "debug" };
    char body[64];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], q->word) != 0)
            continue;
        snprintf(body, sizeof(body), "{\"level\":\"%s\"}", q->word);
        return order(q, socket, "PUT", "/v1/log-level", body);
    }
    fail("\"%s\" is no level: error, warning, notice, info or debug", q->word);
    return CTL_USAGE;
}

int run_live(const struct request *q, const char *socket)
{
    if (q->verb == VERB_STATUS)
        return repeat(status, q, socket);
    if (q->verb == VERB_SESSIONS)
        return repeat(sessions, q, socket);
    if (q->verb == VERB_SESSION)
        return session(q, socket);
    if (q->verb == VERB_DISCONNECT)
        return disconnect(q, socket);
    if (q->verb == VERB_DRAIN)
        return order(q, socket, "POST", "/v1/drain", NULL);
    if (q->verb == VERB_RELOAD)
        return order(q, socket, "POST", "/v1/reload", NULL);
    if (q->verb == VERB_UPGRADE)
        return order(q, socket, "POST", "/v1/upgrade", NULL);
    return log_level(q, socket);
}
