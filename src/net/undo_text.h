/* Journal entries as lines of text and back. Pure; private to the journal.
 *
 * "route dst=10.0.0.0/8 via=192.0.2.1 dev=eth0 metric=50\n": a kind, then key=value, values with %XX for every byte
 * that is not printable ASCII, and for space, '%' and '='. Absent keys are empty or 0. */
#ifndef ADIT_NET_UNDO_TEXT_H
#define ADIT_NET_UNDO_TEXT_H

#include "net/undo.h"

/* Writes the line with its newline and NUL; returns its length without the NUL, or ERR_NOBUF / ERR_VALUE. */
int undo_print(const struct undo_entry *e, char *dst, size_t cap) MUST_CHECK;
/* Reads one line (NUL-terminated, without newline), which it changes: the entry's strings point into it.
 * ERR_UNKNOWN: a kind or key that is not defined; ERR_VALUE; ERR_MISSING: a key that the kind needs; ERR_DUPLICATE. */
int undo_parse(char *line, struct undo_entry *ret_e) MUST_CHECK;

#endif
