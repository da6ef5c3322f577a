/* The HTTP handshake that turns an HTTPS connection into an SSTP call; both roles. [MS-SSTP] 3.2.4.1, 4.1.
 *
 * One request head, one response head, then HTTP is over. Strict, restartable at any byte, surplus bytes
 * stay in the reader. The server also answers what is not SSTP: HEAD and GET on the SSTP path (401, which
 * load balancers' probes look for; GET's page shows the certificate's hashes), other paths 404, wrong
 * method or version a proper error. Which request gets what is the table in route.h. */
#ifndef ADIT_HTTP_UPGRADE_H
#define ADIT_HTTP_UPGRADE_H

#include "base/env.h"
#include "base/machine.h"

#define SSTP_URI "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"
enum { HTTP_HEAD_MAX = 8192, HTTP_CORRELATION_MAX = 40, HTTP_OUT_MAX = 2048 };

struct http_conf {
    bool server;
    /* server */
    const uint8_t *cert_sha1, *cert_sha256; /* for the page; 20 and 32 bytes; not owned */
    /* client */
    /* The Host header's value, port and brackets included as they must be; not owned. The caller sees to it that it is
     * a host name: it goes out as it is. */
    const char *host;
    const char *correlation; /* "{48B82435-…}"; not owned */
    msec timeout;            /* both: 60000 client ([MS-SSTP] 4.1), 10000 server */
};

enum http_ev_kind {
    HTTP_EV_NONE,
    HTTP_EV_UPGRADED, /* SSTP may start; server: the 200 is ready to pull */
    HTTP_EV_REFUSED,  /* server: the error answer is ready to pull, then close. client: status or err says why */
    HTTP_EV_TIMEOUT,
};

struct http_event {
    enum http_ev_kind kind;
    unsigned status; /* as answered or received; 0: none could be read */
    /* client: ERR_VERSION (event 3), ERR_REFUSED (event 4), ERR_VALUE, ERR_DUPLICATE, ERR_LENGTH; server: why the bytes
     * were no request, 0 if they were one. TIMEOUT: ERR_TIMEOUT. */
    int err;
    struct slice line;        /* client: the status line received; server: the request line (hostile, cut) */
    struct slice correlation; /* server: 36 bytes of a GUID, braces stripped, or empty */
    struct slice host;        /* server: Host header */
};

struct http {
    struct http_conf conf;
    const struct env *env;
    msec due;
    bool over;      /* UPGRADED or REFUSED was reported */
    size_t scanned; /* bytes of the head looked at already: a slow drip stays cheap */
    char correlation[HTTP_CORRELATION_MAX];
    char line[128];
    char host[128];
    struct http_event ev;
    bool ev_set;
    uint8_t out[HTTP_OUT_MAX];
    size_t out_len;
};

/* Client: the request is ready to pull. */
void http_init(struct http *h, const struct http_conf *conf, const struct env *env, msec now);
/* Takes a whole head, or nothing (FED_MORE); more than 8 KB without an end is refused (431). `in` must start where the
 * last call left it. A refusal takes the bytes it refuses. FED_TOOK: an interim response (1xx) was skipped. ERR_STATE:
 * it is over. */
int http_feed(struct http *h, struct rd *in, msec now) MUST_CHECK;
size_t http_pull(struct http *h, uint8_t *dst, size_t cap);
bool http_event(struct http *h, struct http_event *out);
void http_tick(struct http *h, msec now);
msec http_due(const struct http *h);

#endif
