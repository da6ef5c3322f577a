/* The first act of the client's roles: rights away, then the filter of system calls. Says what went wrong, or what is weaker
 * than it should be. */
#ifndef ADIT_CLIENT_CONFINE_H
#define ADIT_CLIENT_CONFINE_H

#include "priv/proc.h"
#include "priv/sandbox.h"

/* `mode` is the word after --debug-sandbox. What libraries read from files once is read before. False: said why, and the
 * role must not run. */
bool confine_role(const char *name, const struct proc_confine *rights, enum sandbox_role role, const char *mode,
                  enum sandbox_mode *ret_mode) MUST_CHECK;

#endif
