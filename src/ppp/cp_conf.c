/* Configure packets: option by option, both ways. Nothing is sent and no state changes here. */
#include "ppp/cp_conf.h"

struct judging {
    struct wr nak, rej;
    uint8_t seen[32]; /* one bit a type */
    bool stubborn;    /* Max-Failure reached: what would be Nak'ed is rejected */
};

static bool seen_before(struct judging *j, uint8_t type)
{
    uint8_t bit = (uint8_t)(1u << (type & 7));
    bool before = (j->seen[type >> 3] & bit) != 0;
    j->seen[type >> 3] |= bit;
    return before;
}

static void judge_option(struct cp *cp, struct cp_port *port, struct judging *j, const struct cp_opt *opt)
{
    /* RFC 1661 6: an option is not listed more than once; none of ours may be. */
    enum cp_verdict v = seen_before(j, opt->type) ? CP_REJ : cp->proto->judge(cp, port, opt, &j->nak);
    /* RFC 1661 4.6: after Max-Failure Naks the options are rejected. */
    if (v == CP_NAK && j->stubborn) {
        v = CP_REJ;
        if (cp->proto->stubborn)
            cp->proto->stubborn(cp, opt);
    }
    if (v == CP_REJ)
        cp_opt_put(&j->rej, opt);
}

int cp_conf_judge(struct cp *cp, struct cp_port *port, struct slice options, struct cp_reply *ret_reply)
{
    uint8_t nak[CP_REPLY_MAX], rej[CP_REPLY_MAX];
    struct judging j = { .nak = wr_of(nak, sizeof nak), .rej = wr_of(rej, sizeof rej) };
    int e = cp_opt_check(options);
    if (e < 0)
        return e;
    j.stubborn = cp->failures >= cp->conf.max_failure;
    cp->proto->begin(cp);
    struct rd r = rd_slice(options);
    struct cp_opt opt;
    while (rd_left(&r) && cp_opt_next(&r, &opt) == 0)
        judge_option(cp, port, &j, &opt);
    if (cp->proto->missing)
        cp->proto->missing(cp, &j.nak);
    if (!wr_ok(&j.nak) || !wr_ok(&j.rej))
        return ERR_NOBUF;
    /* RFC 1661 5.4: rejecting comes before Nak'ing; one reply never does both. An empty request is acked. */
    ret_reply->code = CP_CONF_ACK;
    struct slice body = slice_of(NULL, 0);
    if (wr_len(&j.rej)) {
        ret_reply->code = CP_CONF_REJ;
        body = wr_slice(&j.rej);
    } else if (wr_len(&j.nak) && !j.stubborn) {
        ret_reply->code = CP_CONF_NAK;
        body = wr_slice(&j.nak);
    }
    ret_reply->len = body.n;
    if (body.n)
        memcpy(ret_reply->options, body.p, body.n);
    return 0;
}

/* Skips forward in `asked` to an option of that type; false if none follows. */
static bool find_asked(struct rd *asked, uint8_t type, struct cp_opt *ret_o)
{
    while (rd_left(asked))
        if (cp_opt_next(asked, ret_o) == 0 && ret_o->type == type)
            return true;
    return false;
}

static bool did_ask(const struct cp *cp, uint8_t type)
{
    struct rd asked = rd_of(cp->ask, cp->ask_len);
    struct cp_opt o;
    return find_asked(&asked, type, &o);
}

/* RFC 1661 5.4: a Reject holds options of ours, unchanged, in our order. */
static bool is_reject_of_ours(const struct cp *cp, struct slice options)
{
    struct rd asked = rd_of(cp->ask, cp->ask_len);
    struct rd r = rd_slice(options);
    struct cp_opt o, mine;
    while (rd_left(&r)) {
        if (cp_opt_next(&r, &o) < 0 || !find_asked(&asked, o.type, &mine) || !slice_eq(o.data, mine.data))
            return false;
    }
    return options.n > 0;
}

/* RFC 1661 5.3: a Nak holds options of ours in our order, with other values, and maybe some that we did not ask for. */
static bool is_nak_of_ours(const struct cp *cp, struct slice options)
{
    struct rd asked = rd_of(cp->ask, cp->ask_len);
    struct rd r = rd_slice(options);
    struct cp_opt o, mine;
    while (rd_left(&r)) {
        if (cp_opt_next(&r, &o) < 0)
            return false;
        if (did_ask(cp, o.type) && !find_asked(&asked, o.type, &mine))
            return false;
    }
    return options.n > 0;
}

bool cp_conf_answers(const struct cp *cp, const struct cp_pkt *pkt)
{
    /* RFC 1661 5.2 to 5.4: the identifier matches our last request. A second answer to the same one is dropped, as a
     * retransmitted request keeps its identifier and may be answered twice. */
    if (cp->answered || pkt->id != cp->ask_id)
        return false;
    if (pkt->code == CP_CONF_ACK)
        return slice_eq(pkt->data, slice_of(cp->ask, cp->ask_len));
    return pkt->code == CP_CONF_NAK ? is_nak_of_ours(cp, pkt->data) : is_reject_of_ours(cp, pkt->data);
}

void cp_conf_learn(struct cp *cp, struct cp_port *port, const struct cp_pkt *pkt)
{
    struct rd r = rd_slice(pkt->data);
    struct cp_opt o;
    while (rd_left(&r) && cp_opt_next(&r, &o) == 0 && cp->fail == CP_FAIL_NONE) {
        if (pkt->code == CP_CONF_REJ)
            cp->proto->rejected(cp, &o);
        else if (did_ask(cp, o.type))
            cp->proto->naked(cp, port, &o);
    }
}
