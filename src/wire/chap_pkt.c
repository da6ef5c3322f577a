/* CHAP packets; see chap_pkt.h. */
#include "wire/chap_pkt.h"

#include "wire/auth_hdr.h"

static int parse_body(struct rd *body, struct chap_pkt *pkt)
{
    switch (pkt->code) {
    case CHAP_CHALLENGE:
    case CHAP_RESPONSE: {
        /* RFC 1994 4.1: Value-Size is one byte, the value one or more; the name's size follows from Length. */
        uint8_t size = rd_u8(body);
        pkt->value = rd_take(body, size);
        pkt->name = rd_rest(body);
        return rd_ok(body) && size > 0 ? 0 : ERR_LENGTH;
    }
    case CHAP_SUCCESS:
    case CHAP_FAILURE:
    case CHAP_CHANGE_PASSWORD:
        pkt->text = rd_rest(body); /* RFC 1994 4.2: zero or more bytes */
        return 0;
    }
    return ERR_UNKNOWN;
}

int chap_pkt_parse(struct rd *in, struct chap_pkt *ret_pkt)
{
    struct auth_hdr h;
    struct rd body;

    int err = auth_hdr_read(in, &h, &body);
    if (err < 0)
        return err;
    struct chap_pkt pkt = { .code = h.code, .id = h.id };
    err = parse_body(&body, &pkt);
    if (err == 0)
        *ret_pkt = pkt;
    return err;
}

void chap_pkt_put(struct wr *w, const struct chap_pkt *pkt)
{
    size_t at = auth_hdr_put(w, pkt->code, pkt->id);

    if (pkt->code == CHAP_CHALLENGE || pkt->code == CHAP_RESPONSE) {
        if (pkt->value.n == 0)
            w->bad = true;
        auth_hdr_put_short(w, pkt->value);
        wr_put(w, pkt->name);
    } else {
        wr_put(w, pkt->text);
    }
    auth_hdr_end(w, at);
}

void chap_mschap2_response_put(struct wr *w, const uint8_t peer_challenge[16], const uint8_t nt_response[24])
{
    /* RFC 2759 4: the reserved bytes and the flags must be zero. */
    wr_bytes(w, peer_challenge, 16);
    wr_zero(w, 8);
    wr_bytes(w, nt_response, 24);
    wr_u8(w, 0);
}
