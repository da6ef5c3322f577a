/* IPV6CP's one option that matters: the interface identifier (RFC 5072 4.1). */
#include "ppp/ip6cp.h"
#include "wire/ppp_frame.h"

enum { ID_LEN = 8 };

static struct ip6cp *ip6cp_of(struct cp *cp)
{
    return (struct ip6cp *)cp; /* the first member */
}

static bool id_eq(const uint8_t a[ID_LEN], const uint8_t b[ID_LEN])
{
    return memcmp(a, b, ID_LEN) == 0;
}

static bool id_is_zero(const uint8_t id[ID_LEN])
{
    static const uint8_t zero[ID_LEN];
    return id_eq(id, zero);
}

/* RFC 5072 4.1: a random identifier has its "universal" bit clear. Never zero, never `other`. */
static void id_draw(const struct cp_port *port, const uint8_t other[ID_LEN], uint8_t id[ID_LEN])
{
    port->env->random(port->env->ctx, id, ID_LEN);
    id[0] &= 0xfd;
    while (id_is_zero(id) || id_eq(id, other))
        id[ID_LEN - 1]++;
}

static void ip6cp_ask(struct cp *cp, struct wr *options)
{
    const struct ip6cp *i = ip6cp_of(cp);
    struct cp_opt opt = { IP6CP_OPT_IFID, slice_of(i->our_id, ID_LEN) };
    if (i->ask_id)
        cp_opt_put(options, &opt);
}

static void ip6cp_begin(struct cp *cp)
{
    struct ip6cp *i = ip6cp_of(cp);
    i->peer_sent_id = false;
    memset(i->pending_id, 0, ID_LEN);
}

static void suggest(const struct ip6cp *i, struct wr *nak)
{
    struct cp_opt opt = { IP6CP_OPT_IFID, slice_of(i->suggested, ID_LEN) };
    cp_opt_put(nak, &opt);
}

static enum cp_verdict ip6cp_judge(struct cp *cp, struct cp_port *port, const struct cp_opt *opt, struct wr *nak)
{
    struct ip6cp *i = ip6cp_of(cp);
    (void)port;
    if (opt->type != IP6CP_OPT_IFID)
        return CP_REJ;
    i->peer_sent_id = true;
    /* RFC 5072 4.1: zero, or the same as ours: Nak with one that differs. */
    if (opt->data.n != ID_LEN || id_is_zero(opt->data.p) || id_eq(opt->data.p, i->our_id)) {
        suggest(i, nak);
        return CP_NAK;
    }
    /* RFC 5072 4.1: an acceptable one is acknowledged; whether one that is not ours to choose is acceptable is up to us. */
    if (i->conf.insist && !id_eq(opt->data.p, i->suggested) && i->insisted < IP6CP_INSIST) {
        i->insisted++;
        suggest(i, nak);
        return CP_NAK;
    }
    memcpy(i->pending_id, opt->data.p, ID_LEN);
    return CP_ACK;
}

static void ip6cp_missing(struct cp *cp, struct wr *nak)
{
    const struct ip6cp *i = ip6cp_of(cp);
    /* RFC 5072 4.1: a request without the option is Nak'ed with it. */
    if (!i->peer_sent_id)
        suggest(i, nak);
}

static void ip6cp_agreed(struct cp *cp, struct cp_port *port)
{
    struct ip6cp *i = ip6cp_of(cp);
    (void)port;
    memcpy(i->peer_id, i->pending_id, ID_LEN);
}

static void ip6cp_naked(struct cp *cp, struct cp_port *port, const struct cp_opt *opt)
{
    struct ip6cp *i = ip6cp_of(cp);
    if (opt->type != IP6CP_OPT_IFID)
        return;
    /* RFC 5072 4.1: the suggestion is taken if it is one that the peer does not use itself. */
    bool usable = opt->data.n == ID_LEN && !id_is_zero(opt->data.p) && !id_eq(opt->data.p, i->pending_id);
    if (usable)
        memcpy(i->our_id, opt->data.p, ID_LEN);
    else
        id_draw(port, i->pending_id, i->our_id);
    if (id_eq(i->our_id, i->suggested))
        id_draw(port, i->our_id, i->suggested);
}

static void ip6cp_rejected(struct cp *cp, const struct cp_opt *opt)
{
    if (opt->type == IP6CP_OPT_IFID)
        ip6cp_of(cp)->ask_id = false;
}

static const struct cp_proto ip6cp_proto = {
    .number = PPP_PROTO_IPV6CP,
    .ask = ip6cp_ask,
    .begin = ip6cp_begin,
    .judge = ip6cp_judge,
    .missing = ip6cp_missing,
    .agreed = ip6cp_agreed,
    .naked = ip6cp_naked,
    .rejected = ip6cp_rejected,
};

void ip6cp_init(struct ip6cp *i, const struct ip6cp_conf *conf, const struct cp_conf *cp, struct cp_port *port)
{
    *i = (struct ip6cp){ .conf = *conf, .ask_id = true };
    memcpy(i->our_id, conf->our_id, ID_LEN);
    memcpy(i->suggested, conf->peer_id, ID_LEN);
    if (id_is_zero(i->our_id))
        id_draw(port, i->suggested, i->our_id);
    if (id_is_zero(i->suggested) || id_eq(i->suggested, i->our_id))
        id_draw(port, i->our_id, i->suggested);
    cp_init(&i->cp, &ip6cp_proto, cp);
}

struct ip6cp_result ip6cp_result(const struct ip6cp *i)
{
    struct ip6cp_result r;
    memcpy(r.our_id, i->our_id, ID_LEN);
    memcpy(r.peer_id, i->peer_id, ID_LEN);
    return r;
}
