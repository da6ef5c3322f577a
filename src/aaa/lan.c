/* See lan.h. */
#include "aaa/lan_parts.h"

#include "base/prefix.h"
#include "events/events.h"

#include <stdio.h>
#include <stdlib.h>

#define DUMMY 0xc0000008u /* RFC 7600 4.8: 192.0.0.8, the dummy address of whoever has none */

struct lan {
    const struct env *env;
    struct lan_ops ops;
    struct lan_link links[LAN_LINKS]; /* those that are there */
    unsigned n_links;
    struct lan_entry **entries; /* by slot */
    uint32_t n_slots, n_entries;
    msec due; /* no entry is due before; it may be that none is due then */
    bool settled;
};

/* ---- links ---- */

static const struct lan_link *link_named(const struct lan *l, const char *name)
{
    for (unsigned i = 0; i < l->n_links; i++)
        if (strcmp(l->links[i].name, name) == 0)
            return &l->links[i];
    return NULL;
}

/* ---- the log ---- */

static const char *addr_text(uint32_t addr, char text[PREFIX_TEXT])
{
    struct prefix p = prefix_v4(addr, 32);
    return prefix_text(&p, text);
}

static void log_entry(enum event_id id, const struct lan_entry *e, const char *cause)
{
    char text[PREFIX_TEXT], server[PREFIX_TEXT];
    const struct dhcp_lease *l = &e->c.lease;
    event(id, e->call[0] ? e->call : NULL, F_BYTES("user", slice_str(e->user)), F_TEXT("interface", e->link),
          F_TEXT("address", l->addr ? addr_text(l->addr, text) : NULL),
          F_TEXT("server", l->server ? addr_text(l->server, server) : NULL), F_NUM("seconds", l->seconds),
          F_TEXT("cause", cause));
}

/* ---- entries ---- */

static struct lan_entry *find(const struct lan *l, uint32_t worker, uint64_t session)
{
    for (uint32_t i = 0; i < l->n_slots; i++) {
        struct lan_entry *e = l->entries[i];
        if (e && !e->orphan && e->worker == worker && e->session == session)
            return e;
    }
    return NULL;
}

static struct lan_entry *with_address(const struct lan *l, uint32_t addr, const struct lan_entry *but)
{
    for (uint32_t i = 0; i < l->n_slots; i++) {
        struct lan_entry *e = l->entries[i];
        if (e && e != but && e->c.lease.addr == addr && (e->orphan || e->up))
            return e;
    }
    return NULL;
}

static uint32_t free_slot(const struct lan *l)
{
    for (uint32_t i = 0; i < l->n_slots; i++)
        if (!l->entries[i])
            return i;
    return l->n_slots;
}

/* The slot is that which is wanted, or UINT32_MAX: any. ERR_NOBUF, ERR_NOMEM. */
static int add(struct lan *l, const struct lan_entry *from, uint32_t slot)
{
    slot = slot == UINT32_MAX ? free_slot(l) : slot;
    if (slot >= LAN_LEASES_MAX)
        return ERR_NOBUF;
    if (slot >= l->n_slots) {
        uint32_t n = slot * 2 + 16;
        struct lan_entry **more = realloc(l->entries, n * sizeof(struct lan_entry *));
        if (!more)
            return ERR_NOMEM;
        memset(more + l->n_slots, 0, (n - l->n_slots) * sizeof(struct lan_entry *));
        l->entries = more;
        l->n_slots = n;
    }
    struct lan_entry *e = malloc(sizeof(*e));
    if (!e)
        return ERR_NOMEM;
    *e = *from;
    e->slot = slot;
    l->entries[slot] = e;
    l->n_entries++;
    return (int)slot;
}

static void write_down(const struct lan *l, const struct lan_entry *e, bool there, msec now)
{
    uint8_t record[LAN_RECORD];
    lan_record_put(there ? e : NULL, l->ops.wall(l->ops.ctx), now, record);
    l->ops.write(l->ops.ctx, e->slot, record);
}

static void set_host(const struct lan *l, struct lan_entry *e, bool up)
{
    if (e->up != up)
        l->ops.host(l->ops.ctx, up, e->c.lease.addr, e->link);
    e->up = up;
}

/* Out of the book, and forgotten. */
static void drop(struct lan *l, struct lan_entry *e, msec now)
{
    set_host(l, e, false);
    write_down(l, e, false, now);
    l->entries[e->slot] = NULL;
    l->n_entries--;
    free(e);
}

static void send_all(struct lan *l, struct lan_entry *e, msec now)
{
    uint8_t frame[DHCP_CLIENT_FRAME];
    size_t n;
    while (e->started && (n = dhcp_client_pull(&e->c, frame, sizeof(frame), now)) > 0)
        if (link_named(l, e->link))
            l->ops.send(l->ops.ctx, e->link, slice_of(frame, n));
    if (e->started)
        l->due = tick_min(l->due, dhcp_client_due(&e->c));
}

/* FNV-1a over the lower-case name. */
static uint64_t hash_of(const char *user)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *user; user++)
        h = (h ^ (uint8_t)(*user >= 'A' && *user <= 'Z' ? *user | 0x20 : *user)) * 0x100000001b3u;
    return h;
}

/* The lowest number that no other lease of this user has there. */
static uint16_t number_for(const struct lan *l, uint64_t hash, const char *link)
{
    for (uint16_t n = 0;; n++) {
        bool taken = false;
        for (uint32_t i = 0; i < l->n_slots && !taken; i++) {
            const struct lan_entry *e = l->entries[i];
            taken = e && e->user_hash == hash && e->number == n && strcmp(e->link, link) == 0;
        }
        if (!taken)
            return n;
    }
}

/* RFC 1123 2.1: letters, digits, hyphens. The prefix keeps users from names that mean something, such as wpad. */
static void host_name(const struct lan_entry *e, char to[DHCP_CLIENT_HOST])
{
    size_t n = (size_t)snprintf(to, DHCP_CLIENT_HOST, "vpn-");
    for (const char *s = e->user; *s && n < 40; s++) {
        char c = *s >= 'A' && *s <= 'Z' ? (char)(*s | 0x20) : *s;
        bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (fits || to[n - 1] != '-')
            to[n++] = fits ? c : '-';
    }
    while (to[n - 1] == '-')
        n--;
    to[n] = '\0';
    if (e->number)
        snprintf(to + n, DHCP_CLIENT_HOST - n, "-%u", e->number + 1u);
}

/* RFC 2132 9.14: type 0, then what is ours alone: two servers of the same users must not share a lease. */
static size_t client_id(const struct lan_entry *e, const uint8_t mac[6], uint8_t id[DHCP_CLIENT_ID])
{
    struct wr w = wr_of(id, DHCP_CLIENT_ID);
    wr_u8(&w, 0);
    wr_str(&w, "adit");
    wr_bytes(&w, mac, 6);
    wr_u64(&w, e->user_hash);
    wr_u16(&w, e->number);
    return wr_len(&w);
}

/* Begins, or goes on with the lease that it has. */
static void start(const struct lan *l, struct lan_entry *e, bool resume, msec now)
{
    const struct lan_link *link = link_named(l, e->link);
    uint8_t id[DHCP_CLIENT_ID];
    char host[DHCP_CLIENT_HOST];
    struct dhcp_client_conf conf = { .host = host, .patience = LAN_PATIENCE };
    struct dhcp_lease lease = e->c.lease;
    if (!link)
        return;
    memcpy(conf.mac, link->mac, sizeof(conf.mac));
    conf.id = slice_of(id, client_id(e, link->mac, id));
    host_name(e, host);
    if (resume)
        dhcp_client_resume(&e->c, &conf, &lease, l->env, now);
    else
        dhcp_client_init(&e->c, &conf, l->env, now);
    e->started = true;
}

/* ---- what the clients say ---- */

static struct lan_given given_of(const struct lan *l, const struct lan_entry *e)
{
    const struct dhcp_lease *lease = &e->c.lease;
    const struct lan_link *link = link_named(l, e->link);
    struct lan_given g = { .addr = lease->addr, .server = link && link->own ? link->own : DUMMY };
    memcpy(g.dns, lease->dns, sizeof(g.dns));
    memcpy(g.nbns, lease->nbns, sizeof(g.nbns));
    return g;
}

static void give(const struct lan *l, struct lan_entry *e)
{
    struct lan_given g = given_of(l, e);
    e->waiting = false;
    l->ops.answer(l->ops.ctx, e->worker, e->session, &g, NULL);
}

static void refuse(struct lan *l, struct lan_entry *e, const char *why, msec now)
{
    uint32_t worker = e->worker;
    uint64_t session = e->session;
    bool owed = e->waiting, had = e->up;
    log_entry(had ? EV_LAN_LOST : EV_LAN_NO_LEASE, e, why);
    drop(l, e, now);
    if (owed)
        l->ops.answer(l->ops.ctx, worker, session, NULL, why);
    else
        l->ops.lost(l->ops.ctx, worker, session, why);
}

/* It is ours. The book first, then the host, then the session. */
static void got(struct lan *l, struct lan_entry *e, msec now)
{
    const struct lan_entry *other = with_address(l, e->c.lease.addr, e);
    if (other) { /* not to be given back either: it is that one's */
        log_entry(EV_LAN_SAME_ADDRESS, e, NULL);
        refuse(l, e, "the DHCP server gave an address that another session has", now);
        return;
    }
    write_down(l, e, true, now);
    log_entry(EV_LAN_LEASED, e, NULL);
    set_host(l, e, true);
    if (e->waiting)
        give(l, e);
}

static void conflict(const struct lan_entry *e, const uint8_t mac[6])
{
    char text[18];
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    log_entry(EV_LAN_CONFLICT, e, text);
}

/* Its event, if there is one; the entry may be gone after it. */
static void look(struct lan *l, uint32_t slot, msec now)
{
    struct lan_entry *e = l->entries[slot];
    struct dhcp_client_event ev;
    send_all(l, e, now);
    if (!e->started || !dhcp_client_event(&e->c, &ev))
        return;
    switch (ev.what) {
    case DHCP_CLIENT_GOT:
        got(l, e, now);
        break;
    case DHCP_CLIENT_RENEWED:
        write_down(l, e, true, now);
        log_entry(EV_LAN_RENEWED, e, NULL);
        break;
    case DHCP_CLIENT_CONFLICT:
        conflict(e, ev.mac);
        break;
    case DHCP_CLIENT_NOT_GOT:
    case DHCP_CLIENT_LOST:
        refuse(l, e, dhcp_client_why_text(ev.why), now);
        break;
    }
}

/* Back to its server; nothing is left of it. */
static void release(struct lan *l, struct lan_entry *e, msec now)
{
    bool had = e->up || e->orphan;
    if (!e->started)
        start(l, e, true, now);
    if (e->started)
        dhcp_client_release(&e->c, now);
    send_all(l, e, now);
    if (had)
        log_entry(EV_LAN_RELEASED, e, NULL);
    drop(l, e, now);
}

/* ---- the public part ---- */

struct lan *lan_new(const struct env *env, const struct lan_ops *ops)
{
    struct lan *l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    l->env = env;
    l->ops = *ops;
    l->due = NEVER;
    return l;
}

void lan_free(struct lan *l)
{
    if (!l)
        return;
    for (uint32_t i = 0; i < l->n_slots; i++)
        free(l->entries[i]);
    free(l->entries);
    free(l);
}

int lan_link_up(struct lan *l, const struct lan_link *link, msec now)
{
    struct lan_link *at = (struct lan_link *)link_named(l, link->name);
    if (!at && l->n_links == LAN_LINKS)
        return ERR_NOBUF;
    if (!at)
        at = &l->links[l->n_links++];
    *at = *link;
    for (uint32_t i = 0; i < l->n_slots; i++) {
        struct lan_entry *e = l->entries[i];
        if (!e || e->started || strcmp(e->link, link->name) != 0)
            continue;
        if (e->orphan && l->settled) {
            release(l, e, now);
        } else if (!e->orphan) {
            start(l, e, true, now);
            look(l, i, now);
        }
    }
    return 0;
}

void lan_link_down(struct lan *l, const char *name)
{
    for (unsigned i = 0; i < l->n_links; i++)
        if (strcmp(l->links[i].name, name) == 0)
            l->links[i--] = l->links[--l->n_links];
}

static void name_entry(struct lan_entry *e, const struct lan_who *who)
{
    e->worker = who->worker;
    e->session = who->session;
    snprintf(e->call, sizeof(e->call), "%s", who->call);
    snprintf(e->user, sizeof(e->user), "%s", who->user);
    e->user_hash = hash_of(who->user);
}

int lan_ask(struct lan *l, const struct lan_who *who, const char *link, msec now)
{
    struct lan_entry *had = find(l, who->worker, who->session);
    if (had && had->user_hash == hash_of(who->user) && strcmp(had->link, link) == 0) {
        had->waiting = true;
        l->due = tick_min(l->due, now); /* if it has it: see lan_tick() */
        return 0;
    }
    if (had)
        release(l, had, now);
    if (!link_named(l, link))
        return ERR_MISSING;
    struct lan_entry e = { .waiting = true };
    name_entry(&e, who);
    snprintf(e.link, sizeof(e.link), "%s", link);
    e.number = number_for(l, e.user_hash, link);
    int slot = add(l, &e, UINT32_MAX);
    if (slot < 0)
        return slot;
    start(l, l->entries[slot], false, now);
    send_all(l, l->entries[slot], now);
    return 0;
}

void lan_give_back(struct lan *l, uint32_t worker, uint64_t session, msec now)
{
    struct lan_entry *e = find(l, worker, session);
    if (e)
        release(l, e, now);
}

unsigned lan_load(struct lan *l, struct slice book, msec now)
{
    struct rd r = rd_slice(book);
    unsigned n = 0;
    for (uint32_t slot = 0; slot < LAN_LEASES_MAX && rd_left(&r) >= LAN_RECORD; slot++) {
        struct lan_entry e;
        if (lan_record_get(rd_take(&r, LAN_RECORD), l->ops.wall(l->ops.ctx), now, &e) == 0 && add(l, &e, slot) >= 0)
            n++;
    }
    l->due = n ? 0 : l->due; /* at the next tick it is seen when which of them ends */
    return n;
}

int lan_hold(struct lan *l, const struct lan_who *who, const char *link, uint32_t addr, struct lan_given *ret_given,
             msec now)
{
    struct lan_entry *e = with_address(l, addr, NULL);
    if (e && !e->orphan)
        return ERR_STATE;
    if (!e) {
        struct lan_entry fresh = { .c.lease.addr = addr };
        if (!link)
            return ERR_MISSING;
        snprintf(fresh.link, sizeof(fresh.link), "%s", link);
        name_entry(&fresh, who);
        fresh.number = number_for(l, fresh.user_hash, link);
        int slot = add(l, &fresh, UINT32_MAX);
        if (slot < 0)
            return slot;
        e = l->entries[slot];
    }
    name_entry(e, who);
    e->orphan = false;
    set_host(l, e, true);
    *ret_given = given_of(l, e);
    start(l, e, true, now);
    send_all(l, e, now);
    l->due = 0; /* also where its link is not there */
    return 0;
}

void lan_settle(struct lan *l, msec now)
{
    l->settled = true;
    for (uint32_t i = 0; i < l->n_slots; i++)
        if (l->entries[i] && l->entries[i]->orphan && link_named(l, l->entries[i]->link))
            release(l, l->entries[i], now);
}

void lan_frame(struct lan *l, const char *link, struct slice frame, bool summed, msec now)
{
    struct dhcp_heard h;
    if (dhcp_client_hear(frame, summed, &h) < 0)
        return;
    for (uint32_t i = 0; i < l->n_slots; i++) {
        struct lan_entry *e = l->entries[i];
        if (e && e->started && strcmp(e->link, link) == 0 && dhcp_client_feed(&e->c, &h, now)) {
            look(l, i, now);
            if (!h.arp)
                return; /* its number is one client's alone */
        }
    }
}

bool lan_checking(const struct lan *l)
{
    for (uint32_t i = 0; i < l->n_slots; i++)
        if (l->entries[i] && l->entries[i]->started && l->entries[i]->c.state == DHCP_CLIENT_CHECKING)
            return true;
    return false;
}

msec lan_due(const struct lan *l)
{
    return l->due;
}

/* When it is to be looked at; leases of links that are not there end as well. */
static msec entry_due(const struct lan_entry *e)
{
    if (e->waiting && e->up)
        return 0;
    return e->started ? dhcp_client_due(&e->c) : dhcp_lease_ends(&e->c.lease);
}

static void tick_one(struct lan *l, uint32_t slot, msec now)
{
    struct lan_entry *e = l->entries[slot];
    if (e->waiting && e->up) {
        give(l, e); /* it was asked for again */
        e = l->entries[slot];
    }
    if (!e || entry_due(e) > now)
        return;
    if (!e->started && e->orphan) {
        drop(l, e, now); /* over, and nobody has it */
    } else if (!e->started) {
        refuse(l, e, "the lease has expired while its interface was away", now);
    } else {
        dhcp_client_tick(&e->c, now);
        look(l, slot, now);
    }
}

void lan_tick(struct lan *l, msec now)
{
    if (now < l->due)
        return;
    l->due = NEVER;
    for (uint32_t i = 0; i < l->n_slots; i++)
        if (l->entries[i] && entry_due(l->entries[i]) <= now)
            tick_one(l, i, now);
    for (uint32_t i = 0; i < l->n_slots; i++)
        if (l->entries[i])
            l->due = tick_min(l->due, entry_due(l->entries[i]));
}

unsigned lan_count(const struct lan *l)
{
    return l->n_entries;
}
