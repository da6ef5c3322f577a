/* The fingerprint by which two programs know whether they speak alike: see state.h.
 *
 * It is made of the tables of what may be said, and of one sample of each message and of the state as this program writes
 * them. Who adds a field to a message changes the sample's bytes, and an upgrade from older versions is refused with
 * words, instead of a role that ends another for saying something odd. The configuration is left out: old roles get none
 * from a new master. */
#include "server/state.h"

/* Counted up by whoever changes what a message means without changing its bytes. */
static const char meaning[] = "adit roles, meaning 1";

struct hash {
    uint64_t h;
};

static void add_bytes(struct hash *h, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        h->h = (h->h ^ b[i]) * 0x100000001b3u; /* FNV-1a, 64 bits */
}

static void add_number(struct hash *h, uint64_t n)
{
    add_bytes(h, &n, sizeof(n));
}

static void add_rules(struct hash *h, const struct imsg_rule *rules, size_t n)
{
    add_number(h, n);
    for (size_t i = 0; i < n; i++) {
        add_number(h, rules[i].type);
        add_number(h, rules[i].phases);
        add_number(h, rules[i].fds);
        if (rules[i].max < IMSG_MAX) { /* others hold texts of any length, or a configuration */
            add_number(h, rules[i].min);
            add_number(h, rules[i].max);
        }
    }
}

static void add_tables(struct hash *h)
{
    const struct role_rules *roles[] = { &role_master_to_worker, &role_master_to_authd, &role_master_to_admin,
                                         &role_to_master,        &role_worker_to_authd, &role_authd_to_worker };
    const struct admin_rules *admin[] = { &admin_to_worker, &worker_to_admin, &admin_to_master, &master_to_admin };
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        add_rules(h, roles[i]->rules, roles[i]->n);
    for (size_t i = 0; i < sizeof(admin) / sizeof(admin[0]); i++)
        add_rules(h, admin[i]->rules, admin[i]->n);
}

/* One of each message of roles.h. Zeros do: what a field means is in its place. */
static void put_role_samples(struct wr *w)
{
    static struct role_ask ask;
    static struct role_verdict verdict;
    static struct role_held held;
    static struct role_counters counters;
    static struct role_own own;
    static struct role_ndp ndp;
    static struct role_limit limit;
    static struct role_lan lan;
    static struct role_lease lease = { .addr = { .family = 4 } };
    static struct role_claim claim = { .addr = { .family = 6 } };
    role_put_ask(w, &ask);
    role_put_verdict(w, &verdict);
    role_put_held(w, &held);
    role_put_session(w, 1);
    role_put_counters(w, &counters);
    role_put_end(w, 1, "end");
    role_put_own(w, &own);
    role_put_claim(w, &claim);
    role_put_ndp(w, &ndp);
    role_put_limit(w, &limit);
    role_put_lan(w, &lan);
    role_put_lease(w, &lease);
}

static void put_admin_samples(struct wr *w)
{
    static struct admin_session session;
    static struct admin_worker worker;
    static struct admin_status status = { .n_roles = 1, .n_listens = 1 };
    admin_put_cursor(w, 1);
    admin_put_handle(w, 1);
    admin_put_end(w, 1, "end");
    admin_put_end_user(w, "user", "end");
    admin_put_count(w, 1);
    admin_put_session(w, &session);
    admin_put_worker(w, &worker);
    admin_put_status(w, &status);
    admin_put_line(w, slice_str("line"));
    admin_put_done(w, ADMIN_OUTCOME_DONE, "words");
}

static void put_state_sample(struct wr *w)
{
    static struct master m; /* large; there is little in it but its fields */
    static struct host_routed routed = { .net = { .family = 4 } };
    m.host.n_queues = m.host.n_nets = m.host.n_routed = m.n_roles = m.control.n_lines = m.control.next_line = 1;
    m.host.nets[0].family = m.listeners[0].conf.addr.family = 4;
    m.host.routed = &routed;
    for (unsigned i = 1; i < CONFIG_LISTENS; i++)
        m.listeners[i].fd = -1;
    state_put_body(w, &m);
}

uint64_t state_fingerprint(void)
{
    static uint64_t known;
    static uint8_t buf[IMSG_MAX];
    struct hash h = { 0xcbf29ce484222325u };
    struct wr w = wr_of(buf, sizeof(buf));
    if (known)
        return known;
    add_bytes(&h, meaning, sizeof(meaning));
    add_tables(&h);
    put_role_samples(&w);
    put_admin_samples(&w);
    put_state_sample(&w);
    add_bytes(&h, buf, wr_len(&w));
    known = h.h;
    return known;
}
