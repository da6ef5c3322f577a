/* Names into addresses, in a process without rights; see resolve.h. */
#include "client/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>

#include "client/confine.h"
#include "client/msgs.h"

unsigned resolve_order(const struct addrinfo *list, struct prefix *out, unsigned max)
{
    struct prefix fam[2][PLAN_ADDRESSES];
    unsigned n[2] = { 0, 0 }, total = 0;
    int first = list->ai_family == AF_INET6 ? 1 : 0;
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        int six = a->ai_family == AF_INET6;
        struct prefix *p = &fam[six][n[six]];
        if ((a->ai_family != AF_INET && !six) || n[six] == PLAN_ADDRESSES)
            continue;
        if (six) {
            struct sockaddr_in6 s;
            memcpy(&s, a->ai_addr, sizeof s);
            *p = prefix_v6(s.sin6_addr.s6_addr, 128);
        } else {
            struct sockaddr_in s;
            memcpy(&s, a->ai_addr, sizeof s);
            *p = prefix_v4(ntohl(s.sin_addr.s_addr), 32);
        }
        n[six]++;
    }
    for (unsigned i = 0; i < PLAN_ADDRESSES; i++)
        for (int f = 0; f < 2; f++)
            if (i < n[first ^ f] && total < max)
                out[total++] = fam[first ^ f][i];
    return total;
}

static size_t look_up(const char *host, uint8_t *dst, size_t cap)
{
    struct prefix found[PLAN_ADDRESSES];
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG }, *list = NULL;
    int r = getaddrinfo(host, NULL, &hints, &list);
    if (r)
        return addresses_encode(NULL, 0, gai_strerror(r), dst, cap);
    unsigned n = resolve_order(list, found, PLAN_ADDRESSES);
    freeaddrinfo(list);
    return addresses_encode(found, n, n ? "" : "the name has no address", dst, cap);
}

int resolve_main(const char *user, const char *sandbox)
{
    static uint8_t buf[IMSG_MAX], out[1024];
    char host[OPT_HOST];
    enum sandbox_mode mode;
    struct imsg m;
    struct proc_confine c = { .user = user, .root_fd = -1, .allow_net = true };
    /* No empty root: names are looked up by the host's settings, and by libraries that they name. */
    if (!confine_role("resolver", &c, SANDBOX_RESOLVER, sandbox, &mode))
        return 1;
    struct pollfd p = { .fd = PROC_CHANNEL_FD, .events = POLLIN };
    if (poll(&p, 1, 10000) != 1 || imsg_recv(PROC_CHANNEL_FD, buf, sizeof buf, &m) != 1)
        return 1;
    if (client_msg_check(CM_FROM_PARENT, &m) || m.type != CM_LOOKUP || m.body.n >= sizeof host) {
        imsg_drop_fds(&m);
        return 1;
    }
    memcpy(host, m.body.p, m.body.n);
    host[m.body.n] = 0;
    size_t n = look_up(host, out, sizeof out);
    struct imsg reply = { .type = CM_ADDRESSES, .body = slice_of(out, n) };
    return imsg_send(PROC_CHANNEL_FD, &reply) < 0;
}
