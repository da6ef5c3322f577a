/* What the tests of the judge share: a judge over a new database, and what it said last. */
#ifndef ADIT_TESTS_JUDGE_HELP_H
#define ADIT_TESTS_JUDGE_HELP_H

#include "aaa_help.h"

#include "aaa/judge.h"
#include "crypto/mschap.h"
#include "events/events.h"

#include <fcntl.h>
#include <poll.h>

static struct {
    struct judge *j;
    struct config c;
    struct users *db;     /* aditctl's view, open beside the judge's */
    unsigned said, ended; /* calls of the two callbacks */
    struct judge_who who;
    uint32_t ask;
    struct judge_result r;
    char text[AUTH_TEXT_MAX];
    uint8_t eap[AUTH_EAP_MAX];
    uint32_t end_worker;
    uint64_t end_session;
    msec now;
    uint32_t next_ask;
} h;

static void on_verdict(void *ctx, const struct judge_who *who, uint32_t ask, const struct judge_result *r)
{
    assert_ptr_equal(ctx, &h);
    h.said++;
    h.who = *who;
    h.ask = ask;
    h.r = *r;
    assert_true(r->verdict.text.n < sizeof(h.text) && r->verdict.eap.n <= sizeof(h.eap));
    memset(h.text, 0, sizeof(h.text));
    if (r->verdict.text.n)
        memcpy(h.text, r->verdict.text.p, r->verdict.text.n);
    if (r->verdict.eap.n)
        memcpy(h.eap, r->verdict.eap.p, r->verdict.eap.n);
}

static void on_end(void *ctx, uint32_t worker, uint64_t session, const char *reason)
{
    assert_ptr_equal(ctx, &h);
    assert_non_null(reason);
    h.ended++;
    h.end_worker = worker;
    h.end_session = session;
}

static inline void judge_begin(const char *pool, const enum auth_method *methods, unsigned n)
{
    char err[256];
    memset(&h, 0, sizeof(h));
    help_folder_new();
    h.db = users_open(help_db, true, err);
    assert_non_null(h.db);
    assert_int_equal(prefix_parse(pool, false, &h.c.pools[0].ipv4), 0);
    h.c.n_pools = 1;
    h.c.n_methods = n;
    memcpy(h.c.methods, methods, n * sizeof(*methods));
    snprintf(h.c.users, sizeof(h.c.users), "%s", help_db);
    h.c.number = 77;
    h.c.mtu = 1300;
    h.c.n_dns = 1;
    h.c.dns[0] = prefix_v4(0x01010101, 32);
    h.c.n_nbns = 1;
    h.c.nbns[0] = prefix_v4(0x02020202, 32);
    h.c.limit.sessions = 60;
    h.c.limit.half_open = 4;
    h.now = 1000;
    events_init("test", EVENT_DEBUG);
    events_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    h.j = judge_new(&h.c, &help_env, NULL, on_verdict, on_end, &h, err);
    if (!h.j)
        fail_msg("%s", err);
}

static inline int judge_teardown(void **state)
{
    (void)state;
    judge_free(h.j);
    users_close(h.db);
    help_folder_drop();
    return 0;
}

static inline void add_user(const char *name, enum password_kind kind, uint32_t ipv4)
{
    struct user u;
    help_user(&u, name, "clientPass", kind);
    u.ipv4 = ipv4;
    assert_int_equal(users_add(h.db, &u), 0);
}

static inline struct judge_who who_is(uint32_t worker, uint64_t session)
{
    return (struct judge_who){ .worker = worker, .session = session, .call = "{T}", .peer = "198.18.0.7:4711" };
}

/* Slow hashes end in their own time; everything else is told the time. */
static inline void wait_verdict(unsigned said)
{
    struct pollfd p = { .fd = judge_fd(h.j), .events = POLLIN };
    while (h.said < said) {
        assert_int_equal(poll(&p, 1, 60000), 1);
        judge_tick(h.j, h.now);
    }
}

/* One MS-CHAPv2 question as a client with this password would answer it. */
static inline void ask_mschap(uint32_t worker, uint64_t session, const char *name, const char *password)
{
    static const uint8_t challenge[16] = { 1, 2, 3 };
    uint8_t response[49] = { 9, 8, 7 }, hash[16];
    struct judge_who w = who_is(worker, session);
    struct mschap_exchange x = { challenge, response, slice_str(name) };
    assert_int_equal(mschap_nt_hash(&prim_host, slice_str(password), hash), 0);
    mschap_nt_response(&prim_host, hash, &x, response + 24);
    struct auth_question q = { .method = AUTH_MSCHAPV2,
                               .id = 1,
                               .name = slice_str(name),
                               .challenge = slice_of(challenge, 16),
                               .response = slice_of(response, 49) };
    judge_ask(h.j, &w, ++h.next_ask, &q, h.now);
}

static inline void expect_accept(uint32_t ipv4)
{
    assert_int_equal(h.ask, h.next_ask);
    if (h.r.verdict.kind != VERDICT_ACCEPT)
        fail_msg("not accepted: %s", h.r.reason ? h.r.reason : "?");
    assert_int_equal(params_ipv4(&h.r.params), ipv4);
    assert_null(h.r.reason);
}

static inline void expect_refusal(const char *reason, unsigned code)
{
    assert_int_equal(h.ask, h.next_ask);
    assert_int_equal(h.r.verdict.kind, VERDICT_REFUSE);
    assert_string_equal(h.r.reason, reason);
    assert_int_equal(h.r.code, code);
}

#endif
