/* Typed, length-checked messages between our own processes, over SOCK_SEQPACKET, with descriptors.
 *
 * One message is one datagram of the kernel: never cut, never joined. The receiver checks the type against a
 * table of what this sender may say in this phase, and the length against what the type needs; anything else ends
 * the sender. Bodies are written with wr and read with rd. Paths are never passed: descriptors are. */
#ifndef ADIT_PRIV_IMSG_H
#define ADIT_PRIV_IMSG_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum { IMSG_MAX = 60000, IMSG_FDS = 8, IMSG_HEAD = 16 };
/* The first four bytes of a message, "adi1"; after them type, id and body length, 32 bits each. */
enum { IMSG_MAGIC = 0x61646931 };

struct imsg {
    uint32_t type;
    uint32_t id;       /* conversation, question or session; 0 if not used */
    struct slice body; /* borrowed from the caller's buffer */
    int fds[IMSG_FDS]; /* received descriptors are the receiver's to close; -1: none */
    unsigned n_fds;
};

/* A connected pair, close-on-exec. ERR_SYSTEM with errno. */
int imsg_pair(int fds[2]) MUST_CHECK;

/* Sends m; its descriptors stay the caller's. Never blocks: 0, ERR_NOBUF when the channel is full, ERR_LOST when the
 * peer is gone, ERR_LENGTH (body or number of descriptors too large), ERR_SYSTEM with errno (a descriptor that is
 * none, …). */
int imsg_send(int fd, const struct imsg *m) MUST_CHECK;

/* Receives one message into buf (cap: IMSG_MAX bytes, a longer body is an error). Never blocks. 1: got one; 0: nothing
 * there; ERR_LOST: peer gone, and everything it said was read; ERR_LENGTH/ERR_VALUE/ERR_TRUNCATED: malformed, and
 * descriptors that came with it are closed; ERR_SYSTEM with errno. Only 1 touches *out. */
int imsg_recv(int fd, uint8_t *buf, size_t cap, struct imsg *out) MUST_CHECK;

/* Closes every descriptor of m that nobody took (not -1). */
void imsg_drop_fds(struct imsg *m);

/* The monitor: what may be said by whom. */
struct imsg_rule {
    uint32_t type;
    uint32_t phases; /* bit mask of the phases in which it is allowed */
    size_t min, max; /* body length */
    unsigned fds;    /* exactly so many */
    const char *name;
};

/* NULL if m is allowed now; else the reason in words. `phase` is the sender's phase as its bit in the masks (one bit).
 * A type may have several rows (say, one a phase): m is allowed if one row allows it. */
const char *imsg_check(const struct imsg_rule *rules, size_t n, uint32_t phase, const struct imsg *m);

/* The name of a type in the table, for the log; "unknown" if it has none. */
const char *imsg_name(const struct imsg_rule *rules, size_t n, uint32_t type);

#endif
