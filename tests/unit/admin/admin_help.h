/* What the tests of the admin layer share: one of everything, with every field set. */
#ifndef ADIT_TESTS_ADMIN_HELP_H
#define ADIT_TESTS_ADMIN_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "admin/msgs.h"

#include <string.h>

static inline struct admin_session a_session(void)
{
    static const uint8_t six[16] = { 0xfd };
    struct admin_session s = { .handle = 0x1234567800000009u,
                               .n_prefixes = 2,
                               .mtu = 1400,
                               .mru = 4087,
                               .snapshot = 7,
                               .age_ms = 61999,
                               .bytes_in = 1,
                               .bytes_out = 2,
                               .packets_in = 3,
                               .packets_out = 4,
                               .drops = 5,
                               .rate_in = 6,
                               .rate_out = UINT64_MAX };
    strcpy(s.user, "alice");
    strcpy(s.call, "48B82435-099A-4158-A987-052E7570CFAA");
    strcpy(s.peer, "198.18.0.7:4711");
    strcpy(s.local, "198.18.0.1:443");
    strcpy(s.method, "mschapv2");
    strcpy(s.tls, "TLSv1.3");
    strcpy(s.cipher, "TLS_AES_128_GCM_SHA256");
    strcpy(s.hash, "SHA-256");
    strcpy(s.ident, "MSRASV5.20");
    s.prefixes[0] = prefix_v4(0x0a500002, 32);
    s.prefixes[1] = prefix_v6(six, 64);
    return s;
}

/* Everything as long as it can be. */
static inline struct admin_session a_full_session(void)
{
    struct admin_session s = a_session();
#define FULL(field) memset(field, 'x', sizeof(field) - 1)
    FULL(s.user);
    FULL(s.call);
    FULL(s.peer);
    FULL(s.local);
    FULL(s.method);
    FULL(s.tls);
    FULL(s.cipher);
    FULL(s.hash);
    FULL(s.ident);
#undef FULL
    s.n_prefixes = ADMIN_PREFIXES;
    for (unsigned i = 0; i < ADMIN_PREFIXES; i++)
        s.prefixes[i] = prefix_v4(i, 32);
    return s;
}

static inline struct admin_worker a_worker(void)
{
    return (struct admin_worker){ .sessions = 1,
                                  .connections = 2,
                                  .half_open = 3,
                                  .bytes_in = 4,
                                  .bytes_out = 5,
                                  .packets_in = 6,
                                  .packets_out = 7,
                                  .drops = 8,
                                  .rate_in = 9,
                                  .rate_out = 10,
                                  .accepted = 11,
                                  .ended = 12 };
}

static inline void a_status(struct admin_status *s)
{
    *s = (struct admin_status){ .snapshot = 3, .uptime_ms = 90061000, .n_listens = 2, .n_roles = 3 };
    strcpy(s->version, "1.2.3");
    strcpy(s->config, "/etc/adit/aditd.conf");
    strcpy(s->interface, "adit0");
    strcpy(s->log_level, "info");
    strcpy(s->listens[0], "0.0.0.0:443");
    strcpy(s->listens[1], "[::]:443");
    s->roles[0] = (struct admin_role){ .kind = "master", .pid = 10, .memory = 1000, .age_ms = 5000 };
    s->roles[1] = (struct admin_role){ .kind = "worker", .index = 0, .pid = 11, .restarts = 2, .memory = 2000 };
    s->roles[2] = (struct admin_role){ .kind = "worker", .index = 1, .pid = 12, .memory = 4000 };
}

#endif
