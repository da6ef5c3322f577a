/* See slow.h. One list of jobs under one lock: waiting, then under way, then done. */
#include "aaa/slow.h"

#include "aaa/password.h"
#include "base/secret.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { THREADS_MAX = 8 };

struct queued {
    struct slow_job job;
    struct queued *next;
};

struct fifo {
    struct queued *first, **last;
};

struct slow {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct fifo waiting, done;
    unsigned held, bound;
    bool stop;
    int fd;
    pthread_t threads[THREADS_MAX];
    unsigned n_threads;
};

static void fifo_put(struct fifo *f, struct queued *q)
{
    q->next = NULL;
    *f->last = q;
    f->last = &q->next;
}

static struct queued *fifo_get(struct fifo *f)
{
    struct queued *q = f->first;
    if (q) {
        f->first = q->next;
        if (!f->first)
            f->last = &f->first;
    }
    return q;
}

static void compute(struct slow_job *job)
{
    uint8_t got[SLOW_HASH_LEN];
    int e = slow_compute(&job->want, slice_of(job->password, job->n), got);
    job->right = e == 0 && secret_eq(got, job->want.hash, sizeof(got));
    secret_wipe(got, sizeof(got));
    secret_wipe(job->password, sizeof(job->password));
}

static void *thread_main(void *arg)
{
    struct slow *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        struct queued *q = fifo_get(&s->waiting);
        if (!q) {
            pthread_cond_wait(&s->work, &s->lock);
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        compute(&q->job);
        pthread_mutex_lock(&s->lock);
        fifo_put(&s->done, q);
        /* Cannot fail: the counter is far from its limit. */
        (void)!write(s->fd, &(uint64_t){ 1 }, sizeof(uint64_t));
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct slow *slow_new(unsigned threads, unsigned bound)
{
    struct slow *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->bound = bound;
    s->waiting.last = &s->waiting.first;
    s->done.last = &s->done.first;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    for (unsigned i = 0; s->fd >= 0 && i < threads && i < THREADS_MAX; i++)
        if (pthread_create(&s->threads[s->n_threads], NULL, thread_main, s) == 0)
            s->n_threads++;
    if (s->n_threads == 0) {
        slow_free(s);
        return NULL;
    }
    return s;
}

static void drop_all(struct fifo *f)
{
    for (struct queued *q = fifo_get(f); q; q = fifo_get(f)) {
        secret_wipe(q, sizeof(*q));
        free(q);
    }
}

void slow_free(struct slow *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->n_threads; i++)
        pthread_join(s->threads[i], NULL);
    drop_all(&s->waiting);
    drop_all(&s->done);
    pthread_cond_destroy(&s->work);
    pthread_mutex_destroy(&s->lock);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}

int slow_fd(const struct slow *s)
{
    return s->fd;
}

int slow_give(struct slow *s, const struct slow_job *job)
{
    struct queued *q = malloc(sizeof(*q));
    if (!q)
        return ERR_NOMEM;
    q->job = *job;
    pthread_mutex_lock(&s->lock);
    bool room = s->held < s->bound;
    if (room) {
        s->held++;
        fifo_put(&s->waiting, q);
        pthread_cond_signal(&s->work);
    }
    pthread_mutex_unlock(&s->lock);
    if (!room) {
        secret_wipe(q, sizeof(*q));
        free(q);
    }
    return room ? 0 : ERR_NOBUF;
}

bool slow_take(struct slow *s, struct slow_job *ret)
{
    pthread_mutex_lock(&s->lock);
    struct queued *q = fifo_get(&s->done);
    if (q)
        s->held--;
    else
        (void)!read(s->fd, &(uint64_t){ 0 }, sizeof(uint64_t)); /* nothing is left: not readable until the next */
    pthread_mutex_unlock(&s->lock);
    if (!q)
        return false;
    *ret = q->job;
    secret_wipe(q, sizeof(*q));
    free(q);
    return true;
}
