/* A lease as bytes in the book, and back: a place of fixed size, written anew whenever the lease changes. */
#include "aaa/lan_parts.h"

enum { MAGIC = 0x61646c31 /* "adl1" */, CHECK = 8 };

static uint64_t check_of(struct slice s)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a: against a write cut short, not against malice */
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ s.p[i]) * 0x100000001b3u;
    return h;
}

void lan_record_put(const struct lan_entry *e, uint64_t wall, msec now, uint8_t record[LAN_RECORD])
{
    struct wr w = wr_of(record, LAN_RECORD - CHECK);
    memset(record, 0, LAN_RECORD);
    if (!e)
        return;
    const struct dhcp_lease *l = &e->c.lease;
    msec age = now > l->since ? (now - l->since) / 1000 : 0;
    wr_u32(&w, MAGIC);
    wr_bytes(&w, e->link, LAN_NAME);
    wr_u64(&w, e->user_hash);
    wr_u16(&w, e->number);
    wr_u64(&w, wall > age ? wall - age : 0);
    const uint32_t numbers[] = { l->addr, l->mask,   l->router, l->server,  l->seconds, l->t1,
                                 l->t2,   l->dns[0], l->dns[1], l->nbns[0], l->nbns[1] };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        wr_u32(&w, numbers[i]);
    wr_bytes(&w, l->server_mac, sizeof(l->server_mac));
    struct wr end = wr_of(record + LAN_RECORD - CHECK, CHECK);
    wr_u64(&end, check_of(slice_of(record, LAN_RECORD - CHECK)));
}

static void get_lease(struct rd *r, struct dhcp_lease *l)
{
    uint32_t *const numbers[] = { &l->addr, &l->mask,   &l->router, &l->server,  &l->seconds, &l->t1,
                                  &l->t2,   &l->dns[0], &l->dns[1], &l->nbns[0], &l->nbns[1] };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = rd_u32(r);
    rd_copy(r, l->server_mac, sizeof(l->server_mac));
}

int lan_record_get(struct slice record, uint64_t wall, msec now, struct lan_entry *ret_e)
{
    struct lan_entry e = { .orphan = true };
    struct rd r = rd_slice(record), end = rd_of(record.p + LAN_RECORD - CHECK, CHECK);
    uint32_t magic = rd_u32(&r);
    if (magic == 0)
        return ERR_MISSING;
    if (magic != MAGIC || rd_u64(&end) != check_of(slice_of(record.p, LAN_RECORD - CHECK)))
        return ERR_VALUE;
    rd_copy(&r, e.link, LAN_NAME);
    e.user_hash = rd_u64(&r);
    e.number = (uint16_t)rd_u16(&r);
    uint64_t since = rd_u64(&r);
    get_lease(&r, &e.c.lease);
    struct dhcp_lease *l = &e.c.lease;
    uint64_t age = wall > since ? wall - since : 0; /* a clock that was put back: no older than now */
    if (!rd_ok(&r) || e.link[LAN_NAME - 1] || l->addr == 0 || l->seconds == 0 || l->t1 > l->t2 || l->t2 > l->seconds)
        return ERR_VALUE;
    if (l->seconds != UINT32_MAX && age >= l->seconds)
        return ERR_VALUE;
    if (SECONDS(age) > now) { /* this clock is younger than the lease */
        uint32_t passed = (uint32_t)age;
        l->t1 = l->t1 > passed ? l->t1 - passed : 0;
        l->t2 = l->t2 > passed ? l->t2 - passed : 0;
        l->seconds -= l->seconds == UINT32_MAX ? 0 : passed;
        age = 0;
    }
    l->since = now - SECONDS(age);
    *ret_e = e;
    return 0;
}
