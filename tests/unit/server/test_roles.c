/* Messages between roles: round trips, every truncation, every rule's lengths, phases and descriptors. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/roles.h"

#include <stdio.h>
#include <string.h>

static uint8_t buf[8192];

static struct role_ask an_ask(void)
{
    struct role_ask a = { .question = { .method = AUTH_MSCHAPV2, .id = 7 } };
    a.who.session = 0x1234567800000009u;
    strcpy(a.who.call, "48B82435-099A-4158-A987-052E7570CFAA");
    strcpy(a.who.peer, "198.18.0.7:4711");
    strcpy(a.who.local, "198.18.0.1:443");
    strcpy(a.who.ident, "MSRASV5.20");
    memset(a.who.cert_sha256, 0xc5, 32);
    a.question.name = slice_str("DOMAIN\\alice");
    a.question.challenge = slice_str("0123456789abcdef");
    a.question.response = slice_str("0123456789abcdef0123456789abcdef0123456789abcdef!");
    return a;
}

static struct role_verdict a_verdict(void)
{
    struct role_verdict v = { .session = 0x1234567800000009u, .verdict = { .kind = VERDICT_ACCEPT, .keyed = true } };
    memset(v.verdict.hlak, 0x3a, HLAK_LEN);
    memset(v.verdict.challenge, 0x11, 16);
    v.verdict.text = slice_str("S=0123456789ABCDEF0123456789ABCDEF01234567");
    v.params = (struct params){ .n_prefixes = 1,
                                .server_ipv4 = 0x0a500001,
                                .dns = { 0x01010101, 2 },
                                .nbns = { 3, 4 },
                                .mtu = 1400,
                                .session_timeout = 5,
                                .idle_timeout = 6,
                                .snapshot = 7 };
    v.params.prefixes[0] = prefix_v4(0x0a500002, 32);
    v.params.link6 = prefix_v6((const uint8_t[16]){ 0xfd, 0, 0, 0x80, 0, 0, 0, 9 }, 64);
    v.params.pool = 3;
    v.params.group = 16;
    v.params.user = 48;
    strcpy(v.user, "alice");
    strcpy(v.reason, "because");
    return v;
}

static struct role_held a_held(void)
{
    struct role_held h = { .who = an_ask().who, .user = "alice", .up = true, .n_prefixes = 1, .n_routed = 1 };
    h.prefixes[0] = prefix_v4(0x0a500002, 32);
    return h;
}

static struct role_own an_own(void)
{
    static const uint8_t six[16] = { 0xfd };
    struct role_own o = { .worker = 3, .session = 0x900000001u, .n_prefixes = 2 };
    o.prefixes[0] = prefix_v4(0x0a500002, 32);
    o.prefixes[1] = prefix_v6(six, 64);
    return o;
}

static void an_ask_comes_back(void **state)
{
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_ask a = an_ask(), b;
    (void)state;
    role_put_ask(&w, &a);
    assert_true(wr_ok(&w));
    assert_int_equal(role_get_ask(wr_slice(&w), &b), 0);
    assert_int_equal(b.who.session, a.who.session);
    assert_string_equal(b.who.call, a.who.call);
    assert_string_equal(b.who.peer, a.who.peer);
    assert_string_equal(b.who.ident, a.who.ident);
    assert_memory_equal(b.who.cert_sha256, a.who.cert_sha256, 32);
    assert_int_equal(b.question.method, AUTH_MSCHAPV2);
    assert_int_equal(b.question.id, 7);
    assert_true(slice_eq(a.question.name, b.question.name));
    assert_true(slice_eq(a.question.challenge, b.question.challenge));
    assert_true(slice_eq(a.question.response, b.question.response));
    assert_int_equal(b.question.eap.n, 0);
}

static void a_verdict_comes_back(void **state)
{
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_verdict a = a_verdict(), b;
    (void)state;
    role_put_verdict(&w, &a);
    assert_int_equal(role_get_verdict(wr_slice(&w), &b), 0);
    assert_int_equal(b.session, a.session);
    assert_int_equal(b.verdict.kind, VERDICT_ACCEPT);
    assert_true(b.verdict.keyed && !b.verdict.retry && !b.no_address);
    assert_memory_equal(b.verdict.hlak, a.verdict.hlak, HLAK_LEN);
    assert_true(slice_eq(a.verdict.text, b.verdict.text));
    assert_string_equal(b.user, "alice");
    assert_string_equal(b.reason, "because");
    assert_memory_equal(&b.params.prefixes[0], &a.params.prefixes[0], sizeof(struct prefix));
    assert_int_equal(b.params.server_ipv4, a.params.server_ipv4);
    assert_memory_equal(b.params.dns, a.params.dns, sizeof(a.params.dns));
    assert_memory_equal(b.params.nbns, a.params.nbns, sizeof(a.params.nbns));
    assert_memory_equal(&b.params.link6, &a.params.link6, sizeof(a.params.link6));
    assert_int_equal(b.params.delegated6.family, 0);
    assert_int_equal(b.params.pool, 3);
    assert_int_equal(b.params.group, 16);
    assert_int_equal(b.params.user, 48);
    assert_int_equal(b.params.mtu, 1400);
    assert_int_equal(b.params.snapshot, 7);
}

static void a_limit_comes_back(void **state)
{
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_limit l = { .own = an_own(), .scope = CONFIG_SCOPE_GROUP, .name = "staff" }, m;
    (void)state;
    role_put_limit(&w, &l);
    assert_int_equal(role_get_limit(wr_slice(&w), &m), 0);
    assert_int_equal(m.own.worker, l.own.worker);
    assert_int_equal(m.own.session, l.own.session);
    assert_int_equal(m.own.n_prefixes, 2);
    assert_memory_equal(m.own.prefixes, l.own.prefixes, sizeof(l.own.prefixes));
    assert_int_equal(m.scope, CONFIG_SCOPE_GROUP);
    assert_string_equal(m.name, "staff");
    for (size_t n = 0; n < w.len; n++)
        assert_true(role_get_limit(slice_of(buf, n), &m) < 0);
    buf[12] = CONFIG_SCOPE_GROUP + 1;
    assert_true(role_get_limit(wr_slice(&w), &m) < 0);
}

static void the_others_come_back(void **state)
{
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_own o = an_own(), p;
    struct role_counters c = { 1, 2, 3, 4, 5, 6, "cause" }, d;
    struct role_cert cert = { slice_str("chain"), slice_str("key"), true }, cert2;
    char reason[ROLE_REASON];
    uint64_t session;
    struct role_held h = a_held(), g;
    (void)state;
    role_put_held(&w, &h);
    assert_int_equal(role_get_held(wr_slice(&w), &g), 0);
    assert_int_equal(g.who.session, h.who.session);
    assert_string_equal(g.who.peer, h.who.peer);
    assert_string_equal(g.user, "alice");
    assert_true(g.up && g.n_prefixes == 1 && g.n_routed == 1);
    assert_memory_equal(g.prefixes, h.prefixes, sizeof(h.prefixes));
    w = wr_of(buf, sizeof(buf));
    role_put_own(&w, &o);
    assert_int_equal(role_get_own(wr_slice(&w), &p), 0);
    assert_int_equal(p.worker, 3);
    assert_int_equal(p.session, o.session);
    assert_memory_equal(p.prefixes, o.prefixes, sizeof(o.prefixes));
    w = wr_of(buf, sizeof(buf));
    role_put_counters(&w, &c);
    assert_int_equal(role_get_counters(wr_slice(&w), &d), 0);
    assert_memory_equal(&c, &d, offsetof(struct role_counters, cause));
    assert_string_equal(d.cause, "cause");
    w = wr_of(buf, sizeof(buf));
    role_put_end(&w, 77, "replaced");
    assert_int_equal(role_get_end(wr_slice(&w), &session, reason), 0);
    assert_int_equal(session, 77);
    assert_string_equal(reason, "replaced");
    w = wr_of(buf, sizeof(buf));
    role_put_session(&w, 78);
    assert_int_equal(role_get_session(wr_slice(&w), &session), 0);
    assert_int_equal(session, 78);
    w = wr_of(buf, sizeof(buf));
    role_put_cert(&w, &cert);
    assert_int_equal(role_get_cert(wr_slice(&w), &cert2), 0);
    assert_true(slice_eq(cert.chain, cert2.chain) && slice_eq(cert.key, cert2.key) && cert2.wide_gcm);
}

static int get_any(unsigned kind, struct slice s)
{
    struct role_ask a;
    struct role_verdict v;
    struct role_own o;
    struct role_counters c;
    struct role_cert cert;
    struct role_held held;
    struct role_lan lan;
    struct role_lease lease;
    char reason[ROLE_REASON];
    uint64_t session;
    switch (kind) {
    case 0:
        return role_get_ask(s, &a);
    case 1:
        return role_get_verdict(s, &v);
    case 2:
        return role_get_own(s, &o);
    case 3:
        return role_get_counters(s, &c);
    case 4:
        return role_get_end(s, &session, reason);
    case 5:
        return role_get_session(s, &session);
    case 6:
        return role_get_held(s, &held);
    case 7:
        return role_get_lan(s, &lan);
    case 8:
        return role_get_lease(s, &lease);
    default:
        return role_get_cert(s, &cert);
    }
}

static size_t put_any(unsigned kind)
{
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_ask a = an_ask();
    struct role_verdict v = a_verdict();
    struct role_own o = an_own();
    struct role_counters c = { .cause = "x" };
    struct role_cert cert = { slice_str("chain"), slice_str("key"), false };
    struct role_held held = a_held();
    if (kind == 0)
        role_put_ask(&w, &a);
    else if (kind == 1)
        role_put_verdict(&w, &v);
    else if (kind == 2)
        role_put_own(&w, &o);
    else if (kind == 3)
        role_put_counters(&w, &c);
    else if (kind == 4)
        role_put_end(&w, 1, "reason");
    else if (kind == 5)
        role_put_session(&w, 1);
    else if (kind == 6)
        role_put_held(&w, &held);
    else if (kind == 7)
        role_put_lan(&w, &(struct role_lan){ "eth1", { 2, 0, 0, 0, 0, 1 }, 0x0a090002 });
    else if (kind == 8)
        role_put_lease(&w, &(struct role_lease){ "eth1", prefix_v4(0x0a090064, 32) });
    else
        role_put_cert(&w, &cert);
    return wr_len(&w);
}

static void truncated_and_trailing_are_refused(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 10; kind++) {
        size_t n = put_any(kind);
        assert_int_equal(get_any(kind, slice_of(buf, n)), 0);
        for (size_t cut = 0; cut < n; cut++)
            assert_true(get_any(kind, slice_of(buf, cut)) < 0);
        buf[n] = 0;
        assert_int_equal(get_any(kind, slice_of(buf, n + 1)), ERR_TRAILING);
    }
}

static void changed_bytes_never_overrun(void **state)
{
    unsigned refused = 0;
    (void)state;
    for (unsigned kind = 0; kind < 10; kind++) {
        size_t n = put_any(kind);
        for (size_t i = 0; i < n; i++)
            for (unsigned v = 0; v < 256; v += 51) {
                uint8_t was = buf[i];
                buf[i] = (uint8_t)v;
                refused += get_any(kind, slice_of(buf, n)) < 0; /* the sanitizers watch */
                buf[i] = was;
            }
    }
    assert_true(refused > 100);
}

static void values_out_of_range_are_refused(void **state)
{
    struct role_ask a = an_ask(), b;
    struct role_verdict v = a_verdict(), got;
    struct role_own o = an_own(), p;
    static char name[AUTH_NAME_MAX + 1];
    (void)state;
    memset(name, 'a', AUTH_NAME_MAX);
    for (unsigned m = 0; m < 2; m++) {
        struct wr w = wr_of(buf, sizeof(buf));
        a.question.method = m ? AUTH_METHODS : AUTH_NONE;
        role_put_ask(&w, &a);
        assert_int_equal(role_get_ask(wr_slice(&w), &b), ERR_VALUE);
    }
    struct wr w = wr_of(buf, sizeof(buf));
    a = an_ask();
    a.question.name = slice_of(name, AUTH_NAME_MAX);
    role_put_ask(&w, &a);
    assert_int_equal(role_get_ask(wr_slice(&w), &b), ERR_VALUE);
    w = wr_of(buf, sizeof(buf));
    v.verdict.kind = (enum auth_verdict_kind)(VERDICT_REFUSE + 1);
    role_put_verdict(&w, &v);
    assert_int_equal(role_get_verdict(wr_slice(&w), &got), ERR_VALUE);
    w = wr_of(buf, sizeof(buf));
    o.prefixes[0].len = 33;
    role_put_own(&w, &o);
    assert_true(role_get_own(wr_slice(&w), &p) < 0);
    struct role_lease lease = { "eth1", prefix_v4(0x0a090000, 24) }, gone;
    w = wr_of(buf, sizeof(buf));
    role_put_lease(&w, &lease);
    assert_int_equal(role_get_lease(wr_slice(&w), &gone), ERR_VALUE);
    lease = (struct role_lease){ "", prefix_v4(0x0a090064, 32) };
    w = wr_of(buf, sizeof(buf));
    role_put_lease(&w, &lease);
    assert_int_equal(role_get_lease(wr_slice(&w), &gone), ERR_VALUE);
    struct role_lan lan = { "", { 2 }, 0 }, no_lan;
    w = wr_of(buf, sizeof(buf));
    role_put_lan(&w, &lan);
    assert_int_equal(role_get_lan(wr_slice(&w), &no_lan), ERR_VALUE);
    w = wr_of(buf, sizeof(buf));
    o = an_own();
    o.n_prefixes = PARAMS_PREFIXES + 1;
    wr_zero(&w, 12);
    wr_u8(&w, o.n_prefixes);
    assert_true(role_get_own(wr_slice(&w), &p) < 0);
}

static void claims_are_of_addresses(void **state)
{
    (void)state;
    struct role_claim c = { .session = 9, .addr = { .family = 6, .len = 128, .addr = { 0xfd } }, .asked = true }, d;
    for (unsigned i = 0; i < 2; i++) {
        struct wr w = wr_of(buf, sizeof(buf));
        c.granted = i == 1;
        if (i)
            c.gone = (struct prefix){ .family = 6, .len = 128, .addr = { 0xfe } };
        role_put_claim(&w, &c);
        assert_int_equal(role_get_claim(wr_slice(&w), &d), 0);
        assert_true(d.session == 9 && d.asked && d.granted == c.granted && prefix_eq(&d.addr, &c.addr));
        assert_true(i ? prefix_eq(&d.gone, &c.gone) : d.gone.family == 0);
        for (size_t n = 0; n < wr_len(&w); n++)
            assert_true(role_get_claim(slice_of(buf, n), &d) < 0);
        wr_u8(&w, 0);
        assert_int_equal(role_get_claim(wr_slice(&w), &d), ERR_TRAILING);
    }
    struct prefix bad[] = { { .family = 6, .len = 64 }, prefix_v4(1, 32) };
    for (unsigned i = 0; i < 4; i++) {
        struct role_claim e = c;
        struct wr w = wr_of(buf, sizeof(buf));
        *(i < 2 ? &e.addr : &e.gone) = bad[i % 2];
        role_put_claim(&w, &e);
        assert_int_equal(role_get_claim(wr_slice(&w), &d), ERR_VALUE);
    }
}

static void neighbours_are_of_ipv6(void **state)
{
    (void)state;
    struct role_ndp n = { .n_nets = ROLE_NDP_NETS }, got;
    for (unsigned i = 0; i < ROLE_NDP_NETS; i++)
        n.nets[i] = (struct prefix){ .family = 6, .len = 64, .addr = { 0xfd, [7] = (uint8_t)i } };
    n.n_own = ROLE_NDP_OWN;
    for (unsigned i = 0; i < ROLE_NDP_OWN; i++)
        n.own[i] = (struct prefix){ .family = 6, .len = 128, .addr = { 0xfd, [15] = (uint8_t)i } };
    struct wr w = wr_of(buf, sizeof(buf));
    role_put_ndp(&w, &n);
    assert_int_equal(wr_len(&w), ROLE_NDP_MAX);
    assert_int_equal(role_get_ndp(wr_slice(&w), &got), 0);
    assert_memory_equal(&got, &n, sizeof(n));
    for (size_t k = 0; k < wr_len(&w); k++)
        assert_true(role_get_ndp(slice_of(buf, k), &got) < 0);
    for (unsigned i = 0; i < 2; i++) {
        struct role_ndp odd = n;
        if (i)
            odd.own[3].len = 64;
        else
            odd.nets[3] = prefix_v4(1, 32);
        w = wr_of(buf, sizeof(buf));
        role_put_ndp(&w, &odd);
        assert_true(role_get_ndp(wr_slice(&w), &got) < 0);
    }
}

/* Every message that we make passes its rule in the phase it is meant for, and in no other. */
static void rules_hold(void **state)
{
    const struct role_rules *all[] = { &role_master_to_worker, &role_master_to_authd, &role_to_master,
                                       &role_worker_to_authd, &role_authd_to_worker };
    static uint8_t body[IMSG_MAX + 1];
    (void)state;
    for (unsigned t = 0; t < 5; t++)
        for (size_t i = 0; i < all[t]->n; i++) {
            const struct imsg_rule *r = &all[t]->rules[i];
            for (unsigned phase = ROLE_SETUP; phase <= ROLE_ENDING; phase <<= 1) {
                struct imsg m = { .type = r->type, .body = { body, r->min }, .n_fds = r->fds };
                bool allowed = (r->phases & phase) != 0;
                assert_int_equal(imsg_check(all[t]->rules, all[t]->n, phase, &m) == NULL, allowed);
                m.body.n = r->max;
                assert_int_equal(imsg_check(all[t]->rules, all[t]->n, phase, &m) == NULL, allowed);
                m.body.n = r->max + 1;
                assert_non_null(imsg_check(all[t]->rules, all[t]->n, phase, &m));
                m.body.n = r->min;
                m.n_fds = r->fds + 1;
                assert_non_null(imsg_check(all[t]->rules, all[t]->n, phase, &m));
            }
        }
}

static void nobody_says_what_is_not_his(void **state)
{
    (void)state;
    struct imsg verdict = { .type = ROLE_VERDICT, .body = { buf, 100 } };
    struct imsg stop = { .type = ROLE_STOP };
    assert_non_null(imsg_check(role_worker_to_authd.rules, role_worker_to_authd.n, ROLE_RUN, &verdict));
    assert_non_null(imsg_check(role_worker_to_authd.rules, role_worker_to_authd.n, ROLE_RUN, &stop));
    assert_non_null(imsg_check(role_to_master.rules, role_to_master.n, ROLE_RUN, &stop));
    assert_non_null(imsg_check(role_authd_to_worker.rules, role_authd_to_worker.n, ROLE_RUN, &stop));
}

static void what_we_send_fits_its_rule(void **state)
{
    static const uint32_t types[] = { ROLE_ASK, ROLE_VERDICT, ROLE_OWN, ROLE_DOWN, ROLE_END, ROLE_UP };
    (void)state;
    for (unsigned kind = 0; kind < 6; kind++) {
        bool to_authd = kind == 0 || kind == 3 || kind == 5;
        const struct role_rules *r = to_authd ? &role_worker_to_authd : &role_authd_to_worker;
        struct imsg m = { .type = types[kind], .body = { buf, put_any(kind) } };
        assert_null(imsg_check(r->rules, r->n, ROLE_RUN, &m));
    }
    /* The smallest and the largest that can be. */
    struct role_ask a = { .question = { .method = AUTH_PAP } };
    struct wr w = wr_of(buf, sizeof(buf));
    role_put_ask(&w, &a);
    struct imsg m = { .type = ROLE_ASK, .body = wr_slice(&w) };
    assert_null(imsg_check(role_worker_to_authd.rules, role_worker_to_authd.n, ROLE_RUN, &m));
    struct role_held h = { 0 };
    w = wr_of(buf, sizeof(buf));
    role_put_held(&w, &h);
    m = (struct imsg){ .type = ROLE_HELD, .body = wr_slice(&w) };
    assert_null(imsg_check(role_worker_to_authd.rules, role_worker_to_authd.n, ROLE_RUN, &m));
    struct role_verdict v = { 0 };
    w = wr_of(buf, sizeof(buf));
    role_put_verdict(&w, &v);
    m = (struct imsg){ .type = ROLE_VERDICT, .body = wr_slice(&w) };
    assert_null(imsg_check(role_authd_to_worker.rules, role_authd_to_worker.n, ROLE_RUN, &m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_of_ipv6),
        cmocka_unit_test(claims_are_of_addresses),
        cmocka_unit_test(an_ask_comes_back),
        cmocka_unit_test(a_verdict_comes_back),
        cmocka_unit_test(the_others_come_back),
        cmocka_unit_test(a_limit_comes_back),
        cmocka_unit_test(truncated_and_trailing_are_refused),
        cmocka_unit_test(changed_bytes_never_overrun),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(rules_hold),
        cmocka_unit_test(nobody_says_what_is_not_his),
        cmocka_unit_test(what_we_send_fits_its_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
