/* What master hands on when it becomes another program (or the old one again): numbers of descriptors, which stay open over
 * the exec, its roles, and what it knows of the host. See docs/decisions/0012-upgrade.md.
 *
 * The state is written into a memfd. It begins with a fingerprint of everything that the two programs, and the roles of
 * one under the other, must understand in the same way; with another fingerprint nothing more of it is read. Not in it:
 * what a program may well read differently from another. Configuration and certificate are read anew by the new one, and
 * stand in the state as bytes for the way back alone. */
#ifndef ADIT_SERVER_STATE_H
#define ADIT_SERVER_STATE_H

#include "server/master_parts.h"

enum { STATE_MAX = 1 << 20 };

/* Of all messages between roles and of the state itself: any change of their bytes changes it, also one that nobody thought
 * of. A change of meaning alone is told by the text in fingerprint.c. */
uint64_t state_fingerprint(void);

/* All of it into w; and what stands in it behind fingerprint and version. */
void state_put(struct wr *w, const struct master *m);
void state_put_body(struct wr *w, const struct master *m);
/* Into *m, which master_parts_init() has made: descriptors into their places, a role's into .fd. ERR_VERSION: another
 * fingerprint, m->upgrade.from says whose. On any error m holds nothing that must be freed. */
int state_get(struct slice bytes, struct master *m) MUST_CHECK;

/* The configuration and the certificate, for m->upgrade.own: of the program that runs now. ERR_NOMEM, ERR_NOBUF. */
int state_put_own(struct master *m) MUST_CHECK;
/* The way back. ERR_VALUE and the like: it is another program's. */
int state_get_own(struct master *m) MUST_CHECK;

/* A memfd with the state, at its beginning; ERR_SYSTEM, ERR_NOBUF. */
int state_write(const struct master *m) MUST_CHECK;
/* As state_get(), from a memfd. */
int state_read(int fd, struct master *m) MUST_CHECK;

/* Every descriptor in it. */
void state_each_fd(const struct master *m, void (*fn)(void *ctx, int fd), void *ctx);

#endif
