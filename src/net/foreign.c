/* See foreign.h: the walk through the rules. */
#include "net/foreign_match.h"

#include "net/nft.h"

#include <stdio.h>
#include <string.h>

/* Of jumps, as in the kernel (NFT_JUMP_STACK_SIZE); and of chains that are walked for one packet, so that no heap of jumps
 * keeps us busy. */
enum { DEPTH = 16, WALKS = 2000 };

/* What a chain, or a rule, comes to. */
enum outcome { GOES_ON, RETURNS, ACCEPTED, DROPPED };

struct walk {
    const json_t *all; /* the array of objects */
    const struct foreign_packet *packet;
    const char *family, *table; /* in which we walk */
    char *why;                  /* FOREIGN_WHY bytes */
    unsigned *left;             /* of WALKS */
};

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static bool in_table(const struct walk *w, const json_t *o)
{
    return strcmp(text_of(o, "family"), w->family) == 0 && strcmp(text_of(o, "table"), w->table) == 0;
}

static enum outcome walk_chain(const struct walk *w, const char *chain, unsigned depth);

/* { "drop": null }, { "jump": { "target": "x" } } */
static enum outcome by_verdict(const struct walk *w, const char *chain, const char *word, const json_t *args,
                               unsigned depth)
{
    bool jump = strcmp(word, "jump") == 0;
    if (strcmp(word, "accept") == 0)
        return ACCEPTED;
    if (strcmp(word, "return") == 0)
        return RETURNS;
    if (strcmp(word, "drop") == 0 || strcmp(word, "reject") == 0) {
        snprintf(w->why, FOREIGN_WHY, "a rule of its chain %.64s says %s", chain, word);
        return DROPPED;
    }
    if (!jump && strcmp(word, "goto") != 0)
        return GOES_ON;
    enum outcome o = walk_chain(w, text_of(args, "target"), depth + 1);
    if (o == ACCEPTED || o == DROPPED)
        return o;
    return jump ? GOES_ON : RETURNS; /* who goes does not come back */
}

/* What neither decides nor depends on anything. */
static bool is_neutral(const char *word, const json_t *args)
{
    static const char *const words[] = { "counter", "log", "mangle", "notrack", "set", "map", "flow", "continue" };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return strcmp(word, "xt") == 0 && strcmp(text_of(args, "name"), "comment") == 0;
}

static bool is_verdict(const char *word)
{
    static const char *const words[] = { "accept", "drop", "reject", "return", "jump", "goto" };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* { "key": …, "data": { "set": [ [ "established", { "accept": null } ], … ] } } */
static enum outcome by_map(const struct walk *w, const char *chain, const json_t *map, unsigned depth)
{
    const json_t *pairs = json_object_get(json_object_get(map, "data"), "set"), *pair;
    size_t i;
    json_array_foreach(pairs, i, pair)
    {
        const char *word;
        json_t *args;
        if (foreign_value(w->packet, json_object_get(map, "key"), json_array_get(pair, 0)) != SURE_YES)
            continue;
        json_object_foreach(json_array_get(pair, 1), word, args) return by_verdict(w, chain, word, args, depth);
    }
    return GOES_ON;
}

static enum outcome walk_rule(const struct walk *w, const char *chain, const json_t *rule, unsigned depth)
{
    const json_t *statements = json_object_get(rule, "expr"), *one;
    size_t i;
    json_array_foreach(statements, i, one)
    {
        const char *word = json_object_iter_key(json_object_iter((json_t *)one));
        const json_t *args = word ? json_object_get(one, word) : NULL;
        if (!word)
            return GOES_ON;
        if (is_verdict(word))
            return by_verdict(w, chain, word, args, depth);
        if (strcmp(word, "vmap") == 0)
            return by_map(w, chain, args, depth);
        if (strcmp(word, "match") == 0 ? foreign_match(w->packet, args) != SURE_YES : !is_neutral(word, args))
            return GOES_ON;
    }
    return GOES_ON;
}

static enum outcome walk_chain(const struct walk *w, const char *chain, unsigned depth)
{
    const json_t *o;
    size_t i;
    if (depth > DEPTH || *w->left == 0)
        return GOES_ON;
    --*w->left;
    json_array_foreach(w->all, i, o)
    {
        const json_t *rule = json_object_get(o, "rule");
        if (!rule || strcmp(text_of(rule, "chain"), chain) != 0 || !in_table(w, rule))
            continue;
        enum outcome r = walk_rule(w, chain, rule, depth);
        if (r != GOES_ON)
            return r;
    }
    return GOES_ON;
}

/* Whose tables they are is told by the names that are in them. */
static enum foreign_kind kind_of(const struct walk *w)
{
    const json_t *o;
    size_t i;
    enum foreign_kind kind = strcmp(w->table, "firewalld") == 0 ? FOREIGN_FIREWALLD : FOREIGN_OTHER;
    json_array_foreach(w->all, i, o)
    {
        const json_t *chain = json_object_get(o, "chain");
        if (!chain || !in_table(w, chain))
            continue;
        if (strcmp(text_of(chain, "name"), "DOCKER-USER") == 0)
            return FOREIGN_DOCKER;
        if (strncmp(text_of(chain, "name"), "ufw-", 4) == 0)
            kind = FOREIGN_UFW;
    }
    return kind;
}

/* A base chain that this packet comes through. */
static bool is_asked(const json_t *chain, const char *own, const struct foreign_packet *p)
{
    const char *family = text_of(chain, "family"), *hook = text_of(chain, "hook");
    if (strcmp(text_of(chain, "table"), own) == 0)
        return false;
    if (strcmp(hook, "forward") != 0 && strcmp(hook, "postrouting") != 0)
        return false;
    return strcmp(family, "inet") == 0 || strcmp(family, p->from.family == 4 ? "ip" : "ip6") == 0;
}

static bool drops(const struct walk *w, const json_t *chain)
{
    enum outcome o = walk_chain(w, text_of(chain, "name"), 0);
    if (o == DROPPED || o == ACCEPTED)
        return o == DROPPED;
    if (strcmp(text_of(chain, "policy"), "drop") != 0)
        return false;
    snprintf(w->why, FOREIGN_WHY, "its policy is drop, and none of its rules lets this through");
    return true;
}

int foreign_find(const char *ruleset, const char *own, const struct foreign_packet *p, struct foreign_drop *ret,
                 unsigned max)
{
    json_t *root = json_loads(ruleset, 0, NULL);
    const json_t *all = json_object_get(root, "nftables"), *o;
    unsigned n = 0, left = WALKS;
    size_t i;
    if (!json_is_array(all)) {
        json_decref(root);
        return ERR_VALUE;
    }
    json_array_foreach(all, i, o)
    {
        const json_t *chain = json_object_get(o, "chain");
        if (n == max || !chain || !is_asked(chain, own, p))
            continue;
        struct foreign_drop d = { .priority = (int)json_integer_value(json_object_get(chain, "prio")) };
        struct walk w = { all, p, text_of(chain, "family"), text_of(chain, "table"), d.why, &left };
        if (!drops(&w, chain))
            continue;
        snprintf(d.table, sizeof(d.table), "%.8s %.64s", w.family, w.table);
        snprintf(d.chain, sizeof(d.chain), "%s", text_of(chain, "name"));
        snprintf(d.hook, sizeof(d.hook), "%s", text_of(chain, "hook"));
        d.kind = kind_of(&w);
        ret[n++] = d;
    }
    json_decref(root);
    return (int)n;
}

char *foreign_ruleset(void)
{
    return nft_ruleset_json();
}
