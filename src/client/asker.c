/* Packets of session/inform_client in and out, and CM_UP and CM_OFFER; see asker.h. */
#include "client/asker.h"

void asker_init(struct asker *a, const struct plan *plan, const struct env *env)
{
    struct inform_client_conf c = { .want_prefix = plan->want_prefix, .duid = slice_of(plan->duid, sizeof plan->duid) };
    *a = (struct asker){ .patience = NEVER };
    inform_client_init(&a->inform, &c, env);
}

void asker_up(struct asker *a, const struct tunnel_event *ev, msec now)
{
    struct up_net net = { .ipv4 = ev->ipv4, .ipv6 = ev->ipv6, .mtu = ev->mtu };
    if (ev->ipv4) {
        net.our_addr = ev->ip.our_addr;
        net.peer_addr = ev->ip.peer_addr;
        memcpy(net.dns, ev->ip.dns, sizeof net.dns);
        inform_client_ipv4_up(&a->inform, ev->ip.our_addr, now);
    }
    if (ev->ipv6) {
        memcpy(net.our_id, ev->ip6.our_id, sizeof net.our_id);
        memcpy(net.peer_id, ev->ip6.peer_id, sizeof net.peer_id);
        inform_client_ipv6_up(&a->inform, ev->ip6.our_id, now);
    }
    if (!a->started)
        a->patience = tick_after(now, ASKER_PATIENCE);
    a->started = true;
    a->told = false;
    a->net = net;
}

void asker_take(struct asker *a, struct batch *b, msec now)
{
    unsigned kept = 0;
    for (unsigned i = 0; a->started && i < b->n; i++) {
        struct slice packet = slice_of(b->at[i].p, b->at[i].n);
        if (inform_client_maybe(packet) && inform_client_packet(&a->inform, packet, now))
            continue;
        if (kept != i)
            b->at[kept] = b->at[i];
        kept++;
    }
    if (a->started)
        b->n = kept;
}

/* Everything that can come soon has come. */
static bool complete(const struct asker *a, const struct stream *s)
{
    const struct link *l = &s->tunnel.link;
    bool both = (a->net.ipv4 || !l->ipcp_on) && (a->net.ipv6 || !l->ip6cp_on);
    return both && (!a->net.ipv4 || a->offer.dhcp4) && (!a->net.ipv6 || a->offer.ra);
}

static void ask(struct asker *a, struct stream *s, msec now)
{
    uint8_t room[PACKET_HEAD + INFORM_PACKET_MAX];
    struct batch b;
    size_t n;
    while ((n = inform_client_pull(&a->inform, room + PACKET_HEAD, INFORM_PACKET_MAX, now)) > 0) {
        batch_clear(&b);
        batch_add(&b, room + PACKET_HEAD, n);
        stream_send(s, &b, now);
    }
}

static void tell(struct asker *a, struct chan *parent)
{
    static uint8_t body[CM_OFFER_MAX];
    if (a->offered) { /* before the first CM_UP, so that it is there when the host is set up */
        size_t n = offer_encode(&a->offer, body, sizeof body);
        chan_send(parent, &(struct imsg){ .type = CM_OFFER, .body = slice_of(body, n) });
    }
    if (!a->told) {
        size_t n = up_encode(&a->net, body, sizeof body);
        chan_send(parent, &(struct imsg){ .type = CM_UP, .body = slice_of(body, n) });
    }
    a->offered = false;
    a->told = a->first_told = true;
    a->patience = NEVER;
}

void asker_turn(struct asker *a, struct stream *s, struct chan *parent, msec now)
{
    if (!a->started)
        return;
    if (now >= inform_client_due(&a->inform))
        inform_client_tick(&a->inform, now);
    ask(a, s, now);
    if (inform_client_event(&a->inform, &a->offer))
        a->offered = true;
    if ((a->offered || !a->told) && (a->first_told || now >= a->patience || complete(a, s)))
        tell(a, parent);
}

void asker_stop(struct asker *a, struct stream *s, msec now)
{
    if (!a->started)
        return;
    inform_client_stop(&a->inform, now);
    ask(a, s, now);
}

msec asker_due(const struct asker *a)
{
    return a->started ? tick_min(a->patience, inform_client_due(&a->inform)) : NEVER;
}
