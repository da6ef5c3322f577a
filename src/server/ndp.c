/* See ndp.h. */
#include "server/ndp.h"

#include "wire/nd.h"

#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURN = 32, PACKET = 1500 };

static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 }; /* RFC 2464 7 */

/* An address of a session that is up, in a network that is proxied here; or our own in it. */
static bool is_here(const struct ndp_link *l, const uint8_t target[16])
{
    struct owner who;
    for (unsigned i = 0; i < l->n_nets; i++)
        if (prefix_has(&l->nets[i], target))
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

static void on_solicitation(void *ctx, int events)
{
    struct ndp_link *l = ctx;
    uint8_t packet[PACKET];
    (void)events;
    for (unsigned i = 0; i < TURN; i++) {
        struct sockaddr_ll from = { 0 };
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(l->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &len);
        if (n < 0)
            return; /* also ENETDOWN: master gives us another socket when the interface is back */
        if (from.sll_pkttype != PACKET_OUTGOING && from.sll_halen == 6)
            answer_one(l, slice_of(packet, (size_t)n), &from);
    }
}

/* The interface's hardware address, as the socket knows it. */
static bool learn_mac(struct ndp_link *l)
{
    struct sockaddr_ll own = { 0 };
    socklen_t len = sizeof(own);
    if (getsockname(l->fd, (struct sockaddr *)&own, &len) < 0 || own.sll_family != AF_PACKET || own.sll_halen != 6)
        return false;
    memcpy(l->mac, own.sll_addr, 6);
    return true;
}

int ndp_add(struct ndp **n, struct plane *p, int fd, const struct role_ndp *r)
{
    if (!*n)
        *n = calloc(1, sizeof(**n));
    struct ndp_link *l = *n && (*n)->n < CONFIG_POOLS ? &(*n)->at[(*n)->n] : NULL;
    if (l)
        *l = (struct ndp_link){ .plane = p, .fd = fd, .n_nets = r->n_nets };
    if (!l || !learn_mac(l)) {
        close(fd);
        return *n ? ERR_VALUE : ERR_NOMEM;
    }
    memcpy(l->nets, r->nets, sizeof(l->nets));
    l->watch = watch_new(p->loop, fd, LOOP_READ, on_solicitation, l);
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
    free(*n);
    *n = NULL;
}
