/* HTTP on a unix socket, for the admin role: libmicrohttpd inside our loop, requests handed out whole, answers given later.
 *
 * Who calls is known from the kernel (SO_PEERCRED, SO_PEERGROUPS), not from anything that is said. One who may not call is
 * answered 403 here, and his request goes no further. Bounded: connections, bytes of head and body, and time. */
#ifndef ADIT_ADMIN_HTTPD_H
#define ADIT_ADMIN_HTTPD_H

#include "base/slice.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <sys/types.h>

enum { HTTPD_CONNECTIONS = 64, HTTPD_BODY_MAX = 4097, HTTPD_IDLE_S = 30 };

struct httpd;
struct httpd_request; /* opaque; ends with httpd_answer() */

/* Beside root: members of `gid`, if there is one. */
struct httpd_rights {
    bool any_group;
    gid_t gid;
};

/* A request is there. httpd_answer() must follow, now or later, once. */
typedef void httpd_fn(void *ctx, struct httpd_request *r);

/* Takes over `fd`, a listening unix socket. NULL: no memory, or the library does not start; fd is closed. */
struct httpd *httpd_new(struct loop *l, int fd, struct httpd_rights rights, httpd_fn *fn, void *ctx) MUST_CHECK;
/* No new connections: they wait in the socket's queue for whoever else listens there. `done` is called once, when all that
 * were there are answered and gone, and not from within this. ERR_SYSTEM. */
typedef void httpd_done_fn(void *ctx);
int httpd_quiesce(struct httpd *h, httpd_done_fn *done) MUST_CHECK;
void httpd_free(struct httpd *h); /* requests that wait are cut */

const char *httpd_method(const struct httpd_request *r);
const char *httpd_path(const struct httpd_request *r); /* decoded, without the query */
struct slice httpd_body(const struct httpd_request *r);
/* A value of the query, decoded, or NULL. `r` is the request: fits api_query_fn. */
const char *httpd_query(void *r, const char *key);

/* `body` is malloc'd and taken over; NULL: no memory, and the connection is cut. `allow`: for 405, else NULL. */
void httpd_answer(struct httpd_request *r, unsigned status, const char *allow, char *body, size_t n);

/* May the process at the other end of this socket call? 1, 0, or ERR_SYSTEM with errno. */
int httpd_peer_allowed(int fd, struct httpd_rights rights) MUST_CHECK;

#endif
