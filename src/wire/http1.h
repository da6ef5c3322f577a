/* One HTTP/1.1 message head: the request or status line and the header fields. RFC 9112.
 *
 * SSTP needs exactly one head in each direction and no body, so this is all the HTTP there is. It is strict:
 * lines end with CRLF and nothing else, no folded lines, no control characters, method and field names are
 * tokens, one Content-Length. RFC 9112 2.2 lets a recipient accept a bare LF; we do not, because a front device
 * that reads the same bytes differently is how requests are smuggled, and no SSTP peer sends one. */
#ifndef ADIT_WIRE_HTTP1_H
#define ADIT_WIRE_HTTP1_H

#include "base/err.h"
#include "base/rd.h"

enum { HTTP1_HEAD_MAX = 8192, HTTP1_FIELDS_MAX = 64 };

struct http1_field {
    struct slice name;
    struct slice value; /* without the blanks around it */
};

struct http1_head {
    struct slice line;    /* the first line, without CRLF */
    uint8_t major, minor; /* HTTP/major.minor */
    struct slice method;  /* request */
    struct slice target;  /* request */
    unsigned status;      /* response: 100..999 */
    struct slice reason;  /* response; may be empty */
    bool has_content_length;
    uint64_t content_length;
    unsigned n_fields;
    struct http1_field fields[HTTP1_FIELDS_MAX];
};

/* Looks for the end of the head in what has come in so far. *scanned remembers how far earlier calls looked (0 at the
 * start, and again once an end was found), so that bytes which drip in one by one are each looked at once. Takes
 * nothing. Returns the length of the head, the empty line included; 0: not complete yet; ERR_VALUE: a byte that no head
 * contains (a control character, a bare CR or LF); ERR_LENGTH: more than HTTP1_HEAD_MAX bytes and no end. */
int http1_scan(const struct rd *in, size_t *scanned) MUST_CHECK;

/* Parses a whole head, as measured by http1_scan(). Slices borrow from it. Returns 0, or ERR_VALUE (malformed),
 * ERR_DUPLICATE (two Content-Length), ERR_LENGTH (too many fields); *ret_head is then untouched. */
int http1_request(struct slice head, struct http1_head *ret_head) MUST_CHECK;
int http1_response(struct slice head, struct http1_head *ret_head) MUST_CHECK;

/* The first field of that name, compared without case; NULL if there is none. *ret_n, if ret_n is not NULL: how many
 * there are. */
const struct http1_field *http1_find(const struct http1_head *h, const char *name, unsigned *ret_n);

/* Equal, ASCII case ignored? */
bool http1_is(struct slice s, const char *text);

#endif
