/* A connection and its authd: the question that waits, and what a new authd is told. See conn.h, worker_authd.c. */
#include "server/conn.h"

#include "base/secret.h"
#include "events/events.h"

#include <stdio.h>
#include <stdlib.h>

void conn_forget_question(struct conn *c)
{
    if (c->waiting)
        secret_wipe(c->waiting->body, c->waiting->n);
    free(c->waiting);
    c->waiting = NULL;
}

bool conn_keep_question(struct conn *c, uint32_t ask, struct slice body)
{
    conn_forget_question(c);
    c->waiting = malloc(sizeof(*c->waiting) + body.n);
    if (!c->waiting)
        return false;
    *c->waiting = (struct waiting){ .ask = ask, .n = body.n };
    memcpy(c->waiting->body, body.p, body.n);
    return true;
}

void conn_ask(struct conn *c)
{
    struct imsg m = { .type = ROLE_ASK };
    if (!c->waiting || !c->w->authd_open)
        return;
    m.id = c->waiting->ask;
    m.body = slice_of(c->waiting->body, c->waiting->n);
    chan_send(c->w->authd, &m);
}

bool conn_held(const struct conn *c, struct role_held *ret_h)
{
    if (!c->accepted || c->over || c->evicted)
        return false;
    *ret_h = (struct role_held){ .up = c->up,
                                 .pool = c->params.pool,
                                 .group = c->params.group,
                                 .n_prefixes = c->params.n_prefixes,
                                 .n_routed = c->params.n_routed };
    conn_who(c, &ret_h->who);
    snprintf(ret_h->user, sizeof(ret_h->user), "%s", conn_user(c));
    memcpy(ret_h->prefixes, c->params.prefixes, sizeof(c->params.prefixes));
    return true;
}

void conn_authd_lost(struct conn *c)
{
    if (c->talking && !c->over)
        conn_end(c, "the authentication process has died");
}
