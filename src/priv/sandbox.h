/* What a role may ask the kernel for: a list of system calls a role, and no changes to files for those that have none.
 *
 * The list, with the reason for each call, is the table in sandbox.c. Anything else ends the process with SIGSYS (the parent
 * sees it, and says so), or, for finding out what a new kernel or library needs, is written to the kernel's log only. The
 * second wall is Landlock, where the kernel has it: files can be neither changed, made nor executed, except authd's own, and
 * the resolver reads only what names need. */
#ifndef ADIT_PRIV_SANDBOX_H
#define ADIT_PRIV_SANDBOX_H

#include "base/err.h"
#include <stdbool.h>

enum sandbox_role { SANDBOX_WORKER, SANDBOX_AUTHD, SANDBOX_ADMIN, SANDBOX_ENGINE, SANDBOX_RESOLVER, SANDBOX_ROLES };
enum sandbox_mode { SANDBOX_KILL, SANDBOX_LOG, SANDBOX_OFF };

/* "kill", "log", "off"; false if it is none of them. */
bool sandbox_mode_from(const char *text, enum sandbox_mode *ret_mode) MUST_CHECK;
const char *sandbox_mode_name(enum sandbox_mode mode);

/* For good, for this process and its threads: call it after proc_confine() (which forbids new privileges) and before the
 * first foreign byte. < 0 and text: refuse to run. 0: done, and err holds a warning or "" (built with sanitizers: they
 * need calls that no role may have, and nothing was done). */
int sandbox_enter(enum sandbox_role role, enum sandbox_mode mode, char err[256]) MUST_CHECK;

/* The engine has its connection: from now on it makes no other one, and changes its filter no more. As above. */
int sandbox_connected(enum sandbox_mode mode, char err[256]) MUST_CHECK;

/* For tests: is the call in this role's list, with or without conditions? */
bool sandbox_allows(enum sandbox_role role, int call);

#endif
