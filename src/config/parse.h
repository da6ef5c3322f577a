/* The file as a list of settings in the order of the file, each with its line. Inside of src/config.
 *
 * Nothing is converted here and nothing judged but the syntax. */
#ifndef ADIT_CONFIG_PARSE_H
#define ADIT_CONFIG_PARSE_H

#include "config/options.h"

#include <stdarg.h>

enum { CONFIG_FILE_MAX = 1 << 20, CONFIG_ENTRIES = 4096 };

/* One value of an option, or the beginning of a block (then `value` is its title or ""). */
struct entry {
    const struct option *opt;
    unsigned line;
    bool first; /* not a further element of a list */
    char *value;
};

struct reader {
    const char *path;
    FILE *err;
    unsigned errors;
    struct entry *entries;
    size_t n_entries;
};

/* "user" is an option of the file and a block; libconfuse knows one thing of a name, so prepare_text() writes the block so. */
#define PARSE_USER_BLOCK "USER"

/* Writes "path:line: words" and counts; line 0: "path: words". */
void complain(struct reader *r, unsigned line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Fills r->entries; false after a complaint. The entries are freed by reader_done(). */
bool parse_text(struct reader *r, struct slice text) MUST_CHECK;
void reader_done(struct reader *r);

/* First step of parse_text(), also for its test: blanks the comments in buf (n bytes and a NUL) and refuses what
 * libconfuse would read otherwise than a person does: expansions, open strings, stray characters. */
bool prepare_text(struct reader *r, char *buf, size_t n) MUST_CHECK;

#endif
