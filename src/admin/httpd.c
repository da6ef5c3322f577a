/* See httpd.h. The library hands out one epoll descriptor for all that it waits for; our loop watches that one.
 *
 * A request that waits for other processes is suspended: the library leaves it alone until it is resumed, and calls the
 * handler again, which then finds the answer. */
#include "admin/httpd.h"

#include "admin/json.h"
#include "events/events.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HTTPD_MEMORY = 32768, PEER_GROUPS = 256 };

struct httpd {
    bool was_busy; /* had connections when it last ran */
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct watch *watch;
    struct timer *timer;
    struct httpd_rights rights;
    httpd_fn *fn;
    void *ctx;
    struct httpd_request *waiting; /* suspended ones */
    bool run_deferred;
    httpd_done_fn *done; /* quiescing; NULL: it is not, or has been told */
};

struct httpd_request {
    struct httpd *h;
    struct MHD_Connection *conn;
    struct httpd_request *next, **at; /* in h->waiting; at is NULL if it is not there */
    char *method, *path;
    uint8_t body[HTTPD_BODY_MAX];
    size_t body_len;
    bool asked, answered;
    unsigned status;
    const char *allow;
    char *out;
    size_t out_len;
};

/* ---- who calls ---- */

int httpd_peer_allowed(int fd, struct httpd_rights rights)
{
    struct ucred who;
    gid_t groups[PEER_GROUPS];
    socklen_t len = sizeof(who);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
        return ERR_SYSTEM;
    if (who.uid == 0)
        return 1;
    if (!rights.any_group)
        return 0;
    if (who.gid == rights.gid)
        return 1;
    len = sizeof(groups);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
        return errno == ERANGE ? 0 : ERR_SYSTEM; /* in more groups than we look at: not one of ours */
    for (size_t i = 0; i < len / sizeof(gid_t); i++)
        if (groups[i] == rights.gid)
            return 1;
    return 0;
}

static bool may_call(struct httpd_request *r)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info && httpd_peer_allowed(info->connect_fd, r->h->rights) == 1;
}

/* ---- the loop ---- */

/* At its connection limit libmicrohttpd leaves its listening socket alone and takes it up again in a later run, which nothing
 * may call for: so it is run a few times a second while it has connections, and once more after the last. */
static void run(struct httpd *h)
{
    enum { LOOK_AGAIN = 250 };
    MHD_UNSIGNED_LONG_LONG ms;
    (void)MHD_run(h->daemon);
    msec due = MHD_get_timeout(h->daemon, &ms) == MHD_YES ? loop_now(h->loop) + ms : NEVER;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    bool busy = info && info->num_connections > 0;
    if (busy || h->was_busy)
        due = tick_min(due, loop_now(h->loop) + LOOK_AGAIN);
    h->was_busy = busy;
    timer_set(h->timer, due);
    if (!busy && h->done) {
        httpd_done_fn *done = h->done;
        h->done = NULL;
        done(h->ctx); /* may free h */
    }
}

static void on_ready(void *ctx, int events)
{
    (void)events;
    run(ctx);
}

static void on_time(void *ctx)
{
    run(ctx);
}

static void on_deferred(void *ctx)
{
    struct httpd *h = ctx;
    h->run_deferred = false;
    run(h);
}

/* ---- requests ---- */

static void wait_for_answer(struct httpd_request *r)
{
    struct httpd *h = r->h;
    r->next = h->waiting;
    r->at = &h->waiting;
    if (r->next)
        r->next->at = &r->next;
    h->waiting = r;
    MHD_suspend_connection(r->conn);
}

static void resume(struct httpd_request *r)
{
    struct httpd *h = r->h;
    *r->at = r->next;
    if (r->next)
        r->next->at = r->at;
    r->at = NULL;
    MHD_resume_connection(r->conn);
    if (!h->run_deferred)
        loop_defer(h->loop, on_deferred, h);
    h->run_deferred = true;
}

void httpd_answer(struct httpd_request *r, unsigned status, const char *allow, char *body, size_t n)
{
    r->answered = true;
    r->status = status;
    r->allow = allow;
    r->out = body;
    r->out_len = n;
    if (r->at)
        resume(r);
}

/* The connection is closed. */
static enum MHD_Result no_memory(const char *what)
{
    event(EV_NO_MEMORY, NULL, F_TEXT("for", what));
    return MHD_NO;
}

static void refuse(struct httpd_request *r)
{
    size_t n = 0;
    char *text = api_json_text(api_json_error("forbidden",
                                              "only root, and members of admin_group if the configuration names one, "
                                              "may use this socket"),
                               &n);
    httpd_answer(r, MHD_HTTP_FORBIDDEN, NULL, text, n);
}

static enum MHD_Result give_answer(struct httpd_request *r)
{
    struct MHD_Response *response =
        r->out ? MHD_create_response_from_buffer(r->out_len, r->out, MHD_RESPMEM_MUST_FREE) : NULL;
    if (!response)
        return no_memory("an answer");
    r->out = NULL;
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    if (r->allow)
        (void)MHD_add_response_header(response, "Allow", r->allow);
    enum MHD_Result result = MHD_queue_response(r->conn, r->status, response);
    MHD_destroy_response(response);
    return result == MHD_YES ? MHD_YES : no_memory("an answer");
}

/* One byte more than allowed is kept, so that the API can say that it is too much. */
static void take_body(struct httpd_request *r, const char *data, size_t n)
{
    size_t room = sizeof(r->body) - r->body_len;
    memcpy(r->body + r->body_len, data, n < room ? n : room);
    r->body_len += n < room ? n : room;
}

static struct httpd_request *request_new(struct httpd *h, struct MHD_Connection *conn, const char *method,
                                         const char *path)
{
    struct httpd_request *r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->h = h;
    r->conn = conn;
    r->method = strdup(method);
    r->path = strdup(path);
    if (r->method && r->path)
        return r;
    free(r->method);
    free(r->path);
    free(r);
    return NULL;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *conn, const char *path, const char *method,
                                  const char *version, const char *data, size_t *n, void **req)
{
    struct httpd_request *r = *req;
    (void)version;
    if (!r) {
        *req = request_new(ctx, conn, method, path);
        return *req ? MHD_YES : no_memory("a request");
    }
    if (*n) {
        take_body(r, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (!r->asked) {
        r->asked = true;
        if (may_call(r))
            r->h->fn(r->h->ctx, r);
        else
            refuse(r);
    }
    if (r->answered)
        return give_answer(r);
    wait_for_answer(r);
    return MHD_YES;
}

static void on_completed(void *ctx, struct MHD_Connection *conn, void **req, enum MHD_RequestTerminationCode why)
{
    struct httpd_request *r = *req;
    (void)ctx;
    (void)conn;
    (void)why;
    if (!r)
        return;
    free(r->method);
    free(r->path);
    free(r->out);
    free(r);
    *req = NULL;
}

const char *httpd_method(const struct httpd_request *r)
{
    return r->method;
}

const char *httpd_path(const struct httpd_request *r)
{
    return r->path;
}

struct slice httpd_body(const struct httpd_request *r)
{
    return slice_of(r->body, r->body_len);
}

const char *httpd_query(void *r, const char *key)
{
    const char *v = MHD_lookup_connection_value(((struct httpd_request *)r)->conn, MHD_GET_ARGUMENT_KIND, key);
    return v;
}

/* ---- all of it ---- */

/* What the library would say about peers that misbehave nobody needs; that it has no memory for one, somebody does. */
static void on_log(void *ctx, const char *fmt, va_list ap)
{
    (void)ctx;
    (void)ap;
    if (strstr(fmt, "memory") || strstr(fmt, "alloc"))
        (void)no_memory("a connection");
}

static bool start(struct httpd *h, int fd)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    h->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
                         MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTPD_CONNECTIONS,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTPD_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         (size_t)HTTPD_MEMORY, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_END);
    const union MHD_DaemonInfo *info = h->daemon ? MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info)
        return false;
    h->watch = watch_new(h->loop, info->epoll_fd, LOOP_READ, on_ready, h);
    h->timer = timer_new(h->loop, on_time, h);
    return h->watch && h->timer;
}

struct httpd *httpd_new(struct loop *l, int fd, struct httpd_rights rights, httpd_fn *fn, void *ctx)
{
    struct httpd *h = calloc(1, sizeof(*h));
    if (h)
        *h = (struct httpd){ .loop = l, .rights = rights, .fn = fn, .ctx = ctx };
    if (h && start(h, fd))
        return h;
    if (!h || !h->daemon)
        close(fd);
    httpd_free(h);
    return NULL;
}

int httpd_quiesce(struct httpd *h, httpd_done_fn *done)
{
    int fd = MHD_quiesce_daemon(h->daemon);
    if (fd < 0)
        return ERR_SYSTEM;
    close(fd);
    h->done = done;
    if (!h->run_deferred)
        loop_defer(h->loop, on_deferred, h);
    h->run_deferred = true;
    return 0;
}

void httpd_free(struct httpd *h)
{
    if (!h)
        return;
    loop_undefer(h->loop, h);
    watch_free(h->watch);
    timer_free(h->timer);
    while (h->waiting) { /* the library wants none suspended when it stops */
        struct httpd_request *r = h->waiting;
        httpd_answer(r, 0, NULL, NULL, 0);
    }
    loop_undefer(h->loop, h);
    if (h->daemon)
        MHD_stop_daemon(h->daemon); /* closes the socket */
    free(h);
}
