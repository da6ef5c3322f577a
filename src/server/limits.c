/* See limits.h. */
#include "server/limits.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUCKETS = 16384 };

struct limits_row {
    _Atomic uint32_t half_open, connections; /* connections: half open ones and sessions */
    _Atomic uint16_t address[BUCKETS];
};

struct limits_page {
    uint64_t key[2];
    _Atomic uint32_t used;                  /* rows that are worth looking at */
    struct limits_row rows[LIMITS_WORKERS]; /* the kernel has memory only for those that somebody wrote to */
};

static struct limits_page *map_page(int fd)
{
    void *p = mmap(NULL, sizeof(struct limits_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

int limits_create(void)
{
    uint64_t key[2];
    if (getrandom(key, sizeof(key), 0) != sizeof(key))
        return ERR_SYSTEM;
    int fd = memfd_create("adit-limits", MFD_CLOEXEC);
    if (fd < 0)
        return ERR_SYSTEM;
    struct limits_page *page = ftruncate(fd, (off_t)sizeof(*page)) < 0 ? NULL : map_page(fd);
    if (!page) {
        close(fd);
        return ERR_SYSTEM;
    }
    memcpy(page->key, key, sizeof(key));
    munmap(page, sizeof(*page));
    return fd;
}

static void use_row(struct limits_page *page, unsigned worker)
{
    uint32_t used = atomic_load(&page->used);
    while (used <= worker && !atomic_compare_exchange_weak(&page->used, &used, worker + 1))
        ;
}

int limits_open(struct limits *l, int fd, unsigned worker)
{
    struct stat st;
    if (worker >= LIMITS_WORKERS || fstat(fd, &st) < 0 || (size_t)st.st_size != sizeof(struct limits_page))
        return ERR_VALUE;
    struct limits_page *page = map_page(fd);
    if (!page)
        return ERR_SYSTEM;
    use_row(page, worker);
    l->page = page;
    l->worker = worker;
    return 0;
}

void limits_close(struct limits *l)
{
    if (l->page)
        munmap(l->page, sizeof(*l->page));
    l->page = NULL;
}

void limits_clear_row(struct limits *l, unsigned worker)
{
    struct limits_row *row = &l->page->rows[worker];
    atomic_store(&row->half_open, 0);
    atomic_store(&row->connections, 0);
    for (unsigned i = 0; i < BUCKETS; i++)
        atomic_store(&row->address[i], 0);
}

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
    return h ^ h >> 32;
}

/* An IPv4 address, or the /64 of an IPv6 one: a customer has all of it. */
static unsigned bucket_of(const struct limits *l, const struct prefix *peer)
{
    uint64_t a, b = 0;
    memcpy(&a, peer->addr, 8);
    if (peer->family == 4)
        memcpy(&b, peer->addr + 8, 8);
    return (unsigned)(mix(mix(a ^ l->page->key[0]) ^ b ^ l->page->key[1]) % BUCKETS);
}

static enum limits_verdict over(const struct limits *l, unsigned bucket)
{
    unsigned half_open = 0, connections = 0, address = 0;
    unsigned used = atomic_load(&l->page->used);
    for (unsigned i = 0; i < used && i < LIMITS_WORKERS; i++) {
        half_open += atomic_load(&l->page->rows[i].half_open);
        connections += atomic_load(&l->page->rows[i].connections);
        address += atomic_load(&l->page->rows[i].address[bucket]);
    }
    if (address > l->per_address)
        return LIMITS_ADDRESS;
    if (half_open > l->half_open)
        return LIMITS_HALF_OPEN;
    /* Other workers count while we look: for a moment there may seem to be more half open ones than connections. */
    unsigned sessions = connections > half_open ? connections - half_open : 0;
    return sessions >= l->sessions ? LIMITS_SESSIONS : LIMITS_OK;
}

enum limits_verdict limits_begin(struct limits *l, const struct prefix *peer)
{
    struct limits_row *row = &l->page->rows[l->worker];
    unsigned bucket = bucket_of(l, peer);
    /* Counted first and looked at then: two workers at once may both refuse, never both accept too many. */
    atomic_fetch_add(&row->half_open, 1);
    atomic_fetch_add(&row->connections, 1);
    atomic_fetch_add(&row->address[bucket], 1);
    enum limits_verdict v = over(l, bucket);
    if (v != LIMITS_OK) {
        limits_settle(l, peer);
        limits_end(l);
    }
    return v;
}

void limits_settle(struct limits *l, const struct prefix *peer)
{
    struct limits_row *row = &l->page->rows[l->worker];
    atomic_fetch_sub(&row->half_open, 1);
    atomic_fetch_sub(&row->address[bucket_of(l, peer)], 1);
}

void limits_end(struct limits *l)
{
    atomic_fetch_sub(&l->page->rows[l->worker].connections, 1);
}
