/* What was done to the host, written down before it is done, so that it can be undone by us or by the next start.
 *
 * A journal is a file in a root-only folder, one per instance (interface name), held under an exclusive lock (flock)
 * while its owner lives: two instances live side by side, and the next start of the same name finds what a killed one
 * left. Entries are typed; undoing is idempotent, in reverse order, and touches only what still has our value. */
#ifndef ADIT_NET_UNDO_H
#define ADIT_NET_UNDO_H

#include "base/err.h"
#include "base/prefix.h"

enum { UNDO_ENTRIES_MAX = 4096, UNDO_LINE_MAX = 2048 };

enum undo_kind {
    UNDO_INTERFACE,  /* name: delete the TUN interface; see that the name is free before noting it */
    UNDO_SYSCTL,     /* name: path below /proc/sys; old, ours: put `old` back if it still reads `ours` */
    UNDO_NFT_TABLE,  /* name: "inet adit_<interface>": delete the table */
    UNDO_ROUTE,      /* prefix, via, dev, table, metric: delete the route that we added; no dev: an unreachable route */
    UNDO_FILE,       /* name: file that we replaced; old: path of the kept copy ("": there was no file); ours: digest of
                         what we wrote; put back if it still is ours */
    UNDO_RESOLVED,   /* name: interface: revert systemd-resolved link settings */
    UNDO_RESOLVCONF, /* name: record of resolvconf(8) to delete */
    UNDO_PROXIES,    /* name: interface: end answering ARP for whatever we do there (ether.h) */
};

struct undo_entry {
    enum undo_kind kind;
    const char *name, *old, *ours;
    struct prefix prefix, via;
    const char *dev;
    unsigned table, metric;
};

struct undo;
struct nl_route; /* net/link.h */

/* Opens (creating the folder 0711: the control socket beside the journals is reached through it), locks, and undoes what a dead owner left there; *ret_left counts entries undone.
 * `instance` is a name as net_name_ok() takes it. ERR_STATE: another living instance holds it (err says which pid);
 * ERR_SECURITY: others than its owner may write to the folder. What could not be undone stays in the journal and is
 * tried again; see undo_report(). The lock lasts until undo_all() or undo_free(), or until the process and all forked
 * children that kept the descriptor (close-on-exec) are gone. */
int undo_open(const char *dir, const char *instance, struct undo **ret_u, unsigned *ret_left, char err[256]) MUST_CHECK;
/* The same for a journal that this process holds already, by its descriptor `held` (undo_fd() of the program that it was
 * before an exec): nothing is undone. ERR_STATE: it is not this instance's journal. `held` is taken over only on 0. */
int undo_adopt(const char *dir, const char *instance, int held, struct undo **ret_u, char err[256]) MUST_CHECK;
/* The journal's descriptor, with its lock; -1: none. Still u's. */
int undo_fd(const struct undo *u);
/* Writes the entry down (fsync), unless it stands there already; do the thing after it. ERR_NOBUF: too many or too long. */
int undo_note(struct undo *u, const struct undo_entry *e) MUST_CHECK;
/* Notes and sets a sysctl (path below /proc/sys, e.g. "net/ipv4/conf/eth0/forwarding"). Nothing is noted or done when
 * it has that value already, except where another journal in this folder holds it: then the last of them puts it
 * back. */
int undo_sysctl(struct undo *u, const char *path, const char *value, char err[256]) MUST_CHECK;
/* Notes and adds a route. ERR_DUPLICATE: there is one to the same place with the same metric, which another living
 * instance did not make (if it did and in all parts the same one, as the pin of a server that both dial, this is 0 and
 * the last of them deletes it). A route that is not Adit's is not deleted on undoing, although it was noted. */
int undo_route(struct undo *u, const struct nl_route *r, char err[256]) MUST_CHECK;
/* undo_take_back() of a route. */
int undo_route_back(struct undo *u, const struct nl_route *r) MUST_CHECK;
/* Undoes one entry now, the newest that is the same deed (routes: in all parts; others: kind and name), and takes it out
 * of the journal: what it did is not wanted any more. ERR_MISSING: there is no such entry; ERR_SYSTEM: it could not be
 * undone (undo_report() says why), and stays. */
int undo_take_back(struct undo *u, const struct undo_entry *e) MUST_CHECK;
/* Is such an entry, as above, in the journal? */
bool undo_noted(const struct undo *u, const struct undo_entry *e);
/* Undoes everything, newest first, removes the journal (kept if something could not be undone). Returns how many
 * entries could not be undone. After it only undo_report() and undo_free() are allowed. */
unsigned undo_all(struct undo *u);
/* As undo_all for what has been noted, but leaves the journal open for more (a client that dials again). */
unsigned undo_back(struct undo *u);
/* What undoing said, line by line, oldest first: what was undone, left alone and why, or failed; journal lines that
 * were not understood. NULL: no such line. `*ret_failed` (may be NULL): it is a failure or a corrupt line. */
const char *undo_report(const struct undo *u, unsigned i, bool *ret_failed);
/* The journal's folder and the instance's name, for files kept beside it. */
const char *undo_dir(const struct undo *u);
const char *undo_instance(const struct undo *u);
void undo_free(struct undo *u); /* closes without undoing; NULL is fine */

#endif
