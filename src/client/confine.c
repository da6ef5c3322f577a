/* See confine.h. The engine's second wall, when it has its connection, is in engine.c. */
#include "client/confine.h"

#include <stdio.h>
#include <time.h>

#include "events/events.h"
#include "tls/tls.h"

bool confine_role(const char *name, const struct proc_confine *rights, enum sandbox_role role, const char *mode,
                  enum sandbox_mode *ret_mode)
{
    char err[256];
    events_init(name, EVENT_INFO);
    tzset();
    tls_prepare();
    if (!sandbox_mode_from(mode, ret_mode)) {
        snprintf(err, sizeof err, "no such sandbox");
    } else if (proc_confine(rights, err) == 0 && sandbox_enter(role, *ret_mode, err) == 0) {
        if (err[0] || *ret_mode != SANDBOX_KILL)
            event(EV_SANDBOX_WEAK, NULL, F_TEXT("role", name), F_TEXT("sandbox", sandbox_mode_name(*ret_mode)),
                  F_TEXT("cause", err[0] ? err : NULL));
        return true;
    }
    event(EV_ROLE_CONFINE_FAILED, NULL, F_TEXT("role", name), F_TEXT("cause", err));
    return false;
}
