/* The scenario runner: replays a text script against a pure machine, with a virtual clock and chosen randomness.
 *
 * The runner knows no protocol. A small adapter (struct scenario_kind) makes a machine look the same to it as every
 * other one; see README for the language of the scripts and call_kind.c for an example of an adapter. Everything in
 * a script must come true and nothing else may happen: bytes sent and events left over fail it. */
#ifndef ADIT_TESTS_SCENARIO_H
#define ADIT_TESTS_SCENARIO_H

#include "base/env.h"
#include "base/machine.h"

#include <stdio.h>

/* The words after the verb of a line: "NAME key=value key=value". */
struct scenario_args {
    const char *name;  /* the first word; "" if there is none */
    char *const *pair; /* the words after it */
    int n;
};

/* The value of key, or NULL. */
const char *scenario_arg(const struct scenario_args *a, const char *key);
/* The value as a number ("60", "0x1f", or a time in ms: "500ms", "60s"); `otherwise` if the key is absent. A value
 * that is no number fails the script. */
uint64_t scenario_num(const struct scenario_args *a, const char *key, uint64_t otherwise);
/* The value as hex bytes; false if the key is absent. A value that is not exactly n bytes fails the script. */
bool scenario_hex(const struct scenario_args *a, const char *key, uint8_t *dst, size_t n);
/* Ends the program with file, line and this message. */
void scenario_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Appends "0102…" to an event's text. */
void scenario_print_hex(FILE *to, struct slice s);

struct scenario_kind {
    const char *name; /* as in the line "OPEN name key=value" */
    size_t size;      /* of the machine; zeroed memory of this size is handed to open */
    void (*open)(void *m, const struct scenario_args *a, const struct env *env, msec now);
    int (*feed)(void *m, struct rd *in, msec now);
    size_t (*pull)(void *m, uint8_t *dst, size_t cap);
    /* Takes the next event, if there is one, and prints it as "NAME key=value key=value". Print every field that a
     * script may want to see; a script names only those that it means. */
    bool (*event)(void *m, FILE *to);
    /* "ANSWER NAME key=value": whatever verbs the machine has beyond feed and tick. False: no such name. */
    bool (*answer)(void *m, const struct scenario_args *a, msec now);
    void (*tick)(void *m, msec now);
    msec (*due)(const void *m);
    const char *(*state)(const void *m); /* may be NULL */
    void (*done)(void *m);               /* may be NULL */
};

/* The main program of a scenario test: `argv` names script files; `kinds` are the machines that they may open. */
int scenario_main(int argc, char **argv, const struct scenario_kind *const *kinds, size_t n_kinds,
                  const struct prim *prim);

#endif
