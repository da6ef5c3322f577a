/* The options of user add and user set that are about networks: --ip, --ipv6, --group, --routed. "none" takes away. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

static bool is_none(const char *text)
{
    return strcmp(text, "none") == 0;
}

static int take_ip(const char *text, struct request_net *n)
{
    struct prefix p;
    n->has_ipv4 = true;
    n->ipv4 = 0;
    if (is_none(text))
        return CTL_OK;
    if (prefix_parse(text, true, &p) < 0 || p.family != 4 || p.len != 32 || strchr(text, '/') || !prefix_v4_addr(&p))
        return args_usage("--ip: \"%s\" is not an IPv4 address", text);
    n->ipv4 = prefix_v4_addr(&p);
    return CTL_OK;
}

static int take_ipv6(const char *text, struct request_net *n)
{
    struct prefix p;
    n->has_ipv6 = true;
    n->ipv6 = (struct prefix){ 0 };
    if (is_none(text))
        return CTL_OK;
    if (prefix_parse(text, false, &p) < 0 || p.family != 6 || (p.len != 64 && p.len != 128))
        return args_usage("--ipv6: \"%s\" is not a /64 such as fd00:80:0:5::/64, nor an address", text);
    n->ipv6 = p;
    return CTL_OK;
}

static int take_group(const char *text, struct request_net *n)
{
    n->group = is_none(text) ? "" : text;
    if (!text[0] || strlen(text) >= USER_GROUP)
        return args_usage("--group: \"%s\" cannot be the name of a group", text);
    return CTL_OK;
}

static int add_routed(const char *word, struct request_net *n)
{
    struct prefix p;
    if (prefix_parse(word, false, &p) < 0 || p.len < 8)
        return args_usage("--routed: \"%s\" is not a network such as 192.168.7.0/24 or fd00:7::/56", word);
    if (n->n_routed == USER_ROUTED)
        return args_usage("--routed: %u networks at most", (unsigned)USER_ROUTED);
    for (unsigned i = 0; i < n->n_routed; i++)
        if (n->routed[i].family == p.family && prefix_overlaps(&n->routed[i], &p))
            return args_usage("--routed: \"%s\" overlaps another one of the list", word);
    n->routed[n->n_routed++] = p;
    return CTL_OK;
}

/* "192.168.7.0/24,fd00:7::/56" */
static int take_routed(const char *text, struct request_net *n)
{
    char word[PREFIX_TEXT];
    int result = CTL_OK;
    n->has_routed = true;
    n->n_routed = 0;
    if (is_none(text))
        return CTL_OK;
    for (size_t len; result == CTL_OK; text += len + 1) {
        len = strcspn(text, ",");
        if (len >= sizeof(word))
            return args_usage("--routed: \"%.60s\" is not a list of networks", text);
        memcpy(word, text, len);
        word[len] = '\0';
        result = add_routed(word, n);
        if (text[len] == '\0')
            break;
    }
    return result;
}

int args_net(enum net_option o, const char *text, struct request_net *n)
{
    switch (o) {
    case NET_IP:
        return take_ip(text, n);
    case NET_IPV6:
        return take_ipv6(text, n);
    case NET_GROUP:
        return take_group(text, n);
    case NET_ROUTED:
        return take_routed(text, n);
    }
    return CTL_USAGE;
}

bool request_net_any(const struct request_net *n)
{
    return n->has_ipv4 || n->has_ipv6 || n->group || n->has_routed;
}
