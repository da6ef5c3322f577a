/* See ndp.h. */
#include "server/ndp.h"

#include "wire/nd.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TURN = 32,
    LATE = 1024, /* more than the socket holds */
    PACKET = 1500,
    PROBE = 700, /* ms: the client itself waits a second (RFC 4862 5.4, RFC 4861 10) */
};

static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 }; /* RFC 2464 7 */

/* An address of a session that is up, in a network that is proxied here; or our own in it. */
static bool is_here(const struct ndp_link *l, const uint8_t target[16])
{
    struct owner who;
    for (unsigned i = 0; i < l->told.n_nets; i++)
        if (prefix_has(&l->told.nets[i], target))
            return owners_find(&l->plane->owners, target, &who) || plane_is_own(l->plane, target);
    return false;
}

bool ndp_answer(const struct ndp_link *l, struct slice packet, const uint8_t from_mac[6], struct wr *w,
                uint8_t dst_mac[6])
{
    static const uint8_t unspecified[16];
    struct ip_view ip;
    struct nd_neighbour n;
    uint8_t type;
    if (ip_parse(packet, &ip) < 0 || ip.version != 6 || nd_check(&ip, &type) < 0 || type != ND_NS)
        return false;
    nd_read_neighbour(&ip, &n);
    if (!is_here(l, n.target))
        return false;
    /* RFC 4861 7.2.4: who asks from nowhere is about to take the address (RFC 4862 5.4.3): all are told. */
    n.solicited = memcmp(ip.src.p, unspecified, 16) != 0;
    n.router = false;
    n.override = false; /* RFC 4861 7.2.8 */
    size_t start = nd_begin(w, ND_NA, n.target, n.solicited ? ip.src.p : all_nodes);
    nd_put_neighbour(w, ND_NA, &n);
    nd_put_target_link(w, l->mac);
    nd_end(w, start);
    memcpy(dst_mac, n.solicited ? from_mac : all_nodes_mac, 6);
    return wr_ok(w);
}

static void answer_one(const struct ndp_link *l, struct slice packet, const struct sockaddr_ll *from)
{
    uint8_t buf[128];
    struct wr w = wr_of(buf, sizeof(buf));
    struct sockaddr_ll to = *from;
    if (!ndp_answer(l, packet, from->sll_addr, &w, to.sll_addr))
        return;
    to.sll_halen = 6;
    (void)!sendto(l->fd, buf, wr_len(&w), 0, (struct sockaddr *)&to,
                  sizeof(to)); /* lost like any packet: it asks again */
}

/* Takes one message; false: none is there. */
static bool take_one(struct ndp_link *l)
{
    uint8_t packet[PACKET];
    struct sockaddr_ll from = { 0 };
    socklen_t len = sizeof(from);
    ssize_t n = recvfrom(l->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &len);
    if (n < 0)
        return false; /* also ENETDOWN: master gives us another socket when the interface is back */
    if (from.sll_pkttype == PACKET_OUTGOING || from.sll_halen != 6)
        return true;
    ndp_heard(l->ndp, slice_of(packet, (size_t)n));
    answer_one(l, slice_of(packet, (size_t)n), &from);
    return true;
}

static void on_neighbour(void *ctx, int events)
{
    (void)events;
    for (unsigned i = 0; i < TURN && take_one(ctx); i++)
        ;
}

/* The interface's hardware address, as the socket knows it. */
static bool learn_mac(struct ndp_link *l)
{
    struct sockaddr_ll own = { 0 };
    socklen_t len = sizeof(own);
    if (getsockname(l->fd, (struct sockaddr *)&own, &len) < 0 || own.sll_family != AF_PACKET || own.sll_halen != 6)
        return false;
    memcpy(l->mac, own.sll_addr, 6);
    l->index = own.sll_ifindex;
    return true;
}

/* ---- asking ---- */

static struct ndp_probe *probe_of(struct ndp *n, const uint8_t addr[16])
{
    for (unsigned i = 0; i < NDP_PROBES; i++)
        if (n->probes[i].due && memcmp(n->probes[i].addr.addr, addr, 16) == 0)
            return &n->probes[i];
    return NULL;
}

void ndp_heard(struct ndp *n, struct slice packet)
{
    static const uint8_t unspecified[16];
    struct ip_view ip;
    struct nd_neighbour told;
    uint8_t type;
    if (ip_parse(packet, &ip) < 0 || ip.version != 6 || nd_check(&ip, &type) < 0 || (type != ND_NA && type != ND_NS))
        return;
    nd_read_neighbour(&ip, &told);
    struct ndp_probe *p = probe_of(n, told.target);
    /* RFC 4862 5.4.3: who asks from nowhere is about to take it, too. */
    if (p && (type == ND_NA || memcmp(ip.src.p, unspecified, 16) == 0))
        p->taken = true;
}

msec ndp_tick(struct ndp *n, msec now)
{
    msec next = NEVER;
    for (unsigned k = 0; k < n->n; k++)
        for (unsigned i = 0; i < LATE && take_one(&n->at[k]); i++)
            ;
    for (unsigned i = 0; i < NDP_PROBES; i++) {
        struct ndp_probe *p = &n->probes[i], done = *p;
        if (p->due && p->due <= now) {
            p->due = 0;
            done.fn(done.ctx, &done.addr, done.taken);
        } else if (p->due) {
            next = tick_min(next, p->due);
        }
    }
    return next;
}

static void on_timer(void *ctx)
{
    struct ndp *n = ctx;
    msec next = ndp_tick(n, loop_now(n->at[0].plane->loop));
    if (next != NEVER)
        timer_set(n->timer, next);
}

static const struct ndp_link *link_of(const struct ndp *n, const struct prefix *addr)
{
    for (unsigned i = 0; i < n->n; i++)
        for (unsigned k = 0; k < n->at[i].told.n_nets; k++)
            if (prefix_has(&n->at[i].told.nets[k], addr->addr))
                return &n->at[i];
    return NULL;
}

/* RFC 4862 5.4.2: from nowhere, to the group of the address (RFC 4291 2.7.1, RFC 2464 7). */
static bool solicit(const struct ndp_link *l, const struct prefix *addr)
{
    static const uint8_t unspecified[16];
    uint8_t buf[128], group[16] = { 0xff, 2, [11] = 1, [12] = 0xff };
    struct wr w = wr_of(buf, sizeof(buf));
    struct nd_neighbour ask = { .router = false };
    struct sockaddr_ll to = { .sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_IPV6),
                              .sll_ifindex = l->index,
                              .sll_halen = 6,
                              .sll_addr = { 0x33, 0x33 } };
    memcpy(group + 13, addr->addr + 13, 3);
    memcpy(to.sll_addr + 2, group + 12, 4);
    memcpy(ask.target, addr->addr, 16);
    size_t start = nd_begin(&w, ND_NS, unspecified, group);
    nd_put_neighbour(&w, ND_NS, &ask);
    nd_end(&w, start);
    return sendto(l->fd, buf, wr_len(&w), 0, (struct sockaddr *)&to, sizeof(to)) >= 0;
}

static bool is_own(const struct ndp_link *l, const struct prefix *addr)
{
    for (unsigned i = 0; i < l->told.n_own; i++)
        if (prefix_eq(&l->told.own[i], addr))
            return true;
    return false;
}

static bool first_of(const struct ndp *n, const struct ndp_probe *p)
{
    for (unsigned i = 0; i < NDP_PROBES; i++)
        if (n->probes[i].due && &n->probes[i] != p)
            return false;
    return true;
}

void ndp_probe(struct ndp *n, const struct prefix *addr, ndp_probed_fn *fn, void *ctx)
{
    const struct ndp_link *l = link_of(n, addr);
    struct ndp_probe *p = NULL;
    for (unsigned i = 0; i < NDP_PROBES && !p; i++)
        if (!n->probes[i].due)
            p = &n->probes[i];
    if (!l || !p || is_own(l, addr) || probe_of(n, addr->addr) || !solicit(l, addr)) {
        fn(ctx, addr, true); /* what cannot be asked for is not free */
        return;
    }
    *p = (struct ndp_probe){ *addr, loop_now(l->plane->loop) + PROBE, false, fn, ctx };
    if (first_of(n, p))
        timer_set(n->timer, p->due); /* all wait equally long: else it fires sooner */
}

/* ---- interfaces ---- */

static struct ndp *ndp_new(struct loop *l)
{
    struct ndp *n = calloc(1, sizeof(*n));
    if (n)
        n->timer = timer_new(l, on_timer, n);
    if (n && n->timer)
        return n;
    free(n);
    return NULL;
}

int ndp_add(struct ndp **n, struct plane *p, int fd, const struct role_ndp *r)
{
    if (!*n)
        *n = ndp_new(p->loop);
    struct ndp_link *l = *n && (*n)->n < CONFIG_POOLS ? &(*n)->at[(*n)->n] : NULL;
    if (l)
        *l = (struct ndp_link){ .ndp = *n, .plane = p, .fd = fd, .told = *r };
    if (!l || !learn_mac(l)) {
        close(fd);
        return *n ? ERR_VALUE : ERR_NOMEM;
    }
    l->watch = watch_new(p->loop, fd, LOOP_READ, on_neighbour, l);
    if (!l->watch) {
        close(fd);
        return ERR_NOMEM;
    }
    (*n)->n++;
    return 0;
}

void ndp_clear(struct ndp **n)
{
    for (unsigned i = 0; *n && i < (*n)->n; i++) {
        watch_free((*n)->at[i].watch);
        close((*n)->at[i].fd);
    }
    if (*n)
        timer_free((*n)->timer);
    free(*n);
    *n = NULL;
}
