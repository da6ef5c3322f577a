/* The hot loops of the data path, alone: what a packet costs in instructions and in nanoseconds.
 *
 * Usage: hot LOOP [ROUNDS]; hot --made-by says what compiled it. Runs one loop a fixed number of times and prints `LOOP packets=N ns=X` (per packet); under
 * callgrind, collection is on inside the loop only. bench/instructions runs all of them and compares with a baseline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef HAVE_CALLGRIND
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT ((void)0)
#endif

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

static uint8_t super_packet[SUPER], frames[PACKETS * (FRAME_HEAD + MTU)];
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

/* One super-packet into frames, as a worker does it. */
static size_t cut(void)
{
    struct gso g;
    size_t at = 0, n, i = 0;
    if (gso_init(&g, vnet, slice_of(super_packet, SUPER)) < 0)
        abort();
    while ((n = gso_next_len(&g)) != 0) {
        sstp_frame_head(frames + at, false, n + 4);
        memcpy(frames + at + 4, "\xff\x03\x00\x21", 4);
        at += FRAME_HEAD;
        packets[i++] = slice_of(frames + at, n);
        at += gso_next(&g, frames + at);
    }
    return i;
}

/* The frames walked and classified. */
static size_t walk(void)
{
    struct rd r = rd_of(frames, sizeof frames);
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

/* The packets of one read joined: all of them in one write. */
static size_t join(void)
{
    struct slice s[GRO_SLICES];
    gro_init(&gro, 0);
    for (size_t i = 0; i < PACKETS; i++)
        if (!gro_add(&gro, packets[i]))
            abort();
    unsigned writes = gro_finish(&gro);
    for (unsigned i = 0; i < writes; i++)
        sink += gro_slices(&gro, i, s);
    if (writes != 1)
        abort();
    return PACKETS;
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

static const struct {
    const char *name;
    size_t (*run)(void);
} loops[] = { { "frame-walk", walk }, { "gso-64k", cut },        { "gro-44", join },     { "gro-44-acks", acks },
              { "csum-1400", sum },   { "csum-copy", copy_sum }, { "mss-no-syn", clamp } };

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
    if (cut() != PACKETS)
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
            CALLGRIND_TOGGLE_COLLECT;
            for (unsigned r = 0; r < rounds; r++)
                n += loops[i].run();
            CALLGRIND_TOGGLE_COLLECT;
            double ns = (now_ns() - start) / rounds / PACKETS;
            best = ns < best ? ns : best;
        }
        printf("%s packets=%zu ns=%.1f\n", loops[i].name, n, best);
        return 0;
    }
    fprintf(stderr, "usage: hot LOOP [ROUNDS]; loops:");
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
        fprintf(stderr, " %s", loops[i].name);
    fprintf(stderr, "\n");
    return 2;
}
