/* Where the password comes from: the terminal, without echo, or the first line of a file. Never the command line. */
#ifndef ADIT_CLIENT_ASK_H
#define ADIT_CLIENT_ASK_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Both write at most `cap` bytes to `dst`, without the line's end, and how many to *ret_n; on failure they have said why
 * on stderr, and `dst` holds nothing of use. A signal that comes while the terminal is asked takes effect once the terminal
 * has its echo back. */
int ask_terminal(const char *user, const char *host, uint8_t *dst, size_t cap, size_t *ret_n) MUST_CHECK;
int ask_file(const char *path, uint8_t *dst, size_t cap, size_t *ret_n) MUST_CHECK;

#endif
