/* LCP, IPCP and IPV6CP of the played Windows client: its options, its order, its framing, its repetitions ([CAP]). */
#include <stdio.h>

#include "tls/prim_host.h"
#include "win.h"
#include "wire/cp_opt.h"

enum { AGAIN = 1900 }; /* ms; [CAP]: requests of the network protocols are repeated after 1.9 s */

static void ask(struct win *w, struct half *h, uint16_t proto)
{
    h->id = w->next_id++;
    h->due = now_ms() + AGAIN;
    send_cp(w, proto, CP_CONF_REQ, h->id, slice_of(h->options, h->n));
}

static void set_options(struct half *h, struct slice s)
{
    memcpy(h->options, s.p, s.n);
    h->n = s.n;
}

/* [CAP]: MRU 4091, magic, both compressions, callback by CBCP */
void lcp_ask(struct win *w)
{
    uint8_t o[21] = { 1, 4, 0x0f, 0xfb, 5, 6, 0, 0, 0, 0, 7, 2, 8, 2, 13, 3, 6 };
    for (unsigned i = 0; i < 4; i++)
        o[6 + i] = (uint8_t)(w->magic >> (24 - 8 * i));
    set_options(&w->lcp, slice_of(o, 17));
    ask(w, &w->lcp, PPP_PROTO_LCP);
}

/* The value of one option; p NULL: it is not there. */
static struct slice find(struct slice options, uint8_t type)
{
    struct rd r = rd_slice(options);
    struct cp_opt o;
    while (rd_left(&r) && cp_opt_next(&r, &o) == 0)
        if (o.type == type)
            return o.data;
    return slice_of(NULL, 0);
}

/* What the peer rejects is left out. It must be ours, word for word (RFC 1661 5.4). */
static void leave_out(struct half *h, struct slice rejected)
{
    struct rd r = rd_slice(rejected);
    struct cp_opt o;
    if (!rejected.n)
        bad("an empty rejection");
    while (rd_left(&r)) {
        if (cp_opt_next(&r, &o) < 0)
            bad("a malformed rejection");
        struct slice ours = find(slice_of(h->options, h->n), o.type);
        if (!ours.p || !slice_eq(ours, o.data))
            bad("option %u was rejected, which was not asked for so", o.type);
        size_t at = (size_t)(ours.p - h->options) - 2;
        memmove(h->options + at, h->options + at + 2 + ours.n, h->n - at - 2 - ours.n);
        h->n -= 2 + ours.n;
    }
}

/* Values that the peer suggests instead (RFC 1661 5.3). */
static void take_over(struct half *h, struct slice suggested)
{
    struct rd r = rd_slice(suggested);
    struct cp_opt o;
    while (rd_left(&r)) {
        if (cp_opt_next(&r, &o) < 0)
            bad("a malformed Nak");
        struct slice ours = find(slice_of(h->options, h->n), o.type);
        if (!ours.p || ours.n != o.data.n)
            bad("option %u was Nak'ed, which was not asked for", o.type);
        memcpy(h->options + (ours.p - h->options), o.data.p, o.data.n);
    }
}

static void check_ack(const struct half *h, const struct cp_pkt *p, const char *name)
{
    if (p->id != h->id || !slice_eq(p->data, slice_of(h->options, h->n)))
        bad("an Ack of %s that is not of our request", name);
}

/* ---- LCP ---- */

/* Three Identifications without ff 03: version, computer, and the correlation id as Windows keeps GUIDs in memory. */
static void identify(struct win *w)
{
    static const char *const texts[] = { "MSRASV5.20", "MSRAS-0-PLAYED-WIN7" };
    uint8_t bytes[64];
    for (unsigned i = 0; i < 3; i++) {
        struct wr o = wr_of(bytes, sizeof bytes);
        wr_u32(&o, w->magic);
        if (i < 2)
            wr_str(&o, texts[i]);
        else
            wr_bytes(&o, w->guid, 16);
        send_cp(w, PPP_PROTO_LCP, LCP_IDENTIFICATION, w->next_id++, wr_slice(&o));
    }
}

static void lcp_look(struct win *w)
{
    if (w->opened || !w->lcp.acked || !w->lcp.we_acked)
        return;
    w->opened = true;
    w->acfc = find(slice_of(w->lcp.options, w->lcp.n), LCP_OPT_ACFC).p;
    w->pfc = find(slice_of(w->lcp.options, w->lcp.n), LCP_OPT_PFC).p;
    tell("acfc=%d", w->acfc);
    tell("pfc=%d", w->pfc);
    identify(w);
}

static bool auth_wanted(const struct win *w, struct slice auth)
{
    static const uint8_t eap[] = { 0xc2, 0x27 }, chap[] = { 0xc2, 0x23, 0x81 };
    return w->wish.eap ? slice_eq(auth, slice_of(eap, 2)) : slice_eq(auth, slice_of(chap, 3));
}

static void lcp_asked(struct win *w, const struct cp_pkt *p)
{
    static const uint8_t never[] = { LCP_OPT_MRRU, LCP_OPT_SHORT_SEQ, LCP_OPT_ENDPOINT, LCP_OPT_LINK_DISCR };
    static const uint8_t nak_chap[] = { 3, 5, 0xc2, 0x23, 0x81 }, nak_eap[] = { 3, 4, 0xc2, 0x27 };
    struct slice auth = find(p->data, LCP_OPT_AUTH);
    bool again = w->lcp_asked && w->lcp_asked_id == p->id; /* repeated before our answer was there (RFC 1661 5.1) */
    w->lcp_asked = true;
    w->lcp_asked_id = p->id;
    if (cp_opt_check(p->data) < 0)
        bad("a malformed LCP request");
    if (w->opened && (!again || w->proven))
        bad("LCP starts over");
    for (unsigned i = 0; i < sizeof never; i++)
        if (find(p->data, never[i]).p)
            bad("LCP option %u, which Windows rejects", never[i]);
    if (find(p->data, LCP_OPT_CALLBACK).p)
        bad("the server asks for callback");
    if (!auth.p)
        bad("the server asks for no authentication");
    if (!auth_wanted(w, auth)) {
        if (w->auth_naked && !again)
            bad("the server asks again for a method that was Nak'ed");
        w->auth_naked = true;
        send_cp(w, PPP_PROTO_LCP, CP_CONF_NAK, p->id,
                w->wish.eap ? slice_of(nak_eap, sizeof nak_eap) : slice_of(nak_chap, sizeof nak_chap));
        return;
    }
    send_cp(w, PPP_PROTO_LCP, CP_CONF_ACK, p->id, p->data);
    w->lcp.we_acked = true;
    lcp_look(w);
}

static void rejected_protocol(struct win *w, struct slice data)
{
    struct cp_proto_rej r;
    if (cp_proto_rej_decode(data, &r) < 0)
        bad("a malformed Protocol-Reject");
    if (r.proto == PPP_PROTO_IPV6CP && w->connected)
        w->six.rejected = true;
    else if (r.proto == PPP_PROTO_IPCP && w->connected)
        w->ipcp.rejected = true;
    else
        bad("protocol %04x was rejected", r.proto);
}

static void lcp_answered(struct win *w, const struct cp_pkt *p)
{
    if (p->id != w->lcp.id)
        return;
    if (p->code == CP_CONF_ACK) {
        check_ack(&w->lcp, p, "LCP");
        w->lcp.acked = true;
        lcp_look(w);
        return;
    }
    if (p->code == CP_CONF_REJ)
        leave_out(&w->lcp, p->data);
    else
        take_over(&w->lcp, p->data);
    ask(w, &w->lcp, PPP_PROTO_LCP);
}

static void on_lcp(struct win *w, const struct cp_pkt *p)
{
    uint8_t magic[4] = { (uint8_t)(w->magic >> 24), (uint8_t)(w->magic >> 16), (uint8_t)(w->magic >> 8),
                         (uint8_t)w->magic };
    switch (p->code) {
    case CP_CONF_REQ:
        lcp_asked(w, p);
        break;
    case CP_CONF_ACK:
    case CP_CONF_NAK:
    case CP_CONF_REJ:
        lcp_answered(w, p);
        break;
    case CP_TERM_REQ:
        send_cp(w, PPP_PROTO_LCP, CP_TERM_ACK, p->id, p->data);
        break;
    case CP_TERM_ACK: /* [CAP]: the Ack repeats the data */
        if (p->id != w->term_id || !slice_eq(p->data, slice_of(w->term_data, sizeof w->term_data)))
            bad("a Terminate-Ack that is not of our request");
        w->term_acked = true;
        break;
    case LCP_PROTO_REJ:
        rejected_protocol(w, p->data);
        break;
    case LCP_ECHO_REQ:
        send_cp(w, PPP_PROTO_LCP, LCP_ECHO_REPLY, p->id, slice_of(magic, 4));
        break;
    case LCP_ECHO_REPLY:
    case LCP_DISCARD_REQ:
    case LCP_IDENTIFICATION:
    case LCP_TIME_REMAINING:
        break;
    default: /* Code-Reject of an Identification, above all */
        bad("LCP code %u", p->code);
    }
}

void terminate(struct win *w, uint32_t code)
{
    struct wr o = wr_of(w->term_data, sizeof w->term_data);
    wr_u32(&o, w->magic);
    wr_u32(&o, CP_TERM_MS_MARK);
    wr_u32(&o, code);
    w->term_id = w->next_id++;
    send_cp(w, PPP_PROTO_LCP, CP_TERM_REQ, w->term_id, slice_of(w->term_data, sizeof w->term_data));
}

/* ---- the network protocols ---- */

void ncp_start(struct win *w)
{
    static const uint8_t ipcp[] = { 3, 6, 0, 0,   0, 0, 129, 6, 0, 0,   0, 0, 130, 6, 0,
                                    0, 0, 0, 131, 6, 0, 0,   0, 0, 132, 6, 0, 0,   0, 0 };
    static const uint8_t ccp[] = { 0x80, 0xfd, 1, 4, 0, 10, 0x12, 6, 1, 0, 0, 1 };
    uint8_t six[10] = { 1, 10 };
    memcpy(six + 2, w->id6, 8);
    set_options(&w->six, slice_of(six, sizeof six));
    set_options(&w->ipcp, slice_of(ipcp, sizeof ipcp));
    ask(w, &w->six, PPP_PROTO_IPV6CP); /* [CAP]: in this order */
    ask(w, &w->ipcp, PPP_PROTO_IPCP);
    /* [CAP]: a Protocol-Reject of CCP without ff 03; here the server has sent none, which it must bear. */
    send_cp(w, PPP_PROTO_LCP, LCP_PROTO_REJ, w->next_id++, slice_of(ccp, sizeof ccp));
}

static uint32_t value4(const struct half *h, uint8_t type)
{
    struct slice v = find(slice_of(h->options, h->n), type);
    return v.n == 4 ? (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3] : 0;
}

static void ipcp_is_acked(struct win *w)
{
    w->addr = value4(&w->ipcp, IPCP_OPT_ADDRESS);
    w->dns[0] = value4(&w->ipcp, IPCP_OPT_DNS1);
    w->dns[1] = value4(&w->ipcp, IPCP_OPT_DNS2);
    w->nbns[0] = value4(&w->ipcp, IPCP_OPT_NBNS1);
    w->nbns[1] = value4(&w->ipcp, IPCP_OPT_NBNS2);
    if (!w->addr)
        bad("an Ack of address 0.0.0.0");
    w->ipcp.acked = true;
}

static void six_is_acked(struct win *w)
{
    memcpy(w->id6, w->six.options + 2, 8);
    memcpy(w->ll, "\xfe\x80\0\0\0\0\0\0", 8);
    memcpy(w->ll + 8, w->id6, 8);
    w->six.acked = true;
}

static void asked(struct win *w, uint16_t proto, struct half *h, const struct cp_pkt *p)
{
    bool four = proto == PPP_PROTO_IPCP;
    struct slice v = find(p->data, four ? IPCP_OPT_ADDRESS : IP6CP_OPT_IFID);
    static const uint8_t zero[8];
    if (v.n != (four ? 4 : 8) || p->data.n != v.n + 2 || memcmp(v.p, zero, v.n) == 0)
        bad("the server's own request in %04x is odd", proto);
    if (four)
        w->server = (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3];
    else if (memcmp(v.p, w->id6, 8) == 0)
        bad("the server's interface identifier is ours");
    else
        memcpy(w->peer_id6, v.p, 8);
    send_cp(w, proto, CP_CONF_ACK, p->id, p->data);
    h->we_acked = true;
}

static void on_ncp(struct win *w, uint16_t proto, struct half *h, const struct cp_pkt *p)
{
    if (!w->connected) /* the server may begin at once; a client that says 778 does not answer */
        return;
    if (p->code == CP_CONF_REQ) {
        asked(w, proto, h, p);
        return;
    }
    if (p->code > CP_CONF_REJ)
        bad("code %u in %04x", p->code, proto);
    if (p->id != h->id)
        return; /* of a request that was repeated */
    if (p->code == CP_CONF_ACK) {
        check_ack(h, p, proto == PPP_PROTO_IPCP ? "IPCP" : "IPV6CP");
        if (proto == PPP_PROTO_IPCP)
            ipcp_is_acked(w);
        else
            six_is_acked(w);
        return;
    }
    if (p->code == CP_CONF_REJ)
        leave_out(h, p->data);
    else
        take_over(h, p->data);
    ask(w, h, proto);
}

void on_ppp(struct win *w, const struct ppp_frame *f)
{
    struct rd r = rd_slice(f->info);
    struct cp_pkt p;
    if (f->proto == PPP_PROTO_CHAP) {
        on_chap(w, f->info);
        return;
    }
    if (f->proto == PPP_PROTO_EAP) {
        on_eap(w, f->info);
        return;
    }
    if (cp_pkt_decode(&r, &p) < 0)
        bad("a malformed packet of %04x", f->proto);
    /* The stall of Windows 10: what comes before its own first request is never answered. */
    if (f->proto == PPP_PROTO_LCP && w->lcp.n == 0)
        return;
    if (f->proto == PPP_PROTO_LCP)
        on_lcp(w, &p);
    else if (f->proto == PPP_PROTO_IPCP)
        on_ncp(w, f->proto, &w->ipcp, &p);
    else if (f->proto == PPP_PROTO_IPV6CP)
        on_ncp(w, f->proto, &w->six, &p);
    else
        bad("protocol %04x", f->proto);
}

static void again(struct win *w, struct half *h, uint16_t proto, uint64_t now)
{
    if (h->n && !h->acked && !h->rejected && now >= h->due)
        ask(w, h, proto);
}

void ppp_tick(struct win *w, uint64_t now)
{
    again(w, &w->lcp, PPP_PROTO_LCP, now);
    again(w, &w->six, PPP_PROTO_IPV6CP, now);
    again(w, &w->ipcp, PPP_PROTO_IPCP, now);
}
