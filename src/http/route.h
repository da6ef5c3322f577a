/* Which request gets what: the SSTP upgrade, the page, or an error. Knows methods, paths and versions; no bytes.
 *
 *   on the SSTP path            SSTP_DUPLEX_POST, HTTP/1.1          upgrade
 *                               HEAD, GET                           401: what the probes of load balancers look for
 *                               other methods of RFC 9110           405
 *                               any other method                    501
 *   on every other path         anything                            404
 *   HTTP/1.0 for the upgrade, or another major version              505
 *   HTTP/1.1 without Host or with two                               400
 *   upgrade with Transfer-Encoding                                  501
 *
 * The query is ignored ([MS-SSTP] 3.2.4.1: a server that does not know `tenantid` SHOULD ignore it). */
#ifndef ADIT_HTTP_ROUTE_H
#define ADIT_HTTP_ROUTE_H

#include "wire/http1.h"

struct http_route {
    unsigned status; /* 200: upgrade; otherwise what to answer before closing */
    bool page;       /* the body is the page with the certificate's hashes */
    bool body;       /* false: the request was HEAD, which is answered without a body */
};

struct http_route http_route(const struct http1_head *h);

/* The SSTP path? Query ignored, %7B and the like decoded (browsers send braces so), scheme and host skipped. */
bool http_is_sstp_path(struct slice target);

#endif
