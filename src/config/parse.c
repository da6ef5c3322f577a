/* libconfuse as the reader of our syntax: its tables are made from ours, and a callback notes each value with its line.
 *
 * libconfuse hands no pointer of ours to its callbacks, so the reader at work is kept in a variable for the time of the
 * parse. Every block has a hidden list option with a default: libconfuse sets it when the block begins, which tells us
 * the block's line and title. Options are plain strings to libconfuse; see values.c for their meaning. */
#include "config/parse.h"

#include <confuse.h>
#include <stdlib.h>

static _Thread_local struct reader *parsing;

static const char begin_name[] = " begin";

void complain(struct reader *r, unsigned line, const char *fmt, ...)
{
    va_list ap;
    r->errors++;
    if (!r->err)
        return;
    fprintf(r->err, line ? "%s:%u: " : "%s: ", r->path, line);
    va_start(ap, fmt);
    vfprintf(r->err, fmt, ap);
    va_end(ap);
    fputc('\n', r->err);
}

static const char *block_name(const cfg_t *cfg)
{
    return strcmp(cfg->name, "root") == 0 ? "" : strcmp(cfg->name, PARSE_USER_BLOCK) == 0 ? "user" : cfg->name;
}

static const struct option *find_option(const char *block, const char *name)
{
    for (size_t i = 0; i < config_n_options; i++)
        if (strcmp(config_options[i].block, block) == 0 && strcmp(config_options[i].name, name) == 0)
            return &config_options[i];
    return NULL;
}

static int note(const struct option *opt, unsigned line, bool first, const char *value)
{
    struct reader *r = parsing;
    if (!opt || r->n_entries == CONFIG_ENTRIES) {
        complain(r, line, "too many settings");
        return -1;
    }
    char *copy = strdup(value ? value : "");
    struct entry *grown = realloc(r->entries, (r->n_entries + 1) * sizeof(*grown));
    if (grown)
        r->entries = grown;
    if (!copy || !grown) {
        free(copy);
        complain(r, line, "out of memory");
        return -1;
    }
    r->entries[r->n_entries++] = (struct entry){ opt, line, first, copy };
    return 0;
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    *(const char **)result = value;
    /* nvalues counts this one; after '=' libconfuse has emptied the list. */
    return note(find_option(block_name(cfg), opt->name), (unsigned)cfg->line, opt->nvalues <= 1, value);
}

static int on_begin(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    (void)opt;
    *(const char **)result = value;
    return note(find_option(block_name(cfg), ""), (unsigned)cfg->line, true, cfg->title);
}

/* What may stand in this block, as names for the nearest one. */
static const char *nearest_in(const char *block, const char *name)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < config_n_options && n < 63; i++) {
        const struct option *o = &config_options[i];
        if (strcmp(o->block, block) == 0 && o->name[0])
            names[n++] = o->name;
        else if (!block[0] && !o->name[0])
            names[n++] = o->block;
    }
    names[n] = NULL;
    return nearest_name(name, names);
}

static const char *block_of(const char *name)
{
    for (size_t i = 0; i < config_n_options; i++)
        if (config_options[i].block[0] && strcmp(config_options[i].name, name) == 0)
            return config_options[i].block;
    return NULL;
}

static void unknown_key(struct reader *r, const cfg_t *cfg, const char *name)
{
    const char *block = block_name(cfg);
    const char *near = name[0] == ' ' ? NULL : nearest_in(block, name); /* begin_name is nobody's business */
    const char *other = find_option("", name) ? "the file itself" : block_of(name);
    char place[80];
    snprintf(place, sizeof(place), block[0] ? " in %s" : "%s", block);
    if (other && strcmp(other, block) != 0)
        complain(r, (unsigned)cfg->line, "no option \"%s\"%s; it belongs into %s", name, place, other);
    else if (near)
        complain(r, (unsigned)cfg->line, "no option \"%s\"%s; did you mean \"%s\"?", name, place, near);
    else
        complain(r, (unsigned)cfg->line, "no option \"%s\"%s", name, place);
}

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
    char text[512];
    vsnprintf(text, sizeof(text), fmt, ap);
    if (parsing->errors)
        return;
    char *quoted = strchr(text, '\''), *end = quoted ? strrchr(quoted + 1, '\'') : NULL;
    if (strncmp(text, "no such option", 14) == 0 && end) {
        *end = '\0';
        unknown_key(parsing, cfg, quoted + 1);
    } else {
        complain(parsing, (unsigned)cfg->line, "%s", text);
    }
}

/* libconfuse's option tables, made from ours: one array a block and one for the file. */
enum { ROOT_MAX = 64, BLOCKS_MAX = 16, BLOCK_MAX = 40 };
struct tables {
    cfg_opt_t root[ROOT_MAX];
    cfg_opt_t blocks[BLOCKS_MAX][BLOCK_MAX];
    size_t n_root, n_blocks;
};

static void fill(cfg_opt_t *to, size_t cap, size_t *n, const char *block)
{
    cfg_opt_t end = CFG_END();
    for (size_t i = 0; i < config_n_options && *n + 1 < cap; i++) {
        const struct option *o = &config_options[i];
        if (strcmp(o->block, block) != 0 || !o->name[0])
            continue;
        cfg_opt_t one = CFG_STR_CB(o->name, NULL, CFGF_NONE, on_value);
        cfg_opt_t many = CFG_STR_LIST_CB(o->name, NULL, CFGF_NONE, on_value);
        to[(*n)++] = o->list ? many : one;
    }
    to[*n] = end;
}

static void make_tables(struct tables *t)
{
    memset(t, 0, sizeof(*t));
    for (size_t i = 0; i < config_n_options && t->n_blocks < BLOCKS_MAX; i++) {
        const struct option *o = &config_options[i];
        if (o->name[0])
            continue;
        cfg_opt_t *sub = t->blocks[t->n_blocks++];
        cfg_opt_t begin = CFG_STR_LIST_CB(begin_name, "{begin}", CFGF_NONE, on_begin);
        size_t n = 0;
        sub[n++] = begin;
        fill(sub, BLOCK_MAX, &n, o->block);
        const char *name = strcmp(o->block, "user") == 0 ? PARSE_USER_BLOCK : o->block;
        cfg_opt_t sec = CFG_SEC(name, sub, CFGF_MULTI);
        if (o->kind == OPT_TITLED)
            sec.flags |= CFGF_TITLE;
        t->root[t->n_root++] = sec;
    }
    fill(t->root, ROOT_MAX, &t->n_root, "");
}

static bool run_confuse(struct reader *r, char *buf, size_t n)
{
    struct tables t;
    make_tables(&t);
    FILE *f = n ? fmemopen(buf, n, "r") : NULL;
    if (!f)
        return n == 0; /* nothing is written there: no settings, no syntax error */
    parsing = r;
    cfg_t *cfg = cfg_init(t.root, CFGF_NONE);
    if (cfg) {
        cfg_set_error_function(cfg, on_error);
        if (cfg_parse_fp(cfg, f) != CFG_SUCCESS && r->errors == 0)
            complain(r, (unsigned)cfg->line, "syntax error");
        cfg_free(cfg);
    } else {
        complain(r, 0, "out of memory");
    }
    parsing = NULL;
    fclose(f);
    return r->errors == 0;
}

bool parse_text(struct reader *r, struct slice text)
{
    if (text.n > CONFIG_FILE_MAX) {
        complain(r, 0, "the file is larger than 1 MB");
        return false;
    }
    char *buf = malloc(text.n + 1);
    if (!buf) {
        complain(r, 0, "out of memory");
        return false;
    }
    if (text.n)
        memcpy(buf, text.p, text.n);
    buf[text.n] = '\0';
    bool ok = prepare_text(r, buf, text.n) && run_confuse(r, buf, text.n);
    free(buf);
    return ok;
}

void reader_done(struct reader *r)
{
    for (size_t i = 0; i < r->n_entries; i++)
        free(r->entries[i].value);
    free(r->entries);
    r->entries = NULL;
    r->n_entries = 0;
}
