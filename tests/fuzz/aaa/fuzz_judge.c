/* The judge under a worker that may be no longer ours: any questions, ends and times in any order.
 *
 * The input is a list of operations of four bytes and, for some, the bytes of a message. Held to: no address is given
 * to two sessions that both live, an address lies in the pool, and the judge's next deadline never lies in the past
 * after a tick. */
#include "fuzz.h"

#include "aaa/judge.h"
#include "aaa/password.h"
#include "crypto/mschap.h"
#include "events/events.h"
#include "tls/prim_host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SESSIONS = 8, BASE = 0x0a500000 };

static char db_path[64];
static struct config conf;

static struct {
    uint32_t holds[2][SESSIONS]; /* the address of each session of two workers */
    unsigned ends;
    uint32_t end_worker[64];
    uint64_t end_session[64];
} w;

static void random_bytes(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)(i * 7 + 1);
}

static const struct env env = { .random = random_bytes, .prim = &prim_host };

static void on_verdict(void *ctx, const struct judge_who *who, uint32_t ask, const struct judge_result *r)
{
    (void)ctx;
    (void)ask;
    if (r->verdict.kind != VERDICT_ACCEPT)
        return;
    uint32_t ip = params_ipv4(&r->params);
    if (ip < BASE + 2 || ip > BASE + 6)
        abort();
    for (unsigned i = 0; i < 2; i++)
        for (unsigned k = 0; k < SESSIONS; k++)
            if (w.holds[i][k] == ip && !(i == who->worker && k == who->session))
                abort();
    w.holds[who->worker][who->session] = ip;
    FUZZ_REACHED();
}

static void on_end(void *ctx, uint32_t worker, uint64_t session, const char *reason)
{
    (void)ctx;
    (void)reason;
    if (w.ends < 64) {
        w.end_worker[w.ends] = worker;
        w.end_session[w.ends++] = session;
    }
}

static void down(struct judge *j, uint32_t worker, uint64_t session, msec now)
{
    w.holds[worker][session] = 0;
    judge_down(j, worker, session, now);
}

/* A worker of ours ends what it is told to end, before anything else happens. */
static void obey(struct judge *j, msec now)
{
    while (w.ends) {
        w.ends--;
        down(j, w.end_worker[w.ends], w.end_session[w.ends], now);
    }
}

static void ask(struct judge *j, const struct judge_who *who, uint8_t how, struct rd *in, msec now)
{
    static const char *const names[] = { "User", "DOM\\fix", "locked", "nobody" };
    static const uint8_t challenge[16];
    uint8_t response[49] = { 0 }, hash[16];
    const char *name = names[how & 3];
    struct mschap_exchange x = { challenge, response, slice_str(name) };
    struct auth_question q = { .method = (enum auth_method)(how >> 5),
                               .id = how,
                               .name = slice_str(name),
                               .challenge = slice_of(challenge, 16),
                               .response = slice_of(response, 49) };
    if (how & 4) { /* bytes of the input instead of ours */
        size_t n = rd_u8(in);
        q.response = q.eap = q.password = rd_take(in, n < rd_left(in) ? n : rd_left(in));
    } else if (mschap_nt_hash(&prim_host, slice_str(how & 8 ? "wrong" : "clientPass"), hash) == 0) {
        mschap_nt_response(&prim_host, hash, &x, response + 24);
        q.password = slice_str(how & 8 ? "wrong" : "clientPass");
    }
    judge_ask(j, who, 1, &q, now);
}

static void step(struct judge *j, struct rd *in, msec *now)
{
    uint8_t op = rd_u8(in), who = rd_u8(in), how = rd_u8(in);
    uint32_t worker = who >> 7;
    uint64_t session = who % SESSIONS;
    struct judge_who from = { .worker = worker, .session = session };
    *now += (msec)rd_u8(in) * 100;
    judge_tick(j, *now);
    if (judge_due(j) <= *now)
        abort();
    switch (op % 4) {
    case 0:
    case 1:
        ask(j, &from, how, in, *now);
        break;
    case 2:
        down(j, worker, session, *now);
        break;
    case 3:
        if (how > 250) {
            memset(w.holds[worker], 0, sizeof(w.holds[worker]));
            judge_worker_gone(j, worker, *now);
        } else {
            judge_up(j, worker, session);
        }
        break;
    }
    obey(j, *now);
}

static void add(struct users *d, const char *name, uint32_t ipv4, bool locked)
{
    struct user u = { .ipv4 = ipv4, .locked = locked };
    snprintf(u.name, sizeof(u.name), "%s", name);
    if (password_store(&env, slice_str("clientPass"), PASSWORD_NT, &u) < 0 || users_add(d, &u) < 0)
        abort();
}

static void remove_db(void)
{
    unlink(db_path);
}

static void set_up(void)
{
    char err[USERS_ERR];
    snprintf(db_path, sizeof(db_path), "/tmp/adit-fuzz-judge-%d.db", (int)getpid());
    unlink(db_path);
    struct users *d = users_open(db_path, true, err);
    if (!d)
        abort();
    add(d, "User", 0, false);
    add(d, "fix", BASE + 4, false);
    add(d, "locked", 0, true);
    users_close(d);
    atexit(remove_db);
    conf.n_pools = 1;
    conf.pools[0].ipv4 = prefix_v4(BASE, 29);
    conf.limit.sessions = 16;
    conf.limit.half_open = 4;
    conf.n_methods = 4;
    for (unsigned i = 0; i < 4; i++)
        conf.methods[i] = (enum auth_method)(i + 1);
    snprintf(conf.users, sizeof(conf.users), "%s", db_path);
    events_init("fuzz", EVENT_DEBUG);
    events_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char err[256];
    struct rd in = rd_of(data, size);
    msec now = 1000;
    if (!db_path[0])
        set_up();
    memset(&w, 0, sizeof(w));
    struct judge *j = judge_new(&conf, &env, NULL, on_verdict, on_end, NULL, err);
    if (!j)
        abort();
    for (unsigned i = 0; i < 200 && rd_left(&in) >= 4; i++)
        step(j, &in, &now);
    judge_free(j);
    return 0;
}
