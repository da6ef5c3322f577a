/* The host's resolvers: reading them (server) and setting ours (client). */
#ifndef ADIT_NET_DNS_H
#define ADIT_NET_DNS_H

#include "net/undo.h"

/* The host's real IPv4 and IPv6 resolvers: resolv.conf, a loopback stub followed to /run/systemd/resolve/resolv.conf.
 * Returns how many were found (loopback ones left out). */
unsigned dns_system(struct prefix *out, unsigned max);
/* Client: makes `servers` the resolvers while the tunnel is up: systemd-resolved where it runs, else resolvconf(8), else
 * /etc/resolv.conf kept and replaced. *ret_how: a word for the log. */
int dns_apply(struct undo *u, const char *interface, const struct prefix *servers, unsigned n, const char **ret_how, char err[256]) MUST_CHECK;

#endif
