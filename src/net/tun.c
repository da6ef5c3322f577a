/* TUN devices: creating them with their queues, reading and writing one packet.
 *
 * What the kernel documents in Documentation/networking/tuntap.rst and linux/if_tun.h. Steering is in steer.c. */
#include "net/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/text.h"

_Static_assert(sizeof(struct virtio_net_hdr) == TUN_VNET_HDR, "the header that callers leave room for");

/* TUN_F_USO4 and TUN_F_USO6, which the kernel's headers have from 6.2 on; both or none. */
enum { F_USO = 0x20 | 0x40 };

enum { MANY_QUEUES = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE };

static int tun_open(char err[256])
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return net_fail(err, ERR_SYSTEM, "cannot open /dev/net/tun: %s%s", strerror(errno),
                        errno == ENOENT || errno == ENODEV ? " (this kernel has no TUN)" : "");
    return fd;
}

/* Attaches fd to `name` as one more queue (or the first), and sets the header's size. */
static int attach_only(int fd, const char *name, int flags, char err[256])
{
    struct ifreq ifr = { .ifr_flags = (short)flags };
    int size = TUN_VNET_HDR;

    memcpy(ifr.ifr_name, name, strlen(name));
    if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
        if (errno == EBUSY || errno == EEXIST)
            return net_fail(err, ERR_DUPLICATE, "interface %s exists already", name);
        return net_fail(err, ERR_SYSTEM, "cannot create interface %s: %s", name, strerror(errno));
    }
    if (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0)
        return net_fail(err, ERR_SYSTEM, "cannot set up a queue of interface %s: %s", name, strerror(errno));
    return 0;
}

/* The same at the interface's making: no offloads. They belong to all queues, so a later queue leaves them alone. */
static int tun_attach(int fd, const char *name, int flags, char err[256])
{
    int r = attach_only(fd, name, flags, err);

    if (r == 0 && ioctl(fd, TUNSETOFFLOAD, 0) < 0)
        r = net_fail(err, ERR_SYSTEM, "cannot set up a queue of interface %s: %s", name, strerror(errno));
    return r;
}

unsigned tun_offload(int fd, unsigned want)
{
    const unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

    if (!(want & TUN_TSO)) /* the kernel has USO only together with checksums, and nobody wants one without the other */
        return 0;
    if (want & TUN_USO && ioctl(fd, TUNSETOFFLOAD, tso | F_USO) == 0)
        return TUN_TSO | TUN_USO;
    return ioctl(fd, TUNSETOFFLOAD, tso) == 0 ? TUN_TSO : 0;
}

static int create(const char *name, unsigned n, int flags, int *fds, char err[256])
{
    int made[TUN_QUEUES_MAX];
    unsigned have = 0;
    int r = 0;

    if (!net_name_ok(name))
        return net_fail(err, ERR_VALUE, "'%.32s' cannot be the name of an interface", name);
    if (n == 0 || n > TUN_QUEUES_MAX)
        return net_fail(err, ERR_VALUE, "interface %s: %u queues, 1 to %u are possible", name, n, TUN_QUEUES_MAX);
    while (have < n && r == 0) {
        int fd = tun_open(err);
        if (fd < 0) {
            r = fd;
        } else {
            made[have] = fd;
            /* Only the first queue may insist on being first: the others find the interface there. */
            r = tun_attach(fd, name, have == 0 ? flags | IFF_TUN_EXCL : flags, err);
            have++;
        }
    }
    if (r < 0) {
        /* The interface is not persistent: it goes with its last descriptor. */
        while (have > 0)
            close(made[--have]);
        return r;
    }
    memcpy(fds, made, n * sizeof(*fds));
    return 0;
}

int tun_create(const char *name, unsigned n, int *fds, char err[256])
{
    return create(name, n, IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | (n > 1 ? IFF_MULTI_QUEUE : 0), fds, err);
}

int tun_create_growing(const char *name, unsigned n, int *fds, char err[256])
{
    return create(name, n, MANY_QUEUES, fds, err);
}

int tun_park(int fd, bool park, char err[256])
{
    struct ifreq ifr = { .ifr_flags = park ? IFF_DETACH_QUEUE : IFF_ATTACH_QUEUE };

    if (ioctl(fd, TUNSETQUEUE, &ifr) == 0)
        return 0;
    return net_fail(err, ERR_SYSTEM, "cannot %s a queue: %s", park ? "park" : "unpark", strerror(errno));
}

int tun_add_queue(const char *name, int *ret_fd, char err[256])
{
    int fd;

    if (!net_name_ok(name) || !if_nametoindex(name)) /* the kernel would make one */
        return net_fail(err, ERR_MISSING, "there is no interface %.32s", name);
    fd = tun_open(err);
    if (fd < 0)
        return fd;
    int r = attach_only(fd, name, MANY_QUEUES, err);
    if (r == 0)
        r = tun_park(fd, true, err);
    if (r < 0)
        close(fd);
    else
        *ret_fd = fd;
    return r;
}

/* Meaning of errno after a failed read or write; 0: nothing happened, go on. */
static long tun_error(void)
{
    switch (errno) {
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
    case ENOMEM:
        return 0;
    case EBADFD: /* detached: the interface was deleted */
        return ERR_LOST;
    case EINVAL:
        return ERR_VALUE;
    default:
        return ERR_SYSTEM;
    }
}

long tun_read(int fd, uint8_t *buf, size_t cap)
{
    ssize_t n = read(fd, buf, cap);

    return n < 0 ? tun_error() : n;
}

void tun_purge(int fd)
{
    uint8_t head[64]; /* the kernel cuts the rest */

    for (unsigned i = 0; i < 2 * TUN_QUEUE_PACKETS && tun_read(fd, head, sizeof(head)) > 0; i++)
        ;
}

long tun_write(int fd, const uint8_t *buf, size_t n)
{
    ssize_t sent = write(fd, buf, n);

    return sent < 0 ? tun_error() : sent;
}

long tun_writev(int fd, const struct slice *pieces, unsigned n)
{
    struct iovec v[TUN_PIECES];

    if (n > TUN_PIECES)
        return ERR_LENGTH;
    for (unsigned i = 0; i < n; i++)
        v[i] = (struct iovec){ (void *)(uintptr_t)pieces[i].p, pieces[i].n };
    ssize_t sent = writev(fd, v, (int)n);
    return sent < 0 ? tun_error() : sent;
}
