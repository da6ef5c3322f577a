/* Undoing one entry: each kind first looks whether the thing is there and still ours, and only then touches it. */
#include "net/undo_act.h"

#include <string.h>

#include "net/ether.h"
#include "net/keep.h"
#include "net/link.h"
#include "net/nft.h"
#include "net/run.h"
#include "net/sysctl.h"
#include "net/text.h"

static enum undo_result done(char report[256], const char *what, const char *name)
{
    net_fail(report, ERR_NONE, "%s %s", what, name);
    return UNDO_DONE;
}

static enum undo_result left(char report[256], const char *what, const char *name, const char *why)
{
    net_fail(report, ERR_NONE, "%s %s left as it is: %s", what, name, why);
    return UNDO_LEFT;
}

static enum undo_result undo_interface(const char *name, char report[256])
{
    int tun = nl_link_is_tun(name);

    if (tun < 0) {
        net_fail(report, ERR_SYSTEM, "cannot look at interface %s", name);
        return UNDO_FAILED;
    }
    if (tun == 0)
        return left(report, "interface", name, nl_link_index(name) ? "it is no TUN device" : "it is gone");
    int r = nl_link_delete(name, report);
    if (r == ERR_MISSING)
        return left(report, "interface", name, "it is gone");
    return r < 0 ? UNDO_FAILED : done(report, "deleted interface", name);
}

static enum undo_result undo_setting(const struct undo_entry *e, char report[256])
{
    char now[256];
    int r = sysctl_read(e->name, now, sizeof(now));

    if (r == ERR_MISSING || r == ERR_VALUE)
        return left(report, "setting", e->name, "it is gone");
    if (r == 0 && strcmp(now, e->ours) != 0)
        return left(report, "setting", e->name, "it has not our value");
    if (r == 0)
        r = sysctl_write(e->name, e->old);
    if (r < 0) {
        net_fail(report, ERR_SYSTEM, "cannot put setting %s back to %s", e->name, e->old);
        return UNDO_FAILED;
    }
    return done(report, "put back setting", e->name);
}

static enum undo_result undo_table(const char *name, char report[256])
{
    char command[64];
    int owner = nft_table_owner(name, report);

    if (owner == ERR_VALUE)
        return UNDO_LEFT;
    if (owner < 0)
        return UNDO_FAILED;
    if (owner == NFT_ABSENT)
        return left(report, "table", name, "it is gone");
    if (owner == NFT_FOREIGN)
        return left(report, "table", name, "somebody else made it");
    if (!net_print(command, sizeof(command), "delete table %s", name) ||
        nft_run(command, "delete our table", report) < 0)
        return UNDO_FAILED;
    return done(report, "deleted nftables table", name);
}

static enum undo_result undo_one_route(const struct undo_entry *e, char report[256])
{
    /* Nothing is reached by lo: the kernel shows unreachable IPv6 routes there. */
    bool nowhere = e->via.family == 0 && (!e->dev[0] || strcmp(e->dev, "lo") == 0);
    struct nl_route r = {
        .dst = e->prefix, .via = e->via, .metric = e->metric, .table = e->table, .unreachable = nowhere
    };
    char text[PREFIX_TEXT];

    if (!net_print(r.dev, sizeof(r.dev), "%s", e->dev))
        return left(report, "route on", e->dev, "there is no such interface");
    int n = nl_route_del(&r, report);
    if (n == ERR_MISSING)
        return UNDO_LEFT;
    return n < 0 ? UNDO_FAILED : done(report, "deleted route to", prefix_text(&e->prefix, text));
}

static enum undo_result undo_file(const struct undo_entry *e, char report[256])
{
    switch (keep_restore(e->name, e->old, e->ours, report)) {
    case KEEP_BACK:
        return done(report, "put back", e->name);
    case KEEP_NOT_OURS:
        return left(report, "file", e->name, "somebody else wrote it after us");
    case KEEP_FAILED:
        break;
    }
    return UNDO_FAILED;
}

static enum undo_result undo_resolved(const char *name, char report[256])
{
    const char *const argv[] = { "resolvectl", "revert", name, NULL };

    if (!net_name_ok(name) || nl_link_index(name) == 0)
        return left(report, "resolvers of", name, "the interface is gone, and they with it");
    /* If it refuses, it knows nothing of the interface; in any case its settings go with the interface. */
    if (run_tool(argv, NULL, report) < 0)
        return UNDO_LEFT;
    return done(report, "reverted resolvers of", name);
}

static enum undo_result undo_resolvconf(const char *name, char report[256])
{
    const char *const argv[] = { "resolvconf", "-d", name, NULL };

    if (name[0] == '-')
        return left(report, "resolvconf record", name, "it is no name");
    int r = run_tool(argv, NULL, report);
    if (r == ERR_MISSING)
        return UNDO_LEFT;
    return r < 0 ? UNDO_FAILED : done(report, "deleted resolvconf record", name);
}

struct proxies {
    const char *name;
    unsigned n, failed;
    char *report;
};

static void end_proxy(void *ctx, const struct prefix *addr)
{
    struct proxies *p = ctx;
    int r = ether_proxy(p->name, addr, false, p->report);
    p->n++;
    p->failed += r < 0 && r != ERR_MISSING;
}

static enum undo_result undo_proxies(const char *name, char report[256])
{
    struct proxies p = { .name = name, .report = report };
    unsigned before;
    int r;

    do { /* a list that is shortened while it is read may come with gaps */
        before = p.n;
        r = net_name_ok(name) ? ether_proxies(name, end_proxy, &p) : ERR_MISSING;
    } while (r == 0 && p.n > before && !p.failed);

    if (r == ERR_MISSING)
        return left(report, "answering ARP on", name, "the interface is gone");
    if (r < 0)
        net_fail(report, r, "cannot list for which addresses ARP is answered on %s", name);
    if (r < 0 || p.failed)
        return UNDO_FAILED;
    return p.n ? done(report, "ended answering ARP on", name)
               : left(report, "answering ARP on", name, "there is none of ours");
}

enum undo_result undo_act(const struct undo_entry *e, char report[256])
{
    switch (e->kind) {
    case UNDO_INTERFACE:
        return undo_interface(e->name, report);
    case UNDO_SYSCTL:
        return undo_setting(e, report);
    case UNDO_NFT_TABLE:
        return undo_table(e->name, report);
    case UNDO_ROUTE:
        return undo_one_route(e, report);
    case UNDO_FILE:
        return undo_file(e, report);
    case UNDO_RESOLVED:
        return undo_resolved(e->name, report);
    case UNDO_RESOLVCONF:
        return undo_resolvconf(e->name, report);
    case UNDO_PROXIES:
        return undo_proxies(e->name, report);
    }
    return UNDO_LEFT;
}
