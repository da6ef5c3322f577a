/* The host's resolvers: which they are, and making ours the ones in use. */
#include "net/dns.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rd.h"
#include "net/keep.h"
#include "net/link.h"
#include "net/run.h"
#include "net/text.h"

#define RESOLV_CONF   "/etc/resolv.conf"
#define RESOLVED_CONF "/run/systemd/resolve/resolv.conf"

enum { SERVERS_MAX = 8, SEARCH_MAX = 16, TEXT_MAX = 8192 };

/* ---- reading ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line, and the reader behind it. */
static struct slice next_word(struct rd *line)
{
    while (rd_left(line) && is_blank(rd_peek(line, 0)))
        rd_skip(line, 1);
    size_t n = 0;
    while (n < rd_left(line) && !is_blank(rd_peek(line, n)))
        n++;
    return rd_take(line, n);
}

static struct rd next_line(struct rd *text)
{
    size_t n = 0;

    while (n < rd_left(text) && rd_peek(text, n) != '\n')
        n++;
    struct rd line = rd_sub(text, n);
    if (rd_left(text))
        rd_skip(text, 1);
    return line;
}

static bool is_loopback(const struct prefix *p)
{
    static const uint8_t one[16] = { [15] = 1 };

    return p->family == 4 ? p->addr[12] == 127 : memcmp(p->addr, one, 16) == 0;
}

static bool is_unspecified(const struct prefix *p)
{
    static const uint8_t zero[16];

    return p->family == 4 ? memcmp(p->addr + 12, zero, 4) == 0 : memcmp(p->addr, zero, 16) == 0;
}

/* resolv.conf(5): "nameserver ADDRESS"; with a scope ("fe80::1%eth0") it means something on this host only. */
static bool parse_server(struct rd *line, struct prefix *ret_p)
{
    char text[PREFIX_TEXT];

    if (!slice_eq(next_word(line), slice_str("nameserver")))
        return false;
    struct slice word = next_word(line);
    if (word.n == 0 || word.n >= sizeof(text) || memchr(word.p, '/', word.n))
        return false;
    memcpy(text, word.p, word.n);
    text[word.n] = 0;
    return prefix_parse(text, false, ret_p) == 0;
}

unsigned dns_parse(struct slice text, struct prefix *out, unsigned max, bool *ret_stub)
{
    struct rd r = rd_slice(text);
    unsigned n = 0;

    *ret_stub = false;
    while (rd_left(&r)) {
        struct rd line = next_line(&r);
        struct prefix p;
        bool known = false;
        if (!parse_server(&line, &p))
            continue;
        if (p.family == 4 && (prefix_v4_addr(&p) == 0x7f000035 || prefix_v4_addr(&p) == 0x7f000036))
            *ret_stub = true;
        for (unsigned i = 0; i < n; i++)
            known = known || prefix_eq(&out[i], &p);
        if (n < max && !known && !is_loopback(&p) && !is_unspecified(&p))
            out[n++] = p;
    }
    return n;
}

static unsigned read_servers(const char *path, struct prefix *out, unsigned max, bool *ret_stub)
{
    char *text = malloc(KEEP_FILE_MAX);
    unsigned n = 0;

    *ret_stub = false;
    if (!text)
        return 0;
    long len = keep_read(path, text);
    if (len > 0)
        n = dns_parse(slice_of(text, (size_t)len), out, max, ret_stub);
    free(text);
    return n;
}

unsigned dns_system_from(const char *path, const char *stub, struct prefix *out, unsigned max)
{
    bool follow, again;
    unsigned n = read_servers(path, out, max, &follow);

    return n == 0 && follow ? read_servers(stub, out, max, &again) : n;
}

unsigned dns_system(struct prefix *out, unsigned max)
{
    return dns_system_from(RESOLV_CONF, RESOLVED_CONF, out, max);
}

/* ---- setting ---- */

/* Does the host ask systemd-resolved? It runs, and resolv.conf is its own or names its stub. Else setting it would
 * have no effect. */
static bool resolved_in_use(void)
{
    char real[PATH_MAX], tool[64];
    struct prefix servers[SERVERS_MAX];
    bool stub;

    if (!run_find("resolvectl", tool) || access("/run/systemd/resolve/io.systemd.Resolve", F_OK) < 0)
        return false;
    if (realpath(RESOLV_CONF, real) && strncmp(real, "/run/systemd/resolve/", 21) == 0)
        return true;
    read_servers(RESOLV_CONF, servers, SERVERS_MAX, &stub);
    return stub;
}

/* What the names are, as resolvectl wants them: a bare name is searched and routed, "~." routes all (resolvectl(1)). */
static int apply_resolved(struct undo *u, const char *interface, const struct dns_wish *w, char err[256])
{
    char text[SERVERS_MAX][PREFIX_TEXT];
    const char *dns[3 + SERVERS_MAX + 1] = { "resolvectl", "dns", interface };
    const char *domain[3 + SEARCH_MAX + 1 + 1] = { "resolvectl", "domain", interface };
    const char *const route[] = { "resolvectl", "default-route", interface, w->split ? "false" : "true", NULL };
    const struct undo_entry e = { .kind = UNDO_RESOLVED, .name = interface };

    for (unsigned i = 0; i < w->n; i++)
        dns[3 + i] = prefix_text(&w->servers[i], text[i]);
    for (unsigned i = 0; i < w->n_search; i++)
        domain[3 + i] = w->search[i];
    if (!w->split)
        domain[3 + w->n_search] = "~.";
    int r = undo_noted(u, &e) ? 0 : undo_note(u, &e);
    if (r < 0)
        return net_fail(err, r, "cannot write down the resolvers of %s: %s", interface, err_str(r));
    r = run_tool(dns, NULL, err);
    r = r < 0 ? r : run_tool(domain, NULL, err);
    return r < 0 ? r : run_tool(route, NULL, err);
}

/* A text that grows at its end; full: it did not fit. */
struct growing {
    char *dst;
    size_t cap, at;
    bool full;
};

static void grow(struct growing *g, const char *a, const char *b)
{
    if (g->full || !net_print(g->dst + g->at, g->cap - g->at, "%s%s", a, b)) {
        g->full = true;
        return;
    }
    g->at += strlen(g->dst + g->at);
}

/* resolv.conf(5): "nameserver ADDRESS" lines and one "search" line. */
static void grow_wish(struct growing *g, const struct dns_wish *w)
{
    char text[PREFIX_TEXT];

    for (unsigned i = 0; i < w->n; i++) {
        grow(g, "nameserver ", prefix_text(&w->servers[i], text));
        grow(g, "\n", "");
    }
    for (unsigned i = 0; i < w->n_search; i++)
        grow(g, i ? " " : "search ", w->search[i]);
    grow(g, w->n_search ? "\n" : "", "");
}

/* A line of the old file that still holds: how to ask, and where to search as long as nobody knows better. */
static void grow_kept(struct growing *g, struct rd line, const struct dns_wish *w)
{
    struct rd words = line;
    struct slice first = next_word(&words), all = rd_rest(&line);
    bool search = slice_eq(first, slice_str("search")) || slice_eq(first, slice_str("domain"));
    char text[512];

    if (!slice_eq(first, slice_str("options")) && !(search && w->n_search == 0))
        return;
    if (all.n >= sizeof(text) || memchr(all.p, 0, all.n))
        return;
    memcpy(text, all.p, all.n);
    text[all.n] = 0;
    grow(g, text, "\n");
}

bool dns_print(struct slice old, const struct dns_wish *w, char *dst, size_t cap)
{
    struct growing g = { .dst = dst, .cap = cap };
    struct rd r = rd_slice(old);

    grow(&g, "# Made by adit while its tunnel is up; what was here comes back after it.\n", "");
    grow_wish(&g, w);
    while (rd_left(&r))
        grow_kept(&g, next_line(&r), w);
    return !g.full;
}

static int apply_resolvconf(struct undo *u, const char *interface, const struct dns_wish *w, char err[256])
{
    char text[TEXT_MAX], record[32];
    struct growing g = { .dst = text, .cap = sizeof(text) };
    /* Debian's resolvconf sorts records by interface-order, where "tun*" comes early; openresolv has -m and -x for
     * that. */
    bool debian = access("/etc/resolvconf/interface-order", F_OK) == 0;

    grow_wish(&g, w);
    if (g.full || !net_print(record, sizeof(record), "%s%s", debian ? "tun." : "", interface))
        return net_fail(err, ERR_NOBUF, "too many resolvers");
    const char *const ours[] = { "resolvconf", "-a", record, debian ? NULL : "-m", "0", "-x", NULL };
    const struct undo_entry e = { .kind = UNDO_RESOLVCONF, .name = record };
    int r = undo_noted(u, &e) ? 0 : undo_note(u, &e);
    if (r < 0)
        return net_fail(err, r, "cannot write down the record of resolvconf: %s", err_str(r));
    return run_tool(ours, text, err);
}

int dns_apply_file(struct undo *u, const char *path, const struct dns_wish *w, char err[256])
{
    char text[TEXT_MAX];
    const struct undo_entry e = { .kind = UNDO_FILE, .name = path };
    char *old = malloc(KEEP_FILE_MAX);

    if (!old)
        return net_fail(err, ERR_NOMEM, "out of memory");
    /* What we wrote before is taken back first: `search` and `options` are those of the host's own file. */
    if (undo_noted(u, &e) && undo_take_back(u, &e) < 0) {
        free(old);
        return net_fail(err, ERR_SYSTEM, "cannot put %s back before it is written anew", path);
    }
    long n = keep_read(path, old);
    bool ok = dns_print(slice_of(old, n > 0 ? (size_t)n : 0), w, text, sizeof(text));
    free(old);
    return ok ? keep_replace(u, path, slice_str(text), err) : net_fail(err, ERR_NOBUF, "too many resolvers");
}

/* A name that is safe as an argument and as a word of a file; dns_name_ok() has said so before. */
static bool names_ok(const struct dns_wish *w)
{
    static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    for (unsigned i = 0; i < w->n_search; i++)
        if (!w->search[i][0] || w->search[i][0] == '-' || w->search[i][strspn(w->search[i], ok)])
            return false;
    return w->n_search <= SEARCH_MAX && (!w->split || w->n_search);
}

int dns_set(struct undo *u, const char *interface, const struct dns_wish *w, const char **ret_how, char err[256])
{
    char tool[64];

    if (w->n == 0 || w->n > SERVERS_MAX || !net_name_ok(interface))
        return net_fail(err, ERR_VALUE, "%u resolvers for interface %.15s, 1 to %d are possible", w->n, interface,
                        SERVERS_MAX);
    if (!names_ok(w))
        return net_fail(err, ERR_VALUE, "not names of domains");
    /* A tool that refuses (another network namespace, a daemon on its way out) is not the end: the file is always
     * there. */
    if (resolved_in_use() && apply_resolved(u, interface, w, err) == 0) {
        *ret_how = "systemd-resolved";
        return 0;
    }
    if (run_find("resolvconf", tool) && apply_resolvconf(u, interface, w, err) == 0) {
        *ret_how = "resolvconf";
        return 0;
    }
    int r = dns_apply_file(u, RESOLV_CONF, w, err);
    if (r == 0)
        *ret_how = RESOLV_CONF;
    return r;
}

int dns_apply(struct undo *u, const char *interface, const struct prefix *servers, unsigned n, const char **ret_how,
              char err[256])
{
    const struct dns_wish w = { .servers = servers, .n = n };

    return dns_set(u, interface, &w, ret_how, err);
}
