/* Kernel settings: files below /proc/sys. */
#ifndef ADIT_NET_SYSCTL_H
#define ADIT_NET_SYSCTL_H

#include <stddef.h>

#include "base/err.h"

/* `path` is below /proc/sys, with slashes ("net/ipv4/conf/eth0/forwarding"): names of interfaces may hold dots.
 * Reads the value, without the newline at the end. ERR_MISSING: no such setting; ERR_VALUE: path leads elsewhere. */
int sysctl_read(const char *path, char *dst, size_t cap) MUST_CHECK;
int sysctl_write(const char *path, const char *value) MUST_CHECK;

#endif
