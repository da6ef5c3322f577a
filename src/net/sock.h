/* TCP sockets of the server and the client: listening, options of a session, addresses as text. */
#ifndef ADIT_NET_SOCK_H
#define ADIT_NET_SOCK_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/prefix.h"

enum { SOCK_UNSENT = 32768, SOCK_TEXT = 64 }; /* "[2001:db8::1]:443" and then some */

/* A listening TCP socket on a full-length address (0.0.0.0 and :: are every address of their family; IPv6 never takes
 * IPv4): SO_REUSEADDR, non-blocking, close-on-exec, backlog 1024. defer_s > 0: accept only once the peer has sent
 * something, or after about so many seconds (TCP_DEFER_ACCEPT). Returns the descriptor. ERR_DUPLICATE: the port is
 * taken (err names the process if it can); ERR_MISSING: the host has not this address, or not this family. */
int sock_listen(const struct prefix *addr, uint16_t port, unsigned defer_s, char err[256]) MUST_CHECK;

/* Who listens on this TCP port: "nginx (process 1234)", as far as /proc tells. ERR_MISSING: nobody seen. */
int sock_port_owner(uint16_t port, char text[256]) MUST_CHECK;

/* Options of a session's socket: no delay, little unsent data in the kernel (32 KiB), keepalive, and an end after
 * user_timeout_ms without an acknowledgement. Non-blocking and close-on-exec as well. */
int sock_session_setup(int fd, unsigned user_timeout_ms) MUST_CHECK;
/* How much unsent data the kernel may hold; SOCK_UNSENT until this is called. */
void sock_set_unsent(int fd, unsigned bytes);
/* How much may wait to be read: about `bytes`, if the kernel can be told later to decide again by itself (Linux 5.15). */
void sock_limit_unread(int fd, unsigned bytes);
/* It decides by itself, and from what it has now on: what had been limited grows. */
void sock_free_unread(int fd);
/* Bytes that the peer has not acknowledged, those that were not sent yet among them. ERR_SYSTEM. */
int sock_queued(int fd, uint32_t *ret_bytes) MUST_CHECK;
/* TCP's smoothed round trip and its least one, microseconds. ERR_SYSTEM: not a TCP socket. */
int sock_rtt(int fd, uint32_t *ret_rtt, uint32_t *ret_min) MUST_CHECK;

/* "192.0.2.1:443", "[2001:db8::1]:443"; IPv4-mapped addresses are shown as IPv4. "?" for other families. */
const char *sock_text(const struct sockaddr *sa, char text[SOCK_TEXT]);
/* The address alone (full length; IPv4-mapped becomes IPv4) and the port; ERR_VALUE for other families. */
int sock_prefix(const struct sockaddr *sa, struct prefix *ret_p, uint16_t *ret_port) MUST_CHECK;
/* The other way round; returns the length. */
socklen_t sock_addr(const struct prefix *addr, uint16_t port, struct sockaddr_storage *ret_sa);

#endif
