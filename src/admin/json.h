/* What the API answers, as JSON: one function a document of adit-api(7). docs/adit-api.schema.json says the same. */
#ifndef ADIT_ADMIN_JSON_H
#define ADIT_ADMIN_JSON_H

#include "admin/api.h"

#include <jansson.h>

/* All return a new reference, or NULL without memory. */
json_t *api_json_session(uint32_t worker, const struct admin_session *s);
json_t *api_json_error(const char *code, const char *message);
/* A line of the log as events.h writes it, taken apart; a line that is none is "text" alone. */
json_t *api_json_event(struct slice line);

/* Of a worker in the status; `n` NULL: it did not answer in time. */
struct api_worker {
    const struct admin_role *role;
    const struct admin_worker *n;
};
/* `events` and what becomes of it: stolen, may be NULL. */
json_t *api_json_status(const struct admin_status *s, const struct api_worker *workers, unsigned n_workers,
                        json_t *events);

/* The document as text, with a newline; NULL without memory (also if j is). Steals j. */
char *api_json_text(json_t *j, size_t *ret_n);

#endif
