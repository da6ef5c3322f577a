/* The judge's sessions: who is there, what each waits for and until when. See judge_methods.c for who is right and
 * judge_grant.c for what is given. */
#include "aaa/judge_priv.h"

#include "base/secret.h"
#include "events/events.h"
#include "loop/loop.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the sessions, by handle ---- */

static struct sess **bucket(struct judge *j, uint32_t worker, uint64_t session)
{
    uint64_t h = (session ^ (uint64_t)worker << 56) * 0x9e3779b97f4a7c15u;
    return &j->buckets[h >> 52];
}
_Static_assert(JUDGE_BUCKETS == 1 << 12, "the twelve upper bits of the hash");

struct sess *judge_find(struct judge *j, uint32_t worker, uint64_t session)
{
    struct sess *s = *bucket(j, worker, session);
    while (s && (s->who.worker != worker || s->who.session != session))
        s = s->next;
    return s;
}

/* ---- deadlines ---- */

static struct sess_list *list_of(struct judge *j, enum sess_state state)
{
    switch (state) {
    case SESS_TALKING:
    case SESS_SLOW:
    case SESS_LEASING:
        return &j->talking;
    case SESS_REPLACES:
        return &j->replacing;
    case SESS_ACCEPTED:
        break; /* ends with judge_down() */
    }
    return NULL;
}

static void list_remove(struct sess_list *l, struct sess *s)
{
    *(s->older ? &s->older->newer : &l->oldest) = s->newer;
    *(s->newer ? &s->newer->older : &l->newest) = s->older;
    s->older = s->newer = NULL;
}

static void list_append(struct sess_list *l, struct sess *s)
{
    s->older = l->newest;
    *(l->newest ? &l->newest->newer : &l->oldest) = s;
    l->newest = s;
}

/* The only function that changes a session's state; with it the deadline. */
void judge_enter(struct judge *j, struct sess *s, enum sess_state state, msec now)
{
    struct sess_list *from = list_of(j, s->state), *to = list_of(j, state);
    s->state = state;
    if (!from != !to)
        j->talks[s->who.worker % JUDGE_WORKERS] += to ? 1u : ~0u; /* one more, or one less */
    if (from == to)
        return; /* the deadline of a conversation is absolute: rounds do not move it */
    if (from)
        list_remove(from, s);
    s->due = to ? tick_after(now, to == &j->replacing ? JUDGE_REPLACE_MS : JUDGE_CONVERSATION_MS) : NEVER;
    if (to)
        list_append(to, s);
}

/* ---- beginning and end ---- */

/* A connection that was not let in yet is what a conversation belongs to: a worker has no more than limits { half_open } of
 * them, and all together neither. */
static bool has_room(const struct judge *j, uint32_t worker)
{
    return j->n_sessions < j->max_sessions &&
           j->talks[worker % JUDGE_WORKERS] < j->c.limit.half_open + JUDGE_TALKS_SPARE;
}

static struct sess *begin(struct judge *j, const struct judge_who *who, msec now)
{
    struct sess *s = has_room(j, who->worker) ? calloc(1, sizeof(*s)) : NULL;
    if (!s)
        return NULL;
    struct sess **at = bucket(j, who->worker, who->session);
    s->who = *who;
    s->next = *at;
    *at = s;
    j->n_sessions++;
    s->state = SESS_ACCEPTED; /* in no list yet */
    judge_enter(j, s, SESS_TALKING, now);
    return s;
}

static void forget_eap(struct sess *s)
{
    if (!s->eap)
        return;
    eap_server_done(s->eap);
    free(s->eap);
    s->eap = NULL;
}

/* Unlinks and frees; the lease goes back. */
static void end(struct judge *j, struct sess *s)
{
    struct sess **at = bucket(j, s->who.worker, s->who.session);
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    if (list_of(j, s->state)) {
        list_remove(list_of(j, s->state), s);
        j->talks[s->who.worker % JUDGE_WORKERS]--;
    }
    judge_release(j, s);
    forget_eap(s);
    secret_wipe(s, sizeof(*s));
    free(s);
    j->n_sessions--;
}

void judge_say(struct judge *j, struct sess *s, const struct judge_result *r)
{
    struct judge_result said = *r;
    struct judge_who who = s->who;
    uint32_t ask = s->ask;
    snprintf(said.user, sizeof(said.user), "%s", s->user);
    j->fn(j->ctx, &who, ask, &said);
    if (r->verdict.kind != VERDICT_MORE)
        forget_eap(s);
    secret_wipe(&said, sizeof(said));
}

/* ---- the database ---- */

/* What one walk over all records finds. */
struct survey {
    struct judge *j;
    bool say; /* the first walk names what is wrong; later ones leave that to the login that meets it */
    uint64_t unusable, clear;
};

static void survey_one(void *ctx, const struct user *u)
{
    struct survey *v = ctx;
    struct judge *j = v->j;
    struct entitled has;
    judge_entitle(j, u, &has);
    for (unsigned i = 0; i < 2; i++)
        if (has.fixed[i].family)
            pool_reserve(j->pool, &has.fixed[i]);
    v->clear += u->has_clear;
    if (user_serves_any(u, j->c.methods, j->c.n_methods))
        return;
    if (v->say && v->unusable++ < 20)
        event(EV_RECORD_UNUSABLE, NULL, F_BYTES("user", slice_str(u->name)));
}

static void follow(struct judge *j, uint64_t version)
{
    if (version == j->users_version || version == 0)
        return; /* 0: it cannot be read now; the login that brought us here says so, and what is reserved stays so */
    struct survey v = { .j = j, .say = j->users_version == 0 };
    j->users_version = version;
    pool_reserve_begin(j->pool);
    if (users_each(j->users, survey_one, &v) < 0)
        event(EV_USERS_ERROR, NULL, F_TEXT("cause", users_error(j->users)));
    if (v.say && v.clear)
        event(EV_PASSWORD_REVERSIBLE, NULL, F_NUM("users", v.clear));
    j->any_slow = users_slow_count(j->users) > 0;
}

void judge_refresh(struct judge *j)
{
    follow(j, users_version(j->users));
}

/* ---- the public part ---- */

static void on_slow(void *ctx, int events);

static bool set_up(struct judge *j, void *loop, char *err)
{
    char why[USERS_ERR];
    j->users = users_open(j->c.users, false, why);
    if (!j->users) {
        snprintf(err, 256, "%.150s", why);
        return false;
    }
    j->pool = pool_new(&j->c);
    j->slow = slow_new(JUDGE_THREADS, JUDGE_SLOW_BOUND);
    if (j->slow && loop)
        j->watch = watch_new(loop, slow_fd(j->slow), LOOP_READ, on_slow, j);
    if (!j->pool || !j->slow || (loop && !j->watch)) {
        snprintf(err, 256, "out of memory or threads");
        return false;
    }
    return true;
}

/* One worker's flood of conversations leaves room for all others'. */
static unsigned most_sessions(const struct config *c)
{
    return c->limit.sessions + 2 * (c->limit.half_open + JUDGE_TALKS_SPARE);
}

struct judge *judge_new(const struct config *c, const struct env *env, void *loop, judge_fn *fn, judge_end_fn *end_fn,
                        void *ctx, char err[256])
{
    struct judge *j = calloc(1, sizeof(*j));
    if (!j) {
        snprintf(err, 256, "out of memory");
        return NULL;
    }
    j->c = *c;
    j->env = env;
    j->fn = fn;
    j->end = end_fn;
    j->ctx = ctx;
    j->loop = loop;
    owners_init(&j->held);
    j->max_sessions = most_sessions(c);
    env->random(env->ctx, j->fake_nt_hash, sizeof(j->fake_nt_hash));
    env->random(env->ctx, j->fake_secret, sizeof(j->fake_secret));
    if (!set_up(j, loop, err)) {
        judge_free(j);
        return NULL;
    }
    judge_refresh(j);
    return j;
}

static bool same_ranges(const struct config *a, const struct config_list *x, const struct config *b,
                        const struct config_list *y)
{
    return x->n == y->n && memcmp(&a->ranges[x->at], &b->ranges[y->at], x->n * sizeof(a->ranges[0])) == 0;
}

static bool same_pools(const struct config *a, const struct config *b)
{
    for (unsigned i = 0; i < a->n_pools && i < b->n_pools; i++) {
        const struct config_pool *x = &a->pools[i], *y = &b->pools[i];
        if (!prefix_eq(&x->ipv4, &y->ipv4) || !prefix_eq(&x->ipv6, &y->ipv6) ||
            !prefix_eq(&x->delegate_from, &y->delegate_from) || x->delegate != y->delegate ||
            strcmp(x->dhcp, y->dhcp) != 0 || !same_ranges(a, &x->ranges, b, &y->ranges) ||
            !same_ranges(a, &x->exclude, b, &y->exclude))
            return false;
    }
    return a->n_pools == b->n_pools;
}

/* The same leases in other pools; what lies in none of them any more nobody else can get. */
static int change_pools(struct judge *j, const struct config *c)
{
    struct pool *pool = pool_new(c);
    if (!pool)
        return ERR_NOMEM;
    pool_inherit(pool, j->pool);
    judge_repool(j, pool);
    pool_free(j->pool);
    j->pool = pool;
    return 0;
}

static void reopen_users(struct judge *j)
{
    char why[USERS_ERR];
    struct users *users = users_open(j->c.users, false, why);
    if (users) {
        users_close(j->users);
        j->users = users;
    } else {
        event(EV_USERS_ERROR, NULL, F_TEXT("cause", why), F_TEXT("instead", "the database opened before"));
    }
}

int judge_configure(struct judge *j, const struct config *c)
{
    if (!same_pools(&j->c, c) && change_pools(j, c) < 0)
        return ERR_NOMEM;
    j->c = *c;
    j->max_sessions = most_sessions(c);
    reopen_users(j);
    j->users_version = 0; /* reserve anew, and name the records that the methods cannot use */
    judge_refresh(j);
    return 0;
}

void judge_free(struct judge *j)
{
    if (!j)
        return;
    for (unsigned i = 0; i < JUDGE_BUCKETS; i++)
        while (j->buckets[i])
            end(j, j->buckets[i]);
    watch_free(j->watch);
    slow_free(j->slow);
    pool_free(j->pool);
    owners_done(&j->held);
    users_close(j->users);
    secret_wipe(j, sizeof(*j));
    free(j);
}

/* There is no room, or no memory, for one more conversation: refused without one. */
static void refuse_at_the_door(struct judge *j, const struct judge_who *who, uint32_t ask, enum auth_method method)
{
    struct sess s = { .who = *who, .ask = ask, .method = method };
    bool full = !has_room(j, who->worker);
    if (full)
        event(EV_AUTH_LIMIT, who->call, F_TEXT("peer", who->peer), F_NUM("worker", who->worker));
    else
        event(EV_NO_MEMORY, who->call, F_TEXT("for", "a conversation"));
    judge_refuse(j, &s, E_AUTHENTICATION_FAILURE, false, full ? "too many conversations" : "out of memory");
}

static void hear(struct judge *j, const struct judge_who *who, uint32_t ask, const struct auth_question *q, msec now)
{
    struct sess *s = judge_find(j, who->worker, who->session);
    if (!s)
        s = begin(j, who, now);
    if (!s) {
        refuse_at_the_door(j, who, ask, q->method);
        return;
    }
    s->who = *who;
    s->ask = ask;
    s->ticket = 0; /* a slow hash under way is stale now */
    s->keyed = false;
    s->not_leased = false;
    s->text[0] = '\0';
    s->packet_len = 0;
    secret_wipe(s->hlak, sizeof(s->hlak));
    judge_enter(j, s, SESS_TALKING, now);
    judge_question(j, s, q, now);
}

void judge_ask(struct judge *j, const struct judge_who *who, uint32_t ask, const struct auth_question *q, msec now)
{
    j->now = now;
    follow(j, users_begin(j->users));
    hear(j, who, ask, q, now);
    users_end(j->users);
}

void judge_up(struct judge *j, uint32_t worker, uint64_t session)
{
    struct sess *s = judge_find(j, worker, session);
    if (s)
        forget_eap(s);
}

int judge_hold(struct judge *j, const struct judge_who *who, const char *user, const struct params *p, msec now)
{
    struct user u;
    struct sess *s = judge_find(j, who->worker, who->session) ? NULL : begin(j, who, now);
    if (!s)
        return judge_find(j, who->worker, who->session) ? ERR_STATE : ERR_NOMEM;
    j->now = now;
    snprintf(s->user, sizeof(s->user), "%s", user);
    int r = judge_hold_all(j, s, p);
    if (r < 0) {
        end(j, s);
        return r;
    }
    if (users_find(j->users, slice_str(user), &u) == 1) {
        s->known = true;
        judge_entitle(j, &u, &s->want);
        s->has = s->want;
        user_wipe(&u);
    }
    judge_enter(j, s, SESS_ACCEPTED, now);
    return 0;
}

/* What becomes free goes to whoever waits for it. */
static void pass_on(struct judge *j, msec now)
{
    for (struct sess *s = j->replacing.oldest, *newer; s; s = newer) {
        newer = s->newer;
        if (!judge_held_up(j, s))
            judge_take_over(j, s, now);
    }
}

void judge_down(struct judge *j, uint32_t worker, uint64_t session, msec now)
{
    struct sess *s = judge_find(j, worker, session);
    j->now = now;
    if (!s)
        return;
    end(j, s);
    pass_on(j, now);
}

void judge_worker_gone(struct judge *j, uint32_t worker, msec now)
{
    j->now = now;
    for (unsigned i = 0; i < JUDGE_BUCKETS; i++) {
        struct sess **at = &j->buckets[i];
        while (*at) {
            if ((*at)->who.worker == worker)
                end(j, *at);
            else
                at = &(*at)->next;
        }
    }
    pass_on(j, now); /* what still waits has a holder on another worker */
}

const char *judge_session(struct judge *j, uint32_t worker, uint64_t session, const struct judge_who **ret_who)
{
    const struct sess *s = judge_find(j, worker, session);
    if (s)
        *ret_who = &s->who;
    return s ? s->user : NULL;
}

void judge_set_lan(struct judge *j, struct lan *lan)
{
    j->lan = lan;
}

struct pool *judge_pool(struct judge *j)
{
    return j->pool;
}

int judge_fd(const struct judge *j)
{
    return slow_fd(j->slow);
}

msec judge_due(const struct judge *j)
{
    msec a = j->talking.oldest ? j->talking.oldest->due : NEVER;
    msec b = j->replacing.oldest ? j->replacing.oldest->due : NEVER;
    return tick_min(a, b);
}

static struct sess *find_ticket(struct judge *j, uint64_t ticket)
{
    struct sess *s = j->talking.oldest;
    while (s && !(s->state == SESS_SLOW && s->ticket == ticket))
        s = s->newer;
    return s;
}

/* Slow hashes that are done. At most JUDGE_SLOW_BOUND a turn. */
static void take_slow(struct judge *j, msec now)
{
    struct slow_job job;
    while (slow_take(j->slow, &job)) {
        j->hashes[job.owner]--;
        struct sess *s = find_ticket(j, job.ticket);
        if (s)
            judge_slow_done(j, s, job.right, now);
    }
}

static void on_slow(void *ctx, int events)
{
    struct judge *j = ctx;
    (void)events;
    take_slow(j, loop_now(j->loop));
}

/* A conversation took too long. One of a session that was accepted before leaves that as it was: only judge_down() may
 * free an address that a worker has been told. */
static void expire(struct judge *j, struct sess *s, msec now)
{
    if (s->leased) {
        forget_eap(s);
        judge_enter(j, s, SESS_ACCEPTED, now);
    } else {
        end(j, s);
    }
}

void judge_tick(struct judge *j, msec now)
{
    j->now = now;
    take_slow(j, now);
    while (j->replacing.oldest && j->replacing.oldest->due <= now)
        judge_take_over(j, j->replacing.oldest, now);
    while (j->talking.oldest && j->talking.oldest->due <= now)
        expire(j, j->talking.oldest, now);
}
