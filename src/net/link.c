/* Interfaces and their addresses, through rtnetlink. Routes are in route.c. */
#include "net/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/mnl.h"
#include "net/text.h"

extern unsigned if_nametoindex(const char *name); /* net/if.h clashes with linux/if.h */

struct link_facts {
    int mtu;
    bool kind_tun; /* TUN or TAP */
    bool type_tun; /* of these: TUN */
};

/* Inside IFLA_INFO_DATA of the kind "tun". */
static int read_tun_data(const struct nlattr *a, void *arg)
{
    struct link_facts *f = arg;

    if (mnl_attr_get_type(a) == IFLA_TUN_TYPE && mnl_attr_validate(a, MNL_TYPE_U8) == 0)
        f->type_tun = mnl_attr_get_u8(a) == IFF_TUN;
    return MNL_CB_OK;
}

/* Inside IFLA_LINKINFO; the kind stands before its data. */
static int read_linkinfo(const struct nlattr *a, void *arg)
{
    struct link_facts *f = arg;
    unsigned type = mnl_attr_get_type(a);

    if (type == IFLA_INFO_KIND && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0)
        f->kind_tun = strcmp(mnl_attr_get_str(a), "tun") == 0;
    if (type == IFLA_INFO_DATA && f->kind_tun)
        return mnl_attr_parse_nested(a, read_tun_data, f);
    return MNL_CB_OK;
}

static int read_link_attr(const struct nlattr *a, void *arg)
{
    struct link_facts *f = arg;
    unsigned type = mnl_attr_get_type(a);

    if (type == IFLA_MTU && mnl_attr_validate(a, MNL_TYPE_U32) == 0)
        f->mtu = (int)mnl_attr_get_u32(a);
    if (type == IFLA_LINKINFO)
        return mnl_attr_parse_nested(a, read_linkinfo, f);
    return MNL_CB_OK;
}

static int read_link(const struct nlmsghdr *h, void *arg)
{
    return mnl_attr_parse(h, sizeof(struct ifinfomsg), read_link_attr, arg);
}

/* Returns 0 or errno; ENODEV: no such interface. */
static int link_facts(const char *name, struct link_facts *ret_f)
{
    union nl_request q;
    struct link_facts f = { .mtu = -1 };

    if (!net_name_ok(name))
        return ENODEV;
    nl_begin(&q, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(&q.head, IFLA_IFNAME, name);
    int r = nl_exchange(&q, read_link, &f);
    if (r == 0)
        *ret_f = f;
    return r;
}

int nl_link_index(const char *name)
{
    return net_name_ok(name) ? (int)if_nametoindex(name) : 0;
}

int nl_link_mtu(const char *name)
{
    struct link_facts f;
    int r = link_facts(name, &f);

    if (r != 0)
        return r == ENODEV ? ERR_MISSING : ERR_SYSTEM;
    return f.mtu >= 0 ? f.mtu : ERR_SYSTEM;
}

int nl_link_is_tun(const char *name)
{
    struct link_facts f;
    int r = link_facts(name, &f);

    if (r != 0)
        return r == ENODEV ? 0 : ERR_SYSTEM;
    return f.kind_tun && f.type_tun;
}

/* A message about an interface that is there; NULL: it is not. */
static struct ifinfomsg *begin_change(union nl_request *q, uint16_t type, const char *name)
{
    int index = nl_link_index(name);

    if (index == 0)
        return NULL;
    struct ifinfomsg *m = nl_begin(q, type, 0, sizeof(*m));
    m->ifi_index = index;
    return m;
}

int nl_link_up(const char *name, unsigned mtu, char err[256])
{
    union nl_request q;
    struct ifinfomsg *m = begin_change(&q, RTM_NEWLINK, name);

    if (!m)
        return net_fail(err, ERR_MISSING, "there is no interface %.15s", name);
    m->ifi_flags = IFF_UP;
    m->ifi_change = IFF_UP;
    if (mtu > 0)
        mnl_attr_put_u32(&q.head, IFLA_MTU, mtu);
    int r = nl_exchange(&q, NULL, NULL);
    if (r != 0)
        return net_fail(err, ERR_SYSTEM, "cannot bring interface %s up with MTU %u: %s", name, mtu, strerror(r));
    return 0;
}

int nl_link_queue(const char *name, unsigned packets, char err[256])
{
    union nl_request q;
    struct ifinfomsg *m = begin_change(&q, RTM_NEWLINK, name);

    if (!m)
        return net_fail(err, ERR_MISSING, "there is no interface %.15s", name);
    mnl_attr_put_u32(&q.head, IFLA_TXQLEN, packets);
    int r = nl_exchange(&q, NULL, NULL);
    if (r != 0)
        return net_fail(err, ERR_SYSTEM, "cannot set the queue of interface %s to %u packets: %s", name, packets,
                        strerror(r));
    return 0;
}

int nl_link_delete(const char *name, char err[256])
{
    union nl_request q;
    struct ifinfomsg *m = begin_change(&q, RTM_DELLINK, name);

    if (!m)
        return net_fail(err, ERR_MISSING, "there is no interface %.15s", name);
    int r = nl_exchange(&q, NULL, NULL);
    if (r != 0)
        return net_fail(err, r == ENODEV ? ERR_MISSING : ERR_SYSTEM, "cannot delete interface %s: %s", name,
                        strerror(r));
    return 0;
}

int nl_addr_add(const char *name, const struct prefix *addr, const struct prefix *peer, char err[256])
{
    union nl_request q;
    char text[PREFIX_TEXT];
    int index = nl_link_index(name);
    bool has_peer = peer && peer->family != 0;

    if (index == 0)
        return net_fail(err, ERR_MISSING, "there is no interface %.15s", name);
    if (addr->family == 0 || (has_peer && peer->family != addr->family))
        return net_fail(err, ERR_VALUE, "address and peer of interface %s are not of one family", name);
    struct ifaddrmsg *m = nl_begin(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*m));
    m->ifa_family = nl_family(addr);
    m->ifa_prefixlen = has_peer ? peer->len : addr->len;
    m->ifa_flags = addr->family == 6 ? IFA_F_NODAD : 0; /* nobody else is on a tunnel: usable at once */
    m->ifa_index = (uint32_t)index;
    nl_put_addr(&q, IFA_LOCAL, addr);
    nl_put_addr(&q, IFA_ADDRESS, has_peer ? peer : addr);
    int r = nl_exchange(&q, NULL, NULL);
    if (r != 0)
        return net_fail(err, r == EEXIST ? ERR_DUPLICATE : ERR_SYSTEM, "cannot give %s to interface %s: %s",
                        prefix_text(addr, text), name, strerror(r));
    return 0;
}

int nl_addr_put(const char *name, const struct prefix *addr, bool deprecated, char err[256])
{
    union nl_request q;
    char text[PREFIX_TEXT];
    int index = nl_link_index(name);
    const struct ifa_cacheinfo for_ever = { .ifa_prefered = deprecated ? 0 : UINT32_MAX, .ifa_valid = UINT32_MAX };

    if (index == 0)
        return net_fail(err, ERR_MISSING, "there is no interface %.15s", name);
    if (addr->family != 6)
        return net_fail(err, ERR_VALUE, "not an IPv6 address for interface %s", name);
    struct ifaddrmsg *m = nl_begin(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*m));
    m->ifa_family = nl_family(addr);
    m->ifa_prefixlen = addr->len;
    m->ifa_flags = IFA_F_NODAD; /* nobody else is on a tunnel: usable at once */
    m->ifa_index = (uint32_t)index;
    nl_put_addr(&q, IFA_LOCAL, addr);
    nl_put_addr(&q, IFA_ADDRESS, addr);
    mnl_attr_put(&q.head, IFA_CACHEINFO, sizeof(for_ever), &for_ever);
    int r = nl_exchange(&q, NULL, NULL);
    if (r != 0)
        return net_fail(err, ERR_SYSTEM, "cannot give %s to interface %s: %s", prefix_text(addr, text), name,
                        strerror(r));
    return 0;
}

int nl_addr_del(const char *name, const struct prefix *addr, char err[256])
{
    union nl_request q;
    char text[PREFIX_TEXT];
    int index = nl_link_index(name);

    if (index == 0)
        return net_fail(err, ERR_MISSING, "there is no interface %.15s", name);
    struct ifaddrmsg *m = nl_begin(&q, RTM_DELADDR, 0, sizeof(*m));
    m->ifa_family = nl_family(addr);
    m->ifa_prefixlen = addr->len;
    m->ifa_index = (uint32_t)index;
    nl_put_addr(&q, IFA_LOCAL, addr);
    int r = nl_exchange(&q, NULL, NULL);
    if (r != 0)
        return net_fail(err, r == EADDRNOTAVAIL ? ERR_MISSING : ERR_SYSTEM, "cannot take %s from interface %s: %s",
                        prefix_text(addr, text), name, strerror(r));
    return 0;
}
