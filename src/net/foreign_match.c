/* See foreign_match.h: interfaces, the state of the connection, family and source are known, nothing else is. */
#include "net/foreign_match.h"

#include <stdio.h>
#include <string.h>

static enum sure sure(bool yes)
{
    return yes ? SURE_YES : SURE_NO;
}

/* "br-*" stands for all names that begin so. */
static enum sure same_name(const char *name, const char *pattern)
{
    size_t n = strlen(pattern);
    if (!name[0])
        return UNSURE;
    if (n && pattern[n - 1] == '*')
        return sure(strncmp(name, pattern, n - 1) == 0);
    return sure(strcmp(name, pattern) == 0);
}

static enum sure same_net(const struct prefix *from, const struct prefix *net)
{
    if (from->family != net->family || !prefix_overlaps(from, net))
        return SURE_NO;
    return net->len <= from->len ? SURE_YES : UNSURE;
}

/* "10.80.0.1", or { "prefix": { "addr": "10.0.0.0", "len": 8 } } */
static enum sure same_source(const struct foreign_packet *p, const json_t *value)
{
    const json_t *net = json_object_get(value, "prefix");
    const char *addr = json_string_value(net ? json_object_get(net, "addr") : value);
    char text[96];
    struct prefix want;
    if (!addr || strlen(addr) > 60)
        return UNSURE;
    snprintf(text, sizeof(text), net ? "%s/%d" : "%s", addr, (int)json_integer_value(json_object_get(net, "len")));
    return prefix_parse(text, true, &want) < 0 ? UNSURE : same_net(&p->from, &want);
}

static enum sure by_meta(const struct foreign_packet *p, const char *key, const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text)
        return UNSURE;
    if (strcmp(key, "iifname") == 0 || strcmp(key, "iif") == 0)
        return same_name(p->in, text);
    if (strcmp(key, "oifname") == 0 || strcmp(key, "oif") == 0)
        return same_name(p->out, text);
    if (strcmp(key, "nfproto") == 0)
        return sure(strcmp(text, p->from.family == 4 ? "ipv4" : "ipv6") == 0);
    if (strcmp(key, "protocol") == 0)
        return sure(strcmp(text, p->from.family == 4 ? "ip" : "ip6") == 0);
    return UNSURE;
}

/* A header of the other family is not there at all. */
static bool other_family(const struct foreign_packet *p, const json_t *payload)
{
    const char *protocol = json_string_value(json_object_get(payload, "protocol"));
    return protocol && (strcmp(protocol, "ip") == 0 || strcmp(protocol, "ip6") == 0) &&
           strcmp(protocol, p->from.family == 4 ? "ip" : "ip6") != 0;
}

static enum sure by_value(const struct foreign_packet *p, const json_t *left, const json_t *value)
{
    const json_t *payload = json_object_get(left, "payload");
    const char *meta = json_string_value(json_object_get(json_object_get(left, "meta"), "key"));
    const char *ct = json_string_value(json_object_get(json_object_get(left, "ct"), "key"));
    const char *field = json_string_value(json_object_get(payload, "field"));
    const char *text = json_string_value(value);
    if (meta)
        return by_meta(p, meta, value);
    if (ct && strcmp(ct, "state") == 0 && text)
        return sure(strcmp(text, "new") == 0);
    if (field && strcmp(field, "saddr") == 0 && !other_family(p, payload))
        return same_source(p, value);
    return UNSURE;
}

/* One of several is enough. */
static enum sure by_any(const struct foreign_packet *p, const json_t *left, const json_t *values)
{
    enum sure all = SURE_NO;
    size_t i;
    const json_t *one;
    json_array_foreach(values, i, one)
    {
        enum sure s = foreign_value(p, left, one);
        if (s == SURE_YES)
            return SURE_YES;
        if (s == UNSURE)
            all = UNSURE;
    }
    return all;
}

enum sure foreign_value(const struct foreign_packet *p, const json_t *left, const json_t *right)
{
    const json_t *set = json_object_get(right, "set");
    if (other_family(p, json_object_get(left, "payload")))
        return SURE_NO;
    if (json_is_array(set))
        return by_any(p, left, set);
    if (json_is_array(right))
        return by_any(p, left, right);
    const char *text = json_string_value(right);
    if (set || (text && text[0] == '@')) /* a set with a name: its elements are not looked at */
        return UNSURE;
    return by_value(p, left, right);
}

enum sure foreign_match(const struct foreign_packet *p, const json_t *match)
{
    const char *op = json_string_value(json_object_get(match, "op"));
    const json_t *left = json_object_get(match, "left"), *right = json_object_get(match, "right");
    if (!op || !left || !right)
        return UNSURE;
    if (other_family(p, json_object_get(left, "payload")))
        return SURE_NO; /* also for != */
    enum sure s = foreign_value(p, left, right);
    if (strcmp(op, "==") == 0 || strcmp(op, "in") == 0)
        return s;
    if (strcmp(op, "!=") == 0)
        return s == UNSURE ? UNSURE : s == SURE_YES ? SURE_NO : SURE_YES;
    return UNSURE;
}
