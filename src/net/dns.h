/* The host's resolvers: reading them (server) and setting ours (client). */
#ifndef ADIT_NET_DNS_H
#define ADIT_NET_DNS_H

#include "net/undo.h"

/* The host's real IPv4 and IPv6 resolvers: resolv.conf, a loopback stub followed to /run/systemd/resolve/resolv.conf.
 * Returns how many were found (loopback ones left out). */
unsigned dns_system(struct prefix *out, unsigned max);
/* Client: makes `servers` the resolvers while the tunnel is up: systemd-resolved where it runs, else resolvconf(8),
 * else /etc/resolv.conf kept and replaced. *ret_how: a word for the log. */
/* What dns_system() does, with the files named: `path` is resolv.conf, `stub` what a systemd stub in it is followed
 * to. */
unsigned dns_system_from(const char *path, const char *stub, struct prefix *out, unsigned max);
/* Reads the text of a resolv.conf: up to `max` resolvers that others could use too (no loopback, no unspecified
 * address, none with a scope, none twice). *ret_stub: it names the systemd stub (127.0.0.53, 127.0.0.54). Pure. */
unsigned dns_parse(struct slice text, struct prefix *out, unsigned max, bool *ret_stub);
struct dns_wish {
    const struct prefix *servers; /* 1 to 8, full length, best first */
    unsigned n;
    const char *const *search; /* names as dns_name_ok() takes them, at most 16 */
    unsigned n_search;
    bool split; /* only the names below `search` are asked of these servers, where the host can tell them apart
                 * (systemd-resolved); needs one at least */
};
/* As dns_apply(), with domains; replaces what an earlier call for this journal and interface has set. Search domains
 * replace the host's own (which return with undoing), `options` of resolv.conf stay. */
int dns_set(struct undo *u, const char *interface, const struct dns_wish *w, const char **ret_how,
            char err[256]) MUST_CHECK;
int dns_apply(struct undo *u, const char *interface, const struct prefix *servers, unsigned n, const char **ret_how,
              char err[256]) MUST_CHECK;

/* dns_apply()'s last resort, for any file: keeps it and writes our resolvers there. */
int dns_apply_file(struct undo *u, const char *path, const struct dns_wish *w, char err[256]) MUST_CHECK;
/* The text that takes the place of `old`, the text of a resolv.conf. false: it does not fit. Pure. */
bool dns_print(struct slice old, const struct dns_wish *w, char *dst, size_t cap);

#endif
