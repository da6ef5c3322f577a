/* aditctl's command line. */
#include "ctl/ctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    OPT_IP = 256,
    OPT_IPV6,
    OPT_GROUP,
    OPT_ROUTED,
    OPT_PAP_ONLY,
    OPT_REVERSIBLE,
    OPT_JSON,
    OPT_VERSION,
    OPT_SOCKET,
    OPT_WATCH,
    OPT_USER,
    OPT_REASON,
};

static const struct option longs[] = {
    { "config", required_argument, NULL, 'c' },
    { "ip", required_argument, NULL, OPT_IP },
    { "pap-only", no_argument, NULL, OPT_PAP_ONLY },
    { "reversible", no_argument, NULL, OPT_REVERSIBLE },
    { "json", no_argument, NULL, OPT_JSON },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, OPT_VERSION },
    { "socket", required_argument, NULL, OPT_SOCKET },
    { "watch", no_argument, NULL, OPT_WATCH },
    { "user", required_argument, NULL, OPT_USER },
    { "reason", required_argument, NULL, OPT_REASON },
    { "ipv6", required_argument, NULL, OPT_IPV6 },
    { "group", required_argument, NULL, OPT_GROUP },
    { "routed", required_argument, NULL, OPT_ROUTED },
    { NULL, 0, NULL, 0 },
};

struct word {
    const char *word;
    enum verb verb;
    const char *wants; /* the word that must follow, as messages call it; NULL: none */
};

static const struct word live_verbs[] = {
    { "status", VERB_STATUS, NULL },
    { "sessions", VERB_SESSIONS, NULL },
    { "session", VERB_SESSION, "whose ID?" },
    { "disconnect", VERB_DISCONNECT, "which ID, or --user NAME?" },
    { "drain", VERB_DRAIN, NULL },
    { "reload", VERB_RELOAD, NULL },
    { "upgrade", VERB_UPGRADE, NULL },
    { "log-level", VERB_LOG_LEVEL, "error, warning, notice, info or debug?" },
};

static const struct {
    const char *word;
    enum verb verb;
} verbs[] = {
    { "add", VERB_ADD },   { "passwd", VERB_PASSWD }, { "set", VERB_SET },       { "del", VERB_DEL },
    { "list", VERB_LIST }, { "lock", VERB_LOCK },     { "unlock", VERB_UNLOCK },
};

int args_usage(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("aditctl: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputs("; see aditctl --help\n", stderr);
    va_end(ap);
    return CTL_USAGE;
}

static int take_option(int opt, struct request *q)
{
    switch (opt) {
    case 'c':
        q->config = optarg;
        return CTL_OK;
    case 'h':
        q->help = true;
        return CTL_OK;
    case OPT_IP:
        return args_net(NET_IP, optarg, &q->net);
    case OPT_IPV6:
        return args_net(NET_IPV6, optarg, &q->net);
    case OPT_GROUP:
        return args_net(NET_GROUP, optarg, &q->net);
    case OPT_ROUTED:
        return args_net(NET_ROUTED, optarg, &q->net);
    case OPT_PAP_ONLY:
        q->pap_only = true;
        return CTL_OK;
    case OPT_REVERSIBLE:
        q->reversible = true;
        return CTL_OK;
    case OPT_JSON:
        q->json = true;
        return CTL_OK;
    case OPT_VERSION:
        q->version = true;
        return CTL_OK;
    case OPT_SOCKET:
        q->socket = optarg;
        return CTL_OK;
    case OPT_WATCH:
        q->watch = true;
        return CTL_OK;
    case OPT_USER:
        q->user = optarg;
        return CTL_OK;
    case OPT_REASON:
        q->reason = optarg;
        return CTL_OK;
    default:
        fputs("aditctl: see aditctl --help\n", stderr); /* getopt has said what is wrong */
        return CTL_USAGE;
    }
}

bool verb_is_live(enum verb v)
{
    return v >= VERB_STATUS;
}

static int take_live(const struct word *v, int n, char **words, struct request *q)
{
    bool wants = v->wants && !(v->verb == VERB_DISCONNECT && q->user);
    q->verb = v->verb;
    if (wants && n < 2)
        return args_usage("%s: %s", v->word, v->wants);
    if (n > 1 + wants)
        return args_usage("\"%s\" is one word too many", words[1 + wants]);
    q->word = wants ? words[1] : NULL;
    return CTL_OK;
}

static int take_words(int n, char **words, struct request *q)
{
    if (n < 1)
        return args_usage("nothing to do");
    for (size_t i = 0; i < sizeof(live_verbs) / sizeof(live_verbs[0]); i++)
        if (strcmp(words[0], live_verbs[i].word) == 0)
            return take_live(&live_verbs[i], n, words, q);
    if (strcmp(words[0], "user") != 0)
        return args_usage("there is no verb \"%s\"", words[0]);
    if (n < 2)
        return args_usage("user: add, passwd, set, del, list, lock or unlock");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(words[1], verbs[i].word) == 0)
            q->verb = verbs[i].verb;
    if (q->verb == VERB_NONE)
        return args_usage("there is no verb \"user %s\"", words[1]);
    int want = q->verb == VERB_LIST ? 2 : 3;
    if (n < want)
        return args_usage("user %s: whose name?", words[1]);
    if (n > want)
        return args_usage("\"%s\" is one word too many; a password never stands on the command line", words[want]);
    q->name = want == 3 ? words[2] : NULL;
    return CTL_OK;
}

static int check_options(const struct request *q)
{
    if (request_net_any(&q->net) && q->verb != VERB_ADD && q->verb != VERB_SET)
        return args_usage("--ip, --ipv6, --group and --routed belong to user add and user set");
    if (q->verb == VERB_SET && !request_net_any(&q->net))
        return args_usage("user set: what? --ip, --ipv6, --group or --routed");
    if ((q->pap_only || q->reversible) && q->verb != VERB_ADD && q->verb != VERB_PASSWD)
        return args_usage("--pap-only and --reversible belong to user add and user passwd");
    if (q->pap_only && q->reversible)
        return args_usage("--pap-only and --reversible exclude each other");
    if (q->json && q->verb != VERB_LIST && !verb_is_live(q->verb))
        return args_usage("--json belongs to user list and to the verbs of the running server");
    if (q->watch && q->verb != VERB_SESSIONS && q->verb != VERB_STATUS)
        return args_usage("--watch belongs to status and sessions");
    if ((q->user || q->reason) && q->verb != VERB_DISCONNECT)
        return args_usage("--user and --reason belong to disconnect");
    return CTL_OK;
}

int args_parse(int argc, char **argv, struct request *ret)
{
    struct request q = { .config = "/etc/adit/aditd.conf" };
    int opt, result;
    optind = 1;
    while ((opt = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        result = take_option(opt, &q);
        if (result != CTL_OK)
            return result;
    }
    if (!q.help && !q.version) {
        result = take_words(argc - optind, argv + optind, &q);
        if (result == CTL_OK)
            result = check_options(&q);
        if (result != CTL_OK)
            return result;
    }
    *ret = q;
    return CTL_OK;
}
