/* Telling the service manager how we are: ready, busy, stopping, alive.
 *
 * systemd's protocol (sd_notify(3)) without its library: one datagram of `NAME=value` lines to the unix socket that
 * $NOTIFY_SOCKET names, a path or, with a leading '@', an abstract name. Without that variable, or with one that is
 * neither, every function here does nothing and returns false, so callers need not ask who started them.
 *
 * Only the process that was started by the manager is listened to (NotifyAccess=main): call these from master, before
 * it loses sight of the socket's path. Roles have no such variable (proc_spawn() cleans the environment). */
#ifndef ADIT_PRIV_NOTIFY_H
#define ADIT_PRIV_NOTIFY_H

#include "base/tick.h"
#include <stdbool.h>
#include <sys/types.h>

/* All return whether the message was handed over. The first three wait up to a second for a manager that is busy, the
 * others do not wait: the next one will do. */

/* Everything works: call when the listeners are open and every worker is ready; and again after notify_reloading(). */
bool notify_ready(void);
/* A new configuration is being read. notify_ready() must follow, whether it was taken or not. `now` is the time of
 * CLOCK_MONOTONIC in microseconds. */
bool notify_reloading(uint64_t now_usec);
/* We were asked to end, and do. */
bool notify_stopping(void);
/* One line for `systemctl status`: cut at 255 bytes, control characters become blanks. */
bool notify_status(const char *text);
/* From now on `pid` is the process to watch (a takeover by a new program). */
bool notify_main_pid(pid_t pid);
/* Our loop turns. */
bool notify_watchdog(void);
/* How often notify_watchdog() is to be called, in milliseconds: half of what the manager allows ($WATCHDOG_USEC, which
 * counts only for the process that $WATCHDOG_PID names). 0: nobody waits for it. */
msec notify_watchdog_interval(void);

#endif
