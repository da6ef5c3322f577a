/* See plane.h. */
#include "server/plane.h"

#include "events/events.h"
#include "wire/ip.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    TURN_BATCHES = 4, /* read from one descriptor before others get their turn */
};

int plane_init(struct plane *p, struct loop *l, uint32_t worker, plane_deliver_fn *deliver, void *ctx)
{
    *p = (struct plane){ .loop = l, .worker = worker, .steer = -1, .deliver = deliver, .ctx = ctx };
    p->gate.nets = p->nets;
    tunq_init(&p->tun, -1, 0);
    owners_init(&p->owners);
    owners_init(&p->fresh);
    for (unsigned i = 0; i < TUN_QUEUES_MAX; i++)
        p->peers[i] = (struct plane_peer){ .plane = p, .fd = -1 };
    p->datagram = malloc(HANDOVER_MAX);
    if (p->datagram && arena_init(&p->arena, TUNQ_ARENA) == 0)
        return 0;
    free(p->datagram);
    p->datagram = NULL;
    return ERR_NOMEM;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void plane_done(struct plane *p)
{
    watch_free(p->watch);
    p->watch = NULL;
    close_fd(&p->tun.fd);
    close_fd(&p->steer);
    for (unsigned i = 0; i < TUN_QUEUES_MAX; i++) {
        watch_free(p->peers[i].watch);
        p->peers[i].watch = NULL;
        close_fd(&p->peers[i].fd);
    }
    owners_done(&p->owners);
    owners_done(&p->fresh);
    arena_done(&p->arena);
    free(p->datagram);
    p->datagram = NULL;
}

void plane_set_steer(struct plane *p, int fd)
{
    close_fd(&p->steer);
    p->steer = fd;
}

static void add_net(struct plane *p, const struct prefix *net)
{
    for (unsigned i = 0; i < p->gate.n; i++)
        if (prefix_eq(&p->nets[i], net))
            return;
    if (net->family && p->gate.n < PLANE_NETS)
        p->nets[p->gate.n++] = *net;
}

void plane_set_nets(struct plane *p, const struct config_pool *pools, unsigned n)
{
    struct prefix before[PLANE_NETS];
    unsigned n_before = p->gate.n;
    memcpy(before, p->nets, sizeof(before));
    p->gate.n = 0;
    for (unsigned i = 0; i < n; i++)
        add_net(p, &pools[i].ipv4);
    for (unsigned i = 0; i < n; i++)
        add_net(p, &pools[i].ipv6);
    for (unsigned i = 0; i < n_before; i++)
        add_net(p, &before[i]);
}

/* ---- from the TUN, or from another worker, to the sessions ---- */

/* The packets of `all` whose owner is that of the first one not yet done; marks them done. */
static void gather(const struct batch *all, const struct owner *owner, bool *done, unsigned first, struct batch *out)
{
    batch_clear(out);
    for (unsigned i = first; i < all->n; i++) {
        if (done[i] || !owner_eq(owner[i], owner[first]))
            continue;
        done[i] = true;
        out->at[out->n++] = all->at[i];
    }
}

static void dispatch(struct plane *p, struct owner who, const struct batch *packets, bool pass_on)
{
    if (who.worker == p->worker) {
        if (!p->deliver(p->ctx, who.session, packets, p->queue))
            p->drops.n[DROP_NO_OWNER] += packets->n;
    } else if (pass_on && who.worker < TUN_QUEUES_MAX && p->peers[who.worker].fd >= 0) {
        handover_send(p->peers[who.worker].fd, packets, p->datagram, &p->drops);
    } else {
        p->drops.n[DROP_HANDOVER] += packets->n;
    }
}

/* Sends each packet to its owner, in batches; the order within a session is kept. */
static void route(struct plane *p, const struct batch *all, bool pass_on)
{
    struct owner owner[BATCH_MAX] = { 0 };
    bool done[BATCH_MAX] = { false };
    for (unsigned i = 0; i < all->n; i++) {
        uint8_t to[16];
        enum drop why = DROP_NONE;
        if (!ip_dest16(slice_of(all->at[i].p, all->at[i].n), to))
            why = DROP_MALFORMED;
        else if (!owners_find(&p->owners, to, &owner[i]))
            why =
                ip_is_multicast(to) || ip_is_broadcast(to) ? DROP_MULTICAST : DROP_NO_OWNER; /* the host's own noise */
        if (why != DROP_NONE)
            drop_count(&p->drops, why);
        done[i] = why != DROP_NONE;
    }
    struct batch mine;
    for (unsigned i = 0; i < all->n; i++) {
        if (done[i])
            continue;
        gather(all, owner, done, i, &mine);
        dispatch(p, owner[i], &mine, pass_on);
    }
}

static void on_tun(void *ctx, int events)
{
    struct plane *p = ctx;
    struct batch b;
    bool more = true;
    msec now = loop_now(p->loop);
    (void)events;
    p->queue = tunq_stands(&p->tun, now);
    for (unsigned i = 0, turn = p->queue ? TUNQ_TURN_STANDING : TUNQ_TURN; more && i < turn; i++) {
        int n = tunq_read(&p->tun, &p->arena, &b, &more);
        if (n < 0) {
            event(EV_INTERFACE_FAILED, NULL, F_TEXT("cause", "it was taken away from us; restart the server"));
            watch_set(p->watch, 0);
        }
        if (n <= 0)
            break;
        route(p, &b, true);
    }
    p->queue = false;
    tunq_note(&p->tun, more, now);
}

static void on_peer(void *ctx, int events)
{
    struct plane_peer *peer = ctx;
    struct plane *p = peer->plane;
    struct batch b;
    (void)events;
    for (unsigned i = 0; i < TURN_BATCHES; i++) {
        int n = handover_recv(peer->fd, p->datagram, &b);
        if (n == ERR_LOST)
            watch_set(peer->watch, 0); /* master gives us its successor */
        if (n == ERR_LENGTH)
            drop_count(&p->drops, DROP_MALFORMED);
        if (n <= 0)
            return;
        route(p, &b, false);
    }
}

void plane_set_peer(struct plane *p, uint32_t worker, int fd)
{
    if (worker >= TUN_QUEUES_MAX || worker == p->worker) {
        close(fd);
        return;
    }
    struct plane_peer *peer = &p->peers[worker];
    watch_free(peer->watch);
    close_fd(&peer->fd);
    peer->fd = fd;
    peer->watch = watch_new(p->loop, fd, LOOP_READ, on_peer, peer); /* without it we send, and hear nothing */
}

int plane_set_tun(struct plane *p, int fd, unsigned offload)
{
    bool running = p->watch != NULL;
    watch_free(p->watch);
    p->watch = NULL;
    close_fd(&p->tun.fd);
    tunq_init(&p->tun, fd, offload);
    return running ? plane_start(p) : 0;
}

int plane_start(struct plane *p)
{
    p->watch = p->tun.fd >= 0 ? watch_new(p->loop, p->tun.fd, LOOP_READ, on_tun, p) : NULL;
    return p->watch ? 0 : ERR_NOMEM;
}

/* ---- who owns what ---- */

static void steer(struct plane *p, const struct prefix *prefix, bool set)
{
    if (p->steer < 0)
        return;
    /* A packet that is steered wrongly is handed over: slower, not lost. */
    int r = set ? steer_set(p->steer, prefix, p->worker) : steer_clear(p->steer, prefix);
    (void)r;
}

int plane_own(struct plane *p, uint64_t session, const struct params *params)
{
    struct owner who = { p->worker, session };
    for (unsigned i = 0; i < params->n_prefixes; i++) {
        if (owners_set(&p->owners, &params->prefixes[i], who) < 0) {
            plane_disown(p, session, params);
            return ERR_NOMEM;
        }
        steer(p, &params->prefixes[i], true);
    }
    return 0;
}

void plane_disown(struct plane *p, uint64_t session, const struct params *params)
{
    struct owner who = { p->worker, session };
    for (unsigned i = 0; i < params->n_prefixes; i++)
        if (owners_clear(&p->owners, &params->prefixes[i], who))
            steer(p, &params->prefixes[i], false);
}

void plane_assert(struct plane *p, uint64_t session, const struct params *params)
{
    struct owner who = { p->worker, session }, is;
    for (unsigned i = 0; i < params->n_prefixes; i++)
        if (owners_get(&p->owners, &params->prefixes[i], &is) && owner_eq(is, who))
            steer(p, &params->prefixes[i], true);
}

void plane_other_own(struct plane *p, struct owner who, const struct prefix *prefixes, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (owners_set(&p->owners, &prefixes[i], who) < 0 ||
            (p->renewing && owners_set(&p->fresh, &prefixes[i], who) < 0))
            drop_count(&p->drops, DROP_HANDOVER); /* no memory: its packets will be dropped here */
}

void plane_other_disown(struct plane *p, struct owner who, const struct prefix *prefixes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        (void)owners_clear(&p->owners, &prefixes[i], who);
        (void)owners_clear(&p->fresh, &prefixes[i], who);
    }
}

void plane_others_begin(struct plane *p)
{
    owners_done(&p->fresh);
    p->renewing = true;
}

static bool still_so(void *ctx, const struct prefix *prefix, struct owner who)
{
    const struct plane *p = ctx;
    struct owner told;
    return who.worker == p->worker || (owners_get(&p->fresh, prefix, &told) && owner_eq(told, who));
}

void plane_others_end(struct plane *p)
{
    if (p->renewing)
        owners_sweep(&p->owners, still_so, p);
    owners_done(&p->fresh);
    p->renewing = false;
}

/* ---- from a session ---- */

static bool in_list(const struct prefix *list, unsigned n, const uint8_t addr16[16])
{
    for (unsigned i = 0; i < n; i++)
        if (prefix_has(&list[i], addr16))
            return true;
    return false;
}

/* Our own address in a pool's network: the first one (aditd.conf(5)). */
bool plane_is_own(const struct plane *p, const uint8_t addr16[16])
{
    struct prefix to = prefix_v6(addr16, 128);
    for (unsigned i = 0; i < p->gate.n; i++) {
        struct prefix own = p->nets[i];
        own.addr[15] |= 1;
        if (memcmp(own.addr, to.addr, sizeof(own.addr)) == 0)
            return true;
    }
    return false;
}

static enum drop by_rules(const struct plane *p, const struct packet *packet, const struct params *params,
                          const struct plane_rules *r)
{
    uint8_t to[16];
    struct owner who;
    if (!ip_dest16(slice_of(packet->p, packet->n), to))
        return DROP_MALFORMED;
    if (r->isolate && owners_find(&p->owners, to, &who) && !in_list(params->prefixes, params->n_prefixes, to))
        return DROP_FORBIDDEN;
    if (r->limited && !in_list(r->allow, r->n_allow, to) && !in_list(r->dns, r->n_dns, to) && !plane_is_own(p, to) &&
        !in_list(params->prefixes, params->n_prefixes, to))
        return DROP_FORBIDDEN;
    return DROP_NONE;
}

void plane_to_isolated(const struct plane *p, struct batch *packets, struct drops *drops)
{
    unsigned n = 0;
    for (unsigned i = 0; i < packets->n; i++) {
        uint8_t from[16];
        struct owner who;
        bool other =
            ip_source16(slice_of(packets->at[i].p, packets->at[i].n), from) && owners_find(&p->owners, from, &who);
        if (other)
            drop_count(drops, DROP_FORBIDDEN);
        else
            packets->at[n++] = packets->at[i];
    }
    packets->n = n;
}

enum drop plane_from_session(struct plane *p, const struct batch *packets, const struct params *params,
                             const struct plane_rules *rules, struct drops *drops)
{
    bool ruled = rules->isolate || rules->limited;
    struct batch pass;
    enum drop first = DROP_NONE;
    batch_clear(&pass);
    for (unsigned i = 0; i < packets->n; i++) {
        enum drop why = gate_from_session(&packets->at[i], params->prefixes, params->n_prefixes, &p->gate);
        if (why == DROP_NONE && ruled)
            why = by_rules(p, &packets->at[i], params, rules);
        if (why == DROP_NONE) {
            pass.at[pass.n++] = packets->at[i];
            continue;
        }
        drop_count(drops, why);
        if (first == DROP_NONE)
            first = why;
    }
    tunq_write(&p->tun, &pass, drops);
    return first;
}
