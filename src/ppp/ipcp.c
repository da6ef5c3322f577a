/* IPCP's options. The server tells the client its addresses by Naks; the client takes what it is told. */
#include "ppp/ipcp.h"
#include "wire/ppp_frame.h"

static struct ipcp *ipcp_of(struct cp *cp)
{
    return (struct ipcp *)cp; /* the first member */
}

static void ipcp_ask(struct cp *cp, struct wr *options)
{
    const struct ipcp *i = ipcp_of(cp);
    /* RFC 1332 3.3; the server always tells its own address: MikroTik clients invent one otherwise. */
    if (i->ask_addr)
        cp_opt_put_u32(options, IPCP_OPT_ADDRESS, i->our_addr);
    /* RFC 1877 1.1, 1.3: asked for as 0.0.0.0. */
    if (i->ask_dns[0])
        cp_opt_put_u32(options, IPCP_OPT_DNS1, i->dns[0]);
    if (i->ask_dns[1])
        cp_opt_put_u32(options, IPCP_OPT_DNS2, i->dns[1]);
}

static void ipcp_begin(struct cp *cp)
{
    struct ipcp *i = ipcp_of(cp);
    i->peer_sent_addr = false;
    i->pending_addr = 0;
}

/* An address that we have decided: acked if it is asked for, else Nak'ed to; 0: we have none, rejected. */
static enum cp_verdict judge_assigned(const struct cp_opt *opt, uint32_t assigned, struct wr *nak)
{
    uint32_t asked = 0;
    if (assigned == 0)
        return CP_REJ;
    if (cp_opt_u32(opt, &asked) == 0 && asked == assigned)
        return CP_ACK;
    cp_opt_put_u32(nak, opt->type, assigned);
    return CP_NAK;
}

/* One server alone is told as both, as pppd does it: to reject the second would cost a round trip, since a Reject has no room
 * for the addresses (RFC 1661 5.4). */
static uint32_t second(const uint32_t servers[2])
{
    return servers[1] ? servers[1] : servers[0];
}

static enum cp_verdict judge_address(struct ipcp *i, const struct cp_opt *opt, struct wr *nak)
{
    uint32_t asked = 0;
    i->peer_sent_addr = true;
    if (i->conf.server) {
        i->pending_addr = i->conf.peer_addr;
        return judge_assigned(opt, i->conf.peer_addr, nak);
    }
    /* A client has no address to give to a server that asks for one. */
    if (cp_opt_u32(opt, &asked) < 0 || asked == 0)
        return CP_REJ;
    i->pending_addr = asked;
    return CP_ACK;
}

static enum cp_verdict ipcp_judge(struct cp *cp, struct cp_port *port, const struct cp_opt *opt, struct wr *nak)
{
    struct ipcp *i = ipcp_of(cp);
    const struct ipcp_conf *c = &i->conf;
    (void)port;
    switch (opt->type) {
    case IPCP_OPT_ADDRESS:
        return judge_address(i, opt, nak);
    case IPCP_OPT_DNS1:
        return judge_assigned(opt, c->server ? c->dns[0] : 0, nak);
    case IPCP_OPT_DNS2:
        return judge_assigned(opt, c->server ? second(c->dns) : 0, nak);
    case IPCP_OPT_NBNS1:
        return judge_assigned(opt, c->server ? c->nbns[0] : 0, nak);
    case IPCP_OPT_NBNS2:
        return judge_assigned(opt, c->server ? second(c->nbns) : 0, nak);
    default:
        return CP_REJ; /* RFC 1332 3.2 (Van Jacobson) among them: pppd asks for it by default */
    }
}

static void ipcp_missing(struct cp *cp, struct wr *nak)
{
    const struct ipcp *i = ipcp_of(cp);
    /* RFC 1661 5.3: an option that is missing is appended to a Nak. */
    if (i->conf.server && !i->peer_sent_addr && i->conf.peer_addr)
        cp_opt_put_u32(nak, IPCP_OPT_ADDRESS, i->conf.peer_addr);
}

static void ipcp_agreed(struct cp *cp, struct cp_port *port)
{
    struct ipcp *i = ipcp_of(cp);
    i->peer_addr = i->pending_addr;
    if (i->conf.server && !i->peer_addr)
        env_note(port->env, NOTE_NCP_NO_ADDRESS, 0, 0, slice_of(NULL, 0));
}

static void take_dns(struct ipcp *i, unsigned n, uint32_t told)
{
    i->dns[n] = told;
    i->ask_dns[n] = told != 0;
}

static void ipcp_naked(struct cp *cp, struct cp_port *port, const struct cp_opt *opt)
{
    struct ipcp *i = ipcp_of(cp);
    uint32_t told = 0;
    (void)port;
    if (cp_opt_u32(opt, &told) < 0)
        return;
    switch (opt->type) {
    case IPCP_OPT_ADDRESS:
        /* The server's own address is not open to suggestions. */
        if (!i->conf.server && told)
            i->our_addr = told;
        break;
    case IPCP_OPT_DNS1:
        take_dns(i, 0, told);
        break;
    case IPCP_OPT_DNS2:
        take_dns(i, 1, told);
        break;
    default: /* not asked for */
        break;
    }
}

static void ipcp_rejected(struct cp *cp, const struct cp_opt *opt)
{
    struct ipcp *i = ipcp_of(cp);
    switch (opt->type) {
    case IPCP_OPT_ADDRESS:
        i->ask_addr = false;
        break;
    case IPCP_OPT_DNS1:
        take_dns(i, 0, 0);
        break;
    case IPCP_OPT_DNS2:
        take_dns(i, 1, 0);
        break;
    default: /* not asked for */
        break;
    }
}

static const struct cp_proto ipcp_proto = {
    .number = PPP_PROTO_IPCP,
    .ask = ipcp_ask,
    .begin = ipcp_begin,
    .judge = ipcp_judge,
    .missing = ipcp_missing,
    .agreed = ipcp_agreed,
    .naked = ipcp_naked,
    .rejected = ipcp_rejected,
};

void ipcp_init(struct ipcp *i, const struct ipcp_conf *conf, const struct cp_conf *cp)
{
    *i = (struct ipcp){ .conf = *conf, .our_addr = conf->our_addr, .ask_addr = true };
    bool dns = !conf->server && conf->want_dns;
    i->ask_dns[0] = dns;
    i->ask_dns[1] = dns;
    cp_init(&i->cp, &ipcp_proto, cp);
}

struct ipcp_result ipcp_result(const struct ipcp *i)
{
    /* A client that never told its address still has the one that we assigned, or it has none. */
    uint32_t peer = i->conf.server ? i->conf.peer_addr : i->peer_addr;
    return (struct ipcp_result){ i->our_addr, peer, { i->dns[0], i->dns[1] == i->dns[0] ? 0 : i->dns[1] } };
}
