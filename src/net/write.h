/* All of some bytes into a file: write() may take less than it was given, or be interrupted. */
#ifndef ADIT_NET_WRITE_H
#define ADIT_NET_WRITE_H

#include "base/err.h"
#include "base/slice.h"

/* ERR_SYSTEM: errno says why; some of them may have been written. */
int write_all(int fd, struct slice s) MUST_CHECK;

#endif
