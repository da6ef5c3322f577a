/* authd's part in addresses that the network's own DHCP server leases: sockets that master lends, frames in and out, the book
 * of leases in a file beside the users' database, and the words to master and workers. Who has which lease is aaa/lan's. */
#include "server/authd_parts.h"

#include "aaa/lan.h"
#include "events/events.h"
#include "net/ether.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES_A_TURN = 64, FRAME_MAX = 2048 };

struct authd_link {
    struct authd *a;
    char name[LAN_NAME]; /* empty: none */
    int fds[ETHER_FDS];
    struct watch *watch[ETHER_FDS]; /* DHCP; ARP, only while an address is checked */
    bool arp;
};

struct authd_lan {
    struct lan *lan;
    struct authd_link links[LAN_LINKS];
    int book; /* -1: none */
    bool told;
};

/* ---- frames ---- */

/* One frame; 0: none. *ret_summed: its checksums are there. Sent ones are not for us. */
static size_t take_frame(int fd, uint8_t buf[FRAME_MAX], bool *ret_summed)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    struct iovec iov = { buf, FRAME_MAX };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
    if (n <= 0)
        return 0;
    *ret_summed = true;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        struct tpacket_auxdata aux;
        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA || c->cmsg_len < CMSG_LEN(sizeof(aux)))
            continue;
        memcpy(&aux, CMSG_DATA(c), sizeof(aux));
        *ret_summed = !(aux.tp_status & TP_STATUS_CSUMNOTREADY);
    }
    return m.msg_flags & MSG_TRUNC ? 1 : (size_t)n; /* longer than any of ours: no frame that is heard */
}

/* What came while nothing was checked does not matter any more. */
static void drain(int fd)
{
    uint8_t buf[64];
    for (unsigned i = 0; i < 4096 && recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0; i++)
        ;
}

static void watch_arp(struct authd_lan *l)
{
    bool checking = lan_checking(l->lan);
    for (unsigned i = 0; i < LAN_LINKS; i++) {
        struct authd_link *k = &l->links[i];
        if (!k->name[0] || k->arp == checking)
            continue;
        if (checking)
            drain(k->fds[1]);
        watch_set(k->watch[1], checking ? LOOP_READ : 0);
        k->arp = checking;
    }
}

static void read_frames(struct authd_link *k, int fd)
{
    uint8_t buf[FRAME_MAX];
    bool summed;
    size_t n;
    for (unsigned i = 0; i < FRAMES_A_TURN && (n = take_frame(fd, buf, &summed)) > 0; i++)
        lan_frame(k->a->lan->lan, k->name, slice_of(buf, n), summed, loop_now(k->a->loop));
    watch_arp(k->a->lan);
    authd_arm(k->a);
}

static void on_dhcp(void *ctx, int events)
{
    struct authd_link *k = ctx;
    (void)events;
    read_frames(k, k->fds[0]);
}

static void on_arp(void *ctx, int events)
{
    struct authd_link *k = ctx;
    (void)events;
    read_frames(k, k->fds[1]);
}

/* ---- what the leases want (struct lan_ops) ---- */

static struct authd_link *link_named(struct authd_lan *l, const char *name)
{
    for (unsigned i = 0; i < LAN_LINKS; i++)
        if (strcmp(l->links[i].name, name) == 0)
            return &l->links[i];
    return NULL;
}

/* What cannot be sent now is sent again by its client. */
static void send_frame(void *ctx, const char *link, struct slice frame)
{
    struct authd *a = ctx;
    struct authd_link *k = link_named(a->lan, link);
    if (k)
        (void)!send(k->fds[0], frame.p, frame.n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void tell_host(void *ctx, bool up, uint32_t addr, const char *link)
{
    struct authd *a = ctx;
    uint8_t buf[64];
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_lease l = { .addr = prefix_v4(addr, 32) };
    snprintf(l.link, sizeof(l.link), "%s", link);
    role_put_lease(&w, &l);
    chan_send(a->master, &(struct imsg){ .type = ROLE_LEASE, .id = up, .body = wr_slice(&w) });
}

/* Opened when there is something in it, or to be written into it. */
static int open_book(const struct authd *a, int flags)
{
    char path[40];
    snprintf(path, sizeof(path), "/lan-leases-%.15s", a->config.interface); /* in our root folder */
    return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
}

static void write_record(void *ctx, uint32_t slot, const uint8_t record[LAN_RECORD])
{
    struct authd *a = ctx;
    off_t at = (off_t)slot * LAN_RECORD;
    if (a->lan->book < 0)
        a->lan->book = open_book(a, O_CREAT);
    if (a->lan->book >= 0 && pwrite(a->lan->book, record, LAN_RECORD, at) == LAN_RECORD)
        return;
    if (!a->lan->told)
        event(EV_LAN_BOOK_UNWRITABLE, NULL, F_TEXT("cause", strerror(errno)));
    a->lan->told = true; /* once */
}

static void on_answer(void *ctx, uint32_t worker, uint64_t session, const struct lan_given *given, const char *why)
{
    struct authd *a = ctx;
    judge_leased(a->judge, worker, session, given, why, loop_now(a->loop));
}

static void on_lease_lost(void *ctx, uint32_t worker, uint64_t session, const char *why)
{
    authd_end(ctx, worker, session, ROLE_END_FAULT, why);
}

static uint64_t wall(void *ctx)
{
    (void)ctx;
    return (uint64_t)time(NULL);
}

/* ---- the book ---- */

static void load_book(struct authd *a)
{
    enum { MOST = LAN_LEASES_MAX * LAN_RECORD };
    a->lan->book = open_book(a, 0);
    if (a->lan->book < 0 && errno == ENOENT)
        return;
    off_t size = a->lan->book < 0 ? -1 : lseek(a->lan->book, 0, SEEK_END);
    size = size > MOST ? MOST : size;
    uint8_t *buf = size > 0 ? malloc((size_t)size) : NULL;
    ssize_t n = buf ? pread(a->lan->book, buf, (size_t)size, 0) : size;
    if (n < 0 || (size > 0 && !buf))
        event(EV_LAN_BOOK_UNREADABLE, NULL, F_TEXT("cause", strerror(errno)));
    unsigned found = buf && n > 0 ? lan_load(a->lan->lan, slice_of(buf, (size_t)n), loop_now(a->loop)) : 0;
    if (found) {
        event(EV_LAN_BOOK, NULL, F_NUM("leases", found));
    } else if (a->lan->book >= 0) {
        close(a->lan->book);
        a->lan->book = -1;
    }
    free(buf);
}

/* ---- master ---- */

static void close_link(struct authd_link *k)
{
    for (unsigned i = 0; i < ETHER_FDS; i++) {
        watch_free(k->watch[i]);
        k->watch[i] = NULL;
        if (k->name[0])
            close(k->fds[i]);
    }
    k->arp = false;
    k->name[0] = '\0';
}

static int open_link(struct authd *a, const char *name, struct imsg *m)
{
    struct authd_link *k = link_named(a->lan, name);
    if (k)
        close_link(k);
    k = link_named(a->lan, "");
    if (!k)
        return ERR_NOBUF;
    *k = (struct authd_link){ .a = a, .fds = { m->fds[0], m->fds[1] } };
    m->fds[0] = m->fds[1] = -1;
    snprintf(k->name, sizeof(k->name), "%s", name);
    k->watch[0] = watch_new(a->loop, k->fds[0], LOOP_READ, on_dhcp, k);
    k->watch[1] = watch_new(a->loop, k->fds[1], 0, on_arp, k);
    if (k->watch[0] && k->watch[1])
        return 0;
    close_link(k);
    return ERR_NOMEM;
}

int authd_lan_link(struct authd *a, struct imsg *m)
{
    struct role_lan body;
    struct lan_link link = { .own = 0 };
    int r = role_get_lan(m->body, &body);
    if (r < 0)
        return r;
    if (m->n_fds == 0) {
        struct authd_link *k = link_named(a->lan, body.name);
        if (k)
            close_link(k);
        lan_link_down(a->lan->lan, body.name);
        return 0;
    }
    snprintf(link.name, sizeof(link.name), "%s", body.name);
    memcpy(link.mac, body.mac, sizeof(link.mac));
    link.own = body.own;
    r = open_link(a, body.name, m);
    if (r == 0)
        r = lan_link_up(a->lan->lan, &link, loop_now(a->loop));
    return r;
}

int authd_lan_init(struct authd *a)
{
    const struct lan_ops ops = { .ctx = a,
                                 .send = send_frame,
                                 .host = tell_host,
                                 .write = write_record,
                                 .answer = on_answer,
                                 .lost = on_lease_lost,
                                 .wall = wall };
    a->lan = calloc(1, sizeof(*a->lan));
    if (!a->lan)
        return ERR_NOMEM;
    a->lan->book = -1;
    a->lan->lan = lan_new(&a->env, &ops);
    return a->lan->lan ? 0 : ERR_NOMEM;
}

void authd_lan_start(struct authd *a)
{
    load_book(a);
    judge_set_lan(a->judge, a->lan->lan);
}

void authd_lan_settle(struct authd *a)
{
    lan_settle(a->lan->lan, loop_now(a->loop));
}

msec authd_lan_due(const struct authd *a)
{
    return lan_due(a->lan->lan);
}

/* What has come is heard before anything is judged to be late: after a standstill of ours, both wait at once. */
static void hear_all(struct authd_lan *l)
{
    for (unsigned i = 0; i < LAN_LINKS; i++) {
        struct authd_link *k = &l->links[i];
        if (k->name[0])
            read_frames(k, k->fds[0]);
        if (k->name[0] && k->arp)
            read_frames(k, k->fds[1]);
    }
}

void authd_lan_tick(struct authd *a)
{
    if (lan_due(a->lan->lan) <= loop_now(a->loop))
        hear_all(a->lan);
    lan_tick(a->lan->lan, loop_now(a->loop));
    watch_arp(a->lan);
}

void authd_lan_done(struct authd *a)
{
    if (!a->lan)
        return;
    for (unsigned i = 0; i < LAN_LINKS; i++)
        close_link(&a->lan->links[i]);
    lan_free(a->lan->lan);
    if (a->lan->book >= 0)
        close(a->lan->book);
    free(a->lan);
    a->lan = NULL;
}
