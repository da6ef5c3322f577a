/* One netlink request and its answers. A socket is opened for each: this is set-up code, not the data path. */
#include "net/mnl.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

void *nl_begin(union nl_request *q, uint16_t type, uint16_t flags, size_t fixed)
{
    memset(q, 0, sizeof(*q));
    struct nlmsghdr *h = mnl_nlmsg_put_header(q);
    h->nlmsg_type = type;
    h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    h->nlmsg_seq = 1;
    return mnl_nlmsg_put_extra_header(h, fixed);
}

static int receive_all(struct mnl_socket *s, mnl_cb_t answer, void *arg)
{
    enum { CAP = 32768 }; /* the kernel fills at most this much of a dump at once */
    _Alignas(struct nlmsghdr) char buf[CAP];

    for (;;) {
        ssize_t n = mnl_socket_recvfrom(s, buf, sizeof(buf));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        int r = mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(s), answer, arg);
        if (r < 0)
            return errno ? errno : EPROTO;
        if (r == MNL_CB_STOP)
            return 0;
    }
}

int nl_exchange(union nl_request *q, mnl_cb_t answer, void *arg)
{
    struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    int r = 0;

    if (!s)
        return errno;
    if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(s, q, q->head.nlmsg_len) < 0)
        r = errno;
    else
        r = receive_all(s, answer, arg);
    mnl_socket_close(s);
    return r;
}

uint8_t nl_family(const struct prefix *p)
{
    return p->family == 4 ? AF_INET : p->family == 6 ? AF_INET6 : AF_UNSPEC;
}

void nl_put_addr(union nl_request *q, uint16_t type, const struct prefix *p)
{
    if (p->family == 4)
        mnl_attr_put(&q->head, type, 4, p->addr + 12);
    else
        mnl_attr_put(&q->head, type, 16, p->addr);
}

bool nl_get_addr(const struct nlattr *a, int family, unsigned len, struct prefix *ret_p)
{
    const uint8_t *b = mnl_attr_get_payload(a);
    struct prefix p = { .family = family == AF_INET ? 4 : 6, .len = (uint8_t)len };

    if (mnl_attr_get_payload_len(a) != (family == AF_INET ? 4 : 16))
        return false;
    if (family == AF_INET) {
        p.addr[10] = p.addr[11] = 0xff;
        memcpy(p.addr + 12, b, 4);
    } else {
        memcpy(p.addr, b, 16);
    }
    *ret_p = p;
    return true;
}
