/* The privileged half of the client; see parent.h.
 *
 *   journal (undoes what a killed run left) -> resolver, engine started -> rights dropped -> addresses -> plan ->
 *   CM_PEER, CM_UP -> host set up, TUN handed over -> ... -> engine gone, however -> host put back -> exit
 *
 * Nothing that came over the network is read here but the engine's few fixed messages. */
#include "client/parent.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "client/pulse.h"
#include "client/up.h"
#include "events/events.h"
#include "loop/loop.h"
#include "priv/notify.h"
#include "priv/proc.h"

enum { STOP_LIMIT = 12000, LOOKUP_LIMIT = 30000, DYING = 1000 }; /* ms */

struct parent {
    const struct options *opt;
    struct plan *plan;
    struct loop *loop;
    struct undo *undo;
    struct chan *engine, *resolver;
    struct timer *limit;
    pid_t engine_pid, resolver_pid;
    struct up up;
    struct pulse pulse;
    bool stopping, told, answered; /* told: the engine said how it ended; answered: the resolver has spoken */
    enum exit_code code;
};

static void stop(struct parent *p, enum exit_code code)
{
    p->code = code;
    loop_stop(p->loop, code);
}

static void send_plan(struct parent *p)
{
    static uint8_t body[4096];
    size_t n = plan_encode(p->plan, body, sizeof body);
    chan_send(p->engine, &(struct imsg){ .type = CM_PLAN, .body = slice_of(body, n) });
    secret_wipe(body, sizeof body);
    secret_wipe(p->plan->password, sizeof p->plan->password);
    timer_set(p->limit, NEVER);
}

static void on_addresses(void *ctx, struct imsg *m)
{
    struct parent *p = ctx;
    char why[256] = "malformed answer";
    p->answered = true;
    int n = client_msg_check(CM_FROM_RESOLVER, m) ? ERR_VALUE
                                                  : addresses_decode(m->body, p->plan->addresses, PLAN_ADDRESSES, why);
    if (n <= 0) {
        event(EV_CLIENT_NOT_RESOLVED, p->plan->call, F_TEXT("server", p->opt->host), F_TEXT("cause", why));
        stop(p, EXIT_NETWORK);
        return;
    }
    p->plan->n_addresses = (unsigned)n;
    send_plan(p);
}

/* Waits for the end of a role, kills it if it does not come, and forgets it. Its status, or 0 if there was none. */
static int reap(pid_t *pid, msec limit_ms)
{
    int status = 0;
    pid_t whom = *pid;
    *pid = 0;
    for (msec waited = 0; whom > 0 && waited < limit_ms; waited += 10) {
        if (waitpid(whom, &status, WNOHANG) != 0)
            return status;
        usleep(10000);
    }
    if (whom > 0 && kill(whom, SIGKILL) == 0)
        waitpid(whom, &status, 0);
    return status;
}

static void say_sandbox_broken(const struct parent *p, const char *role, pid_t pid, int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        event(EV_SANDBOX_BROKEN, p->plan->call, F_TEXT("role", role), F_NUM("pid", pid), F_TEXT("signal", "SIGSYS"));
}

static void on_resolver_lost(void *ctx, int err)
{
    struct parent *p = ctx;
    (void)err;
    if (p->answered || p->stopping)
        return;
    pid_t pid = p->resolver_pid;
    say_sandbox_broken(p, "resolver", pid, reap(&p->resolver_pid, DYING));
    event(EV_CLIENT_NOT_RESOLVED, p->plan->call, F_TEXT("server", p->opt->host),
          F_TEXT("cause", "the resolver process died"));
    stop(p, EXIT_NETWORK);
}

/* For `systemctl status`. */
static void tell_status(const struct parent *p, const char *what)
{
    char text[OPT_HOST + 64];
    snprintf(text, sizeof text, "%s: %s on %s", p->plan->host_header, what, p->opt->interface);
    (void)notify_status(text);
}

static void on_up(struct parent *p, const struct imsg *m)
{
    if (!p->up.server.family || up_decode(m->body, &p->up.net) < 0) {
        stop(p, EXIT_FAILED);
        return;
    }
    const char *fault = up_judge(&p->up.net);
    if (fault)
        event(EV_CLIENT_SETUP_FAILED, p->plan->call, F_TEXT("cause", fault));
    if (!fault && p->up.made) {
        up_change(&p->up);
        return;
    }
    unsigned offload = 0;
    int fd = fault ? ERR_VALUE : up_host(&p->up, &offload);
    if (fd < 0) { /* said why; end the call in order, then put the host back */
        p->code = EXIT_FAILED;
        p->told = true;
        chan_send(p->engine, &(struct imsg){ .type = CM_STOP });
        timer_set(p->limit, loop_now(p->loop) + STOP_LIMIT);
        return;
    }
    chan_send(p->engine,
              &(struct imsg){
                  .type = CM_TUN, .id = offload | (p->opt->no_fq ? CM_TUN_PLAIN : 0), .n_fds = 1, .fds = { fd } });
    close(fd);
    (void)notify_ready();
    tell_status(p, "the tunnel is up");
}

/* The engine may only name an address that it was told to dial: a route will be pinned to it. */
static bool on_peer(struct parent *p, const struct imsg *m)
{
    struct prefix at;
    if (p->up.made || address_decode(m->body, &at) < 0)
        return false;
    for (unsigned i = 0; i < p->plan->n_addresses; i++)
        if (prefix_eq(&at, &p->plan->addresses[i])) {
            p->up.server = at;
            return true;
        }
    return false;
}

static void on_offer(struct parent *p, const struct imsg *m)
{
    if (offer_decode(m->body, &p->up.offer) < 0)
        stop(p, EXIT_FAILED);
    else if (p->up.made)
        up_change(&p->up);
}

static void refuse_engine(struct parent *p, const char *why)
{
    event(EV_ROLE_REFUSED, p->plan->call, F_TEXT("role", "engine"), F_TEXT("cause", why));
    stop(p, EXIT_FAILED);
}

/* Our exit status is read by scripts and by systemd (RestartPreventExitStatus): it is one of ours, whoever runs the engine. */
static void on_down(struct parent *p, const struct imsg *m)
{
    enum exit_code code;
    if (down_decode(m->body, &code) < 0)
        refuse_engine(p, "not an exit status");
    else
        stop(p, p->told ? p->code : code);
    p->told = true;
}

static void on_engine(void *ctx, struct imsg *m)
{
    struct parent *p = ctx;
    const char *bad = client_msg_check(CM_FROM_ENGINE, m);
    if (bad) {
        refuse_engine(p, bad);
        return;
    }
    switch ((enum client_msg)m->type) {
    case CM_PEER:
        if (!on_peer(p, m))
            refuse_engine(p, "not an address to dial");
        break;
    case CM_UP:
        on_up(p, m);
        break;
    case CM_OFFER:
        on_offer(p, m);
        break;
    case CM_DOWN:
        on_down(p, m);
        break;
    case CM_PONG:
        pulse_heard(&p->pulse);
        break;
    case CM_LOOKUP:
    case CM_ADDRESSES:
    case CM_PLAN:
    case CM_TUN:
    case CM_STOP:
    case CM_PING:
        break;
    }
}

static void on_engine_lost(void *ctx, int err)
{
    struct parent *p = ctx;
    pid_t pid = p->engine_pid;
    (void)err;
    if (p->told)
        return;
    say_sandbox_broken(p, "engine", pid, reap(&p->engine_pid, DYING));
    event(EV_CLIENT_ENGINE_DIED, p->plan->call, F_NUM("pid", pid));
    stop(p, EXIT_FAILED);
}

static void on_signal(void *ctx, int signo)
{
    struct parent *p = ctx;
    if (signo == SIGCHLD || p->stopping)
        return;
    p->stopping = true;
    (void)notify_stopping();
    tell_status(p, "disconnecting");
    if (!p->plan->n_addresses) { /* nothing has begun */
        stop(p, EXIT_OK);
        return;
    }
    chan_send(p->engine, &(struct imsg){ .type = CM_STOP });
    timer_set(p->limit, loop_now(p->loop) + STOP_LIMIT);
}

static void on_limit(void *ctx)
{
    struct parent *p = ctx;
    if (!p->plan->n_addresses && !p->stopping)
        event(EV_CLIENT_NOT_RESOLVED, p->plan->call, F_TEXT("server", p->opt->host),
              F_TEXT("cause", "no answer in 30 s"));
    stop(p, p->stopping ? EXIT_OK : EXIT_NETWORK);
}

/* Both processes are started while we still may. */
static int start_roles(struct parent *p, int ca_fd, const char *user)
{
    const char *args[] = { user, sandbox_mode_name(p->opt->sandbox), NULL };
    int fds[] = { ca_fd }, engine_fd = -1, resolver_fd = -1;
    struct proc_start engine = { "engine", "adit: engine", args, fds, 1, NULL };
    struct proc_start resolver = { "resolver", "adit: resolver", args, NULL, 0, NULL };
    int n = proc_spawn(&engine, &p->engine_pid, &engine_fd);
    if (n == 0 && !p->opt->host_is_ip)
        n = proc_spawn(&resolver, &p->resolver_pid, &resolver_fd);
    if (n < 0)
        return n;
    p->engine = chan_new(p->loop, engine_fd, on_engine, on_engine_lost, p);
    if (resolver_fd >= 0)
        p->resolver = chan_new(p->loop, resolver_fd, on_addresses, on_resolver_lost, p);
    return !p->engine || (resolver_fd >= 0 && !p->resolver) ? ERR_NOMEM : 0;
}

static int watch_signals(struct parent *p)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD };
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (loop_signal(p->loop, signals[i], on_signal, p) < 0)
            return ERR_SYSTEM;
    return 0;
}

/* The host first, then the processes: nothing may go into a tunnel that is gone. */
static void put_back(struct parent *p)
{
    unsigned left = undo_all(p->undo);
    if (left)
        event(EV_UNDO_FAILED, p->plan->call, F_NUM("entries", left));
    else
        event(EV_CLIENT_UNDONE, p->plan->call);
    undo_free(p->undo);
    pulse_stop(&p->pulse);
    chan_free(p->engine);
    chan_free(p->resolver);
    (void)reap(&p->resolver_pid, 100);
    (void)reap(&p->engine_pid, 2000);
}

static int run(struct parent *p, int ca_fd, const char *user)
{
    char err[256];
    /* Network set-up; ending a role of another user; writing /etc/resolv.conf is root's by ownership. */
    struct proc_confine c = { .root_fd = -1,
                              .keep_caps =
                                  1ul << CAP_NET_ADMIN | 1ul << CAP_KILL | 1ul << CAP_DAC_OVERRIDE | 1ul << CAP_CHOWN,
                              .allow_net = true };
    p->loop = loop_new();
    p->limit = p->loop ? timer_new(p->loop, on_limit, p) : NULL;
    if (!p->limit || watch_signals(p) < 0 || start_roles(p, ca_fd, user) < 0 ||
        !pulse_start(&p->pulse, p->loop, p->engine, p->engine_pid, p->plan->call)) {
        event(EV_CLIENT_SETUP_FAILED, p->plan->call, F_TEXT("cause", "a process or the event loop cannot be started"));
        return EXIT_FAILED;
    }
    close(ca_fd);
    if (proc_confine(&c, err) < 0) {
        event(EV_ROLE_CONFINE_FAILED, p->plan->call, F_TEXT("role", "parent"), F_TEXT("cause", err));
        return EXIT_FAILED;
    }
    tell_status(p, "connecting");
    if (p->resolver) {
        event(EV_CLIENT_RESOLVING, p->plan->call, F_TEXT("server", p->opt->host));
        chan_send(p->resolver, &(struct imsg){ .type = CM_LOOKUP, .body = slice_str(p->opt->host) });
        timer_set(p->limit, loop_now(p->loop) + LOOKUP_LIMIT);
    } else {
        p->plan->addresses[0] = p->opt->host_ip;
        p->plan->n_addresses = 1;
        send_plan(p);
    }
    loop_run(p->loop);
    return (int)p->code;
}

int parent_main(const struct options *o, struct plan *plan, int ca_fd, const char *role_user)
{
    static struct parent p;
    char err[256];
    unsigned left = 0;
    p = (struct parent){ .opt = o, .plan = plan, .code = EXIT_FAILED };
    p.up = (struct up){ .opt = o, .call = plan->call };
    int opened = undo_open(o->state_dir, o->interface, &p.undo, &left, err);
    if (opened < 0) {
        event(opened == ERR_STATE ? EV_UNDO_BUSY : EV_CLIENT_SETUP_FAILED, plan->call,
              F_TEXT("interface", o->interface), F_TEXT("cause", err));
        return EXIT_FAILED;
    }
    if (left)
        event(EV_LEFTOVERS_UNDONE, plan->call, F_TEXT("interface", o->interface), F_NUM("entries", left));
    p.up.undo = p.undo;
    int code = run(&p, ca_fd, role_user);
    secret_wipe(plan->password, sizeof plan->password);
    put_back(&p);
    timer_free(p.limit);
    loop_free(p.loop);
    return code;
}
