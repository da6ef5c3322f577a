/* What the two halves of an upgrade share: upgrade.c, adopt.c and the role "look". */
#ifndef ADIT_SERVER_UPGRADE_H
#define ADIT_SERVER_UPGRADE_H

#include "server/master_parts.h"

/* What the looking child says, once, with words as body: these two numbers stay as they are, for a new program says them to
 * a master that it may otherwise not understand. */
enum { LOOK_GOOD = 1, LOOK_BAD = 2, LOOK_STATE_FD = 4 };

/* look.c: the new program's first look at the state on LOOK_STATE_FD. Exit status. */
int look_main(void);

/* The administrator's answer, if somebody asked. */
void upgrade_answer(struct master *m, enum admin_outcome outcome, const char *words);
/* Wipes what was kept for the way back. */
void upgrade_forget_own(struct upgrade *u);
/* Whether an exec leaves the descriptors of the state open. */
void upgrade_inherit(const struct master *m, bool inherited);

#endif
