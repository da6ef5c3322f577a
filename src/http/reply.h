/* The answers of the server, as bytes. For src/http only. */
#ifndef ADIT_HTTP_REPLY_H
#define ADIT_HTTP_REPLY_H

#include "base/wr.h"
#include "http/route.h"
#include "http/upgrade.h"

/* The 200 that opens the call. */
void reply_upgraded(struct wr *w);

/* An error that ends the connection, with a short page as its body unless the route says HEAD. */
void reply_error(struct wr *w, const struct http_route *route, const struct http_conf *conf);

#endif
