/* A worker's configuration, as it was when a connection began: shared by all connections of one snapshot, freed with the
 * last of them. */
#ifndef ADIT_SERVER_SNAPSHOT_H
#define ADIT_SERVER_SNAPSHOT_H

#include "config/config.h"
#include "dp/stream.h"

struct snapshot {
    unsigned users; /* connections, and one for being the present one */
    struct config config;
    struct tls_ctx *tls;
    struct tunnel_conf tunnel_conf;
    struct stream_conf stream_conf;
};

/* From config_encode()'s bytes; takes over `tls`, also on failure. NULL: *ret_err says why. */
struct snapshot *snapshot_new(struct slice config, struct tls_ctx *tls, int *ret_err) MUST_CHECK;
struct snapshot *snapshot_enter(struct snapshot *s);
void snapshot_leave(struct snapshot *s); /* NULL is fine */

#endif
