/* A small, bounded pool of threads for slow password hashes, beside an event loop.
 *
 * Jobs are given and taken on the loop's thread; a descriptor becomes readable when results wait. The threads touch
 * nothing but their job. */
#ifndef ADIT_AAA_SLOW_H
#define ADIT_AAA_SLOW_H

#include "aaa/users.h"

struct slow;

struct slow_job {
    uint64_t ticket; /* the caller's, and so is `owner` */
    uint32_t owner;
    struct slow_hash want; /* cost, salt, and the hash that is right */
    uint8_t password[AUTH_PASSWORD_BYTES];
    size_t n;
    bool right; /* the result; false also where the hash could not be computed */
};

/* NULL: no threads or no memory. `bound`: jobs that wait or are computed or not yet taken, at most. */
struct slow *slow_new(unsigned threads, unsigned bound) MUST_CHECK;
/* Waits for the jobs under way; drops the rest. */
void slow_free(struct slow *s);
int slow_fd(const struct slow *s);
/* Copies the job. ERR_NOBUF: the bound is reached. */
int slow_give(struct slow *s, const struct slow_job *job) MUST_CHECK;
/* The next result without its password; false if none waits. Call it until false when slow_fd() is readable. */
bool slow_take(struct slow *s, struct slow_job *ret);

#endif
