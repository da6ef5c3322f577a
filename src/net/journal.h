/* The journal as a file: a header with the owner's pid, then one entry a line. Private to undo.c.
 *
 * All that opens, renames or removes a journal happens under a lock on the folder (undo.c holds it), so that two
 * starts of one instance do not pass each other; the lock on the journal itself says that its owner lives. */
#ifndef ADIT_NET_JOURNAL_H
#define ADIT_NET_JOURNAL_H

#include <sys/types.h>

#include "net/undo.h"

/* Lines without their newlines, each its own allocation; `last_partial`: the last one had no newline. */
struct lines {
    char *at[UNDO_ENTRIES_MAX];
    unsigned n;
};

void lines_clear(struct lines *l);
/* Takes a copy; ERR_NOBUF, ERR_NOMEM. */
int lines_add(struct lines *l, const char *line) MUST_CHECK;

struct journal_text {
    long pid;      /* of the owner; 0: no or a broken header */
    bool partial;  /* the last line has no newline: cut off while it was written, left out */
    bool too_long; /* more than we would ever write; the rest is left out */
    struct lines entries;
};

/* Reads `name` in the folder; ERR_MISSING if there is none. The caller clears ret_t->entries. */
int journal_read(int folder, const char *name, struct journal_text *ret_t) MUST_CHECK;
/* Does a living process hold it? Returns false if there is none. */
bool journal_held(int folder, const char *name);
/* Writes a new journal with these entries, locks it and puts it in the place of the old one, all synced. Returns its
 * descriptor. */
int journal_make(int folder, const char *name, const struct lines *l) MUST_CHECK;
/* Appends one line (with its newline), synced. */
int journal_append(int fd, struct slice line) MUST_CHECK;

#endif
