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
int dns_apply(struct undo *u, const char *interface, const struct prefix *servers, unsigned n, const char **ret_how,
              char err[256]) MUST_CHECK;

/* dns_apply()'s last resort, for any file: keeps it and writes our resolvers there. */
int dns_apply_file(struct undo *u, const char *path, const struct prefix *servers, unsigned n,
                   char err[256]) MUST_CHECK;

#endif
