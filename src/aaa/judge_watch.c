/* Sessions of users who are there no more, or locked: found when somebody has written to the database. */
#include "aaa/judge_priv.h"

/* NULL: the user may stay. < 0 in *ret_e: the database could not be asked now. */
static const char *why_end(struct judge *j, const struct sess *s, int *ret_e)
{
    struct user u;
    int found = users_find(j->users, slice_str(s->user), &u);
    bool locked = found == 1 && u.locked;
    if (found == 1)
        user_wipe(&u);
    *ret_e = found < 0 ? found : 0;
    return found == 0 ? "the user was deleted" : locked ? "the user was locked" : NULL;
}

void judge_watch(struct judge *j, judge_end_fn *fn)
{
    uint64_t version = users_version(j->users);
    if (version == 0 || version == j->watched_version)
        return;
    int e = 0;
    for (unsigned i = 0; i < JUDGE_BUCKETS; i++) {
        for (struct sess *s = j->buckets[i], *next; s; s = next) {
            next = s->next; /* fn only sends a message; were it to end the session, the next one stays */
            const char *why = s->state == SESS_ACCEPTED ? why_end(j, s, &e) : NULL;
            if (e < 0)
                return; /* somebody writes just now: the next time */
            if (why)
                fn(j->ctx, s->who.worker, s->who.session, why);
        }
    }
    j->watched_version = version;
}
