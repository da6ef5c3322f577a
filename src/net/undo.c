/* The journal of what was done to the host: opening it after a dead owner, noting, undoing.
 *
 * The file itself is journal.c's, the text of an entry undo_text.c's, the deed undo_act.c's. Here is the order of
 * things. */
#include "net/undo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/journal.h"
#include "net/link.h"
#include "net/sysctl.h"
#include "net/text.h"
#include "net/undo_act.h"
#include "net/undo_text.h"

enum { REPORTS_MAX = 64 };

struct report {
    char text[256];
    bool failed;
};

struct undo {
    int folder;  /* the folder; flock on it orders what several instances do there */
    int journal; /* locked while we live; -1 after undo_all */
    char dir[PATH_MAX];
    char instance[16];
    char name[32]; /* of the journal in the folder */
    struct lines lines;
    struct report reports[REPORTS_MAX];
    unsigned n_reports;
};

static const char suffix[] = ".undo";

static void lock_folder(const struct undo *u)
{
    while (flock(u->folder, LOCK_EX) < 0 && errno == EINTR)
        ;
}

static void unlock_folder(const struct undo *u)
{
    flock(u->folder, LOCK_UN);
}

static struct report *new_report(struct undo *u, bool failed)
{
    /* When they are too many the last place is used again: the newest one is seen. */
    struct report *r = &u->reports[u->n_reports < REPORTS_MAX ? u->n_reports++ : REPORTS_MAX - 1];

    r->failed = failed;
    return r;
}

const char *undo_report(const struct undo *u, unsigned i, bool *ret_failed)
{
    if (i >= u->n_reports)
        return NULL;
    if (ret_failed)
        *ret_failed = u->reports[i].failed;
    return u->reports[i].text;
}

const char *undo_dir(const struct undo *u)
{
    return u->dir;
}

const char *undo_instance(const struct undo *u)
{
    return u->instance;
}

/* The same deed: the same setting with the same value of ours, or the same route in all its parts. */
static bool same_deed(const struct undo_entry *a, const struct undo_entry *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == UNDO_SYSCTL)
        return strcmp(a->name, b->name) == 0 && strcmp(a->ours, b->ours) == 0;
    return a->kind == UNDO_ROUTE && prefix_eq(&a->prefix, &b->prefix) && prefix_eq(&a->via, &b->via) &&
           strcmp(a->dev, b->dev) == 0 && a->table == b->table && a->metric == b->metric;
}

/* Looks for the same deed in t; true, and its old value, if it is there. */
static bool has_deed(const struct journal_text *t, const struct undo_entry *deed, char old[256])
{
    for (unsigned i = 0; i < t->entries.n; i++) {
        struct undo_entry e;
        char line[UNDO_LINE_MAX];
        if (!net_print(line, sizeof(line), "%s", t->entries.at[i]) || undo_parse(line, &e) < 0)
            continue;
        if (same_deed(&e, deed))
            return net_print(old, 256, "%s", e.old);
    }
    return false;
}

static bool is_sibling(const struct undo *u, const char *name)
{
    size_t n = strlen(name);

    return n > sizeof(suffix) - 1 && strcmp(name + n - (sizeof(suffix) - 1), suffix) == 0 && strcmp(name, u->name) != 0;
}

/* Does the journal of another, living instance hold this setting or route too? Its old value is then in `old`, else
 * that is untouched. The folder is locked. */
static bool sibling_holds(const struct undo *u, const struct undo_entry *deed, char old[256])
{
    bool found = false;
    DIR *d = opendir(u->dir);
    struct dirent *f;

    while (d && !found && (f = readdir(d))) {
        struct journal_text *t;
        if (!is_sibling(u, f->d_name) || !journal_held(u->folder, f->d_name) || !(t = malloc(sizeof(*t))))
            continue;
        if (journal_read(u->folder, f->d_name, t) == 0) {
            found = has_deed(t, deed, old);
            lines_clear(&t->entries);
        }
        free(t);
    }
    if (d)
        closedir(d);
    return found;
}

/* Undoes one line; false if it is to be tried again. Counts what was undone. */
static bool undo_line(struct undo *u, const char *text, unsigned *undone)
{
    char line[UNDO_LINE_MAX], old[256];
    struct undo_entry e;

    int r = net_print(line, sizeof(line), "%s", text) ? undo_parse(line, &e) : ERR_LENGTH;
    if (r < 0) {
        net_fail(new_report(u, true)->text, ERR_NONE, "%.60s/%s: '%.80s' not understood (%s), skipped", u->dir, u->name,
                 text, err_str(r));
        return true;
    }
    if (sibling_holds(u, &e, old)) {
        net_fail(new_report(u, false)->text, ERR_NONE, "'%.150s' left as it is: another instance uses it", text);
        return true;
    }
    struct report *report = new_report(u, false);
    enum undo_result done = undo_act(&e, report->text);
    report->failed = done == UNDO_FAILED;
    *undone += done == UNDO_DONE;
    return done != UNDO_FAILED;
}

/* Undoes all lines, newest first, and keeps those that failed, in their order. Returns how many did. */
static unsigned undo_lines(struct undo *u, unsigned *undone)
{
    unsigned kept = 0, n = u->lines.n;

    for (unsigned i = n; i-- > 0;) {
        if (undo_line(u, u->lines.at[i], undone)) {
            free(u->lines.at[i]);
            u->lines.at[i] = NULL;
        }
    }
    for (unsigned i = 0; i < n; i++)
        if (u->lines.at[i])
            u->lines.at[kept++] = u->lines.at[i];
    u->lines.n = kept;
    return kept;
}

/* ---- opening ---- */

/* The folder: made if it is not there, ours alone to write in. Returns its descriptor. */
static int open_folder(const char *dir, char err[256])
{
    struct stat st;

    if (mkdir(dir, 0711) < 0 && errno != EEXIST)
        return net_fail(err, ERR_SYSTEM, "cannot make folder %s: %s", dir, strerror(errno));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        net_fail(err, ERR_SYSTEM, "cannot open folder %s: %s", dir, strerror(errno));
        if (fd >= 0)
            close(fd);
        return ERR_SYSTEM;
    }
    if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))) {
        close(fd);
        return net_fail(err, ERR_SECURITY, "folder %s must belong to us and be writable by nobody else", dir);
    }
    return fd;
}

/* Takes what a dead owner left; the folder is locked. Leaves the journal new and locked. */
static int take_over(struct undo *u, unsigned *ret_left, char err[256])
{
    struct journal_text *t = calloc(1, sizeof(*t));
    unsigned undone = 0;

    if (!t)
        return net_fail(err, ERR_NOMEM, "out of memory");
    int r = journal_read(u->folder, u->name, t);
    if (r == 0 && journal_held(u->folder, u->name)) {
        r = net_fail(err, ERR_STATE, "%s is in use: process %ld runs it", u->instance, t->pid);
        lines_clear(&t->entries);
    } else if (r == 0) {
        u->lines = t->entries;
        if (t->partial)
            net_fail(new_report(u, true)->text, ERR_NONE, "%s/%s: last line is cut off, skipped", u->dir, u->name);
        if (t->too_long)
            net_fail(new_report(u, true)->text, ERR_NONE, "%s/%s: too long, the rest is skipped", u->dir, u->name);
        undo_lines(u, &undone);
    } else if (r != ERR_MISSING) {
        net_fail(err, r, "cannot read %s/%s: %s", u->dir, u->name, strerror(errno));
    }
    free(t);
    if (r < 0 && r != ERR_MISSING)
        return r;
    u->journal = journal_make(u->folder, u->name, &u->lines);
    if (u->journal < 0)
        return net_fail(err, ERR_SYSTEM, "cannot write %s/%s: %s", u->dir, u->name, strerror(errno));
    *ret_left = undone;
    return 0;
}

/* All of it but the journal. NULL: err says why, *ret_r what. */
static struct undo *new_undo(const char *dir, const char *instance, int *ret_r, char err[256])
{
    char full[PATH_MAX];

    if (!net_name_ok(instance)) {
        *ret_r = net_fail(err, ERR_VALUE, "'%.32s' cannot be the name of an instance", instance);
        return NULL;
    }
    int folder = open_folder(dir, err);
    if (folder < 0) {
        *ret_r = folder;
        return NULL;
    }
    struct undo *u = calloc(1, sizeof(*u));
    if (!u || !realpath(dir, full) || !net_print(u->dir, sizeof(u->dir), "%s", full) ||
        !net_print(u->instance, sizeof(u->instance), "%s", instance) ||
        !net_print(u->name, sizeof(u->name), "%s%s", instance, suffix)) {
        close(folder);
        free(u);
        *ret_r = net_fail(err, ERR_SYSTEM, "cannot open folder %s: %s", dir, strerror(errno));
        return NULL;
    }
    u->folder = folder;
    u->journal = -1;
    return u;
}

int undo_open(const char *dir, const char *instance, struct undo **ret_u, unsigned *ret_left, char err[256])
{
    int r = 0;
    struct undo *u = new_undo(dir, instance, &r, err);

    if (!u)
        return r;
    lock_folder(u);
    r = take_over(u, ret_left, err);
    unlock_folder(u);
    if (r < 0)
        undo_free(u);
    else
        *ret_u = u;
    return r;
}

static bool is_journal(const struct undo *u, int fd)
{
    struct stat held, named;

    return fstat(fd, &held) == 0 && fstatat(u->folder, u->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int read_held(struct undo *u, int held, char err[256])
{
    struct journal_text *t = calloc(1, sizeof(*t));
    int r = !t ? ERR_NOMEM : is_journal(u, held) ? journal_read(u->folder, u->name, t) : ERR_STATE;

    if (r == 0) {
        u->lines = t->entries;
        u->journal = held;
    }
    free(t);
    return r < 0 ? net_fail(err, r, "%s/%s is not the journal that we hold", u->dir, u->name) : 0;
}

int undo_adopt(const char *dir, const char *instance, int held, struct undo **ret_u, char err[256])
{
    int r = 0;
    struct undo *u = new_undo(dir, instance, &r, err);

    if (!u)
        return r;
    lock_folder(u);
    r = read_held(u, held, err);
    unlock_folder(u);
    if (r < 0)
        undo_free(u);
    else
        *ret_u = u;
    return r;
}

int undo_fd(const struct undo *u)
{
    return u->journal;
}

/* ---- noting ---- */

int undo_note(struct undo *u, const struct undo_entry *e)
{
    char line[UNDO_LINE_MAX];

    if (u->journal < 0)
        return ERR_STATE;
    int n = undo_print(e, line, sizeof(line));
    if (n < 0)
        return n;
    line[n - 1] = 0; /* kept without its newline */
    for (unsigned i = 0; i < u->lines.n; i++)
        if (strcmp(u->lines.at[i], line) == 0)
            return 0; /* noted already, and undone once */
    int r = lines_add(&u->lines, line);
    if (r < 0)
        return r;
    line[n - 1] = '\n';
    return journal_append(u->journal, slice_of(line, (size_t)n));
}

static int set_noted(struct undo *u, const char *path, const char *value, char err[256])
{
    char now[256];
    int r = sysctl_read(path, now, sizeof(now));

    if (r < 0)
        return net_fail(err, r, "cannot read setting %s: %s", path,
                        r == ERR_MISSING ? "there is none" : strerror(errno));
    bool set = strcmp(now, value) == 0;
    const struct undo_entry e = { .kind = UNDO_SYSCTL, .name = path, .old = now, .ours = value };
    if (set && !sibling_holds(u, &e, now)) /* `now` becomes the value before the first of us */
        return 0;                          /* it was so before any of us: not ours to put back */
    r = undo_note(u, &e);
    if (r < 0)
        return net_fail(err, r, "cannot write down setting %s: %s", path, err_str(r));
    if (!set && sysctl_write(path, value) < 0)
        return net_fail(err, ERR_SYSTEM, "cannot set %s to %s: %s", path, value, strerror(errno));
    return 0;
}

int undo_sysctl(struct undo *u, const char *path, const char *value, char err[256])
{
    lock_folder(u);
    int r = set_noted(u, path, value, err);
    unlock_folder(u);
    return r;
}

static struct undo_entry route_entry(const struct nl_route *r)
{
    return (struct undo_entry){ .kind = UNDO_ROUTE,
                                .prefix = r->dst,
                                .via = r->via,
                                .dev = r->unreachable ? "" : r->dev,
                                .table = r->table,
                                .metric = r->metric };
}

static int add_noted(struct undo *u, const struct nl_route *r, char err[256])
{
    char old[256];
    const struct undo_entry e = route_entry(r);
    int n = undo_note(u, &e);

    if (n < 0)
        return net_fail(err, n, "cannot write down a route: %s", err_str(n));
    n = nl_route_add(r, err);
    return n == ERR_DUPLICATE && sibling_holds(u, &e, old) ? 0 : n;
}

int undo_route(struct undo *u, const struct nl_route *r, char err[256])
{
    lock_folder(u);
    int n = add_noted(u, r, err);
    unlock_folder(u);
    return n;
}

/* ---- undoing ---- */

/* The newest line of the same deed; n: none. */
static unsigned find_line(const struct undo *u, const struct undo_entry *deed)
{
    for (unsigned i = u->lines.n; i-- > 0;) {
        struct undo_entry e;
        char line[UNDO_LINE_MAX];
        if (!net_print(line, sizeof(line), "%s", u->lines.at[i]) || undo_parse(line, &e) < 0 || e.kind != deed->kind)
            continue;
        if (same_deed(&e, deed) || (e.kind != UNDO_ROUTE && strcmp(e.name, deed->name) == 0))
            return i;
    }
    return u->lines.n;
}

bool undo_noted(const struct undo *u, const struct undo_entry *e)
{
    return find_line(u, e) < u->lines.n;
}

/* Writes the journal anew; where that fails the old one stays: what is undone twice does no harm. */
static void rewrite(struct undo *u)
{
    int fresh = journal_make(u->folder, u->name, &u->lines);

    if (fresh < 0)
        return;
    close(u->journal);
    u->journal = fresh;
}

int undo_take_back(struct undo *u, const struct undo_entry *e)
{
    unsigned undone = 0, i;

    if (u->journal < 0)
        return ERR_STATE;
    lock_folder(u);
    i = find_line(u, e);
    int r = i == u->lines.n ? ERR_MISSING : undo_line(u, u->lines.at[i], &undone) ? 0 : ERR_SYSTEM;
    if (r == 0) {
        free(u->lines.at[i]);
        u->lines.n--;
        memmove(&u->lines.at[i], &u->lines.at[i + 1], (u->lines.n - i) * sizeof(u->lines.at[0]));
        rewrite(u);
    }
    unlock_folder(u);
    return r;
}

int undo_route_back(struct undo *u, const struct nl_route *r)
{
    const struct undo_entry e = route_entry(r);

    return undo_take_back(u, &e);
}

unsigned undo_back(struct undo *u)
{
    unsigned undone = 0;

    if (u->journal < 0)
        return 0;
    lock_folder(u);
    unsigned failed = undo_lines(u, &undone);
    rewrite(u);
    unlock_folder(u);
    return failed;
}

unsigned undo_all(struct undo *u)
{
    unsigned failed = undo_back(u);

    if (u->journal < 0)
        return 0;
    lock_folder(u);
    if (failed == 0) {
        unlinkat(u->folder, u->name, 0);
        fsync(u->folder);
    }
    close(u->journal);
    u->journal = -1;
    unlock_folder(u);
    return failed;
}

void undo_free(struct undo *u)
{
    if (!u)
        return;
    if (u->journal >= 0)
        close(u->journal);
    close(u->folder);
    lines_clear(&u->lines);
    free(u);
}
