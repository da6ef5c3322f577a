/* What was done to the host, written down before it is done, so that it can be undone by us or by the next start.
 *
 * A journal is a file in a root-only folder, one per instance (interface name), held under an exclusive lock (flock) while its
 * owner lives: two instances live side by side, and the next start of the same name finds what a killed one left. Entries are
 * typed; undoing is idempotent, in reverse order, and touches only what still has our value. */
#ifndef ADIT_NET_UNDO_H
#define ADIT_NET_UNDO_H

#include "base/err.h"
#include "base/prefix.h"

enum undo_kind {
    UNDO_INTERFACE,   /* name: delete the TUN interface */
    UNDO_SYSCTL,      /* name: path below /proc/sys; old, ours: put `old` back if it still reads `ours` */
    UNDO_NFT_TABLE,   /* name: "inet adit_<interface>": delete the table */
    UNDO_ROUTE,       /* prefix, via, interface, table: delete the route that we added */
    UNDO_FILE,        /* name: file that we replaced; old: path of the kept copy; ours: digest; put back if it still is ours */
    UNDO_RESOLVED,    /* name: interface: revert systemd-resolved link settings */
    UNDO_RESOLVCONF,  /* name: record of resolvconf(8) to delete */
};

struct undo_entry {
    enum undo_kind kind;
    const char *name, *old, *ours;
    struct prefix prefix, via;
    const char *dev;
    unsigned table, metric;
};

struct undo;

/* Opens (creating the folder 0700), locks, and undoes what a dead owner left there; *ret_left counts entries undone.
 * ERR_STATE: another living instance holds it (err says which pid). */
int undo_open(const char *dir, const char *instance, struct undo **ret_u, unsigned *ret_left, char err[256]) MUST_CHECK;
/* Writes the entry down (fsync); do the thing after it. */
int undo_note(struct undo *u, const struct undo_entry *e) MUST_CHECK;
/* Undoes everything, newest first, removes the journal. Returns how many entries could not be undone. */
unsigned undo_all(struct undo *u);
/* As undo_all for what has been noted, but leaves it open. */
void undo_free(struct undo *u); /* closes without undoing */

#endif
