/* See ndp.h. */
#include "net/ndp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/text.h"

enum {
    NEXT_HEADER_AT = 6,
    HOP_LIMIT_AT = 7,
    TYPE_AT = 40,
    SOLICITATION = 135,
    ADVERTISEMENT = 136
}; /* RFC 8200 3, RFC 4861 4.3, 4.4 */

/* ICMPv6 straight behind the head (RFC 6980 5: never in fragments), hop limit 255, type 135 or 136. */
static const struct sock_filter neighbours[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NEXT_HEADER_AT),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 6),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, HOP_LIMIT_AT),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 255, 0, 4),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TYPE_AT),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOLICITATION, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ADVERTISEMENT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0x40000),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

/* RFC 4861 7.2.2: they are sent to a group of the address that is looked for, and we are in none of these. */
static int hear_all_groups(int fd, int index)
{
    struct packet_mreq all = { .mr_ifindex = index, .mr_type = PACKET_MR_ALLMULTI };
    return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all));
}

int ndp_open(int index, char err[256])
{
    struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6), .sll_ifindex = index };
    struct sock_fprog filter = { sizeof(neighbours) / sizeof(neighbours[0]), (struct sock_filter *)neighbours };
    /* Protocol 0: nothing comes in before it is bound, and then through the filter only. */
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0 &&
        bind(fd, (struct sockaddr *)&ll, sizeof(ll)) == 0 && hear_all_groups(fd, index) == 0)
        return fd;
    int why = errno;
    if (fd >= 0)
        close(fd);
    return net_fail(err, ERR_SYSTEM, "cannot listen for neighbour solicitations: %s", strerror(why));
}
