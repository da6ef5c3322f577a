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
    OPT_GROUP,     /* char[32] */
    OPT_LEVEL,     /* char[16] */
    OPT_SANDBOX,   /* char[8] */
    OPT_METHODS,
    OPT_BINDING,
    OPT_DNS,
    OPT_NBNS,
    OPT_POOL4,
    OPT_POOL6,    /* from /24 or /32 to /64, with ipv6_shared to /112 */
    OPT_SWITCH,   /* enum config_switch */
    OPT_NETS,     /* struct config_list into config.nets */
    OPT_ROUTED,   /* the same, no default route and few */
    OPT_NAMES,    /* struct config_list into config.names */
    OPT_DOMAIN,   /* the same, one */
    OPT_RANGES,   /* struct config_list into config.ranges */
    OPT_URL,      /* char[CONFIG_WPAD] */
    OPT_NET_DNS,  /* of struct config_net */
    OPT_NET_NBNS, /* of struct config_net */
    OPT_IN_POOL,  /* a pool's name */
    OPT_IN_GROUP, /* a group's name */
    OPT_ADDRESS4, /* struct prefix, full length */
    OPT_PREFIX6,  /* struct prefix, /64 or /128 */
    OPT_NAT_TO,   /* struct prefix[2], an address of each family */
};

struct option {
    const char *block; /* "": the file itself; for a block: its own name */
    const char *name;  /* "" for a block itself */
    enum option_kind kind;
    bool list;
    size_t at;         /* offset in struct config; in config_pool, _group or _user for options of such a block */
    uint64_t min, max; /* of numbers and times (ms) */
    const char *def;   /* as it would be written; NULL: none */
    const char *doc;   /* one sentence or more, without a full stop at the end; NULL: for our own tests, hidden */
};

extern const struct option config_options[];
extern const size_t config_n_options;

/* "limits { tls }", "interface": how an option is called in messages. */
const char *option_title(const struct option *o, char buf[64]);

/* The nearest of the names (NULL-terminated) by edit distance, or NULL if none is near. */
const char *nearest_name(const char *name, const char *const *names);

#endif
