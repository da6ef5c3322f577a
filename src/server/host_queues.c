/* The TUN's queues while the server becomes another program: the old workers keep theirs, the new ones get others.
 *
 * A worker's index is the number of its queue, and the steering map says numbers; so as long as there is steering no queue
 * is closed or parked in the middle, which would renumber those behind it (net/tun.h). What the map has no entry for goes
 * to one living worker then, and not, by its hash, to a queue that nobody reads any more. Where the kernel does not steer,
 * numbers mean nothing: the queues of workers that have gone are parked, and the kernel leaves them out. */
#include "server/host.h"

#include "events/events.h"

#include <unistd.h>

static const struct prefix all = { .family = 6 }; /* ::/0, which is IPv4 in v4-mapped form as well */

static void set_way(struct host *h, int queue)
{
    h->way = queue;
    if (h->steer >= 0 && queue >= 0)
        (void)!steer_set(h->steer, &all, (uint32_t)queue); /* no room: they go by their hash, and are nobody's */
    else if (h->steer >= 0)
        (void)!steer_clear(h->steer, &all);
}

static bool failed(const struct config *c, const char *err)
{
    event(EV_INTERFACE_FAILED, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
    return false;
}

bool host_queues_ready(struct host *h, const struct config *c, unsigned first, unsigned n)
{
    char err[256];
    unsigned before = h->n_queues;
    for (unsigned i = first; i < first + n; i++) {
        if (i < before) {
            tun_purge(h->queues[i]); /* what came for a worker that is gone */
            continue;
        }
        if (tun_add_queue(c->interface, &h->queues[i], err) < 0) {
            host_queues_back(h, before, first, 0);
            return failed(c, err);
        }
        h->parked[i] = true;
        h->n_queues = i + 1;
    }
    return true;
}

bool host_queues_use(struct host *h, const struct config *c, unsigned first, unsigned n)
{
    char err[256];
    for (unsigned i = first; i < first + n; i++) {
        if (h->parked[i] && tun_park(h->queues[i], false, err) < 0)
            return failed(c, err);
        h->parked[i] = false;
    }
    set_way(h, (int)first);
    return true;
}

/* From the last one on: nothing is renumbered. */
void host_queues_back(struct host *h, unsigned before, unsigned first, unsigned n)
{
    if (h->way >= (int)first && h->way < (int)(first + n))
        set_way(h, -1);
    while (h->n_queues > before) {
        h->n_queues--;
        close(h->queues[h->n_queues]);
        h->queues[h->n_queues] = -1;
        h->parked[h->n_queues] = false;
    }
    for (unsigned i = first; i < first + n && i < before; i++)
        host_queue_leave(h, i);
}

void host_queue_clear(struct host *h, unsigned queue)
{
    if (h->steer < 0)
        return;
    steer_clear_queue(h->steer, queue);
    if (h->way == (int)queue)
        set_way(h, h->way); /* it will be read again by its successor */
}

void host_queue_leave(struct host *h, unsigned queue)
{
    char err[256];
    if (h->steer >= 0 || h->parked[queue] || h->queues[queue] < 0)
        return;
    h->parked[queue] = tun_park(h->queues[queue], true, err) == 0; /* else some packets are lost there */
}

void host_queues_again(struct host *h)
{
    char err[256];
    for (unsigned i = h->n_queues; i-- > 0;)
        if (h->parked[i])
            h->parked[i] = tun_park(h->queues[i], true, err) == 0;
}
