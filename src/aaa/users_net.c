/* The part of a user's record that is about networks: group, fixed addresses, networks behind the client. */
#include "aaa/users_priv.h"

#include <stdio.h>
#include <string.h>

void user_net_text(const struct user *u, char ipv6[PREFIX_TEXT], char routed[USER_ROUTED_TEXT])
{
    char one[PREFIX_TEXT];
    size_t n = 0;
    ipv6[0] = routed[0] = '\0';
    if (u->ipv6.family)
        prefix_text(&u->ipv6, ipv6);
    for (unsigned i = 0; i < u->n_routed && i < USER_ROUTED; i++) {
        int k = snprintf(routed + n, USER_ROUTED_TEXT - n, "%s%s", i ? " " : "", prefix_text(&u->routed[i], one));
        n += k > 0 ? (size_t)k : 0;
    }
}

void user_net_read(struct user *u, const char *ipv6, const char *routed)
{
    char word[PREFIX_TEXT];
    struct prefix p;
    if (ipv6 && prefix_parse(ipv6, false, &p) == 0 && p.family == 6 && (p.len == 64 || p.len == 128))
        u->ipv6 = p;
    while (routed && *routed && u->n_routed < USER_ROUTED) {
        size_t n = strcspn(routed, " ");
        if (n < sizeof(word)) {
            memcpy(word, routed, n);
            word[n] = '\0';
            if (prefix_parse(word, false, &p) == 0 && p.len >= 8)
                u->routed[u->n_routed++] = p;
        }
        routed += n + (routed[n] == ' ');
    }
}

static void bind_maybe(sqlite3_stmt *s, int at, const char *text)
{
    if (text[0])
        (void)sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(s, at);
}

void user_net_bind(sqlite3_stmt *s, int at, const struct user *u, const char *ipv6, const char *routed)
{
    if (u->ipv4)
        (void)sqlite3_bind_int64(s, at, u->ipv4);
    bind_maybe(s, at + 1, ipv6);
    bind_maybe(s, at + 2, u->group);
    bind_maybe(s, at + 3, routed);
}

int users_set_net(struct users *d, const struct user *u)
{
    static const char sql[] = "UPDATE users SET ipv4=?2, ipv6=?3, group_name=?4, routed=?5,"
                              " changed=CAST(strftime('%s','now') AS INTEGER) WHERE name = ?1";
    char ipv6[PREFIX_TEXT], routed[USER_ROUTED_TEXT];
    sqlite3_stmt *s = NULL;
    int changed = 0;
    if (sqlite3_prepare_v2(d->db, sql, -1, &s, NULL) != SQLITE_OK)
        return users_failed(d);
    user_net_text(u, ipv6, routed);
    (void)sqlite3_bind_text(s, 1, u->name, -1, SQLITE_STATIC);
    user_net_bind(s, 2, u, ipv6, routed);
    int r = users_run(d, s, &changed);
    return r == 0 && changed == 0 ? users_missing(d) : r;
}

/* ---- between users ---- */

struct search {
    const struct user *u;
    char *words;
    bool found;
};

static void compare(void *ctx, const struct user *o)
{
    struct search *f = ctx;
    char one[PREFIX_TEXT], other[PREFIX_TEXT];
    if (sqlite3_stricmp(o->name, f->u->name) == 0)
        return;
    for (unsigned i = 0; i < f->u->n_routed; i++)
        for (unsigned k = 0; k < o->n_routed && !f->found; k++) {
            const struct prefix *a = &f->u->routed[i], *b = &o->routed[k];
            f->found = a->family == b->family && prefix_overlaps(a, b);
            if (f->found)
                snprintf(f->words, USERS_ERR, "%s overlaps %s, which is behind user %.100s", prefix_text(a, one),
                         prefix_text(b, other), o->name);
        }
}

int users_net_clash(struct users *d, const struct user *u, char words[USERS_ERR])
{
    struct search f = { u, words, false };
    int r = u->n_routed ? users_each(d, compare, &f) : 0;
    return r < 0 ? r : f.found;
}
