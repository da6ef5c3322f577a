/* The command line of `adit`: read once, checked whole, in words when it is wrong. Knows nothing of the network. */
#ifndef ADIT_CLIENT_OPTIONS_H
#define ADIT_CLIENT_OPTIONS_H

#include "auth/method.h"
#include "base/prefix.h"
#include "priv/sandbox.h"

enum { OPT_ROUTES = 64, OPT_PINS = 8, OPT_HOST = 256 };

/* Exit status of `adit connect`. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NETWORK = 3,
    EXIT_CERTIFICATE = 4, /* server certificate or crypto binding */
    EXIT_REFUSED = 5,     /* refused by the server */
    EXIT_AUTH = 6,
};

struct options {
    char host[OPT_HOST]; /* without brackets */
    bool host_is_ip;
    struct prefix host_ip;
    uint16_t port;
    const char *user, *password_file, *ca_file, *interface, *state_dir;
    uint8_t pins[OPT_PINS][32];
    unsigned n_pins;
    struct prefix routes[OPT_ROUTES];
    unsigned n_routes;
    enum auth_method methods[AUTH_METHODS];
    unsigned n_methods;
    bool no_route, no_dns, no_ipv6, ignore_server_routes, allow_ipv6_outside, verbose;
    bool delegate;                       /* ask for a prefix for networks behind this host */
    const char *delegate_file;           /* where it is written to; NULL: it is only said */
    bool no_offload, no_fq, no_wide_gcm; /* for our own tests */
    enum sandbox_mode sandbox;           /* of engine and resolver */
};

/* EXIT_OK: go on. Anything else: leave with it less 100 (help was printed: 100; wrong usage: 102). */
int options_read(int argc, char **argv, struct options *o);
/* "vpn.example.com", "vpn.example.com:4443", "198.18.0.1", "[fd00::1]:443", "fd00::1". 0 or an error; words into err. */
int options_server(const char *text, struct options *o, char err[256]) MUST_CHECK;
/* Value of the Host header: brackets around IPv6, the port only when it is not 443 (RFC 9110 7.2). */
void options_host_header(const struct options *o, char *dst, size_t cap);

#endif
