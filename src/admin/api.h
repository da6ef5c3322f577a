/* Which call a request is: method, path, query and body in, one checked call or one error out. Nothing is done here.
 *
 * The API is documented in adit-api(7). Paths and methods are a table; a path that is known with another method is an
 * error of its own (405). A body, where one is allowed, is a JSON object; a key that is not known is an error, as it is in
 * the configuration. */
#ifndef ADIT_ADMIN_API_H
#define ADIT_ADMIN_API_H

#include "admin/msgs.h"
#include "events/events.h"

enum api_call_kind {
    API_STATUS,
    API_SESSIONS,
    API_SESSION,
    API_END,
    API_END_USER,
    API_DRAIN,
    API_RELOAD,
    API_UPGRADE,
    API_LOG_LEVEL,
    API_CALLS
};

/* Where a session lives: "0-100000003" is worker 0, handle 0x100000003. */
struct api_id {
    uint32_t worker;
    uint64_t handle;
};
enum { API_ID_TEXT = 32 };
const char *api_id_text(struct api_id id, char dst[API_ID_TEXT]);
bool api_id_from(const char *text, struct api_id *ret_id) MUST_CHECK;

struct api_call {
    enum api_call_kind kind;
    struct api_id id;          /* SESSION, END */
    char user[AUTH_NAME_MAX];  /* END_USER */
    char reason[ADMIN_REASON]; /* END, END_USER; "" if none was given */
    enum event_level level;    /* LOG_LEVEL */
    struct api_id after;       /* SESSIONS: begin behind this place (worker, index); all zero: at the beginning */
    uint32_t limit;            /* SESSIONS: so many at most */
};
enum { API_LIMIT_MAX = 10000, API_BODY_MAX = 4096 };

struct api_error {
    unsigned status;   /* of HTTP */
    const char *code;  /* one word, for programs */
    const char *allow; /* 405: the methods that the path knows; else NULL */
    char message[256]; /* for people */
};

/* Fills an error; returns ERR_VALUE. */
int api_fail(struct api_error *e, unsigned status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* `path` is percent-decoded already, without the query; `query` gives the value of a key, or NULL. 0, or ERR_VALUE and
 * *ret_e filled. */
typedef const char *api_query_fn(void *ctx, const char *key);
int api_parse(const char *method, const char *path, api_query_fn *query, void *ctx, struct slice body,
              struct api_call *ret_call, struct api_error *ret_e) MUST_CHECK;
/* May a request with this method carry a body? */
bool api_takes_body(const char *method);

#endif
