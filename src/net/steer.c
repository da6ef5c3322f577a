/* Steering: the kernel gives a packet to the queue of the worker that owns its destination.
 *
 * A small eBPF program, written by hand, is attached to the multi-queue TUN. For each packet that the host sends into
 * the interface it reads the destination address, looks it up in a map of prefixes and returns the queue. The map is
 * an LPM trie keyed by the address in v4-mapped form, so that both families share it. No libbpf: the program is
 * loaded with bpf(2).
 *
 * Not here: what a worker does with packets that reach it all the same (dp/). */
#include "net/tun.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "net/text.h"

enum { STEER_ENTRIES = 1 << 17 };

/* The key as the kernel wants it: the length in bits of the v4-mapped form, then the address. */
struct steer_key {
    uint32_t bits;
    uint8_t addr[16];
};

static long sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
    return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static uint64_t as_u64(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

/* ---- instructions, named as an assembler would name them; r0..r9 and fp are register numbers ---- */
enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, FP };

/* clang-format off */
#define INSN(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV_REG(d, s)       INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)              /* d = s */
#define MOV_IMM(d, i)       INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)              /* d = i */
#define ADD_IMM(d, i)       INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)              /* d += i */
#define AND_IMM(d, i)       INSN(BPF_ALU64 | BPF_AND | BPF_K, d, 0, 0, i)              /* d &= i */
#define LOAD_B(d, s, o)     INSN(BPF_LDX | BPF_MEM | BPF_B, d, s, o, 0)                /* d = *(u8 *)(s + o) */
#define LOAD_W(d, s, o)     INSN(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)                /* d = *(u32 *)(s + o) */
#define STORE_W(d, o, i)    INSN(BPF_ST | BPF_MEM | BPF_W, d, 0, o, i)                 /* *(u32 *)(d + o) = i */
#define JUMP(o)             INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)                         /* skip o instructions */
#define JEQ(d, i, o)        INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)                /* if d == i skip o */
#define JNE(d, i, o)        INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)                /* if d != i skip o */
#define CALL(f)             INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)                       /* r0 = f(r1..r5) */
#define EXIT()              INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)                       /* return r0 */
#define MAP_FD(d, fd)       INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)

/* Where things lie on the stack, below fp. */
#define KEY_AT   (-24)               /* struct steer_key, 20 bytes */
#define ADDR_AT  (KEY_AT + 4)
#define LAST4_AT (KEY_AT + 16)
#define BYTE_AT  (-32)               /* first byte of the packet */

/* ::ffff: as the third word of a v4-mapped address, in the order of memory. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MAPPED_WORD ((int32_t)0xffff0000)
#else
#define MAPPED_WORD 0x0000ffff
#endif
/* clang-format on */

static int steer_load(int map)
{
    /* When a TUN asks for the queue, skb->data is the IP header: there is no link layer. */
    /* clang-format off */
    const struct bpf_insn program[] = {
        /*  0 */ MOV_REG(R6, R1),                            /* r6 = skb, kept over calls */
        /*  1 */ MOV_IMM(R2, 0),                             /* offset 0: version and header length */
        /*  2 */ MOV_REG(R3, FP),
        /*  3 */ ADD_IMM(R3, BYTE_AT),                       /* to the stack */
        /*  4 */ MOV_IMM(R4, 1),                             /* one byte */
        /*  5 */ CALL(BPF_FUNC_skb_load_bytes),
        /*  6 */ JNE(R0, 0, 27),                             /* no such byte: to "by hash" (34) */
        /*  7 */ STORE_W(FP, KEY_AT, 128),                   /* key.bits: look for the longest match */
        /*  8 */ LOAD_B(R7, FP, BYTE_AT),
        /*  9 */ AND_IMM(R7, 0xf0),                          /* r7 = version << 4 */
        /* 10 */ MOV_REG(R1, R6),
        /* 11 */ MOV_REG(R3, FP),                            /* r3 will be where the address goes */
        /* 12 */ JEQ(R7, 0x40, 5),                           /* IPv4: to 18 */
        /* 13 */ JNE(R7, 0x60, 20),                          /* neither: to "by hash" (34) */
        /* 14 */ MOV_IMM(R2, 24),                            /* RFC 8200 3: destination at offset 24 */
        /* 15 */ ADD_IMM(R3, ADDR_AT),
        /* 16 */ MOV_IMM(R4, 16),
        /* 17 */ JUMP(6),                                    /* to the load (24) */
        /* 18 */ STORE_W(FP, ADDR_AT, 0),                    /* ::ffff: before an IPv4 address */
        /* 19 */ STORE_W(FP, ADDR_AT + 4, 0),
        /* 20 */ STORE_W(FP, ADDR_AT + 8, MAPPED_WORD),
        /* 21 */ MOV_IMM(R2, 16),                            /* RFC 791 3.1: destination at offset 16 */
        /* 22 */ ADD_IMM(R3, LAST4_AT),
        /* 23 */ MOV_IMM(R4, 4),
        /* 24 */ CALL(BPF_FUNC_skb_load_bytes),
        /* 25 */ JNE(R0, 0, 8),                              /* packet too short: to "by hash" (34) */
        /* 26 */ MAP_FD(R1, map),                            /* two instructions: 26, 27 */
        /* 28 */ MOV_REG(R2, FP),
        /* 29 */ ADD_IMM(R2, KEY_AT),
        /* 30 */ CALL(BPF_FUNC_map_lookup_elem),
        /* 31 */ JEQ(R0, 0, 2),                              /* no entry: to "by hash" (34) */
        /* 32 */ LOAD_W(R0, R0, 0),                          /* the queue; the kernel takes it modulo the queues */
        /* 33 */ EXIT(),
        /* 34 */ LOAD_W(R0, R6, offsetof(struct __sk_buff, hash)), /* by hash */
        /* 35 */ EXIT(),
    };
    /* clang-format on */
    union bpf_attr attr = {
        .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
        .insn_cnt = sizeof(program) / sizeof(program[0]),
        .insns = as_u64(program),
        .license = as_u64("MIT"), /* the two helpers called are open to every licence */
        .prog_name = "adit_steer",
    };
    return (int)sys_bpf(BPF_PROG_LOAD, &attr);
}

static int steer_map(void)
{
    union bpf_attr attr = {
        .map_type = BPF_MAP_TYPE_LPM_TRIE,
        .key_size = sizeof(struct steer_key),
        .value_size = sizeof(uint32_t),
        .max_entries = STEER_ENTRIES,
        .map_flags = BPF_F_NO_PREALLOC, /* the trie insists on it */
        .map_name = "adit_steer",
    };
    return (int)sys_bpf(BPF_MAP_CREATE, &attr);
}

int steer_again(int tun_fd, int program, char err[256])
{
    if (ioctl(tun_fd, TUNSETSTEERINGEBPF, &program) == 0)
        return 0;
    return net_fail(err, ERR_SYSTEM, "no steering: cannot attach the program: %s", strerror(errno));
}

int steer_attach(int tun_fd, int *ret_map, int *ret_program, char err[256])
{
    int map = steer_map();
    if (map < 0)
        return net_fail(err, ERR_SYSTEM, "no steering: cannot create the map: %s", strerror(errno));
    int program = steer_load(map);
    if (program < 0) {
        net_fail(err, ERR_SYSTEM, "no steering: cannot load the program: %s", strerror(errno));
        close(map);
        return ERR_SYSTEM;
    }
    int r = steer_again(tun_fd, program, err);
    if (r < 0) {
        close(program);
        close(map);
        return r;
    }
    *ret_map = map;
    *ret_program = program;
    return 0;
}

static struct steer_key steer_key(const struct prefix *p)
{
    struct steer_key k = { .bits = p->family == 4 ? 96u + p->len : p->len };

    memcpy(k.addr, p->addr, 16);
    return k;
}

int steer_set(int map, const struct prefix *p, uint32_t queue)
{
    struct steer_key k = steer_key(p);
    union bpf_attr attr = { .map_fd = (uint32_t)map, .key = as_u64(&k), .value = as_u64(&queue), .flags = BPF_ANY };

    if (sys_bpf(BPF_MAP_UPDATE_ELEM, &attr) == 0)
        return 0;
    return errno == ENOSPC || errno == E2BIG ? ERR_NOBUF : ERR_SYSTEM;
}

int steer_clear(int map, const struct prefix *p)
{
    struct steer_key k = steer_key(p);
    union bpf_attr attr = { .map_fd = (uint32_t)map, .key = as_u64(&k) };

    if (sys_bpf(BPF_MAP_DELETE_ELEM, &attr) == 0)
        return 0;
    return errno == ENOENT ? ERR_MISSING : ERR_SYSTEM;
}

/* The entry after `key` (NULL: the first), in the map's own order. */
static bool next_key(int map, const struct steer_key *key, struct steer_key *ret)
{
    union bpf_attr attr = { .map_fd = (uint32_t)map, .key = key ? as_u64(key) : 0, .next_key = as_u64(ret) };
    return sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr) == 0;
}

static bool leads_to(int map, const struct steer_key *key, uint32_t queue)
{
    uint32_t value = ~queue;
    union bpf_attr attr = { .map_fd = (uint32_t)map, .key = as_u64(key), .value = as_u64(&value) };
    return sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr) == 0 && value == queue;
}

unsigned steer_clear_queue(int map, uint32_t queue)
{
    struct steer_key key, next;
    unsigned n = 0;
    bool more = next_key(map, NULL, &key);
    /* Entries that others take away meanwhile may begin the walk anew: it is bounded. */
    for (unsigned i = 0; more && i < 2 * STEER_ENTRIES; i++) {
        more = next_key(map, &key, &next);
        if (leads_to(map, &key, queue)) {
            union bpf_attr attr = { .map_fd = (uint32_t)map, .key = as_u64(&key) };
            n += sys_bpf(BPF_MAP_DELETE_ELEM, &attr) == 0;
        }
        key = next;
    }
    return n;
}
