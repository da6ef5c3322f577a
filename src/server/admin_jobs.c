/* Requests of the admin API as jobs: questions go out to master and workers, their answers are gathered, and when the last
 * one has come (or it is late) the request is answered. See admin_parts.h, and adit-api(7) for what is answered. */
#include "server/admin_parts.h"

#include "events/events.h"

#include <stdlib.h>
#include <string.h>

enum { WAIT = 3000, WAIT_UPGRADE = 90000 /* more than all of its steps may take */ };

static void give_text(struct httpd_request *r, unsigned status, const char *allow, json_t *j)
{
    size_t n = 0;
    char *text = api_json_text(j, &n);
    httpd_answer(r, status, allow, text, n);
}

static void give_error(struct httpd_request *r, const struct api_error *e)
{
    give_text(r, e->status, e->allow, api_json_error(e->code, e->message));
}

/* ---- whom a job waits for ---- */

static void arm(struct admin *a)
{
    msec due = NEVER;
    for (const struct job *j = a->jobs; j; j = j->next)
        due = j->due < due ? j->due : due;
    timer_set(a->timer, due);
}

static void ask_worker(struct admin *a, struct job *j, uint32_t worker, enum admin_msg type, const struct wr *body)
{
    struct imsg m = { .type = type, .id = j->id, .body = wr_slice(body) };
    if (!a->peers[worker].chan || !wr_ok(body))
        return;
    chan_send(a->peers[worker].chan, &m);
    j->waits[worker]++;
    j->pending++;
}

static void ask_all(struct admin *a, struct job *j, enum admin_msg type, const struct wr *body)
{
    for (uint32_t i = 0; i < TUN_QUEUES_MAX; i++)
        ask_worker(a, j, i, type, body);
}

static void ask_master(struct admin *a, struct job *j, enum admin_msg type, const struct wr *body, unsigned answers)
{
    chan_send(a->master, &(struct imsg){ .type = type, .id = j->id, .body = wr_slice(body) });
    j->waits_master += answers;
    j->pending += answers;
}

static struct job *find_job(struct admin *a, uint32_t id)
{
    struct job *j = a->jobs;
    while (j && j->id != id)
        j = j->next;
    return j;
}

static void job_free(struct admin *a, struct job *j)
{
    struct job **at = &a->jobs;
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    json_decref(j->events);
    free(j->status);
    free(j->text);
    free(j);
    arm(a);
}

/* ---- answers ---- */

static void late(struct job *j)
{
    struct api_error e;
    api_fail(&e, 504, "no_answer", "a process of the server did not answer in time");
    give_error(j->req, &e);
}

static void finish_status(struct job *j)
{
    struct api_worker workers[ADMIN_ROLES];
    unsigned n = 0;
    if (!j->status) {
        late(j);
        return;
    }
    for (unsigned i = 0; i < j->status->n_roles; i++) {
        const struct admin_role *r = &j->status->roles[i];
        if (strcmp(r->kind, "worker") == 0 && r->index < TUN_QUEUES_MAX)
            workers[n++] = (struct api_worker){ r, j->have[r->index] ? &j->numbers[r->index] : NULL };
    }
    json_t *events = j->events;
    j->events = NULL;
    give_text(j->req, 200, NULL, api_json_status(j->status, workers, n, events));
}

static bool add_text(struct job *j, const char *s, size_t n)
{
    if (j->text_len + n + 1 > j->text_cap) {
        size_t cap = j->text_cap ? j->text_cap : 4096;
        while (cap < j->text_len + n + 1)
            cap *= 2;
        char *bigger = realloc(j->text, cap);
        j->no_memory |= !bigger;
        if (!bigger)
            return false;
        j->text = bigger;
        j->text_cap = cap;
    }
    memcpy(j->text + j->text_len, s, n);
    j->text_len += n;
    j->text[j->text_len] = 0;
    return true;
}

static void add_string(struct job *j, const char *s)
{
    (void)!add_text(j, s, strlen(s));
}

/* The text that has come together is the answer, and the request's from here on. */
static void give_collected(struct job *j)
{
    char *text = j->no_memory ? NULL : j->text;
    if (text)
        j->text = NULL;
    httpd_answer(j->req, 200, NULL, text, j->text_len);
}

/* {"sessions": [...], "next": "0-50"}: next is missing when that was all. */
static void finish_sessions(struct job *j, bool more)
{
    char id[API_ID_TEXT];
    add_string(j, "]");
    if (more) {
        add_string(j, ",\"next\":\"");
        add_string(j, api_id_text(j->at, id));
        add_string(j, "\"");
    }
    add_string(j, "}\n");
    give_collected(j);
}

static void finish_session(struct job *j)
{
    struct api_error e;
    if (j->listed == 0) {
        api_fail(&e, 404, "not_found", "there is no such session; it may have ended");
        give_error(j->req, &e);
        return;
    }
    add_string(j, "\n");
    give_collected(j);
}

static void finish_end(struct job *j)
{
    struct api_error e;
    if (j->call.kind == API_END && j->ended == 0) {
        api_fail(&e, 404, "not_found", "there is no such session; it may have ended");
        give_error(j->req, &e);
        return;
    }
    give_text(j->req, 200, NULL, json_pack("{s:i}", "ended", (int)j->ended));
}

static void finish_order(struct job *j)
{
    struct api_error e;
    if (!j->have_done) {
        late(j);
    } else if (j->done.outcome == ADMIN_OUTCOME_DONE) {
        give_text(j->req, 200, NULL, json_pack("{s:b, s:s}", "done", 1, "message", j->done.words));
    } else {
        bool missing = j->done.outcome == ADMIN_OUTCOME_MISSING;
        api_fail(&e, missing ? 501 : 409, missing ? "not_implemented" : "refused", "%s", j->done.words);
        give_error(j->req, &e);
    }
}

static void list_on(struct admin *a, struct job *j);

/* Everybody has answered, or will not. */
static void job_finish(struct admin *a, struct job *j)
{
    switch (j->call.kind) {
    case API_STATUS:
        finish_status(j);
        break;
    case API_SESSIONS:
        list_on(a, j); /* frees it when that was the last part */
        return;
    case API_SESSION:
        finish_session(j);
        break;
    case API_END:
    case API_END_USER:
        finish_end(j);
        break;
    case API_DRAIN:
    case API_RELOAD:
    case API_UPGRADE:
    case API_LOG_LEVEL:
        finish_order(j);
        break;
    case API_CALLS:
        break;
    }
    job_free(a, j);
}

static void job_check(struct admin *a, struct job *j)
{
    if (j->pending == 0)
        job_finish(a, j);
}

/* ---- lists: one part after the other, one worker after the other ---- */

static void list_on(struct admin *a, struct job *j)
{
    uint8_t buf[4];
    struct wr body = wr_of(buf, sizeof(buf));
    while (j->at.worker < TUN_QUEUES_MAX && !a->peers[j->at.worker].chan)
        j->at = (struct api_id){ j->at.worker + 1, 0 };
    bool over = j->at.worker >= TUN_QUEUES_MAX;
    if (over || j->listed >= j->call.limit || j->no_memory) {
        finish_sessions(j, !over);
        job_free(a, j);
        return;
    }
    admin_put_cursor(&body, (uint32_t)j->at.handle);
    ask_worker(a, j, j->at.worker, ADMIN_LIST, &body);
    j->due = loop_now(a->loop) + WAIT;
    arm(a);
}

static void add_session(struct job *j, uint32_t worker, const struct admin_session *s)
{
    size_t n = 0;
    char *text = api_json_text(api_json_session(worker, s), &n);
    if (!text) {
        j->no_memory = true;
        return;
    }
    if (j->listed++ && j->call.kind == API_SESSIONS)
        add_string(j, ",");
    (void)!add_text(j, text, n - 1); /* without its newline */
    free(text);
}

/* A part may hold more than the limit wants: the rest of it is left for the next page, which begins behind the last slot
 * that was taken (the low half of a handle is its slot). */
static int on_sessions(struct job *j, uint32_t worker, struct slice body)
{
    struct rd r;
    uint32_t next;
    unsigned n;
    struct admin_session s;
    int e = admin_get_sessions(body, &r, &next, &n);
    for (unsigned i = 0; e == 0 && i < n; i++) {
        e = admin_next_session(&r, &s);
        if (e < 0)
            return e;
        if (j->call.kind == API_SESSIONS && j->listed >= j->call.limit)
            return 0; /* j->at stands behind the last one taken */
        add_session(j, worker, &s);
        j->at = (struct api_id){ worker, (uint32_t)s.handle + 1 };
    }
    if (e < 0)
        return e;
    if (!rd_end(&r))
        return ERR_TRAILING;
    j->at = next ? (struct api_id){ worker, next } : (struct api_id){ worker + 1, 0 };
    return 0;
}

/* ---- what comes back ---- */

static int on_events(struct job *j, struct slice body)
{
    struct rd r = rd_slice(body);
    struct slice line;
    int e;
    json_decref(j->events);
    j->events = json_array();
    while ((e = admin_next_line(&r, &line)) > 0)
        json_array_append_new(j->events, api_json_event(line));
    return e;
}

static int on_status(struct job *j, struct slice body)
{
    if (!j->status)
        j->status = malloc(sizeof(*j->status));
    if (!j->status) {
        event(EV_NO_MEMORY, NULL, F_TEXT("for", "an answer"));
        return 0; /* told as late */
    }
    int e = admin_get_status(body, j->status);
    if (e < 0) {
        free(j->status);
        j->status = NULL;
    }
    return e;
}

static int take_answer(struct job *j, uint32_t worker, const struct imsg *m)
{
    uint32_t n = 0;
    int e;
    if (m->type == ADMIN_STATUS)
        return on_status(j, m->body);
    if (m->type == ADMIN_EVENTS)
        return on_events(j, m->body);
    if (m->type == ADMIN_SESSIONS)
        return on_sessions(j, worker, m->body);
    if (m->type == ADMIN_DONE) {
        e = admin_get_done(m->body, &j->done);
        j->have_done = e == 0;
        return e;
    }
    if (m->type == ADMIN_WORKER) {
        e = admin_get_worker(m->body, &j->numbers[worker]);
        j->have[worker] = e == 0;
        return e;
    }
    e = admin_get_count(m->body, &n); /* ADMIN_ENDED */
    j->ended += n;
    return e;
}

int admin_answered(struct admin *a, uint32_t worker, const struct imsg *m)
{
    struct job *j = find_job(a, m->id);
    if (!j)
        return 0; /* too late: it was answered without */
    if (worker == UINT32_MAX ? j->waits_master == 0 : j->waits[worker] == 0)
        return ERR_STATE;
    int e = take_answer(j, worker, m);
    if (e < 0)
        return e; /* the channel is dropped, and the job with what it owes: admin_worker_gone() */
    if (worker == UINT32_MAX)
        j->waits_master--;
    else
        j->waits[worker]--;
    j->pending--;
    job_check(a, j);
    return 0;
}

void admin_worker_gone(struct admin *a, uint32_t worker)
{
    struct job *next;
    for (struct job *j = a->jobs; j; j = next) {
        next = j->next;
        if (j->waits[worker] == 0)
            continue;
        j->pending -= j->waits[worker];
        j->waits[worker] = 0;
        if (j->call.kind == API_SESSIONS)
            j->at = (struct api_id){ worker + 1, 0 };
        job_check(a, j);
    }
}

void admin_tick(void *ctx)
{
    struct admin *a = ctx;
    msec now = loop_now(a->loop);
    struct job *next;
    for (struct job *j = a->jobs; j; j = next) {
        next = j->next;
        if (j->due > now)
            continue;
        if (j->call.kind == API_SESSIONS || j->call.kind == API_SESSION) {
            late(j); /* half a list would be taken for a whole one */
            job_free(a, j);
        } else {
            job_finish(a, j);
        }
    }
    arm(a);
}

void admin_drop_jobs(struct admin *a)
{
    while (a->jobs)
        job_free(a, a->jobs);
}

/* ---- what goes out ---- */

static void ask_about_session(struct admin *a, struct job *j)
{
    uint8_t buf[8 + 2 + ADMIN_REASON];
    struct wr body = wr_of(buf, sizeof(buf));
    if (j->call.id.worker >= TUN_QUEUES_MAX)
        return;
    if (j->call.kind == API_SESSION)
        admin_put_handle(&body, j->call.id.handle);
    else
        admin_put_end(&body, j->call.id.handle, j->call.reason);
    ask_worker(a, j, j->call.id.worker, j->call.kind == API_SESSION ? ADMIN_ONE : ADMIN_END, &body);
}

static void ask(struct admin *a, struct job *j)
{
    uint8_t buf[8 + AUTH_NAME_MAX + ADMIN_REASON];
    struct wr body = wr_of(buf, sizeof(buf));
    switch (j->call.kind) {
    case API_STATUS:
        ask_master(a, j, ADMIN_ASK_STATUS, &body, 2);
        ask_all(a, j, ADMIN_NUMBERS, &body);
        break;
    case API_SESSIONS:
        j->at = j->call.after;
        add_string(j, "{\"sessions\":[");
        break;
    case API_SESSION:
    case API_END:
        ask_about_session(a, j);
        break;
    case API_END_USER:
        admin_put_end_user(&body, j->call.user, j->call.reason);
        ask_all(a, j, ADMIN_END_USER, &body);
        break;
    case API_DRAIN:
        ask_master(a, j, ADMIN_DRAIN, &body, 1);
        break;
    case API_RELOAD:
        ask_master(a, j, ADMIN_RELOAD, &body, 1);
        break;
    case API_UPGRADE:
        ask_master(a, j, ADMIN_UPGRADE, &body, 1);
        j->due = loop_now(a->loop) + WAIT_UPGRADE;
        break;
    case API_LOG_LEVEL:
        wr_u32(&body, j->call.level);
        ask_master(a, j, ADMIN_LOG_LEVEL, &body, 1);
        break;
    case API_CALLS:
        break;
    }
}

void admin_request(void *ctx, struct httpd_request *r)
{
    struct admin *a = ctx;
    struct api_error e;
    struct job *j = calloc(1, sizeof(*j));
    if (!j) {
        httpd_answer(r, 500, NULL, NULL, 0);
        return;
    }
    if (api_parse(httpd_method(r), httpd_path(r), httpd_query, r, httpd_body(r), &j->call, &e) < 0) {
        give_error(r, &e);
        free(j);
        return;
    }
    do
        a->next_id++;
    while (a->next_id == 0 || find_job(a, a->next_id));
    j->id = a->next_id;
    j->req = r;
    j->due = loop_now(a->loop) + WAIT;
    j->next = a->jobs;
    a->jobs = j;
    ask(a, j);
    arm(a);
    job_check(a, j);
}
