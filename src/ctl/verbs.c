/* aditctl's verbs. Each opens the database last, when everything else is known to be right. */
#include "ctl/ctl.h"

#include "aaa/password.h"
#include "base/secret.h"
#include "tls/prim_host.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct env host_env = { .random = prim_random, .prim = &prim_host };

static bool names_method(const struct config *c, enum auth_method m)
{
    for (unsigned i = 0; i < c->n_methods; i++)
        if (c->methods[i] == m)
            return true;
    return false;
}

/* A record of this kind must be of use with the configured methods. NULL, or why not. */
static const char *kind_fault(const struct config *c, enum password_kind kind)
{
    struct user u = { .has_nt = kind != PASSWORD_PAP_ONLY,
                      .has_slow = kind == PASSWORD_PAP_ONLY,
                      .has_clear = kind == PASSWORD_REVERSIBLE };
    if (kind == PASSWORD_REVERSIBLE && !names_method(c, AUTH_CHAP_MD5))
        return "--reversible is for CHAP alone, and auth { methods } does not name chap";
    if (user_serves_any(&u, c->methods, c->n_methods))
        return NULL;
    if (kind == PASSWORD_PAP_ONLY)
        return "--pap-only is for PAP alone, and auth { methods } does not name pap";
    return "auth { methods } names chap alone, which needs --reversible";
}

static void warn_reversible(enum password_kind kind)
{
    if (kind == PASSWORD_REVERSIBLE)
        fputs("aditctl: warning: the password itself is stored; whoever reads the database has it. "
              "Prefer MS-CHAPv2 where the clients can\n",
              stderr);
}

/* Asks for the password and puts it into u; u->name is set. */
static int fill_password(struct user *u, enum password_kind kind)
{
    char password[AUTH_PASSWORD_BYTES];
    size_t n = 0;
    if (!ask_password(u->name, password, sizeof(password), &n))
        return CTL_FAILED;
    struct slice p = slice_of(password, n);
    const char *fault = password_fault(p), *weakness = fault ? NULL : password_weakness(p, slice_str(u->name));
    int result = CTL_OK;
    if (fault)
        result = fail("%s", fault);
    else if (password_store(&host_env, p, kind, u) < 0)
        result = fail("the password cannot be hashed");
    else if (weakness)
        fprintf(stderr, "aditctl: warning: %s\n", weakness);
    secret_wipe(password, sizeof(password));
    return result;
}

static int add(const struct request *q, const struct config *c)
{
    enum password_kind kind = q->pap_only ? PASSWORD_PAP_ONLY : q->reversible ? PASSWORD_REVERSIBLE : PASSWORD_NT;
    const char *fault = name_fault(slice_str(q->name));
    struct user u = { 0 };
    if (!fault)
        fault = kind_fault(c, kind);
    if (fault)
        return fail("%s", fault);
    if (nets_check(c, q->name, &q->net) != CTL_OK)
        return CTL_FAILED;
    memcpy(u.name, q->name, strlen(q->name) + 1);
    nets_fill(&q->net, &u);
    int result = fill_password(&u, kind);
    struct users *d = result == CTL_OK ? store_open(c, true) : NULL;
    result = d ? nets_free(d, &u) : CTL_FAILED;
    if (result == CTL_OK && users_add(d, &u) < 0)
        result = fail("%s: %s", q->name, users_error(d));
    else if (result == CTL_OK)
        warn_reversible(kind);
    users_close(d);
    user_wipe(&u);
    return result;
}

/* Without an option the record stays of the kind that it is. */
static enum password_kind kind_of(const struct request *q, const struct user *u)
{
    if (q->pap_only || q->reversible)
        return q->pap_only ? PASSWORD_PAP_ONLY : PASSWORD_REVERSIBLE;
    return u->has_clear ? PASSWORD_REVERSIBLE : u->has_slow && !u->has_nt ? PASSWORD_PAP_ONLY : PASSWORD_NT;
}

static int passwd(const struct request *q, const struct config *c, struct users *d)
{
    struct user u;
    int found = users_find(d, slice_str(q->name), &u);
    if (found <= 0)
        return fail("%s: %s", q->name, found < 0 ? users_error(d) : "there is no such user");
    enum password_kind kind = kind_of(q, &u);
    const char *fault = kind_fault(c, kind);
    int result = fault ? fail("%s", fault) : fill_password(&u, kind);
    if (result == CTL_OK && users_set_password(d, &u) < 0)
        result = fail("%s: %s", q->name, users_error(d));
    else if (result == CTL_OK)
        warn_reversible(kind);
    user_wipe(&u);
    return result;
}

static const char *time_text(int64_t seconds, char buf[32])
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        buf[0] = '\0';
    return buf;
}

static const char *stores(const struct user *u)
{
    return u->has_clear ? "reversible" : u->has_nt ? "nt" : u->has_slow ? "pap-only" : "nothing";
}

static void list_text(void *ctx, const struct user *u)
{
    char address[PREFIX_TEXT] = "-", when[32], name[AUTH_NAME_MAX];
    struct prefix p = prefix_v4(u->ipv4, 32);
    (void)ctx;
    snprintf(name, sizeof(name), "%s", u->name);
    for (char *s = name; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?'; /* aditctl stores no such name; another program might */
    if (u->ipv4)
        prefix_text(&p, address);
    printf("%-24s %-15s %-10s %-6s %s\n", name, address, stores(u), u->locked ? "locked" : "-",
           time_text(u->changed, when));
}

static void list_json(void *ctx, const struct user *u)
{
    char address[PREFIX_TEXT], created[32], changed[32];
    struct prefix p = prefix_v4(u->ipv4, 32);
    json_t *one = json_pack("{s:s, s:b, s:s, s:s, s:s}", "name", u->name, "locked", u->locked, "stores", stores(u),
                            "created", time_text(u->created, created), "changed", time_text(u->changed, changed));
    json_t *routed = json_array();
    if (one) {
        json_object_set_new(one, "ipv4", u->ipv4 ? json_string(prefix_text(&p, address)) : json_null());
        json_object_set_new(one, "ipv6", u->ipv6.family ? json_string(prefix_text(&u->ipv6, address)) : json_null());
        json_object_set_new(one, "group", u->group[0] ? json_string(u->group) : json_null());
    }
    for (unsigned i = 0; i < u->n_routed; i++)
        json_array_append_new(routed, json_string(prefix_text(&u->routed[i], address)));
    json_object_set_new(one, "routed", routed);
    json_array_append_new(ctx, one);
}

static int list(const struct request *q, struct users *d)
{
    json_t *all = q->json ? json_array() : NULL;
    if (!q->json)
        printf("%-24s %-15s %-10s %-6s %s\n", "NAME", "ADDRESS", "STORES", "LOCKED", "CHANGED");
    if (users_each(d, q->json ? list_json : list_text, all) < 0) {
        json_decref(all);
        return fail("%s", users_error(d));
    }
    if (all) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
    }
    return fflush(stdout) == 0 ? CTL_OK : fail("standard output cannot be written");
}

static int on_store(const struct request *q, const struct config *c, struct users *d)
{
    int e = 0;
    switch (q->verb) {
    case VERB_PASSWD:
        return passwd(q, c, d);
    case VERB_SET:
        return nets_set(q, d);
    case VERB_LIST:
        return list(q, d);
    case VERB_DEL:
        e = users_delete(d, slice_str(q->name));
        break;
    case VERB_LOCK:
    case VERB_UNLOCK:
        e = users_set_locked(d, slice_str(q->name), q->verb == VERB_LOCK);
        break;
    case VERB_NONE:
    case VERB_ADD:
    case VERB_STATUS:
    case VERB_SESSIONS:
    case VERB_SESSION:
    case VERB_DISCONNECT:
    case VERB_DRAIN:
    case VERB_RELOAD:
    case VERB_UPGRADE:
    case VERB_LOG_LEVEL:
        return fail("nothing to do");
    }
    return e < 0 ? fail("%s: %s", q->name, users_error(d)) : CTL_OK;
}

/* The server, if it runs, ends the user's sessions now; where it cannot be told, its authd finds out by itself within a
 * second. `fd` was opened before the root folder was changed. */
static void end_sessions(const struct request *q, int fd)
{
    char path[4 * AUTH_NAME_MAX];
    struct reply r = { 0 };
    api_user_path(q->name, path, sizeof(path));
    if (api_call(fd, "POST", path,
                 q->verb == VERB_DEL ? "{\"reason\":\"the user was deleted\"}" : "{\"reason\":\"the user was locked\"}",
                 true, &r))
        free(r.body);
}

int run_verb(const struct request *q, const struct config *c)
{
    if (q->verb == VERB_ADD)
        return add(q, c);
    if (q->verb == VERB_SET && nets_check(c, q->name, &q->net) != CTL_OK)
        return CTL_FAILED;
    bool ends = q->verb == VERB_DEL || q->verb == VERB_LOCK;
    int fd = ends ? api_open(q->socket ? q->socket : c->control, true) : -1;
    struct users *d = store_open(c, false);
    int result = d ? on_store(q, c, d) : CTL_FAILED;
    users_close(d);
    if (fd >= 0 && result == CTL_OK)
        end_sessions(q, fd);
    else if (fd >= 0)
        close(fd);
    return result;
}
