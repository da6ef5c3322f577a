/* The event catalogue: every line that the programs say, once.
 *
 * An event has a number, a symbol, a level, typed fields, a sentence of what happened and one of what to do. Numbers
 * below 1000 are those of the Windows source Microsoft-Windows-RasSstp; ours start at 1000. Bytes that a peer controls
 * are escaped and cut. Each line of a call carries its correlation id. One sink for now: stderr, one write(2) a line.
 *
 *   2026-11-20T08:30:00.123Z notice 1101 SESSION_UP worker0 call={…} user=alice peer=198.18.0.7:4711: a session is up
 *
 * At warning and above, "; what to do" follows. Events that a peer can cause at will are limited (a bucket of 50 lines
 * that refills with 10 a second, each event its own); how many were left out is said afterwards (SUPPRESSED).
 * One thread a process may emit events. */
#ifndef ADIT_EVENTS_EVENTS_H
#define ADIT_EVENTS_EVENTS_H

#include "base/slice.h"

enum event_level { EVENT_ERROR, EVENT_WARNING, EVENT_NOTICE, EVENT_INFO, EVENT_DEBUG };

/* X(number, symbol, level, "what happened", "what to do") in events/catalogue.inc */
enum event_id {
#define X(num, sym, level, what, todo) EV_##sym = num,
#include "events/catalogue.inc"
#undef X
};

enum event_field_kind { FIELD_END, FIELD_TEXT, FIELD_BYTES, FIELD_NUM, FIELD_HEX };

/* One field. TEXT is ours (a C string; NULL leaves the field out), BYTES are a peer's. Both are escaped and quoted
 * where needed and cut at EVENT_CUT bytes; NUM is decimal, HEX is bytes as hexadecimal digits. */
struct event_field {
    enum event_field_kind kind;
    const char *key;
    const char *text;
    struct slice bytes;
    uint64_t num;
};

/* clang-format off */
#define F_TEXT(k, v) ((struct event_field){ .kind = FIELD_TEXT, .key = (k), .text = (v) })
#define F_BYTES(k, v) ((struct event_field){ .kind = FIELD_BYTES, .key = (k), .bytes = (v) })
#define F_NUM(k, v) ((struct event_field){ .kind = FIELD_NUM, .key = (k), .num = (uint64_t)(v) })
#define F_HEX(k, v) ((struct event_field){ .kind = FIELD_HEX, .key = (k), .bytes = (v) })
/* clang-format on */

enum {
    EVENT_CUT = 256,   /* bytes of a value that are printed at most, before escaping */
    EVENT_LINE = 4096, /* bytes of a line at most, newline included: a pipe takes it whole (PIPE_BUF) */
    EVENT_BURST = 50,  /* lines of one limited event at once */
    EVENT_RATE = 10,   /* and then so many a second */
};

/* `role` is printed in every line ("master", "worker0"; copied); stderr is the sink. */
void events_init(const char *role, enum event_level least);
enum event_level events_level(void);
void events_set_level(enum event_level least);
/* "error", "warning", "notice", "info", "debug". */
const char *event_level_name(enum event_level level);
/* False (and *ret untouched) if the name is none of the five. */
bool event_level_from(const char *name, enum event_level *ret);
/* Another descriptor than stderr, for tests. */
void events_set_fd(int fd);
/* Each line of EVENT_NOTICE and above that is written goes to fn as well, without its newline. fn may emit no event.
 * NULL: to nobody. */
typedef void events_tap_fn(void *ctx, const char *line, size_t n);
void events_set_tap(events_tap_fn *fn, void *ctx);

/* `call` is the correlation id with or without braces, or NULL. Usage: event(EV_SESSION_UP, id, F_TEXT("user", u),
 * F_NUM("bytes", n)); */
void event_emit(enum event_id id, const char *call, const struct event_field *fields);
/* clang-format off */
#define event(id, call, ...) \
    event_emit((id), (call), (const struct event_field[]){ __VA_ARGS__ __VA_OPT__(,) { .kind = FIELD_END } })
/* clang-format on */

/* Says now how many lines of limited events were left out. Call it before the process ends; event_emit() does it
 * too. */
void events_flush(void);

/* The line of an event, with its newline and a NUL, as event_emit() writes it; returns its length without the NUL.
 * `cap` is at least EVENT_LINE + 1. Pure: for tests. */
size_t event_line(char *dst, size_t cap, uint64_t unix_ms, const char *role, enum event_id id, const char *call,
                  const struct event_field *fields);

/* Catalogue lookups, for docs and tests. NULL if unknown; an unknown number has the level EVENT_ERROR. */
const char *event_symbol(unsigned id);
const char *event_what(unsigned id);
const char *event_todo(unsigned id);
enum event_level event_level_of(unsigned id);

/* Error numbers of Windows' remote access (RAS) in words: what a Terminate-Request, an MS-CHAPv2 failure or a Windows
 * client's screen shows. NULL if we have none. */
const char *event_ras_text(unsigned code);

/* The same event for a person at a terminal: what happened, the fields, and only where something is wrong what to do,
 * the number and the call. */
size_t event_line_plain(char *dst, size_t cap, const char *program, enum event_id id, const char *call,
                        const struct event_field *fields);
/* Lines for a person (`program` before each) from now on; NULL: the full lines again. Not owned. */
void events_set_plain(const char *program);

#endif
