/* PAP packets; see pap_pkt.h. */
#include "wire/pap_pkt.h"

#include "wire/auth_hdr.h"

static struct slice take_short(struct rd *r)
{
    uint8_t n = rd_u8(r);
    return rd_take(r, n);
}

/* A field that reaches beyond the packet's own Length contradicts it; see the caller for truncated packets. */
static int end_of(const struct rd *body)
{
    if (!rd_ok(body))
        return ERR_LENGTH;
    return rd_end(body) ? 0 : ERR_TRAILING;
}

static int parse_request(struct rd *body, struct pap_pkt *pkt)
{
    /* RFC 1334 2.2.1 */
    pkt->name = take_short(body);
    pkt->password = take_short(body);
    return end_of(body);
}

static int parse_result(struct rd *body, struct pap_pkt *pkt)
{
    /* RFC 1334 2.2.2 wants a Msg-Length even for an empty message. Some authenticators leave it out (pppd has a
     * warning of its own for them), and the code alone says all that counts. */
    if (rd_left(body) > 0)
        pkt->text = take_short(body);
    return end_of(body);
}

int pap_pkt_parse(struct rd *in, struct pap_pkt *ret_pkt)
{
    struct auth_hdr h;
    struct rd body;

    int err = auth_hdr_read(in, &h, &body);
    if (err < 0)
        return err;
    struct pap_pkt pkt = { .code = h.code, .id = h.id };
    if (h.code == PAP_REQUEST)
        err = parse_request(&body, &pkt);
    else if (h.code == PAP_ACK || h.code == PAP_NAK)
        err = parse_result(&body, &pkt);
    else
        err = ERR_UNKNOWN;
    if (err == 0)
        *ret_pkt = pkt;
    return err;
}

void pap_pkt_put(struct wr *w, const struct pap_pkt *pkt)
{
    size_t at = auth_hdr_put(w, pkt->code, pkt->id);

    if (pkt->code == PAP_REQUEST) {
        auth_hdr_put_short(w, pkt->name);
        auth_hdr_put_short(w, pkt->password);
    } else {
        auth_hdr_put_short(w, pkt->text);
    }
    auth_hdr_end(w, at);
}
