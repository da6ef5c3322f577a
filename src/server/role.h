/* What all roles have in common at their start: arguments, signals, rights, and the monitor at their channels. */
#ifndef ADIT_SERVER_ROLE_H
#define ADIT_SERVER_ROLE_H

#include "config/config.h"
#include "priv/proc.h"
#include "priv/sandbox.h"
#include "server/roles.h"

/* --role=… is argv[1]; then pairs: --user NAME, --index N, --nofile N, --sandbox MODE. Written by master only. */
struct role_args {
    const char *user; /* NULL: stay what we are */
    enum sandbox_mode sandbox;
    unsigned index, nofile;
};
bool role_args_read(int argc, char **argv, struct role_args *ret_a) MUST_CHECK;

/* Signals of the terminal and of service managers go to master, which says what to do. */
void role_signals(void);
/* False: refused, and said why; the role must exit. Starts the event sink under this name. */
bool role_confine(const char *name, const struct proc_confine *rights, enum sandbox_role role,
                  enum sandbox_mode mode) MUST_CHECK;
void role_log_level(const struct config *c);
/* Master says so; false: there is no such level. */
bool role_set_level(uint32_t level) MUST_CHECK;
/* From now on what this role logs at EVENT_NOTICE and above goes to master as well. NULL (before the channel is freed):
 * no more. */
struct chan;
void role_report_events(struct chan *master);

/* The monitor: false if `from` may not say this now: then it has been logged, and this role ends. */
bool role_allowed(const struct role_rules *rules, uint32_t phase, const struct imsg *m, const char *from) MUST_CHECK;
/* A message that came was malformed: logged, and this role ends (master notices). */
void role_refuse(const char *from, const char *why);

#endif
