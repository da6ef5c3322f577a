/* The table of options, and what is printed from it. */
#include "config/options.h"

#include <stddef.h>

#define AT(field)    offsetof(struct config, field)
#define POOL(field)  offsetof(struct config_pool, field)
#define GROUP(field) offsetof(struct config_group, field)
#define USER(field)  offsetof(struct config_user, field)

/* clang-format off */
const struct option config_options[] = {
    { "listen", "", OPT_TITLED, false, 0, 0, 0, NULL,
      "An address and port to listen on, as the block's title: \"0.0.0.0:443\", \"[::]:443\". May occur more "
      "than once" },
    { "certificate", "", OPT_TITLED, false, 0, 0, 0, NULL,
      "The server's certificate; the title is the name that clients dial. Exactly one for now" },
    { "certificate", "chain", OPT_PATH, false, AT(certificate.chain), 0, 0, NULL,
      "File with the certificate and its intermediates, PEM, the server's own first" },
    { "certificate", "key", OPT_PATH, false, AT(certificate.key), 0, 0, NULL,
      "File with the private key, PEM" },
    { "auth", "", OPT_BLOCK, false, 0, 0, 0, NULL, "How users prove who they are" },
    { "auth", "methods", OPT_METHODS, true, 0, 0, 0, "{eap-mschapv2, mschapv2}",
      "Methods offered, in order of preference: eap-mschapv2, mschapv2, chap, pap. chap needs users with --reversible; "
      "pap gives the password to the server and is protected by TLS alone" },
    { "", "binding", OPT_BINDING, true, 0, 0, 0, "{sha256, sha1}",
      "Hashes offered for the crypto binding: sha256, sha1. Windows takes sha256 where both are offered; other clients "
      "may know one only" },
    { "", "users", OPT_PATH, false, AT(users), 0, 0, "/var/lib/adit/users.db",
      "The users' database, made by aditctl(8). Its folder must belong to user" },
    { "pool", "", OPT_TITLED, false, 0, 0, 0, NULL,
      "Addresses for clients; the title is its name. May occur more than once; they may not overlap" },
    { "pool", "ipv4", OPT_POOL4, false, POOL(ipv4), 0, 0, NULL,
      "An IPv4 network from /8 to /30. Its first address is the server's own in the tunnel. A pool has ipv4 or dhcp, ipv6, or both" },
    { "pool", "dhcp", OPT_INTERFACE, false, POOL(dhcp), 0, 0, NULL,
      "Instead of ipv4: an Ethernet of this host, such as \"eth1\". Each session leases an address there from the network's "
      "own DHCP server, and this host answers for it (proxy ARP)" },
    { "pool", "ipv6", OPT_POOL6, false, POOL(ipv6), 0, 0, NULL,
      "An IPv6 network from /32 to /62. Each session gets a /64 of its own from it, the first one is the server's. With "
      "ipv6_shared: from /64 to /112" },
    { "pool", "ipv6_shared", OPT_BOOL, false, POOL(ipv6_shared), 0, 0, NULL,
      "All sessions share one /64, that of ipv6, instead of having one each: every session gets an address of ipv6, and the "
      "addresses that its client makes in the /64 by itself as long as nobody else has them" },
    { "pool", "ndp_proxy", OPT_INTERFACE, false, POOL(ndp_proxy), 0, 0, NULL,
      "The interface of the network that ipv6 is a part of: hosts there that look for a client's IPv6 address are told that "
      "it is here, and may begin conversations with clients" },
    { "pool", "ipv6_delegate", OPT_POOL6, false, POOL(delegate_from), 0, 0, NULL,
      "An IPv6 network from which routers behind a tunnel get a prefix by DHCPv6" },
    { "pool", "delegate", OPT_COUNT, false, POOL(delegate), 40, 64, NULL, "Length of each such prefix" },
    { "pool", "range", OPT_RANGES, true, POOL(ranges), 0, 0, NULL,
      "Addresses of ipv4 that are given, such as \"10.80.0.10-10.80.0.99\"; without it, all" },
    { "pool", "exclude", OPT_RANGES, true, POOL(exclude), 0, 0, NULL, "Addresses of ipv4 that are not given" },
    { "pool", "nat", OPT_SWITCH, false, POOL(nat), 0, 0, NULL, "As nat of the file, for this pool alone" },
    { "pool", "outer", OPT_INTERFACE, false, POOL(outer), 0, 0, NULL, "As outer of the file, for this pool alone" },
    { "pool", "nat66", OPT_SWITCH, false, POOL(nat66), 0, 0, NULL, "As nat66 of the file, for this pool alone" },
    { "pool", "nat_to", OPT_NAT_TO, true, POOL(nat_to), 0, 0, NULL,
      "Translate to this address, one of each family, instead of the one that the outer interface has. Naming an IPv6 address "
      "asks for translating IPv6. Answers must find the way to it: it is an address of this host, or is routed to it" },
    { "pool", "routes", OPT_NETS, true, POOL(net.routes), 0, 0, NULL,
      "Networks behind the server that clients shall reach through the tunnel, of both families; \"none\" for none" },
    { "pool", "default_route", OPT_SWITCH, false, POOL(net.default_route), 0, 0, NULL,
      "Whether clients are told to send everything into the tunnel" },
    { "pool", "domain", OPT_DOMAIN, false, POOL(net.domain), 0, 0, NULL, "Domain of the clients' connection" },
    { "pool", "search", OPT_NAMES, true, POOL(net.search), 0, 0, NULL, "Domains that clients search for short names" },
    { "pool", "wpad", OPT_URL, false, POOL(net.wpad), 0, 0, NULL, "Address of a proxy configuration, http:// or https://" },
    { "pool", "isolate", OPT_SWITCH, false, POOL(net.isolate), 0, 0, NULL,
      "Keep clients apart: none reaches another client or a network behind one" },
    { "pool", "allow", OPT_NETS, true, POOL(net.allow), 0, 0, NULL,
      "The only destinations that clients may reach beside this host; \"none\" for none" },
    { "pool", "dns", OPT_NET_DNS, true, POOL(net), 0, 0, NULL,
      "Up to four resolvers, of both families, instead of those of the file; \"none\" for none" },
    { "pool", "nbns", OPT_NET_NBNS, true, POOL(net), 0, 0, NULL,
      "Up to two NetBIOS name servers instead of those of the file" },
    { "group", "", OPT_TITLED, false, 0, 0, 0, NULL,
      "What holds for the users of a group; the title is its name. A setting of a user hides that of the group, this that of "
      "the pool, and this that of the file. Users are put into a group by aditctl(8) or a user block" },
    { "group", "pool", OPT_IN_POOL, false, 0, 0, 0, NULL,
      "The pool of the group's addresses. Pools that a group names serve no others" },
    { "group", "routes", OPT_NETS, true, GROUP(net.routes), 0, 0, NULL,
      "Networks behind the server that clients shall reach through the tunnel, of both families; \"none\" for none" },
    { "group", "default_route", OPT_SWITCH, false, GROUP(net.default_route), 0, 0, NULL,
      "Whether clients are told to send everything into the tunnel" },
    { "group", "domain", OPT_DOMAIN, false, GROUP(net.domain), 0, 0, NULL, "Domain of the clients' connection" },
    { "group", "search", OPT_NAMES, true, GROUP(net.search), 0, 0, NULL, "Domains that clients search for short names" },
    { "group", "wpad", OPT_URL, false, GROUP(net.wpad), 0, 0, NULL, "Address of a proxy configuration, http:// or https://" },
    { "group", "isolate", OPT_SWITCH, false, GROUP(net.isolate), 0, 0, NULL,
      "Keep clients apart: none reaches another client or a network behind one" },
    { "group", "allow", OPT_NETS, true, GROUP(net.allow), 0, 0, NULL,
      "The only destinations that clients may reach beside this host; \"none\" for none" },
    { "group", "dns", OPT_NET_DNS, true, GROUP(net), 0, 0, NULL,
      "Up to four resolvers, of both families, instead of those of the file; \"none\" for none" },
    { "group", "nbns", OPT_NET_NBNS, true, GROUP(net), 0, 0, NULL,
      "Up to two NetBIOS name servers instead of those of the file" },
    { "user", "", OPT_TITLED, false, 0, 0, 0, NULL,
      "Settings of one user, who is in the database; the title is its name. They hide those of the database" },
    { "user", "group", OPT_IN_GROUP, false, 0, 0, 0, NULL, "The user's group" },
    { "user", "ipv4", OPT_ADDRESS4, false, USER(ipv4), 0, 0, NULL, "The user's fixed address" },
    { "user", "ipv6", OPT_PREFIX6, false, USER(ipv6), 0, 0, NULL, "The user's fixed /64, or its address in a pool with ipv6_shared" },
    { "user", "routed", OPT_ROUTED, true, USER(routed), 0, 0, NULL,
      "Up to eight networks behind the client, of both families: led into its tunnel while it is there. One that overlaps a "
      "pool, a network of this host or one behind another user is refused" },
    { "user", "routes", OPT_NETS, true, USER(routes), 0, 0, NULL,
      "Networks behind the server that this client shall reach through the tunnel, of both families; \"none\" for none" },
    { "user", "default_route", OPT_SWITCH, false, USER(default_route), 0, 0, NULL,
      "Whether this client is told to send everything into the tunnel" },
    { "", "routes", OPT_NETS, true, AT(net.routes), 0, 0, NULL,
      "Networks behind the server that clients shall reach through the tunnel, of both families; \"none\" for none" },
    { "", "default_route", OPT_SWITCH, false, AT(net.default_route), 0, 0, NULL,
      "Whether clients are told to send everything into the tunnel" },
    { "", "domain", OPT_DOMAIN, false, AT(net.domain), 0, 0, NULL, "Domain of the clients' connection" },
    { "", "search", OPT_NAMES, true, AT(net.search), 0, 0, NULL, "Domains that clients search for short names" },
    { "", "wpad", OPT_URL, false, AT(net.wpad), 0, 0, NULL, "Address of a proxy configuration, http:// or https://" },
    { "", "isolate", OPT_SWITCH, false, AT(net.isolate), 0, 0, NULL,
      "Keep clients apart: none reaches another client or a network behind one" },
    { "", "allow", OPT_NETS, true, AT(net.allow), 0, 0, NULL,
      "The only destinations that clients may reach beside this host; \"none\" for none" },
    { "", "dns", OPT_DNS, true, 0, 0, 0, "{system}",
      "Resolvers that clients are told: \"system\" for the host's own, also when they change, \"none\", or up to eight addresses. The server's own "
      "address in the tunnel is an error unless a resolver listens on every address of this host. "
      "Windows takes the first two; one alone is told to it as both" },
    { "", "nbns", OPT_NBNS, true, 0, 0, 0, NULL, "Up to two NetBIOS name servers (WINS) that clients are told" },
    { "", "interface", OPT_INTERFACE, false, AT(interface), 0, 0, "adit0", "Name of the tunnel interface" },
    { "", "mtu", OPT_MTU, false, AT(mtu), 576, 4090, "4090", "Largest packet inside a tunnel, in bytes; 1400 for every client but adit" },
    { "", "nat", OPT_BOOL, false, AT(nat), 0, 0, "false",
      "Translate clients' addresses to the outer interface's, and switch on forwarding for the two" },
    { "", "nat66", OPT_BOOL, false, AT(nat66), 0, 0, "false",
      "Translate IPv6 as well. Without it the pools' networks are routed: whoever is outside needs a route to them" },
    { "", "outer", OPT_INTERFACE, false, AT(outer), 0, 0, NULL,
      "Outer interface for nat; without it, that of the default route" },
    { "", "workers", OPT_COUNT, false, AT(workers), 0, 256, "0", "Worker processes; 0 is one a core" },
    { "", "steering", OPT_BOOL, false, AT(steering), 0, 0, "true",
      "Let the kernel hand each packet to its worker, where it can" },
    { "", "user", OPT_USER, false, AT(user), 0, 0, NULL,
      "The unprivileged user that the processes run as. Without it \"adit\", or \"nobody\" where that does not exist" },
    { "", "state_dir", OPT_PATH, false, AT(state_dir), 0, 0, "/run/adit",
      "Folder for the note of what is to be undone at the end" },
    { "", "control", OPT_PATH, false, AT(control), 0, 0, NULL,
      "Socket of the administration, adit-api(7). Without it, control in state_dir" },
    { "", "admin_group", OPT_GROUP, false, AT(admin_group), 0, 0, NULL,
      "Members of this group may use the socket, as root may. Without it, root alone" },
    { "", "upgrade_deadline", OPT_TIME, false, AT(upgrade_deadline), 0, 604800000, "24h",
      "How long sessions may stay with the old program after aditctl upgrade; then they are ended" },
    { "limits", "", OPT_BLOCK, false, 0, 0, 0, NULL,
      "Deadlines and bounds. Times are seconds, or carry a unit: 500ms, 10s, 2m, 1h" },
    { "limits", "tls", OPT_TIME, false, AT(limit.tls), 100, 3600000, "10s", "Until the TLS handshake is done" },
    { "limits", "http", OPT_TIME, false, AT(limit.http), 100, 3600000, "10s", "Then until the HTTP request is read" },
    { "limits", "request", OPT_TIME, false, AT(limit.request), 100, 3600000, "60s",
      "Then until the SSTP Connect Request has come" },
    { "limits", "auth", OPT_TIME, false, AT(limit.auth), 100, 3600000, "60s", "Then until the user is authenticated" },
    { "limits", "ncp", OPT_TIME, false, AT(limit.ncp), 100, 3600000, "60s",
      "From Call Connected until the first network protocol is up" },
    { "limits", "hello", OPT_TIME, false, AT(limit.hello), 1000, 3600000, "60s",
      "Silence after which an SSTP Echo Request asks whether the peer is there" },
    { "limits", "watchdog", OPT_TIME, false, AT(limit.watchdog), 2000, 3600000, "5s",
      "How long one of the server's own processes may be silent before it is ended and started again" },
    { "limits", "half_open", OPT_COUNT, false, AT(limit.half_open), 1, 65536, "4096",
      "Connections that are not yet authenticated, in all" },
    { "limits", "half_open_address", OPT_COUNT, false, AT(limit.half_open_address), 1, 65536, "64",
      "The same from one IPv4 address or IPv6 /64" },
    { "limits", "sessions", OPT_COUNT, false, AT(limit.sessions), 1, 1000000, "10000", "Sessions at the same time" },
    { "log", "", OPT_BLOCK, false, 0, 0, 0, NULL, "What is written to the log" },
    { "log", "level", OPT_LEVEL, false, AT(log_level), 0, 0, "info", "error, warning, notice, info or debug" },
    { "debug", "", OPT_BLOCK, false, 0, 0, 0, NULL, "For finding faults" },
    { "debug", "sandbox", OPT_SANDBOX, false, AT(sandbox), 0, 0, "kill",
      "What happens to a process of the server that makes a system call outside its list: kill ends it, log writes it "
      "to the kernel's log, off has no list" },
    { "debug", "offload", OPT_BOOL, false, AT(debug.offload), 0, 0, "true", NULL },
    { "debug", "fq", OPT_BOOL, false, AT(debug.fq), 0, 0, "true", NULL },
    { "debug", "wide_gcm", OPT_BOOL, false, AT(debug.wide_gcm), 0, 0, "true", NULL },
};
/* clang-format on */
const size_t config_n_options = sizeof(config_options) / sizeof(config_options[0]);

const char *option_title(const struct option *o, char buf[64])
{
    if (!o->name[0])
        snprintf(buf, 64, "%s", o->block);
    else if (!o->block[0])
        snprintf(buf, 64, "%s", o->name);
    else
        snprintf(buf, 64, "%s { %s }", o->block, o->name);
    return buf;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance, letters compared without case; names longer than 31 are far from everything. */
static unsigned distance(const char *a, const char *b)
{
    enum { LONGEST = 31 };
    size_t n = strlen(a), m = strlen(b);
    unsigned row[LONGEST + 1];
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (unsigned k = 0; k <= m; k++)
        row[k] = k;
    for (unsigned i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned k = 1; k <= m; k++) {
            unsigned up = row[k], same = (a[i - 1] | 0x20) == (b[k - 1] | 0x20) ? 0 : 1;
            row[k] = min3(up + 1, row[k - 1] + 1, diagonal + same);
            diagonal = up;
        }
    }
    return row[m];
}

const char *nearest_name(const char *name, const char *const *names)
{
    const char *best = NULL;
    unsigned least = (unsigned)strlen(name) / 2 + 2; /* farther than that is not a slip of the finger */
    for (; *names; names++) {
        unsigned d = distance(name, *names);
        if (d < least) {
            least = d;
            best = *names;
        }
    }
    return best;
}

static const char *kind_words(enum option_kind kind)
{
    switch (kind) {
    case OPT_BLOCK:
        return "{ ... }";
    case OPT_TITLED:
        return "\"TITLE\" { ... }";
    case OPT_PATH:
        return "= \"FILE\"";
    case OPT_BOOL:
        return "= true|false";
    case OPT_COUNT:
    case OPT_MTU:
        return "= NUMBER";
    case OPT_TIME:
        return "= TIME";
    case OPT_INTERFACE:
    case OPT_USER:
    case OPT_GROUP:
    case OPT_LEVEL:
    case OPT_SANDBOX:
        return "= \"NAME\"";
    case OPT_METHODS:
    case OPT_BINDING:
        return "= {NAME, ...}";
    case OPT_DNS:
    case OPT_NBNS:
    case OPT_NET_DNS:
    case OPT_NET_NBNS:
    case OPT_NAT_TO:
        return "= {ADDRESS, ...}";
    case OPT_POOL4:
    case OPT_POOL6:
    case OPT_PREFIX6:
        return "= \"NETWORK\"";
    case OPT_SWITCH:
        return "= true|false";
    case OPT_NETS:
    case OPT_ROUTED:
        return "= {NETWORK, ...}";
    case OPT_NAMES:
        return "= {NAME, ...}";
    case OPT_DOMAIN:
    case OPT_IN_POOL:
    case OPT_IN_GROUP:
        return "= \"NAME\"";
    case OPT_RANGES:
        return "= {FIRST-LAST, ...}";
    case OPT_URL:
        return "= \"URL\"";
    case OPT_ADDRESS4:
        return "= \"ADDRESS\"";
    }
    return "";
}

/* Text of ours in the language of man pages: a hyphen is a hyphen. */
static void print_roff(FILE *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '-')
            fputc('\\', out);
        fputc(*s, out);
    }
}

void config_print_doc(FILE *out)
{
    for (size_t i = 0; i < config_n_options; i++) {
        const struct option *o = &config_options[i];
        char title[64];
        if (!o->doc)
            continue;
        fprintf(out, ".TP\n.BI \"%s \" ", option_title(o, title));
        fputc('"', out);
        for (const char *s = kind_words(o->kind); *s; s++) {
            if (*s == '"')
                fputs("\\(dq", out);
            else
                fputc(*s, out);
        }
        fputs("\"\n", out);
        print_roff(out, o->doc);
        fputs(".\n", out);
        if (o->max)
            fprintf(out, "From %llu to %llu%s.\n", (unsigned long long)o->min, (unsigned long long)o->max,
                    o->kind == OPT_TIME ? " milliseconds" : "");
        if (o->def) {
            fputs("Default: ", out);
            print_roff(out, o->def);
            fputs(".\n", out);
        }
    }
}
