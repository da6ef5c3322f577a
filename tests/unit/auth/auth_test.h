/* What the tests of src/auth share: an environment with dice that repeat, a judge who knows one user, and short
 * ways to feed and pull. Only for tests. */
#ifndef ADIT_TESTS_AUTH_TEST_H
#define ADIT_TESTS_AUTH_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/client.h"
#include "auth/eap_server.h"
#include "auth/server.h"
#include "auth/verify.h"
#include "crypto/mschap.h"
#include "tls/prim_host.h"
#include "wire/chap_pkt.h"
#include "wire/eap_pkt.h"
#include "wire/mschap_text.h"
#include "wire/pap_pkt.h"

struct test_host {
    uint64_t dice;
    unsigned notes[64]; /* how often each note came */
};

static inline void test_random(void *ctx, uint8_t *dst, size_t n)
{
    struct test_host *h = ctx;
    for (size_t i = 0; i < n; i++) {
        h->dice = h->dice * 6364136223846793005u + 1442695040888963407u;
        dst[i] = (uint8_t)(h->dice >> 56);
    }
}

static inline void test_note(void *ctx, const struct note *n)
{
    struct test_host *h = ctx;
    assert_true(n->id < 64);
    h->notes[n->id]++;
}

#define TEST_ENV(host) ((struct env){ &(host), test_random, test_note, &prim_host })

/* authd, as far as these tests need one. */
struct test_judge {
    const char *user; /* the one account, without domain */
    struct slice password;
    unsigned refuse_code; /* of the account */
    unsigned attempts_max;
    unsigned attempts;
    unsigned questions;
    bool wrong_proof; /* sends a wrong S= */
    bool no_key;      /* accepts without a key */
    const struct env *env;
    struct eap_server eap;
    bool eap_begun;
    char text[AUTH_TEXT_MAX];
    uint8_t packet[AUTH_EAP_MAX];
    struct auth_verdict v;
};

static inline bool judge_knows(const struct test_judge *j, struct slice name)
{
    return slice_eq(mschap_account(name), slice_str(j->user));
}

static inline void judge_refuse(struct test_judge *j, unsigned code, bool retry)
{
    j->v.kind = VERDICT_REFUSE;
    j->v.retry = retry;
    j->env->random(j->env->ctx, j->v.challenge, 16);
    size_t n = verify_failure_text(j->text, sizeof(j->text), code, retry, j->v.challenge, "No");
    assert_true(n > 0);
    j->v.text = slice_of(j->text, n);
}

static inline void judge_mschap(struct test_judge *j, const struct auth_question *q)
{
    uint8_t hash[16];
    char success[43];

    assert_int_equal(mschap_nt_hash(&prim_host, j->password, hash), 0);
    bool right = verify_mschapv2(&prim_host, hash, q->name, q->challenge, q->response, success, j->v.hlak);
    if (!right || !judge_knows(j, q->name)) {
        judge_refuse(j, 691, ++j->attempts < j->attempts_max);
        return;
    }
    if (j->refuse_code) {
        judge_refuse(j, j->refuse_code, false);
        return;
    }
    memcpy(j->text, success, sizeof(success));
    if (j->wrong_proof)
        j->text[41] = j->text[41] == '0' ? '1' : '0';
    j->v.kind = VERDICT_ACCEPT;
    j->v.keyed = !j->no_key;
    j->v.text = slice_of(j->text, 42);
}

static inline void judge_eap(struct test_judge *j, const struct auth_question *q)
{
    struct eap_server_event ev;
    struct eap_server_conf conf = { "test", j->attempts_max };

    if (!j->eap_begun)
        eap_server_init(&j->eap, &conf, j->env, 0);
    else {
        struct rd r = rd_slice(q->eap);
        assert_int_equal(eap_server_feed(&j->eap, &r, 0), FED_EVENT);
    }
    j->eap_begun = true;
    assert_true(eap_server_event(&j->eap, &ev));
    if (ev.kind == EAP_SERVER_EV_USER) {
        struct eap_server_user u = { .known = judge_knows(j, ev.name), .refuse_code = j->refuse_code };
        assert_int_equal(mschap_nt_hash(&prim_host, j->password, u.nt_hash), 0);
        eap_server_user(&j->eap, &u, 0);
        assert_true(eap_server_event(&j->eap, &ev));
    }
    assert_true(ev.packet.n > 0 && ev.packet.n <= sizeof(j->packet));
    memcpy(j->packet, ev.packet.p, ev.packet.n);
    j->v.eap = slice_of(j->packet, ev.packet.n);
    j->v.kind = ev.kind == EAP_SERVER_EV_SEND       ? VERDICT_MORE
                : ev.kind == EAP_SERVER_EV_ACCEPTED ? VERDICT_ACCEPT
                                                    : VERDICT_REFUSE;
    j->v.keyed = ev.kind == EAP_SERVER_EV_ACCEPTED && !j->no_key;
    memcpy(j->v.hlak, ev.hlak, HLAK_LEN);
}

static inline const struct auth_verdict *judge(struct test_judge *j, const struct auth_question *q)
{
    bool right = false;

    j->questions++;
    memset(&j->v, 0, sizeof(j->v));
    switch (q->method) {
    case AUTH_MSCHAPV2:
        judge_mschap(j, q);
        return &j->v;
    case AUTH_EAP_MSCHAPV2:
        judge_eap(j, q);
        return &j->v;
    case AUTH_PAP:
        right = slice_eq(q->password, j->password);
        break;
    case AUTH_CHAP_MD5:
        right = verify_chap_md5(&prim_host, q->id, j->password, q->challenge, q->response);
        break;
    case AUTH_NONE:
    case AUTH_METHODS:
        fail();
    }
    if (right && judge_knows(j, q->name) && !j->refuse_code)
        j->v = (struct auth_verdict){ .kind = VERDICT_ACCEPT, .text = slice_str("Hello") };
    else
        j->v = (struct auth_verdict){ .kind = VERDICT_REFUSE, .text = slice_str("No"), .retry = true };
    return &j->v;
}

#endif
