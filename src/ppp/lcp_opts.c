/* LCP's options: what we ask for, what we make of what the peer asks for, and how its Naks and Rejects change our mind. */
#include "ppp/lcp.h"
#include "wire/ppp_frame.h"

static struct lcp *lcp_of(struct cp *cp)
{
    return (struct lcp *)cp; /* the first member */
}

uint32_t lcp_draw_magic(const struct cp_port *port, uint32_t other)
{
    uint8_t b[4];
    port->env->random(port->env->ctx, b, sizeof b);
    struct rd r = rd_of(b, sizeof b);
    uint32_t m = rd_u32(&r);
    /* RFC 1661 6.4: a magic number of zero is illegal. */
    while (m == 0 || m == other)
        m += 0x9e3779b9;
    return m;
}

/* -- authentication as an option -- */

static bool auth_eq(struct lcp_auth a, struct lcp_auth b)
{
    return a.proto == b.proto && (a.proto != PPP_PROTO_CHAP || a.alg == b.alg);
}

/* RFC 1661 6.2; RFC 1994 3: CHAP has one byte of algorithm, PAP and EAP have none. */
static int auth_decode(const struct cp_opt *opt, struct lcp_auth *ret_a)
{
    struct rd r = rd_slice(opt->data);
    struct lcp_auth a = { .proto = rd_u16(&r) };
    if (a.proto == PPP_PROTO_CHAP)
        a.alg = rd_u8(&r);
    if (!rd_end(&r))
        return ERR_LENGTH;
    *ret_a = a;
    return 0;
}

static void auth_put(struct wr *w, struct lcp_auth a)
{
    bool chap = a.proto == PPP_PROTO_CHAP;
    wr_u8(w, LCP_OPT_AUTH);
    wr_u8(w, chap ? 5 : 4);
    wr_u16(w, a.proto);
    if (chap)
        wr_u8(w, a.alg);
}

/* Index in our list, or n_auth. */
static unsigned auth_find(const struct lcp *l, struct lcp_auth a)
{
    unsigned i = 0;
    while (i < l->conf.n_auth && !auth_eq(l->conf.auth[i], a))
        i++;
    return i;
}

/* As Windows does: a client without a common method says so in its Terminate-Request, as error 919. */
static void auth_failed(struct lcp *l)
{
    if (l->cp.fail != CP_FAIL_NONE)
        return;
    l->cp.fail = CP_FAIL_AUTH;
    if (!l->conf.server)
        lcp_set_ras_error(l, LCP_RAS_PEER_REFUSED_AUTH);
}

/* -- what we ask for -- */

void lcp_opt_ask(struct cp *cp, struct wr *options)
{
    const struct lcp *l = lcp_of(cp);
    if (l->ours.has_mru)
        cp_opt_put_u16(options, LCP_OPT_MRU, l->ours.mru);
    if (l->conf.server && l->offer < l->conf.n_auth)
        auth_put(options, l->conf.auth[l->offer]);
    if (l->ours.has_magic)
        cp_opt_put_u32(options, LCP_OPT_MAGIC, l->ours.magic);
    if (l->ours.pfc)
        cp_opt_put_flag(options, LCP_OPT_PFC);
    if (l->ours.acfc)
        cp_opt_put_flag(options, LCP_OPT_ACFC);
}

/* -- what the peer asks for -- */

void lcp_opt_begin(struct cp *cp)
{
    struct lcp *l = lcp_of(cp);
    l->pending = (struct lcp_wishes){ .mru = LCP_MRU_DEFAULT };
    l->looped = false;
}

static enum cp_verdict judge_mru(struct lcp *l, const struct cp_opt *opt, struct wr *nak)
{
    uint16_t mru = 0;
    if (cp_opt_u16(opt, &mru) < 0 || mru < LCP_MRU_MIN) {
        cp_opt_put_u16(nak, LCP_OPT_MRU, LCP_MRU_DEFAULT);
        return CP_NAK;
    }
    l->pending.mru = mru;
    l->pending.has_mru = true;
    return CP_ACK;
}

static enum cp_verdict judge_auth(struct lcp *l, const struct cp_opt *opt, struct wr *nak)
{
    struct lcp_auth a = { 0 };
    /* A client does not make the server prove itself this way: MS-CHAPv2 and EAP do that inside. */
    if (l->conf.server || l->conf.n_auth == 0)
        return CP_REJ;
    if (auth_decode(opt, &a) == 0 && auth_find(l, a) < l->conf.n_auth) {
        l->pending.auth = a;
        l->auth_nakked = false;
        return CP_ACK;
    }
    /* RFC 1661 6.2: Nak with the best that we have. It is not missing: it is being negotiated. */
    l->pending.auth = l->conf.auth[0];
    l->auth_nakked = true;
    auth_put(nak, l->conf.auth[0]);
    return CP_NAK;
}

static enum cp_verdict judge_magic(struct lcp *l, struct cp_port *port, const struct cp_opt *opt, struct wr *nak)
{
    uint32_t magic = 0;
    int e = cp_opt_u32(opt, &magic);
    /* RFC 1661 6.4: our own number may mean that we hear ourselves. */
    if (e == 0 && l->ours.has_magic && magic == l->ours.magic) {
        l->looped = true;
        env_note(port->env, NOTE_LCP_LOOP, magic, 0, slice_of(NULL, 0));
        if (++l->loops >= LCP_LOOPS_MAX)
            l->cp.fail = CP_FAIL_LOOP;
    }
    if (e < 0 || magic == 0 || l->looped) {
        cp_opt_put_u32(nak, LCP_OPT_MAGIC, lcp_draw_magic(port, l->ours.magic));
        return CP_NAK;
    }
    l->loops = 0;
    l->pending.magic = magic;
    l->pending.has_magic = true;
    return CP_ACK;
}

static enum cp_verdict judge_flag(const struct lcp *l, const struct cp_opt *opt, bool *ret_wish)
{
    if (!l->conf.compress || opt->data.n != 0)
        return CP_REJ;
    *ret_wish = true;
    return CP_ACK;
}

enum cp_verdict lcp_opt_judge(struct cp *cp, struct cp_port *port, const struct cp_opt *opt, struct wr *nak)
{
    struct lcp *l = lcp_of(cp);
    switch (opt->type) {
    case LCP_OPT_MRU:
        return judge_mru(l, opt, nak);
    case LCP_OPT_AUTH:
        return judge_auth(l, opt, nak);
    case LCP_OPT_MAGIC:
        return judge_magic(l, port, opt, nak);
    case LCP_OPT_PFC:
        return judge_flag(l, opt, &l->pending.pfc);
    case LCP_OPT_ACFC:
        return judge_flag(l, opt, &l->pending.acfc);
    default:
        /* RFC 1661 5.4; [CAP]: Callback (13) would oblige us to CBCP, MRRU (17), short sequence numbers (18) and the
         * endpoint discriminator (19) to Multilink, the link discriminator (23) to BAP. */
        return CP_REJ;
    }
}

void lcp_opt_missing(struct cp *cp, struct wr *nak)
{
    struct lcp *l = lcp_of(cp);
    (void)nak;
    /* [MS-SSTP] 3.2.5.2.2: the crypto binding comes out of authentication; a server that asks for none gets no
     * session. A request that is an echo of our own says nothing about the server. */
    if (!l->conf.server && l->conf.n_auth && !l->pending.auth.proto && !l->looped)
        auth_failed(l);
}

void lcp_opt_stubborn(struct cp *cp, const struct cp_opt *opt)
{
    /* RFC 1661 6.2: there is no authentication to agree on, and without it no session. */
    if (opt->type == LCP_OPT_AUTH)
        auth_failed(lcp_of(cp));
}

void lcp_opt_agreed(struct cp *cp, struct cp_port *port)
{
    struct lcp *l = lcp_of(cp);
    l->peer = l->pending;
    /* RFC 1661 6.5, 6.6: the peer can read short headers, as it asked for them. */
    port->pfc = l->peer.pfc;
    port->acfc = l->peer.acfc;
    port->peer_mru = l->peer.mru;
}

/* -- the peer's Naks and Rejects -- */

static void auth_refused(struct lcp *l, struct cp_port *port, const struct cp_opt *opt)
{
    struct lcp_auth wish = { 0 };
    l->refused |= 1u << l->offer;
    /* [CAP]: EAP offered, the client Naks with MS-CHAPv2, which is offered next. */
    if (auth_decode(opt, &wish) == 0) {
        unsigned i = auth_find(l, wish);
        if (i < l->conf.n_auth && !(l->refused & 1u << i)) {
            l->offer = i;
            return;
        }
    }
    for (unsigned i = 0; i < l->conf.n_auth; i++) {
        if (!(l->refused & 1u << i)) {
            l->offer = i;
            return;
        }
    }
    env_note(port->env, NOTE_LCP_AUTH_NO_COMMON, wish.proto, wish.alg, slice_of(NULL, 0));
    auth_failed(l);
}

void lcp_opt_naked(struct cp *cp, struct cp_port *port, const struct cp_opt *opt)
{
    struct lcp *l = lcp_of(cp);
    uint16_t mru = 0;
    switch (opt->type) {
    case LCP_OPT_MRU:
        /* accel-ppp Naks 4091 with 1452. What is more than we can take, or useless, changes nothing. */
        if (cp_opt_u16(opt, &mru) == 0 && mru >= LCP_MRU_MIN && mru <= l->conf.mru)
            l->ours.mru = mru;
        break;
    case LCP_OPT_AUTH:
        auth_refused(l, port, opt);
        break;
    case LCP_OPT_MAGIC:
        /* RFC 1661 6.4: a new number, not the suggested one. */
        l->ours.magic = lcp_draw_magic(port, l->ours.magic);
        break;
    default:
        /* A Nak of an option without a value can only mean a rejection (npppd does the same). */
        lcp_opt_rejected(cp, opt);
    }
}

void lcp_opt_rejected(struct cp *cp, const struct cp_opt *opt)
{
    struct lcp *l = lcp_of(cp);
    switch (opt->type) {
    case LCP_OPT_MRU:
        l->ours.has_mru = false;
        break;
    case LCP_OPT_AUTH:
        auth_failed(l);
        break;
    case LCP_OPT_MAGIC:
        l->ours.has_magic = false;
        break;
    case LCP_OPT_PFC:
        l->ours.pfc = false;
        break;
    case LCP_OPT_ACFC:
        l->ours.acfc = false;
        break;
    default: /* never asked for: cp_conf_answers() let none through */
        break;
    }
}
