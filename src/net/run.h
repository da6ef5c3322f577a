/* Running one of the host's own tools (resolvectl, resolvconf): no shell, absolute path, clean environment. */
#ifndef ADIT_NET_RUN_H
#define ADIT_NET_RUN_H

#include "base/err.h"

/* Looks for `tool` in /usr/bin, /usr/sbin, /bin, /sbin (never in PATH); false if there is none. */
bool run_find(const char *tool, char path[64]);
/* Runs argv[0] (a bare name, found as above) with `input` (NULL: nothing) on standard input and waits at most 10 s,
 * then kills it. 0: it ended with status 0. ERR_MISSING: no such tool; ERR_REFUSED: another status; ERR_TIMEOUT; err
 * holds what it wrote first, cut and escaped. */
int run_tool(const char *const argv[], const char *input, char err[256]) MUST_CHECK;

#endif
