/* See json.h. Peers' bytes (names, identification) may be no UTF-8: what is not becomes '?'. */
#include "admin/json.h"

#include <stdlib.h>

/* ---- values ---- */

static json_t *text(const char *s, size_t n)
{
    json_t *j = json_stringn(s, n);
    if (j)
        return j;
    char copy[1024];
    if (n > sizeof(copy))
        n = sizeof(copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = (unsigned char)s[i] < 0x80 ? s[i] : '?';
    return json_stringn(copy, n);
}

static void set(json_t *o, const char *key, json_t *value)
{
    json_object_set_new(o, key, value); /* refuses NULLs, and gives value back then */
}

static void set_text(json_t *o, const char *key, const char *s)
{
    set(o, key, text(s, strlen(s)));
}

static void set_number(json_t *o, const char *key, uint64_t n)
{
    set(o, key, json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n));
}

static void set_seconds(json_t *o, const char *key, uint64_t ms)
{
    set_number(o, key, ms / 1000);
}

json_t *api_json_error(const char *code, const char *message)
{
    json_t *e = json_object();
    set_text(e, "code", code);
    set_text(e, "message", message);
    json_t *o = json_object();
    set(o, "error", e);
    return o;
}

/* ---- sessions ---- */

static json_t *prefixes(const struct admin_session *s)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < s->n_prefixes; i++) {
        char one[PREFIX_TEXT];
        prefix_text(&s->prefixes[i], one);
        json_array_append_new(list, text(one, strlen(one)));
    }
    return list;
}

static json_t *traffic(uint64_t bytes_in, uint64_t bytes_out, uint64_t packets_in, uint64_t packets_out, uint64_t drops,
                       uint64_t rate_in, uint64_t rate_out)
{
    json_t *o = json_object();
    set_number(o, "bytes_in", bytes_in);
    set_number(o, "bytes_out", bytes_out);
    set_number(o, "packets_in", packets_in);
    set_number(o, "packets_out", packets_out);
    set_number(o, "drops", drops);
    set_number(o, "rate_in", rate_in);
    set_number(o, "rate_out", rate_out);
    return o;
}

json_t *api_json_session(uint32_t worker, const struct admin_session *s)
{
    char id[API_ID_TEXT];
    json_t *o = json_object();
    set_text(o, "id", api_id_text((struct api_id){ worker, s->handle }, id));
    set_text(o, "user", s->user);
    set_text(o, "peer", s->peer);
    set_text(o, "local", s->local);
    set(o, "prefixes", prefixes(s));
    set_text(o, "method", s->method);
    set_text(o, "tls", s->tls);
    set_text(o, "cipher", s->cipher);
    set_text(o, "binding", s->hash);
    set_number(o, "mtu", s->mtu);
    set_number(o, "mru", s->mru);
    set_seconds(o, "seconds", s->age_ms);
    set(o, "traffic",
        traffic(s->bytes_in, s->bytes_out, s->packets_in, s->packets_out, s->drops, s->rate_in, s->rate_out));
    set_text(o, "client", s->ident);
    set_number(o, "worker", worker);
    set_number(o, "config", s->snapshot);
    set_text(o, "call", s->call);
    return o;
}

/* ---- events ---- */

/* The next word of the line, without the blank behind it. */
static struct slice word(struct slice *line)
{
    size_t n = 0;
    while (n < line->n && line->p[n] != ' ')
        n++;
    struct slice w = slice_of(line->p, n);
    size_t skip = n < line->n ? n + 1 : n;
    *line = slice_of(line->p + skip, line->n - skip);
    return w;
}

static void set_slice(json_t *o, const char *key, struct slice s)
{
    set(o, key, text((const char *)s.p, s.n));
}

json_t *api_json_event(struct slice line)
{
    json_t *o = json_object();
    struct slice rest = line, time = word(&rest), level = word(&rest), number = word(&rest), symbol = word(&rest),
                 role = word(&rest);
    uint64_t n = 0;
    bool good = role.n > 0 && number.n > 0 && number.n < 8;
    for (size_t i = 0; i < number.n && good; i++) {
        good = number.p[i] >= '0' && number.p[i] <= '9';
        n = n * 10 + (number.p[i] & 15u);
    }
    if (!good) {
        set_slice(o, "text", line);
        return o;
    }
    set_slice(o, "time", time);
    set_slice(o, "level", level);
    set_number(o, "number", n);
    set_slice(o, "symbol", symbol);
    set_slice(o, "process", role);
    set_slice(o, "text", rest);
    return o;
}

/* ---- status ---- */

static json_t *process(const struct admin_role *p)
{
    json_t *o = json_object();
    set_text(o, "role", p->kind);
    set_number(o, "index", p->index);
    set_number(o, "pid", p->pid);
    set_number(o, "restarts", p->restarts);
    set_number(o, "memory", p->memory);
    set_seconds(o, "seconds", p->age_ms);
    set_text(o, "version", p->version);
    return o;
}

static json_t *worker(const struct api_worker *w)
{
    static const struct admin_worker none;
    const struct admin_worker *n = w->n ? w->n : &none;
    json_t *o = process(w->role);
    set(o, "answers", json_boolean(w->n != NULL));
    set(o, "retiring", json_boolean(w->role->retiring));
    if (w->role->retiring)
        set_seconds(o, "seconds_left", w->role->left_ms);
    set_number(o, "sessions", n->sessions);
    set_number(o, "connections", n->connections);
    set_number(o, "half_open", n->half_open);
    set_number(o, "accepted", n->accepted);
    set_number(o, "ended", n->ended);
    set(o, "traffic",
        traffic(n->bytes_in, n->bytes_out, n->packets_in, n->packets_out, n->drops, n->rate_in, n->rate_out));
    return o;
}

static void add(struct admin_worker *sum, const struct admin_worker *n)
{
    sum->sessions += n->sessions;
    sum->connections += n->connections;
    sum->half_open += n->half_open;
    sum->accepted += n->accepted;
    sum->ended += n->ended;
    sum->bytes_in += n->bytes_in;
    sum->bytes_out += n->bytes_out;
    sum->packets_in += n->packets_in;
    sum->packets_out += n->packets_out;
    sum->drops += n->drops;
    sum->rate_in += n->rate_in;
    sum->rate_out += n->rate_out;
}

static json_t *listens(const struct admin_status *s)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < s->n_listens; i++)
        json_array_append_new(list, text(s->listens[i], strlen(s->listens[i])));
    return list;
}

static json_t *processes(const struct admin_status *s, uint64_t *ret_memory)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < s->n_roles; i++) {
        *ret_memory += s->roles[i].memory;
        if (strcmp(s->roles[i].kind, "worker") != 0)
            json_array_append_new(list, process(&s->roles[i]));
    }
    return list;
}

json_t *api_json_status(const struct admin_status *s, const struct api_worker *workers, unsigned n_workers,
                        json_t *events)
{
    struct admin_worker sum = { 0 };
    uint64_t memory = 0;
    json_t *o = json_object(), *list = json_array();
    for (unsigned i = 0; i < n_workers; i++) {
        if (workers[i].n)
            add(&sum, workers[i].n);
        json_array_append_new(list, worker(&workers[i]));
    }
    set_text(o, "version", s->version);
    set_seconds(o, "uptime", s->uptime_ms);
    set_text(o, "config_file", s->config);
    set_number(o, "config", s->snapshot);
    set_text(o, "interface", s->interface);
    set_text(o, "log_level", s->log_level);
    set(o, "draining", json_boolean(s->draining));
    set(o, "listeners", listens(s));
    set_number(o, "sessions", sum.sessions);
    set_number(o, "half_open", sum.half_open);
    set_number(o, "accepted", sum.accepted);
    set_number(o, "ended", sum.ended);
    set(o, "traffic",
        traffic(sum.bytes_in, sum.bytes_out, sum.packets_in, sum.packets_out, sum.drops, sum.rate_in, sum.rate_out));
    set(o, "processes", processes(s, &memory));
    set_number(o, "memory", memory);
    set(o, "workers", list);
    set(o, "events", events ? events : json_array());
    return o;
}

char *api_json_text(json_t *j, size_t *ret_n)
{
    size_t n = json_dumpb(j, NULL, 0, JSON_COMPACT);
    char *out = n ? malloc(n + 1) : NULL;
    if (out && json_dumpb(j, out, n, JSON_COMPACT) != n) {
        free(out);
        out = NULL;
    }
    json_decref(j);
    if (!out)
        return NULL;
    out[n] = '\n';
    *ret_n = n + 1;
    return out;
}
