/* Small helpers for texts of this layer: failures in words, names that may go into commands and paths. */
#ifndef ADIT_NET_TEXT_H
#define ADIT_NET_TEXT_H

#include <stddef.h>

#include "base/err.h"

/* Formats the failure into err (cut at 255 bytes) and returns `code`. */
int net_fail(char err[256], enum err code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* An interface name that is safe in a path, an nft command and an argument: 1 to 15 of [A-Za-z0-9_.-],
 * not starting with '-' or '.'. */
bool net_name_ok(const char *name);

/* snprintf into a buffer of `cap` bytes; false if it did not fit. */
bool net_print(char *dst, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4), warn_unused_result));

#endif
