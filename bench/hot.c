/* The hot loops of the data path, alone: what a packet costs in instructions and in nanoseconds.
 *
 * Usage: hot LOOP [ROUNDS]; hot --made-by says what compiled it. Runs one loop a fixed number of times and prints
 * `LOOP packets=N bytes=N ns=X` (bytes in all, ns per packet). bench/instructions runs all of them and compares with a
 * baseline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "seg/gro.h"
#include "seg/gso.h"
#include "seg/mss.h"
#include "wire/ip.h"
#include "wire/ppp_frame.h"
#include "wire/sstp_frame.h"

/* What the number of instructions depends on. */
#ifdef __clang__
#define COMPILER "clang " __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif
#if !defined __OPTIMIZE__
#define OPTIMIZED ", not optimised"
#elif defined __SANITIZE_ADDRESS__
#define OPTIMIZED ", sanitised"
#else
#define OPTIMIZED ""
#endif
#ifdef __x86_64__
#define MADE_BY COMPILER ", x86-64" OPTIMIZED
#else
#define MADE_BY COMPILER ", another machine" OPTIMIZED
#endif

enum { MTU = 1400, HEADS = 40 + 12, SIZE = MTU - HEADS, PACKETS = 44, SUPER = HEADS + PACKETS * SIZE, FRAME_HEAD = 8 };

enum { SMALL = 64, SMALL_HEADS = IP4_HEAD + UDP_HEAD };

static uint8_t super_packet[SUPER], frames[PACKETS * (FRAME_HEAD + MTU)];
static uint8_t datagrams[PACKETS][SMALL], small_frames[PACKETS * (FRAME_HEAD + SMALL)];
static uint8_t vnet[VNET_HDR];
static struct slice packets[PACKETS];
static struct gro gro;
static volatile uint64_t sink;

/* A super-packet of TCP with timestamps, as a TUN queue gives it. */
static void make_super(void)
{
    struct vnet v = { VNET_NEEDS_CSUM, VNET_GSO_TCPV4, HEADS, SIZE, IP4_HEAD, 16 };
    static const uint8_t head[HEADS] = {
        0x45, 0,    SUPER >> 8, SUPER & 0xff, 0, 1, 0x40, 0, 64, 6, 0, 0, 198,  18,   0, 1, 198, 18, 0, 2,
        0x9c, 0x40, 1,          187,          0, 0, 0,    1, 0,  0, 0, 1, 0x80, 0x10, 1, 0, 0,   0,  0, 0,
        1,    1,    8,          10,           0, 0, 0,    1, 0,  0, 0, 2
    };
    for (size_t i = 0; i < SUPER; i++)
        super_packet[i] = (uint8_t)(i * 131 + (i >> 8) * 17);
    memcpy(super_packet, head, HEADS);
    struct ip_view ip;
    if (ip_parse(slice_of(super_packet, SUPER), &ip) < 0)
        abort();
    uint16_t pseudo = (uint16_t)~csum_fold(csum_pseudo(&ip, IP_TCP, SUPER - IP4_HEAD));
    super_packet[36] = (uint8_t)(pseudo >> 8);
    super_packet[37] = (uint8_t)pseudo;
    vnet_write(vnet, &v);
}

/* UDP datagrams of one flow, numbered and summed, as a socket sends them. */
static void make_datagrams(void)
{
    static const uint8_t head[SMALL_HEADS] = { 0x45, 0, 0, SMALL, 0,  0, 0x40, 0, 64, 17, 0,    0, 198,
                                               18,   0, 1, 198,   18, 0, 2,    1, 2,  3,  0x39, 0, SMALL - IP4_HEAD };
    for (unsigned i = 0; i < PACKETS; i++) {
        uint8_t *p = datagrams[i];
        memcpy(p, head, sizeof head);
        memset(p + SMALL_HEADS, (int)i, SMALL - SMALL_HEADS);
        p[5] = (uint8_t)i;
        uint16_t sum = csum_fold(csum_add(0, slice_of(p, IP4_HEAD)));
        p[10] = (uint8_t)(sum >> 8);
        p[11] = (uint8_t)sum;
        struct ip_view ip;
        if (ip_parse(slice_of(p, SMALL), &ip) < 0)
            abort();
        sum = csum_fold(csum_add(csum_pseudo(&ip, IP_UDP, SMALL - IP4_HEAD), slice_of(p + IP4_HEAD, SMALL - IP4_HEAD)));
        p[26] = (uint8_t)(sum >> 8);
        p[27] = (uint8_t)sum;
    }
}

/* What is left of a packet behind its frame's head; returns the frame's bytes. */
static size_t frame(uint8_t *at, struct gso *g)
{
    size_t n = gso_next_len(g);
    sstp_frame_head(at, false, n + 4);
    memcpy(at + 4, "\xff\x03\x00\x21", 4);
    return FRAME_HEAD + gso_next(g, at + FRAME_HEAD);
}

/* One super-packet into frames, as a worker does it. */
static size_t cut(void)
{
    struct gso g;
    size_t at = 0, n, i = 0;
    if (gso_init(&g, vnet, slice_of(super_packet, SUPER)) < 0)
        abort();
    while ((n = gso_next_len(&g)) != 0) {
        packets[i++] = slice_of(frames + at + FRAME_HEAD, n);
        at += frame(frames + at, &g);
    }
    return i;
}

/* Datagrams, each a read of its own, into frames. */
static size_t cut_small(void)
{
    static const uint8_t none[VNET_HDR];
    struct gso g;
    size_t at = 0;
    for (unsigned i = 0; i < PACKETS; i++) {
        if (gso_init(&g, none, slice_of(datagrams[i], SMALL)) < 0)
            abort();
        at += frame(small_frames + at, &g);
    }
    return PACKETS;
}

/* Frames walked and classified. */
static size_t walk_these(const uint8_t *p, size_t len)
{
    struct rd r = rd_of(p, len);
    struct sstp_frame f;
    struct ppp_frame ppp;
    size_t n = 0;
    while (sstp_frame_next(&r, &f) == 1) {
        if (f.control || ppp_frame_read(f.payload.p, f.payload.n, &ppp) < 0 || ppp.proto != PPP_PROTO_IPV4)
            abort();
        n++;
    }
    return n;
}

static size_t walk(void)
{
    return walk_these(frames, sizeof frames);
}

static size_t walk_small(void)
{
    return walk_these(small_frames, sizeof small_frames);
}

/* What is in `gro` must come out in one write. */
static size_t joined(void)
{
    struct slice s[GRO_SLICES];
    unsigned writes = gro_finish(&gro);
    for (unsigned i = 0; i < writes; i++)
        sink += gro_slices(&gro, i, s);
    if (writes != 1)
        abort();
    return PACKETS;
}

/* The packets of one read joined: all of them in one write. */
static size_t join(void)
{
    gro_init(&gro, 0);
    for (size_t i = 0; i < PACKETS; i++)
        if (!gro_add(&gro, packets[i]))
            abort();
    return joined();
}

static size_t join_small(void)
{
    gro_init(&gro, GRO_UDP);
    for (size_t i = 0; i < PACKETS; i++)
        if (!gro_add(&gro, slice_of(datagrams[i], SMALL)))
            abort();
    return joined();
}

/* What a batch of pure ACKs costs: nothing to join. */
static size_t acks(void)
{
    static uint8_t ack[HEADS];
    memcpy(ack, frames + FRAME_HEAD, HEADS);
    ack[2] = 0;
    ack[3] = HEADS;
    gro_init(&gro, 0);
    for (size_t i = 0; i < PACKETS; i++)
        if (!gro_add(&gro, slice_of(ack, HEADS)))
            abort();
    if (gro_finish(&gro) != PACKETS)
        abort();
    return PACKETS;
}

static size_t sum(void)
{
    for (size_t i = 0; i < PACKETS; i++)
        sink += csum_add(0, packets[i]);
    return PACKETS;
}

static size_t copy_sum(void)
{
    for (size_t i = 0; i < PACKETS; i++)
        sink += csum_copy(0, super_packet + HEADS + i * SIZE, slice_of(packets[i].p + HEADS, SIZE));
    return PACKETS;
}

/* A look for a SYN, and there is none. */
static size_t clamp(void)
{
    for (size_t i = 0; i < PACKETS; i++)
        sink += mss_clamp(frames + FRAME_HEAD + i * (FRAME_HEAD + MTU), MTU, MTU, false);
    return PACKETS;
}

/* clang-format off */
static const struct {
    const char *name;
    size_t (*run)(void);
    size_t bytes; /* of a packet */
} loops[] = {
    { "frame-walk", walk, MTU },      { "frame-walk-64", walk_small, SMALL },
    { "gso-64k", cut, MTU },          { "gso-udp-64", cut_small, SMALL },
    { "gro-44", join, MTU },          { "gro-44-acks", acks, HEADS },          { "gro-44-udp-64", join_small, SMALL },
    { "csum-1400", sum, MTU },        { "csum-copy", copy_sum, SIZE },         { "mss-no-syn", clamp, MTU },
};
/* clang-format on */

/* What callgrind counts: this function and what it calls (--toggle-collect). */
size_t hot_rounds(size_t (*run)(void), unsigned rounds);

__attribute__((noinline)) size_t hot_rounds(size_t (*run)(void), unsigned rounds)
{
    size_t n = 0;
    for (unsigned r = 0; r < rounds; r++)
        n += run();
    return n;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
    make_super();
    make_datagrams();
    if (cut() != PACKETS || cut_small() != PACKETS)
        abort();
    if (argc > 1 && strcmp(argv[1], "--made-by") == 0)
        return printf("%s\n", MADE_BY) < 0;
    for (size_t i = 0; argc > 1 && i < sizeof loops / sizeof *loops; i++) {
        if (strcmp(argv[1], loops[i].name) != 0)
            continue;
        size_t n = loops[i].run() - PACKETS; /* once to warm up; every loop does PACKETS */
        double best = 1e18;
        for (unsigned part = 0; part < 5; part++) { /* the best of five: others use the machine, too */
            double start = now_ns();
            n += hot_rounds(loops[i].run, rounds);
            double ns = (now_ns() - start) / rounds / PACKETS;
            best = ns < best ? ns : best;
        }
        printf("%s packets=%zu bytes=%zu ns=%.1f\n", loops[i].name, n, n * loops[i].bytes, best);
        return 0;
    }
    fprintf(stderr, "usage: hot LOOP [ROUNDS]; loops:");
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
        fprintf(stderr, " %s", loops[i].name);
    fprintf(stderr, "\n");
    return 2;
}
