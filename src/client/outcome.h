/* How a call ended, for the person at the terminal: one event with what to do, and the exit status. */
#ifndef ADIT_CLIENT_OUTCOME_H
#define ADIT_CLIENT_OUTCOME_H

#include "client/options.h"
#include "session/tunnel.h"
#include "tls/tls.h"

struct outcome {
    const char *call, *server; /* correlation id; server as dialled */
    bool was_up;
};

/* The tunnel came down. */
enum exit_code outcome_tunnel(const struct outcome *o, const struct tunnel_event *ev, const struct tls_cert_hash *leaf);
/* TLS failed, or the connection was lost below the tunnel; `text` says how. */
enum exit_code outcome_tls(const struct outcome *o, const struct tls *t, const char *text);
enum exit_code outcome_lost(const struct outcome *o, const char *text);

#endif
