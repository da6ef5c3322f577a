/* Packets that are longer than the peer takes: answered (ICMP "fragmentation needed", ICMPv6 "packet too big"), or cut
 * into fragments where IPv4 allows it. See stream.h. */
#include "dp/stream_priv.h"

#include "seg/frag.h"
#include "seg/icmp.h"
#include "wire/ip.h"

/* A second's worth of answers that a worker may give at once, and how they come back (RFC 1812 4.3.2.8, RFC 4443 2.4 (f)). */
enum { ANSWERS = 50, ANSWERS_PER_SECOND = 50 };

static bool may_answer(struct stream_bench *b, msec now)
{
    msec gone = now - b->answers_at;
    uint64_t more = gone * ANSWERS_PER_SECOND / 1000;
    if (more) {
        b->answers = (unsigned)(b->answers + more > ANSWERS ? ANSWERS : b->answers + more);
        b->answers_at = now;
    }
    if (!b->answers)
        return false;
    b->answers--;
    return true;
}

/* Who answers: the router at the tunnel's beginning, which is the server (RFC 1812 4.3.2.4). On the server that is an address
 * of the host itself, which Linux takes from the interface since accept_local is set there (server/host.c). Where it is not
 * known (IPv6 on a client: the server names no address but its link-local one, which goes no further than the host), the
 * destination answers itself, as Linux's own tunnels do (iptunnel_pmtud_build_icmp). */
static bool from_whom(const struct stream *s, struct slice packet, uint8_t own[16])
{
    static const uint8_t unknown[16];
    uint8_t to[16];
    if (!ip_dest16(packet, to) || ip_is_multicast(to))
        return false;
    bool ipv4 = packet.p[0] >> 4 == 4;
    struct prefix tunnel = ipv4 ? prefix_v4(s->tunnel4, 32) : prefix_v6(s->tunnel6, 128);
    bool known = ipv4 ? s->tunnel4 != 0 : memcmp(s->tunnel6, unknown, sizeof(unknown)) != 0;
    memcpy(own, known ? tunnel.addr : to, 16);
    return true;
}

static void answer(struct stream *s, struct slice packet, msec now)
{
    struct stream_bench *b = s->bench;
    uint8_t own[16], *at = b->odd + PACKET_MAX + PACKET_HEAD;
    if (!b->to_host || !from_whom(s, packet, own))
        return;
    size_t n = icmp_too_big(at, ICMP6_ANSWER_MAX, packet, s->mtu, own);
    if (!n || !may_answer(b, now))
        return;
    struct batch one = { 0 };
    batch_add(&one, at, n);
    b->to_host(b->host, &one);
}

/* Puts the fragments into records. What comes after the socket is full is lost, and with it the whole packet. */
static void fragment(struct stream *s, struct frag *f, msec now)
{
    struct stream_bench *b = s->bench;
    for (size_t n; (n = frag_next_len(f)) != 0;) {
        if (b->fill + STREAM_HEAD + n > STREAM_RECORD)
            stream_seal(s, now);
        size_t head = wait_left(&s->out) || s->broken ? 0 : tunnel_data_head(&s->tunnel, 4, n, b->record + b->fill);
        if (!head) {
            drop_count(&s->count.drops, DROP_TOO_BIG);
            return;
        }
        b->fill += head + frag_next(f, b->record + b->fill + head);
        s->count.packets_out++;
        s->count.bytes_out += n;
    }
}

void stream_odd(struct stream *s, struct gso *g, msec now)
{
    struct frag f;
    bool first = g->first || g->kind < GSO_TCP; /* one answer for a super-packet */
    struct slice packet = slice_of(s->bench->odd, gso_next(g, s->bench->odd));
    if (frag_init(&f, packet, s->mtu) == 0) {
        fragment(s, &f, now);
        return;
    }
    drop_count(&s->count.drops, DROP_TOO_BIG);
    if (first)
        answer(s, packet, now);
}
