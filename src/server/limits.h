/* How many connections are half open, and how many sessions there are, counted over all workers.
 *
 * The counters are the one thing that workers share: a page of numbers in a memfd that master makes. Each worker writes
 * only its own row and reads the sum of all, so a worker that dies leaves one row to be cleared (limits_clear_row), and a
 * limit holds exactly, however the kernel spreads connections over workers. An address (IPv6: its /64) falls into one of
 * many buckets by a keyed hash; two addresses in one bucket share its limit, which is rare and does no harm. */
#ifndef ADIT_SERVER_LIMITS_H
#define ADIT_SERVER_LIMITS_H

#include "base/err.h"
#include "base/prefix.h"

struct limits_page;

struct limits {
    struct limits_page *page;
    unsigned worker;
    unsigned per_address, half_open, sessions;
};

enum { LIMITS_WORKERS = 64 }; /* rows: with an upgrade there are more workers than the configuration says */

/* Master: a new page. Returns its descriptor, or ERR_SYSTEM. */
int limits_create(void) MUST_CHECK;
/* This worker uses the page; the limits come from the configuration. Does not keep fd. */
int limits_open(struct limits *l, int fd, unsigned worker) MUST_CHECK;
void limits_close(struct limits *l);
/* Master, through a handle of its own: a worker died. */
void limits_clear_row(struct limits *l, unsigned worker);

enum limits_verdict { LIMITS_OK, LIMITS_ADDRESS, LIMITS_HALF_OPEN, LIMITS_SESSIONS };
/* A connection from `peer` (full length): counted if LIMITS_OK. */
enum limits_verdict limits_begin(struct limits *l, const struct prefix *peer);
/* It is half open no more: it has become a session, or has ended before. */
void limits_settle(struct limits *l, const struct prefix *peer);
/* It has ended, session or not; after limits_settle(). */
void limits_end(struct limits *l);

#endif
