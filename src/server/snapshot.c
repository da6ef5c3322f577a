/* See snapshot.h: deadlines and methods of a call, from the configuration. */
#include "server/snapshot.h"

#include <stdlib.h>
#include <string.h>

static void make_conf(struct snapshot *s)
{
    struct tunnel_conf *t = &s->tunnel_conf;
    const struct config *c = &s->config;
    tunnel_conf_default(t, TUNNEL_SERVER);
    t->http.timeout = c->limit.http;
    t->call.negotiation_1 = c->limit.request;
    t->call.hello = c->limit.hello;
    t->call.hash_mask = c->binding_mask;
    t->auth_timeout = c->limit.auth;
    t->ncp_timeout = c->limit.ncp;
    memcpy(t->methods, c->methods, sizeof(t->methods));
    t->n_methods = c->n_methods;
    t->server_name = "adit";
    t->mtu = c->mtu;
    t->link.ipv4 = true;
    t->link.ipv6 = true; /* for sessions that have a prefix */
    t->link.ident = "ADIT-1";
    s->stream_conf = (struct stream_conf){ .tls = s->tls,
                                           .tunnel = t,
                                           .tls_timeout = c->limit.tls,
                                           .flush_timeout = SECONDS(5),
                                           .linger_timeout = SECONDS(2) };
}

struct snapshot *snapshot_new(struct slice config, struct tls_ctx *tls, int *ret_err)
{
    struct snapshot *s = calloc(1, sizeof(*s));
    int r = s ? config_decode(config, &s->config) : ERR_NOMEM;
    if (r < 0) {
        free(s);
        tls_ctx_free(tls);
        *ret_err = r;
        return NULL;
    }
    s->users = 1;
    s->tls = tls;
    make_conf(s);
    return s;
}

struct snapshot *snapshot_enter(struct snapshot *s)
{
    s->users++;
    return s;
}

void snapshot_leave(struct snapshot *s)
{
    if (!s || --s->users)
        return;
    tls_ctx_free(s->tls);
    free(s);
}
