/* Forwarding of IPv6. See nat.h. */
#include "net/nat.h"

#include <dirent.h>
#include <string.h>

#include "net/sysctl.h"
#include "net/text.h"

static bool reads(const char *dev, const char *name, const char *value)
{
    char path[128], now[16];
    return net_print(path, sizeof(path), "net/ipv6/conf/%s/%s", dev, name) &&
           sysctl_read(path, now, sizeof(now)) == 0 && strcmp(now, value) == 0;
}

/* Before the switch of all interfaces is turned: one that learns from routers goes on doing so, and one that forwards
 * already will again when the switch is turned back (which turns all of them off). */
static int prepare_one(struct undo *u, const char *dev, char err[256])
{
    char path[128];
    int r = 0;

    if (reads(dev, "forwarding", "1")) {
        const struct undo_entry e = { .kind = UNDO_SYSCTL, .name = path, .old = "1", .ours = "0" };
        if (!net_print(path, sizeof(path), "net/ipv6/conf/%s/forwarding", dev))
            return 0;
        r = undo_note(u, &e);
        return r < 0 ? net_fail(err, r, "cannot write down setting %s", path) : 0;
    }
    if (reads(dev, "accept_ra", "1") && net_print(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", dev))
        r = undo_sysctl(u, path, "2", err);
    return r;
}

static int prepare_all(struct undo *u, char err[256])
{
    DIR *d = opendir("/proc/sys/net/ipv6/conf");
    struct dirent *e;
    int r = 0;

    if (!d)
        return net_fail(err, ERR_MISSING, "this host has no IPv6");
    while (r == 0 && (e = readdir(d)) != NULL)
        if (net_name_ok(e->d_name) && strcmp(e->d_name, "all") != 0 && strcmp(e->d_name, "lo") != 0)
            r = prepare_one(u, e->d_name, err);
    closedir(d);
    return r;
}

int forward6_up(struct undo *u, const char *dev, char err[256])
{
    char path[128], now[16];

    if (!net_name_ok(dev) || !net_print(path, sizeof(path), "net/ipv6/conf/%s/force_forwarding", dev))
        return net_fail(err, ERR_VALUE, "'%.32s' cannot be the name of an interface", dev);
    if (sysctl_read(path, now, sizeof(now)) == 0)
        return undo_sysctl(u, path, "1", err);
    if (reads("all", "forwarding", "1"))
        return 0;
    int r = prepare_all(u, err);
    return r < 0 ? r : undo_sysctl(u, "net/ipv6/conf/all/forwarding", "1", err);
}
