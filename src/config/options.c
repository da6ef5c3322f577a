/* The table of options, and what is printed from it. */
#include "config/options.h"

#include <stddef.h>

#define AT(field)   offsetof(struct config, field)
#define POOL(field) offsetof(struct config_pool, field)

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
      "An IPv4 network from /8 to /30. Its first address is the server's own in the tunnel" },
    { "pool", "ipv6", OPT_POOL6, false, POOL(ipv6), 0, 0, NULL, "Comes in a later version" },
    { "", "dns", OPT_DNS, true, 0, 0, 0, "{system}",
      "Resolvers that clients are told: \"system\" for the host's own, \"none\", or up to four IPv4 addresses. The server's own "
      "address in the tunnel is an error unless a resolver listens on every address of this host. "
      "Windows takes the first two" },
    { "", "nbns", OPT_NBNS, true, 0, 0, 0, NULL, "Up to two NetBIOS name servers (WINS) that clients are told" },
    { "", "interface", OPT_INTERFACE, false, AT(interface), 0, 0, "adit0", "Name of the tunnel interface" },
    { "", "mtu", OPT_MTU, false, AT(mtu), 576, 4000, "1400", "Largest packet inside the tunnel, in bytes" },
    { "", "nat", OPT_BOOL, false, AT(nat), 0, 0, "false",
      "Translate clients' addresses to the outer interface's, and switch on forwarding for the two" },
    { "", "outer", OPT_INTERFACE, false, AT(outer), 0, 0, NULL,
      "Outer interface for nat; without it, that of the default route" },
    { "", "workers", OPT_COUNT, false, AT(workers), 0, 256, "0", "Worker processes; 0 is one a core" },
    { "", "steering", OPT_BOOL, false, AT(steering), 0, 0, "true",
      "Let the kernel hand each packet to its worker, where it can" },
    { "", "user", OPT_USER, false, AT(user), 0, 0, NULL,
      "The unprivileged user that the processes run as. Without it \"adit\", or \"nobody\" where that does not exist" },
    { "", "state_dir", OPT_PATH, false, AT(state_dir), 0, 0, "/run/adit",
      "Folder for the note of what is to be undone at the end" },
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
    case OPT_LEVEL:
        return "= \"NAME\"";
    case OPT_METHODS:
    case OPT_BINDING:
        return "= {NAME, ...}";
    case OPT_DNS:
    case OPT_NBNS:
        return "= {ADDRESS, ...}";
    case OPT_POOL4:
    case OPT_POOL6:
        return "= \"NETWORK\"";
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
