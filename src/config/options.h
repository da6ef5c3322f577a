/* Every option of the configuration file, once: section, name, type, default, words for the manual.
 *
 * Inside of src/config. The parser's tables, the converters, the defaults and the manual page's list come from here. */
#ifndef ADIT_CONFIG_OPTIONS_H
#define ADIT_CONFIG_OPTIONS_H

#include "config/config.h"

enum option_kind {
    OPT_BLOCK,  /* a block without title */
    OPT_TITLED, /* a block with a title */
    OPT_PATH,   /* relative to the file */
    OPT_BOOL,
    OPT_COUNT,     /* unsigned */
    OPT_MTU,       /* uint16_t */
    OPT_TIME,      /* msec; "10", "10s", "500ms", "2m", "1h" */
    OPT_INTERFACE, /* char[16] */
    OPT_USER,      /* char[32] */
    OPT_LEVEL,     /* char[16] */
    OPT_METHODS,
    OPT_BINDING,
    OPT_DNS,
    OPT_NBNS,
    OPT_POOL4,
    OPT_POOL6,
};

struct option {
    const char *block; /* "": the file itself; for a block: its own name */
    const char *name;  /* "" for a block itself */
    enum option_kind kind;
    bool list;
    size_t at;         /* offset in struct config, or in struct config_pool for options of a pool */
    uint64_t min, max; /* of numbers and times (ms) */
    const char *def;   /* as it would be written; NULL: none */
    const char *doc;   /* one sentence or more, without a full stop at the end */
};

extern const struct option config_options[];
extern const size_t config_n_options;

/* "limits { tls }", "interface": how an option is called in messages. */
const char *option_title(const struct option *o, char buf[64]);

/* The nearest of the names (NULL-terminated) by edit distance, or NULL if none is near. */
const char *nearest_name(const char *name, const char *const *names);

#endif
