/* TUN devices: multi-queue, with a virtio_net_hdr before every packet, steered by an eBPF program.
 *
 * The interface is created by the privileged process; queue descriptors are passed to workers. Without tun_offload() every
 * header that is read is all zeros, and one read is one packet of the network. */
#ifndef ADIT_NET_TUN_H
#define ADIT_NET_TUN_H

#include "base/err.h"
#include "base/prefix.h"
#include "base/slice.h"

enum { TUN_VNET_HDR = 10, TUN_QUEUES_MAX = 64 }; /* sizeof(struct virtio_net_hdr) */

/* Creates `name` with n queues into fds (queue i is fds[i]); non-blocking, close-on-exec, no offloads. n = 1 makes a
 * plain single-queue device. The interface lives as long as one of the descriptors; closing a queue in the middle
 * renumbers those behind it, so the creator keeps a copy of each. ERR_DUPLICATE: an interface of that name exists.
 * Nothing is left on failure. */
int tun_create(const char *name, unsigned n, int *fds, char err[256]) MUST_CHECK;
/* The same for a device that more queues can be added to later, also if n is 1. */
int tun_create_growing(const char *name, unsigned n, int *fds, char err[256]) MUST_CHECK;

/* One more queue of an interface of ours that can grow, parked: the kernel does not give it packets. Its number is decided
 * when it is unparked: that of queues that are not parked. ERR_MISSING: there is no such interface; ERR_SYSTEM. */
int tun_add_queue(const char *name, int *ret_fd, char err[256]) MUST_CHECK;
/* Parks a queue, or unparks it. What it holds is lost; parking renumbers the queues behind it: the last one takes its
 * number. Doing it twice is an error. ERR_SYSTEM. */
int tun_park(int fd, bool park, char err[256]) MUST_CHECK;
/* Reads what a queue holds and forgets it: nobody served it for a while. */
void tun_purge(int fd);

/* Packets that a queue of ours may hold in the kernel (nl_link_queue): what small packets need while their sender has our
 * processor. It does not stand: see dp/tunq.h. */
enum { TUN_QUEUE_PACKETS = 4096 };

enum {
    TUN_TSO = 1, /* TCP in super-packets of up to 64 KB, checksums left to us */
    TUN_USO = 2, /* UDP, too (Linux 6.2) */
    TUN_OFFLOADS = TUN_TSO | TUN_USO,
};

/* Switches on what of `want` (TUN_TSO, TUN_USO) the kernel has, for all queues of the device, and returns what that is:
 * 0 if nothing, which is slower and not wrong. Super-packets of a kind that is on may be written as well. Any queue will
 * do, and no privilege is needed. */
unsigned tun_offload(int fd, unsigned want);

/* Steering: address -> queue. Loads the program, creates the map, attaches it. *ret_map is a descriptor that an
 * unprivileged worker can update, *ret_program the loaded program. ERR_SYSTEM where the kernel has none of it (the caller then hands packets over).
 * The longest prefix wins; a packet whose destination has no entry goes to a queue by its hash. A device with one queue does
 * not ask; it will when it has grown. */
int steer_attach(int tun_fd, int *ret_map, int *ret_program, char err[256]) MUST_CHECK;
/* The same program, with its map, for an interface that was made anew: needs no right to load programs. ERR_SYSTEM. */
int steer_again(int tun_fd, int program, char err[256]) MUST_CHECK;
/* Adds or changes an entry; ERR_NOBUF: the map is full, ERR_SYSTEM: errno says why. */
int steer_set(int map, const struct prefix *p, uint32_t queue) MUST_CHECK;
/* Removes every entry that leads to this queue: its worker is dead. Returns how many. Entries that others set meanwhile
 * stay; one that changes its queue just now may be lost, which costs its packets a detour. */
unsigned steer_clear_queue(int map, uint32_t queue);
/* Removes an entry; ERR_MISSING if there is none. */
int steer_clear(int map, const struct prefix *p) MUST_CHECK;

/* One packet: buf begins with TUN_VNET_HDR bytes. Returns length including the header; 0: nothing there; < 0 error:
 * ERR_LOST (the interface is gone), ERR_SYSTEM (errno). cap must hold TUN_VNET_HDR plus the MTU, the kernel cuts
 * silently. */
long tun_read(int fd, uint8_t *buf, size_t cap) MUST_CHECK;
/* As tun_read; 0: the kernel has no room, drop the packet; ERR_VALUE: not an IP packet to the kernel. */
long tun_write(int fd, const uint8_t *buf, size_t n) MUST_CHECK;
/* The same with the bytes in n pieces, at most TUN_PIECES, the header at the front of the first. */
enum { TUN_PIECES = 200 };
long tun_writev(int fd, const struct slice *pieces, unsigned n) MUST_CHECK;

#endif
