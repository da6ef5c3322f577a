/* NAT and guard rules in a table of our own, and forwarding for single interfaces. */
#include "net/nat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/nft.h"
#include "net/text.h"

/* Comes before an administrator's filter chains (priority 0). A drop is final, an accept only ends our own chain. */
#define GUARD_PRIORITY "-10"

/* The rules; T is the tunnel's name. Both sets exist always, an empty one matches nothing. */
static const char rules[] = "    chain noise {\n"
                            "        fib daddr type { broadcast, multicast } drop\n"
                            "        meta pkttype { broadcast, multicast } drop\n"
                            "        ip daddr { 224.0.0.0/4, 255.255.255.255 } drop\n"
                            "        ip6 daddr ff00::/8 drop\n"
                            "    }\n"
                            "    chain unasked {\n"
                            "        ct state established,related accept\n"
                            "        drop\n"
                            "    }\n"
                            "    chain input {\n"
                            "        type filter hook input priority " GUARD_PRIORITY "; policy accept;\n"
                            "        iifname \"lo\" accept\n"
                            "        iifname $T jump noise\n"
                            "        iifname $T jump limits\n"
                            "        iifname $T accept\n"
                            "        ip daddr @pools4 jump unasked\n"
                            "        ip6 daddr @pools6 jump unasked\n"
                            "    }\n"
                            "    chain forward {\n"
                            "        type filter hook forward priority " GUARD_PRIORITY "; policy accept;\n"
                            "        iifname $T jump noise\n"
                            /* DHCP of leased addresses is ours to speak: a client could give another's back. */
                            "        iifname $T ip saddr @leased4 udp dport 67 drop\n"
                            "        oifname $T ip daddr @leased4 udp dport 68 drop\n"
                            "        iifname $T jump limits\n"
                            "        iifname $T accept\n"
                            "        oifname $T ip daddr @leased4 accept\n"
                            "        oifname $T ip daddr @routed4 accept\n"
                            "        oifname $T ip6 daddr @routed6 accept\n"
                            "        oifname $T jump near\n"
                            "        oifname $T jump unasked\n"
                            "        ip daddr @pools4 jump unasked\n"
                            "        ip6 daddr @pools6 jump unasked\n"
                            "    }\n"
                            /* Two sessions talk in and out by one interface; the kernel would tell them of a shorter
                             * way that there is not. The sysctl cannot stop it: that of "all" is ORed in. */
                            "    chain output {\n"
                            "        type filter hook output priority " GUARD_PRIORITY "; policy accept;\n"
                            "        oifname $T icmp type redirect drop\n"
                            "    }\n";

/* What comes and goes is not merged: nftables cannot take out of a set what it has merged with its neighbour. Such networks
 * must not overlap. */
#define MERGED  " auto-merge;"
#define CHANGES ""

/* "    set pools4 { type ipv4_addr; flags interval; elements = { … } }" */
static void print_set(FILE *f, const char *name, const char *kind, const struct prefix *nets, unsigned n, int family)
{
    const char *before = " elements = { ";
    char text[PREFIX_TEXT];

    fprintf(f, "    set %s%d { type ipv%d_addr; flags interval;%s", name, family, family, kind);
    for (unsigned i = 0; i < n; i++) {
        if (nets[i].family != family)
            continue;
        fprintf(f, "%s%s", before, prefix_text(&nets[i], text));
        before = ", ";
    }
    fprintf(f, "%s}\n", before[0] == ',' ? " } " : " ");
}

/* The server's own addresses in the pools: the first ones. */
static unsigned own_addresses(const struct nat_conf *c, struct prefix own[NAT_POOLS_MAX])
{
    for (unsigned i = 0; i < c->n_pools; i++) {
        own[i] = c->pools[i].net;
        own[i].addr[15] |= 1;
        own[i].len = own[i].family == 4 ? 32 : 128;
    }
    return c->n_pools;
}

/* Sets and rules of the lists of destinations; the sets of sources are filled by nat_limits(). */
static void print_limits(FILE *f, const struct nat_conf *c)
{
    struct prefix own[NAT_POOLS_MAX];
    unsigned n_own = own_addresses(c, own);
    char name[16];

    for (int family = 4; c->n_lists && family <= 6; family += 2) {
        print_set(f, "own", MERGED, own, n_own, family);
        print_set(f, "names", MERGED, NULL, 0, family);
        for (unsigned i = 0; i < c->n_lists; i++) {
            snprintf(name, sizeof(name), "allow_%u_", c->lists[i].number);
            print_set(f, name, MERGED, c->lists[i].to, c->lists[i].n_to, family);
            snprintf(name, sizeof(name), "from_%u_", c->lists[i].number);
            print_set(f, name, MERGED, NULL, 0, family);
        }
    }
    fputs("    chain limits {\n", f);
    for (int family = 4; c->n_lists && family <= 6; family += 2) {
        const char *ip = family == 4 ? "ip" : "ip6";
        fprintf(f, "        %s daddr @own%d return\n        %s daddr @names%d return\n", ip, family, ip, family);
        for (unsigned i = 0; i < c->n_lists; i++)
            fprintf(f, "        %s saddr @from_%u_%d %s daddr != @allow_%u_%d drop\n", ip, c->lists[i].number, family,
                    ip, c->lists[i].number, family);
    }
    fputs("    }\n", f);
}

static void print_near(FILE *f, const struct nat_conf *c)
{
    char from[PREFIX_TEXT], to[PREFIX_TEXT];

    fputs("    chain near {\n", f);
    for (unsigned i = 0; i < c->n_near; i++)
        fprintf(f, "        iifname \"%s\" ip6 saddr %s ip6 daddr %s accept\n", c->near[i].dev,
                prefix_text(&c->near[i].from, from), prefix_text(&c->near[i].to, to));
    fputs("    }\n", f);
}

/* Single addresses, many, that come and go: no intervals to join and split. */
static void print_leased(FILE *f, const struct prefix *addrs, unsigned n)
{
    char text[PREFIX_TEXT];

    fputs("    set leased4 { type ipv4_addr;", f);
    for (unsigned i = 0; i < n; i++)
        fprintf(f, "%s%s", i ? ", " : " elements = { ", prefix_text(&addrs[i], text));
    fprintf(f, "%s}\n", n ? " } " : " ");
}

/* A line for each pool that is translated. */
static void print_ways(FILE *f, const struct nat_conf *c)
{
    char text[PREFIX_TEXT];
    bool any = false;

    for (unsigned i = 0; i < c->n_pools; i++) {
        const struct nat_pool *p = &c->pools[i];
        const char *ip = p->net.family == 6 ? "ip6" : "ip";
        if (!p->outer[0])
            continue;
        if (!any)
            fputs("    chain postrouting {\n"
                  "        type nat hook postrouting priority srcnat; policy accept;\n",
                  f);
        any = true;
        fprintf(f, "        oifname \"%s\" %s saddr %s ", p->outer, ip, prefix_text(&p->net, text));
        if (p->to.family == p->net.family)
            fprintf(f, "snat %s to %s\n", ip, prefix_text(&p->to, text));
        else
            fputs("masquerade\n", f);
    }
    if (any)
        fputs("    }\n", f);
}

/* The networks of the pools alone, for their sets; returns nets. */
static const struct prefix *pool_nets(const struct nat_conf *c, struct prefix nets[NAT_POOLS_MAX])
{
    for (unsigned i = 0; i < c->n_pools; i++)
        nets[i] = c->pools[i].net;
    return nets;
}

/* The whole as commands; one transaction that replaces a table of ours if there is one. NULL: out of memory. */
static char *print_table(const struct nat_conf *c)
{
    struct prefix nets[NAT_POOLS_MAX];
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    if (!f)
        return NULL;
    fprintf(f, "define T = \"%s\"\n", c->interface);
    fprintf(f, "table inet adit_%s\ndelete table inet adit_%s\n", c->interface, c->interface);
    fprintf(f, "table inet adit_%s {\n    comment \"%s\"\n", c->interface, NFT_COMMENT);
    for (int family = 4; family <= 6; family += 2) {
        print_set(f, "pools", MERGED, pool_nets(c, nets), c->n_pools, family);
        print_set(f, "routed", CHANGES, c->routed, c->n_routed, family);
    }
    print_near(f, c);
    print_limits(f, c);
    print_leased(f, c->leased, c->n_leased);
    fputs(rules, f);
    print_ways(f, c);
    fputs("}\n", f);
    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static int check(const struct nat_conf *c, char err[256])
{
    if (!net_name_ok(c->interface))
        return net_fail(err, ERR_VALUE, "'%.32s' cannot be the name of an interface", c->interface);
    for (unsigned i = 0; i < c->n_near; i++)
        if (!net_name_ok(c->near[i].dev))
            return net_fail(err, ERR_VALUE, "'%.32s' cannot be the name of an interface", c->near[i].dev);
    if (c->n_pools > NAT_POOLS_MAX)
        return net_fail(err, ERR_VALUE, "%u pools, %u are possible", c->n_pools, NAT_POOLS_MAX);
    for (unsigned i = 0; i < c->n_pools; i++) {
        if (c->pools[i].net.family != 4 && c->pools[i].net.family != 6)
            return net_fail(err, ERR_VALUE, "pool %u is of no address family", i + 1);
        if (c->pools[i].outer[0] && !net_name_ok(c->pools[i].outer))
            return net_fail(err, ERR_VALUE, "'%.32s' cannot be the name of an interface", c->pools[i].outer);
    }
    return 0;
}

int nat_up(struct undo *u, const struct nat_conf *c, char err[256])
{
    char table[32], what[64];
    int r = check(c, err);

    if (r < 0)
        return r;
    if (!net_print(table, sizeof(table), "inet adit_%s", c->interface) ||
        !net_print(what, sizeof(what), "make table %s", table))
        return net_fail(err, ERR_BUG, "name of the table too long");
    int owner = nft_table_owner(table, err);
    if (owner < 0)
        return owner;
    if (owner == NFT_FOREIGN)
        return net_fail(err, ERR_DUPLICATE, "nftables has a table %s that is not ours", table);
    const struct undo_entry e = { .kind = UNDO_NFT_TABLE, .name = table };
    r = undo_note(u, &e);
    if (r < 0)
        return net_fail(err, r, "cannot write down table %s: %s", table, err_str(r));
    char *commands = print_table(c);
    if (!commands)
        return net_fail(err, ERR_NOMEM, "out of memory");
    r = nft_run(commands, what, err);
    free(commands);
    return r;
}

char *nat_table_text(const char *interface)
{
    char table[32];
    if (!net_name_ok(interface) || !net_print(table, sizeof(table), "inet adit_%s", interface))
        return NULL;
    return nft_table_text(table);
}

static int element(const char *interface, const char *set, const struct prefix *net, bool add, const char *what,
                   char err[256])
{
    char command[160], text[PREFIX_TEXT];

    if (!net_name_ok(interface) ||
        !net_print(command, sizeof(command), "%s element inet adit_%s %s%u { %s }", add ? "add" : "delete", interface,
                   set, net->family, prefix_text(net, text)))
        return net_fail(err, ERR_VALUE, "'%.32s' cannot be the name of an interface", interface);
    return nft_run(command, what, err);
}

int nat_routed(const char *interface, const struct prefix *net, bool add, char err[256])
{
    const char *what = add ? "let a network behind a client in" : "close a network behind a client";
    return element(interface, "routed", net, add, what, err);
}

/* "flush set …", "add element … { … }" */
static void print_refill(FILE *f, const char *interface, const char *name, const struct prefix *nets, unsigned n)
{
    char text[PREFIX_TEXT];

    for (int family = 4; family <= 6; family += 2) {
        bool any = false;
        fprintf(f, "flush set inet adit_%s %s%d\n", interface, name, family);
        for (unsigned i = 0; i < n; i++) {
            if (nets[i].family != family)
                continue;
            if (any)
                fputs(", ", f);
            else
                fprintf(f, "add element inet adit_%s %s%d { ", interface, name, family);
            fputs(prefix_text(&nets[i], text), f);
            any = true;
        }
        if (any)
            fputs(" }\n", f);
    }
}

int nat_limits(const char *interface, const struct nat_list *lists, unsigned n, const struct prefix *names,
               unsigned n_names, char err[256])
{
    char *text = NULL, name[16];
    size_t len = 0;
    FILE *f = net_name_ok(interface) ? open_memstream(&text, &len) : NULL;

    if (!f)
        return net_fail(err, ERR_VALUE, "'%.32s' cannot be the name of an interface, or no memory", interface);
    print_refill(f, interface, "names", names, n_names);
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "from_%u_", lists[i].number);
        print_refill(f, interface, name, lists[i].from, lists[i].n_from);
    }
    int r = fclose(f) == 0 ? nft_run(text, "say whose destinations are limited", err) : ERR_NOMEM;
    free(text);
    return r;
}

int nat_leased(const char *interface, const struct prefix *addr, bool add, char err[256])
{
    return element(interface, "leased", addr, add, add ? "let in to a leased address" : "close a leased address", err);
}

int forward_up(struct undo *u, const char *dev, char err[256])
{
    char path[64];

    if (!net_name_ok(dev) || !net_print(path, sizeof(path), "net/ipv4/conf/%s/forwarding", dev))
        return net_fail(err, ERR_VALUE, "'%.32s' cannot be the name of an interface", dev);
    return undo_sysctl(u, path, "1", err);
}
