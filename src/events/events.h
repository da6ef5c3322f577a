/* The event catalogue: every line that the programs say, once.
 *
 * An event has a number, a symbol, a level, typed fields, a sentence of what happened and one of what to do. Numbers
 * below 1000 are those of the Windows source Microsoft-Windows-RasSstp; ours start at 1000. Bytes that a peer controls
 * are escaped and cut. Each line of a call carries its correlation id. One sink for now: stderr.
 *
 *   2026-11-20T08:30:00.123Z info 1001 SESSION_UP call={…} user=alice peer=198.18.0.7:4711 … : session is up
 */
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

/* One field. TEXT is ours (a C string), BYTES are a peer's: escaped and cut at 256. */
struct event_field {
    enum event_field_kind kind;
    const char *key;
    const char *text;
    struct slice bytes;
    uint64_t num;
};

#define F_TEXT(k, v) ((struct event_field){ .kind = FIELD_TEXT, .key = (k), .text = (v) })
#define F_BYTES(k, v) ((struct event_field){ .kind = FIELD_BYTES, .key = (k), .bytes = (v) })
#define F_NUM(k, v) ((struct event_field){ .kind = FIELD_NUM, .key = (k), .num = (uint64_t)(v) })
#define F_HEX(k, v) ((struct event_field){ .kind = FIELD_HEX, .key = (k), .bytes = (v) })

void events_init(const char *role, enum event_level least); /* role is printed; stderr is the sink */
enum event_level events_level(void);
void events_set_level(enum event_level least);
/* `call` is the correlation id, or NULL. Usage: event(EV_SESSION_UP, id, F_TEXT("user", u), F_NUM("bytes", n)); */
void event_emit(enum event_id id, const char *call, const struct event_field *fields);
#define event(id, call, ...) event_emit((id), (call), (const struct event_field[]){ __VA_ARGS__ __VA_OPT__(,) { .kind = FIELD_END } })
/* Catalogue lookups, for docs and tests. NULL/false if unknown. */
const char *event_symbol(unsigned id);
const char *event_what(unsigned id);
const char *event_todo(unsigned id);

#endif
