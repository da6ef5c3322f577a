/* The sink of events: level filter, limits, one write(2) a line.
 *
 * The state is the process's: one role, one level, one descriptor. */
#include "events/events.h"

#include <stdio.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

/* Events that a peer can cause as often as it likes. */
struct limit {
    enum event_id id;
    uint64_t at;       /* ms when `tokens` was right */
    uint64_t tokens;   /* thousandths of a line */
    uint64_t left_out; /* lines since the last one printed */
};

/* clang-format off */
static struct limit limits[] = {
    { .id = EV_SSTP_NEGOTIATION_FAILED }, { .id = EV_SECURITY_CHECK_FAILED }, { .id = EV_CONNECTION },
    { .id = EV_CALL_ENDED }, { .id = EV_CALL_STATE }, { .id = EV_CALL_DEFERRED }, { .id = EV_CALL_DATA_EARLY },
    { .id = EV_HALF_OPEN_LIMIT }, { .id = EV_SESSION_LIMIT }, { .id = EV_DEADLINE }, { .id = EV_CONNECTION_LOST },
    { .id = EV_AUTH_REFUSED }, { .id = EV_AUTH_TIMED_OUT }, { .id = EV_AUTH_RETRY }, { .id = EV_AUTH_BAD_PACKET },
    { .id = EV_AUTH_NO_RECORD }, { .id = EV_AUTH_NO_COMMON_METHOD }, { .id = EV_AUTH_BUSY }, { .id = EV_AUTH_CODE },
    { .id = EV_AUTH_LIMIT }, { .id = EV_POOL_EXHAUSTED }, { .id = EV_BINDING_NONCE }, { .id = EV_BINDING_CERTIFICATE },
    { .id = EV_BINDING_HASH_PROTOCOL }, { .id = EV_BINDING_MAC }, { .id = EV_BINDING_MISSING },
    { .id = EV_BINDING_REPEATED }, { .id = EV_SSTP_ABORT_SENT }, { .id = EV_SSTP_ABORT_RECEIVED },
    { .id = EV_SSTP_NAK_SENT }, { .id = EV_SSTP_NAK_RECEIVED }, { .id = EV_SSTP_DISCONNECT_SENT },
    { .id = EV_SSTP_DISCONNECT_RECEIVED }, { .id = EV_SSTP_MALFORMED }, { .id = EV_LCP_IDENT },
    { .id = EV_LCP_TIME_REMAINING }, { .id = EV_LCP_TERMINATED }, { .id = EV_LCP_LOOP },
    { .id = EV_PPP_REJECTED_BY_PEER }, { .id = EV_PPP_PROTOCOL_REJECTED }, { .id = EV_PPP_NO_ADDRESS },
    { .id = EV_PPP_MALFORMED }, { .id = EV_PPP_TIMED_OUT }, { .id = EV_HTTP_REFUSED }, { .id = EV_HTTP_PROBE },
    { .id = EV_TLS_HANDSHAKE_FAILED }, { .id = EV_TLS_ERROR }, { .id = EV_TLS_OPEN }, { .id = EV_SPOOFED_SOURCE },
    { .id = EV_QUEUE_DROPS }, { .id = EV_NO_OWNER_DROPS }, { .id = EV_HANDOVER_DROPS }, { .id = EV_MULTICAST_DROPS },
    { .id = EV_ACCEPT_FAILED }, { .id = EV_WORKER_STRANGE },
};
/* clang-format on */
enum { N_LIMITS = sizeof(limits) / sizeof(limits[0]) };

static struct {
    char role[32];
    enum event_level least;
    int fd;
    bool any_left_out;
    const char *plain; /* the program's name before lines for a person; NULL: full lines */
    events_tap_fn *tap;
    void *tap_ctx;
} sink = { .role = "adit", .least = EVENT_INFO, .fd = STDERR_FILENO };

static uint64_t clock_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void events_init(const char *role, enum event_level least)
{
    snprintf(sink.role, sizeof(sink.role), "%s", role);
    sink.least = least;
    sink.fd = STDERR_FILENO;
    sink.any_left_out = false;
    for (size_t i = 0; i < N_LIMITS; i++)
        limits[i] = (struct limit){ .id = limits[i].id, .tokens = EVENT_BURST * 1000 };
}

enum event_level events_level(void)
{
    return sink.least;
}

void events_set_level(enum event_level least)
{
    sink.least = least;
}

void events_set_plain(const char *program)
{
    sink.plain = program;
}

void events_set_fd(int fd)
{
    sink.fd = fd;
}

void events_set_tap(events_tap_fn *fn, void *ctx)
{
    sink.tap = fn;
    sink.tap_ctx = ctx;
}

static void write_line(enum event_id id, const char *call, const struct event_field *fields)
{
    char line[EVENT_LINE + 1];
    size_t n = sink.plain ? event_line_plain(line, sizeof(line), sink.plain, id, call, fields)
                          : event_line(line, sizeof(line), clock_ms(CLOCK_REALTIME), sink.role, id, call, fields);
    ssize_t w;
    do
        w = write(sink.fd, line, n);
    while (w < 0 && errno == EINTR);
    if (sink.tap && n > 0 && event_level_of((unsigned)id) <= EVENT_NOTICE)
        sink.tap(sink.tap_ctx, line, n - 1);
    /* A sink that is full or gone loses the line: the programs do not wait for their log. */
}

static struct limit *limit_of(enum event_id id)
{
    for (size_t i = 0; i < N_LIMITS; i++)
        if (limits[i].id == id)
            return &limits[i];
    return NULL;
}

/* Fills the bucket for the time that has passed; is there a whole line in it? */
static bool limit_refill(struct limit *l, uint64_t now)
{
    if (l->at == 0) { /* first use, also in a process that never called events_init() */
        l->at = now;
        l->tokens = EVENT_BURST * 1000;
    }
    uint64_t passed = now > l->at ? now - l->at : 0;
    l->at = now;
    l->tokens = passed > EVENT_BURST * 1000 / EVENT_RATE ? EVENT_BURST * 1000 : l->tokens + passed * EVENT_RATE;
    if (l->tokens > EVENT_BURST * 1000)
        l->tokens = EVENT_BURST * 1000;
    return l->tokens >= 1000;
}

static void say_left_out(struct limit *l)
{
    const struct event_field f[] = {
        F_NUM("number", l->id),
        F_TEXT("symbol", event_symbol((unsigned)l->id)),
        F_NUM("count", l->left_out),
        { .kind = FIELD_END },
    };
    l->left_out = 0;
    write_line(EV_SUPPRESSED, NULL, f);
}

/* Says what was left out of every event that may speak again (or of all). */
static void flush(uint64_t now, bool all)
{
    if (!sink.any_left_out)
        return;
    sink.any_left_out = false;
    for (size_t i = 0; i < N_LIMITS; i++) {
        if (limits[i].left_out == 0)
            continue;
        if (all || limit_refill(&limits[i], now))
            say_left_out(&limits[i]);
        else
            sink.any_left_out = true;
    }
}

void events_flush(void)
{
    flush(clock_ms(CLOCK_MONOTONIC), true);
}

void event_emit(enum event_id id, const char *call, const struct event_field *fields)
{
    int saved = errno;
    if (event_level_of((unsigned)id) <= sink.least) {
        uint64_t now = clock_ms(CLOCK_MONOTONIC);
        struct limit *l = limit_of(id);
        flush(now, false);
        if (!l || limit_refill(l, now)) {
            if (l)
                l->tokens -= 1000;
            write_line(id, call, fields);
        } else {
            l->left_out++;
            sink.any_left_out = true;
        }
    }
    errno = saved;
}
