/* See ether.h. */
#include "net/ether.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/link.h"
#include "net/mnl.h"
#include "net/text.h"

/* ---- what it is ---- */

static bool is_ethernet(const struct ifaddrs *a, struct ether *e)
{
    struct sockaddr_ll ll;
    memcpy(&ll, a->ifa_addr, sizeof(ll));
    e->index = ll.sll_ifindex;
    memcpy(e->mac, ll.sll_addr, sizeof(e->mac));
    return ll.sll_hatype == ARPHRD_ETHER && ll.sll_halen == sizeof(e->mac) && !(a->ifa_flags & IFF_LOOPBACK);
}

int ether_look(const char *name, struct ether *ret_e, char err[256])
{
    struct ether e = { 0 };
    struct ifaddrs *all, *a;
    bool ethernet = false;
    if (getifaddrs(&all) < 0)
        return net_fail(err, ERR_SYSTEM, "cannot list interfaces: %s", strerror(errno));
    for (a = all; a; a = a->ifa_next) {
        if (!a->ifa_addr || strcmp(a->ifa_name, name) != 0)
            continue;
        if (a->ifa_addr->sa_family == AF_PACKET)
            ethernet = is_ethernet(a, &e);
        if (a->ifa_addr->sa_family == AF_INET && !e.own.family) {
            struct sockaddr_in in;
            memcpy(&in, a->ifa_addr, sizeof(in));
            e.own = prefix_v4(ntohl(in.sin_addr.s_addr), 32);
        }
    }
    freeifaddrs(all);
    if (!e.index && nl_link_index(name) == 0) /* one without a hardware address has no such entry */
        return net_fail(err, ERR_MISSING, "there is no interface %s", name);
    if (!ethernet)
        return net_fail(err, ERR_VALUE, "interface %s is no Ethernet", name);
    *ret_e = e;
    return 0;
}

/* ---- sockets ---- */

/* Whole IPv4 datagrams of UDP to port 68 (bpf(4): offsets from the Ethernet head). */
static const struct sock_filter to_dhcp_client[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9), /* protocol */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_HLEN + 6), /* fragment */
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0),
    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETH_HLEN), /* length of the IP head */
    BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETH_HLEN + 2),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 68, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0x40000),
    BPF_STMT(BPF_RET | BPF_K, 0),
};
static const struct sock_filter everything[] = { BPF_STMT(BPF_RET | BPF_K, 0x40000) };
static const struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };

static int set_filter(int fd, const struct sock_filter *code, size_t n)
{
    struct sock_fprog prog = { .len = (unsigned short)n, .filter = (struct sock_filter *)code };
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

/* Nothing comes in before it is bound and has its filter: what came by then would be of all interfaces. */
static int open_one(const struct ether *e, uint16_t type, const struct sock_filter *filter, size_t n)
{
    struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(type), .sll_ifindex = e->index };
    struct sockaddr *sa = (struct sockaddr *)&ll;
    int on = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    uint8_t rest[1];
    if (fd < 0)
        return -1;
    if (set_filter(fd, nothing, 1) == 0 && bind(fd, sa, sizeof(ll)) == 0 &&
        setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) == 0 && recv(fd, rest, 1, 0) < 0 &&
        set_filter(fd, filter, n) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

int ether_open(const struct ether *e, int fds[ETHER_FDS], char err[256])
{
    int ip = open_one(e, ETH_P_IP, to_dhcp_client, sizeof(to_dhcp_client) / sizeof(to_dhcp_client[0]));
    int arp = ip < 0 ? -1 : open_one(e, ETH_P_ARP, everything, 1);
    if (arp < 0) {
        int why = errno;
        if (ip >= 0)
            close(ip);
        return net_fail(err, ERR_SYSTEM, "cannot listen on the interface: %s", strerror(why));
    }
    fds[0] = ip;
    fds[1] = arp;
    return 0;
}

/* ---- answering ARP ---- */

struct neighbour {
    struct prefix addr;
    bool ours;
};

static int read_attr(const struct nlattr *a, void *arg)
{
    struct neighbour *n = arg;
    if (mnl_attr_get_type(a) == NDA_DST)
        (void)nl_get_addr(a, AF_INET, 32, &n->addr);
    if (mnl_attr_get_type(a) == NDA_PROTOCOL && mnl_attr_get_payload_len(a) == 1)
        n->ours = mnl_attr_get_u8(a) == NL_ROUTE_PROTOCOL;
    return MNL_CB_OK;
}

static struct ndmsg *neighbour_request(union nl_request *q, uint16_t type, uint16_t flags, int index,
                                       const struct prefix *addr)
{
    struct ndmsg *m = nl_begin(q, type, flags, sizeof(*m));
    m->ndm_family = AF_INET;
    m->ndm_ifindex = index;
    m->ndm_flags = NTF_PROXY;
    if (addr)
        nl_put_addr(q, NDA_DST, addr);
    return m;
}

static int on_one(const struct nlmsghdr *head, void *arg)
{
    return mnl_attr_parse(head, sizeof(struct ndmsg), read_attr, arg);
}

/* The kernel adds over what is there and deletes whatever is there: it is looked at before. */
static int look_up(int index, const struct prefix *addr, struct neighbour *ret_n)
{
    union nl_request q;
    *ret_n = (struct neighbour){ .ours = false };
    (void)neighbour_request(&q, RTM_GETNEIGH, 0, index, addr);
    return nl_exchange(&q, on_one, ret_n);
}

int ether_proxy(const char *name, const struct prefix *addr, bool add, char err[256])
{
    union nl_request q;
    char text[PREFIX_TEXT];
    struct neighbour there;
    int index = nl_link_index(name), e = index > 0 ? look_up(index, addr, &there) : 0;
    if (index <= 0)
        return net_fail(err, ERR_MISSING, "there is no interface %s", name);
    if (add && e == 0)
        return net_fail(err, ERR_DUPLICATE, "%s is answered for on %s already", prefix_text(addr, text), name);
    if (!add && (e == ENOENT || (e == 0 && !there.ours)))
        return net_fail(err, ERR_MISSING, "%s is not answered for on %s by us", prefix_text(addr, text), name);
    struct ndmsg *m =
        neighbour_request(&q, add ? RTM_NEWNEIGH : RTM_DELNEIGH, add ? NLM_F_CREATE | NLM_F_EXCL : 0, index, addr);
    m->ndm_state = NUD_PERMANENT;
    mnl_attr_put_u8(&q.head, NDA_PROTOCOL, NL_ROUTE_PROTOCOL);
    e = nl_exchange(&q, NULL, NULL);
    if (e == 0)
        return 0;
    return net_fail(err, e == ENOENT ? ERR_MISSING : ERR_SYSTEM, "cannot %s answering for %s on %s: %s",
                    add ? "begin" : "end", prefix_text(addr, text), name, strerror(e));
}

struct walk {
    int index;
    void (*fn)(void *ctx, const struct prefix *addr);
    void *ctx;
};

static int on_neighbour(const struct nlmsghdr *head, void *arg)
{
    const struct walk *w = arg;
    const struct ndmsg *m = mnl_nlmsg_get_payload(head);
    struct neighbour n = { 0 };
    if (m->ndm_ifindex != w->index || !(m->ndm_flags & NTF_PROXY) || m->ndm_family != AF_INET)
        return MNL_CB_OK;
    if (mnl_attr_parse(head, sizeof(*m), read_attr, &n) == MNL_CB_OK && n.ours && n.addr.family)
        w->fn(w->ctx, &n.addr);
    return MNL_CB_OK;
}

int ether_proxies(const char *name, void (*fn)(void *ctx, const struct prefix *addr), void *ctx)
{
    union nl_request q;
    struct walk w = { nl_link_index(name), fn, ctx };
    if (w.index <= 0)
        return ERR_MISSING;
    (void)neighbour_request(&q, RTM_GETNEIGH, NLM_F_DUMP, 0, NULL);
    return nl_exchange(&q, on_neighbour, &w) == 0 ? 0 : ERR_SYSTEM;
}
