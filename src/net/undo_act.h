/* Undoing one entry. Private to the journal. */
#ifndef ADIT_NET_UNDO_ACT_H
#define ADIT_NET_UNDO_ACT_H

#include "net/undo.h"

enum undo_result {
    UNDO_DONE,   /* it was there, and was ours: undone */
    UNDO_LEFT,   /* nothing to do: it is gone, or is not ours any more */
    UNDO_FAILED, /* it is there and ours still: to be tried again */
};

/* Undoes it; doing it twice is harmless. `report` says what happened, in words. */
enum undo_result undo_act(const struct undo_entry *e, char report[256]);

#endif
