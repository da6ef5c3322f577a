/* See role.h. */
#include "server/role.h"

#include "events/events.h"
#include "loop/loop.h"
#include "tls/tls.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool number(const char *text, unsigned *ret_n)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (end == text || *end || n > 100000000)
        return false;
    *ret_n = (unsigned)n;
    return true;
}

bool role_args_read(int argc, char **argv, struct role_args *ret_a)
{
    struct role_args a = { 0 };
    bool good = argc % 2 == 0; /* the program, the role, pairs */
    for (int i = 2; good && i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--user") == 0)
            a.user = argv[i + 1];
        else if (strcmp(argv[i], "--index") == 0)
            good = number(argv[i + 1], &a.index);
        else if (strcmp(argv[i], "--sandbox") == 0)
            good = sandbox_mode_from(argv[i + 1], &a.sandbox);
        else
            good = strcmp(argv[i], "--nofile") == 0 && number(argv[i + 1], &a.nofile);
    }
    if (good)
        *ret_a = a;
    return good;
}

void role_signals(void)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT };
    for (unsigned i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
}

/* What libraries read from files once: afterwards there are none. */
static void prepare_libraries(void)
{
    tzset();
    tls_prepare();
    json_object_seed(0);
}

bool role_confine(const char *name, const struct proc_confine *rights, enum sandbox_role role, enum sandbox_mode mode)
{
    char err[256];
    events_init(name, EVENT_INFO);
    prepare_libraries();
    if (proc_confine(rights, err) < 0) {
        event(EV_ROLE_CONFINE_FAILED, NULL, F_TEXT("cause", err));
        return false;
    }
    if (err[0])
        event(EV_FD_LIMIT, NULL, F_TEXT("cause", err));
    if (sandbox_enter(role, mode, err) < 0) {
        event(EV_ROLE_CONFINE_FAILED, NULL, F_TEXT("cause", err));
        return false;
    }
    if (err[0] || mode != SANDBOX_KILL)
        event(EV_SANDBOX_WEAK, NULL, F_TEXT("sandbox", sandbox_mode_name(mode)), F_TEXT("cause", err[0] ? err : NULL));
    return true;
}

void role_log_level(const struct config *c)
{
    enum event_level level;
    if (event_level_from(c->log_level, &level))
        events_set_level(level);
}

void role_refuse(const char *from, const char *why)
{
    event(EV_ROLE_REFUSED, NULL, F_TEXT("from", from), F_TEXT("cause", why));
    exit(1);
}

bool role_allowed(const struct role_rules *rules, uint32_t phase, const struct imsg *m, const char *from)
{
    const char *why = imsg_check(rules->rules, rules->n, phase, m);
    if (why)
        role_refuse(from, why);
    return !why;
}

bool role_set_level(uint32_t level)
{
    if (level > EVENT_DEBUG)
        return false;
    events_set_level((enum event_level)level);
    return true;
}

enum { REPORTS_MAX = 1 << 16 }; /* bytes that may wait for a master that is held up: what comes then is left out */

static void on_line(void *ctx, const char *line, size_t n)
{
    struct chan *master = ctx;
    struct imsg m = { .type = ROLE_EVENT, .body = slice_of(line, n < ROLE_LINE ? n : ROLE_LINE) };
    if (chan_queued(master) < REPORTS_MAX)
        chan_send(master, &m);
}

void role_report_events(struct chan *master)
{
    events_set_tap(master ? on_line : NULL, master);
}
