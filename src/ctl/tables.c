/* The API's documents as tables for people. What stands in them may be a client's: control characters are not printed. */
#include "ctl/ctl.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { CELL = 160 };

/* A member as text without anything that moves the cursor; "-" if it is none or empty. */
static const char *text(const json_t *o, const char *key, char buf[CELL])
{
    const char *s = json_string_value(json_object_get(o, key));
    snprintf(buf, CELL, "%s", s && s[0] ? s : "-");
    for (unsigned char *p = (unsigned char *)buf; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)) /* C1, as UTF-8 */
            *p = '?';
    return buf;
}

static int64_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

/* "512 B", "1.2 kB", "34.0 MB". */
static const char *size_text(int64_t n, char buf[24])
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
    unsigned u = 0;
    double v = (double)n;
    for (; v >= 1000 && u < 5; u++)
        v /= 1000;
    snprintf(buf, 24, u ? "%.1f %s" : "%.0f %s", v, units[u]);
    return buf;
}

static const char *rate_text(int64_t bytes, char buf[24])
{
    static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s" };
    unsigned u = 0;
    double v = (double)bytes * 8;
    for (; v >= 1000 && u < 3; u++)
        v /= 1000;
    snprintf(buf, 24, u ? "%.1f %s" : "%.0f %s", v, units[u]);
    return buf;
}

/* "2d 03:04:05". */
static const char *age_text(int64_t seconds, char buf[24])
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    int n = days ? snprintf(buf, 24, "%" PRId64 "d ", days) : 0;
    snprintf(buf + n, 24 - (size_t)n, "%02d:%02d:%02d", (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
    return buf;
}

static const char *join(const json_t *list, char buf[CELL])
{
    size_t i, n = 0;
    const json_t *one;
    buf[0] = 0;
    json_array_foreach(list, i, one)
    {
        const char *s = json_string_value(one);
        int k = snprintf(buf + n, CELL - n, "%s%s", i ? " " : "", s ? s : "?");
        if (k < 0 || (size_t)k >= CELL - n)
            break;
        n += (size_t)k;
    }
    return buf[0] ? buf : "-";
}

static json_t *load(const char *doc, size_t n, const char *key)
{
    json_t *o = json_loadb(doc, n, 0, NULL);
    if (json_object_get(o, key))
        return o;
    json_decref(o);
    return NULL;
}

/* ---- status ---- */

/* Of a worker that an upgrade has left behind: for how long it may keep its sessions. */
static const char *old_text(const json_t *p, char buf[2 * CELL])
{
    char version[CELL], left[24];
    buf[0] = 0;
    if (json_is_true(json_object_get(p, "retiring")))
        snprintf(buf, 2 * CELL, "  old program %s, %s left", text(p, "version", version),
                 age_text(number(p, "seconds_left"), left));
    return buf;
}

static void print_process(const json_t *p)
{
    char role[CELL], age[24], size[24], old[2 * CELL];
    printf("  %-8s %5" PRId64 " %8" PRId64 " %9" PRId64 " %10s %14s", text(p, "role", role), number(p, "index"),
           number(p, "pid"), number(p, "restarts"), size_text(number(p, "memory"), size),
           age_text(number(p, "seconds"), age));
    if (!json_object_get(p, "sessions"))
        putchar('\n');
    else if (json_is_true(json_object_get(p, "answers")))
        printf(" %9" PRId64 " %9" PRId64 "%s\n", number(p, "sessions"), number(p, "half_open"), old_text(p, old));
    else
        puts("  does not answer");
}

static void print_events(const json_t *events)
{
    size_t n = json_array_size(events), first = n > 10 ? n - 10 : 0;
    puts(n ? "\nlast events" : "");
    for (size_t i = first; i < n; i++) {
        const json_t *e = json_array_get(events, i);
        char when[CELL], level[CELL], symbol[CELL], words[CELL];
        printf("  %s %s %s %s\n", text(e, "time", when), text(e, "level", level), text(e, "symbol", symbol),
               text(e, "text", words));
    }
}

bool table_status(const char *doc, size_t n)
{
    json_t *o = load(doc, n, "uptime");
    const json_t *t = json_object_get(o, "traffic"), *one;
    char a[CELL], b[CELL], s1[24], s2[24], r1[24], r2[24];
    size_t i;
    if (!o)
        return false;
    printf("version     %s, up %s%s\n", text(o, "version", a), age_text(number(o, "uptime"), s1),
           json_is_true(json_object_get(o, "draining")) ? ", DRAINING: no new connections" : "");
    printf("config      %s, number %" PRId64 "\n", text(o, "config_file", a), number(o, "config"));
    printf("listens on  %s\n", join(json_object_get(o, "listeners"), a));
    printf("interface   %s, log level %s\n", text(o, "interface", a), text(o, "log_level", b));
    printf("sessions    %" PRId64 ", half open %" PRId64 "; accepted %" PRId64 ", ended %" PRId64 "\n",
           number(o, "sessions"), number(o, "half_open"), number(o, "accepted"), number(o, "ended"));
    printf("traffic     in %s (%s), out %s (%s), drops %" PRId64 "\n", size_text(number(t, "bytes_in"), s1),
           rate_text(number(t, "rate_in"), r1), size_text(number(t, "bytes_out"), s2),
           rate_text(number(t, "rate_out"), r2), number(t, "drops"));
    printf("memory      %s\n\n", size_text(number(o, "memory"), s1));
    printf("  %-8s %5s %8s %9s %10s %14s %9s %9s\n", "PROCESS", "INDEX", "PID", "RESTARTS", "MEMORY", "UP", "SESSIONS",
           "HALF OPEN");
    json_array_foreach(json_object_get(o, "processes"), i, one) print_process(one);
    json_array_foreach(json_object_get(o, "workers"), i, one) print_process(one);
    print_events(json_object_get(o, "events"));
    json_decref(o);
    return true;
}

/* ---- sessions ---- */

static void print_session(const json_t *s)
{
    char id[CELL], user[CELL], peer[CELL], prefixes[CELL], client[CELL], age[24], in[24], out[24], rin[24], rout[24];
    const json_t *t = json_object_get(s, "traffic");
    printf("%-20s %-16s %-22s %-15s %12s %9s %9s %13s %13s %s\n", text(s, "id", id), text(s, "user", user),
           text(s, "peer", peer), join(json_object_get(s, "prefixes"), prefixes), age_text(number(s, "seconds"), age),
           size_text(number(t, "bytes_in"), in), size_text(number(t, "bytes_out"), out),
           rate_text(number(t, "rate_in"), rin), rate_text(number(t, "rate_out"), rout), text(s, "client", client));
}

bool table_sessions(const char *doc, size_t n)
{
    json_t *o = load(doc, n, "sessions");
    const json_t *one;
    size_t i;
    if (!o)
        return false;
    printf("%-20s %-16s %-22s %-15s %12s %9s %9s %13s %13s %s\n", "ID", "USER", "PEER", "ADDRESS", "UP", "IN", "OUT",
           "RATE IN", "RATE OUT", "CLIENT");
    json_array_foreach(json_object_get(o, "sessions"), i, one) print_session(one);
    json_decref(o);
    return true;
}

bool table_session(const char *doc, size_t n)
{
    static const char *const texts[] = { "id",  "user",   "peer",    "local",  "method",
                                         "tls", "cipher", "binding", "client", "call" };
    static const char *const numbers[] = { "mtu", "mru", "worker", "config" };
    static const char *const counts[] = { "packets_in", "packets_out", "drops" };
    json_t *o = load(doc, n, "id");
    const json_t *t = json_object_get(o, "traffic");
    char cell[CELL], short_text[24], rate[24];
    if (!o)
        return false;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        printf("%-12s %s\n", texts[i], text(o, texts[i], cell));
    printf("%-12s %s\n", "prefixes", join(json_object_get(o, "prefixes"), cell));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        printf("%-12s %" PRId64 "\n", numbers[i], number(o, numbers[i]));
    printf("%-12s %s\n", "up", age_text(number(o, "seconds"), short_text));
    printf("%-12s %s, %s\n", "in", size_text(number(t, "bytes_in"), short_text), rate_text(number(t, "rate_in"), rate));
    printf("%-12s %s, %s\n", "out", size_text(number(t, "bytes_out"), short_text),
           rate_text(number(t, "rate_out"), rate));
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        printf("%-12s %" PRId64 "\n", counts[i], number(t, counts[i]));
    json_decref(o);
    return true;
}
