/* Reading the command line of `adit`; see options.h. */
#include "client/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <nettle/base64.h>

static const char usage[] =
    "Usage: adit connect [options] SERVER[:PORT]\n"
    "Connects this host to an SSTP server and stays in the foreground until the tunnel ends.\n"
    "\n"
    "  --user NAME            user name, with DOMAIN\\ if the server wants it\n"
    "  --password-file FILE   the first line is the password; without it the terminal is asked\n"
    "  --ca FILE              trust the certificates in FILE (PEM) instead of the system's\n"
    "  --pin sha256//BASE64   trust this public key, whatever its chain and name; may repeat\n"
    "  --interface NAME       name of the tunnel interface (sstp0)\n"
    "  --route CIDR           only this network goes through the tunnel; may repeat\n"
    "  --no-route             set no route at all\n"
    "  --ignore-server-routes the default route, whatever routes the server names\n"
    "  --no-dns               keep this host's resolvers\n"
    "  --no-ipv6              take no IPv6 from the server\n"
    "  --delegate[=FILE]      ask for an IPv6 prefix for networks behind this host; FILE gets it\n"
    "  --methods LIST         authentication methods, best first (eap-mschapv2,mschapv2); also pap, chap\n"
    "  --allow-ipv6-outside   do not block IPv6 that would go around the tunnel\n"
    "  -v, --verbose          say more, with times and event numbers\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 ended as asked, 1 failed, 2 usage, 3 network, 4 server certificate or binding,\n"
    "5 refused by the server, 6 authentication.\n";

enum {
    O_USER = 256,
    O_PASSWORD,
    O_PASSWORD_HERE,
    O_CA,
    O_PIN,
    O_IF,
    O_ROUTE,
    O_NOROUTE,
    O_IGNORE,
    O_NODNS,
    O_NOV6,
    O_DELEGATE,
    O_METHODS,
    O_V6,
    O_STATE,
    O_NO_OFFLOAD,
    O_NO_FQ,
    O_NO_WIDE_GCM,
    O_SANDBOX,
    O_HELP,
    O_VERSION
};

static const struct option longs[] = {
    { "user", required_argument, NULL, O_USER },
    { "password-file", required_argument, NULL, O_PASSWORD },
    { "password", optional_argument, NULL, O_PASSWORD_HERE }, /* or it would pass for an abbreviation */
    { "ca", required_argument, NULL, O_CA },
    { "pin", required_argument, NULL, O_PIN },
    { "interface", required_argument, NULL, O_IF },
    { "route", required_argument, NULL, O_ROUTE },
    { "no-route", no_argument, NULL, O_NOROUTE },
    { "ignore-server-routes", no_argument, NULL, O_IGNORE },
    { "no-dns", no_argument, NULL, O_NODNS },
    { "no-ipv6", no_argument, NULL, O_NOV6 },
    { "delegate", optional_argument, NULL, O_DELEGATE },
    { "methods", required_argument, NULL, O_METHODS },
    { "allow-ipv6-outside", no_argument, NULL, O_V6 },
    { "state-dir", required_argument, NULL, O_STATE },
    { "debug-no-offload", no_argument, NULL, O_NO_OFFLOAD }, /* these three for our own tests */
    { "debug-no-fq", no_argument, NULL, O_NO_FQ },
    { "debug-no-wide-gcm", no_argument, NULL, O_NO_WIDE_GCM },
    { "debug-sandbox", required_argument, NULL, O_SANDBOX },
    { "verbose", no_argument, NULL, 'v' },
    { "help", no_argument, NULL, O_HELP },
    { "version", no_argument, NULL, O_VERSION },
    { NULL, 0, NULL, 0 },
};

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "adit: %s%s%s; see adit --help\n", what, value ? ": " : "", value ? value : "");
    return 100 + EXIT_USAGE;
}

static bool read_port(const char *text, uint16_t *ret)
{
    char *end = NULL;
    unsigned long v = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || v == 0 || v > 65535)
        return false;
    *ret = (uint16_t)v;
    return true;
}

int options_server(const char *text, struct options *o, char err[256])
{
    const char *colon = strrchr(text, ':'), *port = NULL;
    size_t n = strlen(text);
    struct prefix p;
    bool brackets = text[0] == '[';
    o->port = 443;
    if (brackets) {
        const char *close = strchr(text, ']');
        if (!close || (close[1] && close[1] != ':')) {
            snprintf(err, 256, "brackets go around an IPv6 address, as in [2001:db8::1]:443");
            return ERR_VALUE;
        }
        n = (size_t)(close - text) - 1;
        port = close[1] ? close + 2 : NULL;
        text++;
    } else if (colon && strchr(text, ':') == colon) {
        n = (size_t)(colon - text);
        port = colon + 1;
    }
    if (port && !read_port(port, &o->port)) {
        snprintf(err, 256, "a port is a number from 1 to 65535");
        return ERR_VALUE;
    }
    if (n == 0 || n >= sizeof o->host) {
        snprintf(err, 256, "a server is a name or an address");
        return ERR_VALUE;
    }
    memcpy(o->host, text, n);
    o->host[n] = 0;
    o->host_is_ip = !strchr(o->host, '/') && prefix_parse(o->host, false, &p) == 0;
    if (brackets && !(o->host_is_ip && p.family == 6)) {
        snprintf(err, 256, "brackets go around an IPv6 address, as in [2001:db8::1]:443");
        return ERR_VALUE;
    }
    if (o->host_is_ip)
        o->host_ip = p;
    else if (strspn(o->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") != n) {
        snprintf(err, 256, "this is neither a host name nor an address");
        return ERR_VALUE;
    }
    return 0;
}

void options_host_header(const struct options *o, char *dst, size_t cap)
{
    bool v6 = o->host_is_ip && o->host_ip.family == 6;
    int n = snprintf(dst, cap, "%s%s%s", v6 ? "[" : "", o->host, v6 ? "]" : "");
    if (o->port != 443 && n > 0 && (size_t)n < cap)
        snprintf(dst + n, cap - (size_t)n, ":%u", o->port);
}

/* "sha256//" and 44 characters of base64, as other tools write it too. */
static bool read_pin(const char *text, uint8_t out[32])
{
    struct base64_decode_ctx c;
    size_t n = 0;
    uint8_t raw[BASE64_DECODE_LENGTH(44)];
    if (strncmp(text, "sha256//", 8) != 0 || strlen(text + 8) != 44)
        return false;
    base64_decode_init(&c);
    if (!base64_decode_update(&c, &n, raw, 44, text + 8) || !base64_decode_final(&c) || n != 32)
        return false;
    memcpy(out, raw, 32);
    return true;
}

static bool read_methods(char *list, struct options *o)
{
    o->n_methods = 0;
    for (char *save = NULL, *m = strtok_r(list, ",", &save); m; m = strtok_r(NULL, ",", &save)) {
        enum auth_method id = auth_method_from(m);
        if (id == AUTH_NONE || o->n_methods == AUTH_METHODS)
            return false;
        o->methods[o->n_methods++] = id;
    }
    return o->n_methods > 0;
}

static bool interface_ok(const char *name)
{
    static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t n = strlen(name);
    return n > 0 && n < 16 && strspn(name, ok) == n && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int take(int opt, char *arg, struct options *o)
{
    switch (opt) {
    case O_USER:
        if (!*arg || strlen(arg) > AUTH_NAME_MAX)
            return wrong("a user name has 1 to 256 bytes", NULL);
        o->user = arg;
        return 0;
    case O_PASSWORD:
        o->password_file = arg;
        return 0;
    case O_PASSWORD_HERE:
        return wrong("a password never stands on the command line: use --password-file FILE, or be asked", NULL);
    case O_CA:
        o->ca_file = arg;
        return 0;
    case O_PIN:
        if (o->n_pins == OPT_PINS || !read_pin(arg, o->pins[o->n_pins++]))
            return wrong("a pin is sha256// and 44 characters of base64, at most 8 of them", arg);
        return 0;
    case O_IF:
        o->interface = arg;
        return interface_ok(arg) ? 0 : wrong("not a name for an interface", arg);
    case O_ROUTE:
        if (o->n_routes == OPT_ROUTES)
            return wrong("at most 64 routes", arg);
        if (prefix_parse(arg, false, &o->routes[o->n_routes++]) < 0)
            return wrong("a route is a network such as 10.0.0.0/8, with no bits beyond its length", arg);
        return 0;
    case O_METHODS:
        return read_methods(arg, o) ? 0 : wrong("methods are eap-mschapv2, mschapv2, chap and pap", NULL);
    case O_SANDBOX:
        return sandbox_mode_from(arg, &o->sandbox) ? 0 : wrong("--debug-sandbox is kill, log or off", arg);
    case O_STATE:
        o->state_dir = arg;
        return 0;
    case O_DELEGATE:
        o->delegate = true;
        o->delegate_file = arg;
        return !arg || *arg == '/' ? 0 : wrong("the file for the delegated prefix needs a whole path", arg);
    default:
        return 100 + EXIT_USAGE;
    }
}

static int flag(int opt, struct options *o)
{
    switch (opt) {
    case O_NOROUTE:
        return o->no_route = true, 0;
    case O_NO_OFFLOAD:
        return o->no_offload = true, 0;
    case O_NO_FQ:
        return o->no_fq = true, 0;
    case O_NO_WIDE_GCM:
        return o->no_wide_gcm = true, 0;
    case O_NODNS:
        return o->no_dns = true, 0;
    case O_IGNORE:
        return o->ignore_server_routes = true, 0;
    case O_NOV6:
        return o->no_ipv6 = true, 0;
    case O_V6:
        return o->allow_ipv6_outside = true, 0;
    case 'v':
        return o->verbose = true, 0;
    case O_HELP:
        fputs(usage, stdout);
        return 100;
    case O_VERSION:
        puts("adit " ADIT_VERSION);
        return 100;
    default:
        return -1;
    }
}

int options_read(int argc, char **argv, struct options *o)
{
    char err[256];
    *o = (struct options){ .interface = "sstp0", .state_dir = "/run/adit", .n_methods = 2 };
    o->methods[0] = AUTH_EAP_MSCHAPV2;
    o->methods[1] = AUTH_MSCHAPV2;
    for (int c; (c = getopt_long(argc, argv, "v", longs, NULL)) != -1;) {
        if (c == '?') { /* getopt_long has said which */
            fputs("adit: see adit --help\n", stderr);
            return 100 + EXIT_USAGE;
        }
        int r = flag(c, o);
        if (r < 0)
            r = take(c, optarg, o);
        if (r)
            return r;
    }
    if (optind >= argc || strcmp(argv[optind], "connect") != 0)
        return wrong("what to do? adit connect SERVER", NULL);
    if (optind + 2 != argc)
        return wrong(optind + 2 > argc ? "no server was named" : "one server at a time", NULL);
    if (options_server(argv[optind + 1], o, err) < 0)
        return wrong(err, argv[optind + 1]);
    if (!o->user)
        return wrong("no user was named: --user NAME", NULL);
    if (o->no_route && o->n_routes)
        return wrong("--route and --no-route exclude each other", NULL);
    if (o->no_ipv6 && o->delegate)
        return wrong("--delegate and --no-ipv6 exclude each other", NULL);
    return 0;
}
