/* The parts of admin: its state and channels (admin_role.c), and the jobs that requests become (admin_jobs.c). */
#ifndef ADIT_SERVER_ADMIN_PARTS_H
#define ADIT_SERVER_ADMIN_PARTS_H

#include "admin/httpd.h"
#include "admin/json.h"
#include "net/tun.h"
#include "server/roles.h"

struct admin;

struct admin_peer {
    struct admin *a;
    uint32_t worker;
    struct chan *chan; /* NULL: none */
};

/* One request under way: whom we wait for, and what has come so far. */
struct job {
    struct job *next;
    struct httpd_request *req;
    struct api_call call;
    uint32_t id;                    /* of its questions */
    msec due;                       /* then it is answered with what there is */
    uint8_t waits[TUN_QUEUES_MAX];  /* answers that this worker owes */
    unsigned waits_master, pending; /* and master; and all of them */
    /* STATUS */
    struct admin_status *status;
    struct admin_worker numbers[TUN_QUEUES_MAX];
    bool have[TUN_QUEUES_MAX];
    json_t *events;
    /* SESSIONS and SESSION: the text so far, how many are in it, and where to go on */
    char *text;
    size_t text_len, text_cap;
    uint32_t listed;
    struct api_id at;
    bool no_memory;
    uint32_t ended;         /* END, END_USER */
    struct admin_done done; /* orders */
    bool have_done;
};

struct admin {
    struct loop *loop;
    uint32_t phase;
    struct chan *master;
    int control; /* listening socket; -1: none, or the httpd's */
    struct httpd_rights rights;
    struct httpd *httpd;
    struct admin_peer peers[TUN_QUEUES_MAX];
    struct job *jobs;
    uint32_t next_id;
    struct timer *timer;
    struct timer *last; /* told to stop: then it does */
};

/* admin_jobs.c: a request is there (httpd_fn). */
void admin_request(void *ctx, struct httpd_request *r);
/* An answer of a worker, or (worker UINT32_MAX) of master. < 0: malformed. */
int admin_answered(struct admin *a, uint32_t worker, const struct imsg *m) MUST_CHECK;
/* A worker is gone: nobody waits for it any more. */
void admin_worker_gone(struct admin *a, uint32_t worker);
void admin_tick(void *ctx);
void admin_drop_jobs(struct admin *a);

#endif
