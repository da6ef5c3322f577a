/* EAP packets; see eap_pkt.h. */
#include "wire/eap_pkt.h"

#include "wire/auth_hdr.h"

enum { CHALLENGE_LEN = 16, RESPONSE_LEN = 49, MSCHAP_HDR_LEN = 4 };

static int parse_typed(struct rd *body, struct eap_pkt *pkt)
{
    /* RFC 3748 4.1: a Request or Response has at least the Type. */
    pkt->type = rd_u8(body);
    if (pkt->type == EAP_TYPE_EXPANDED) {
        /* RFC 3748 5.7: Vendor-Id of three bytes, Vendor-Type of four. */
        pkt->vendor = (uint32_t)rd_u8(body) << 16;
        pkt->vendor |= rd_u16(body);
        pkt->vendor_type = rd_u32(body);
    }
    pkt->data = rd_rest(body);
    return rd_ok(body) ? 0 : ERR_LENGTH;
}

int eap_pkt_parse(struct rd *in, struct eap_pkt *ret_pkt)
{
    struct auth_hdr h;
    struct rd body;

    int err = auth_hdr_read(in, &h, &body);
    if (err < 0)
        return err;
    struct eap_pkt pkt = { .code = h.code, .id = h.id, .whole = h.whole };
    if (h.code == EAP_REQUEST || h.code == EAP_RESPONSE)
        err = parse_typed(&body, &pkt);
    else if (h.code == EAP_SUCCESS || h.code == EAP_FAILURE)
        err = rd_left(&body) == 0 ? 0 : ERR_LENGTH; /* RFC 3748 4.2: Length is 4 */
    else
        err = ERR_UNKNOWN; /* RFC 3748 4: other codes are silently discarded */
    if (err == 0)
        *ret_pkt = pkt;
    return err;
}

void eap_pkt_put(struct wr *w, const struct eap_pkt *pkt)
{
    size_t at = auth_hdr_put(w, pkt->code, pkt->id);

    if (pkt->code == EAP_REQUEST || pkt->code == EAP_RESPONSE) {
        wr_u8(w, pkt->type);
        if (pkt->type == EAP_TYPE_EXPANDED) {
            wr_u8(w, pkt->vendor >> 16 & 0xff);
            wr_u16(w, pkt->vendor & 0xffff);
            wr_u32(w, pkt->vendor_type);
        }
        wr_put(w, pkt->data);
    }
    auth_hdr_end(w, at);
}

/* A value of exactly `want` bytes behind its size, then a name up to the end. */
static int parse_value(struct rd *body, size_t want, struct eap_mschap *m)
{
    size_t size = rd_u8(body);

    m->value = rd_take(body, size);
    m->name = rd_rest(body);
    if (!rd_ok(body))
        return ERR_TRUNCATED;
    return size == want ? 0 : ERR_LENGTH;
}

static int parse_request(struct rd *body, struct eap_mschap *m)
{
    if (m->op == EAP_MSCHAP_CHALLENGE)
        return parse_value(body, CHALLENGE_LEN, m);
    if (m->op != EAP_MSCHAP_SUCCESS && m->op != EAP_MSCHAP_FAILURE)
        return ERR_UNKNOWN;
    m->text = rd_rest(body);
    return 0;
}

static int parse_response(struct rd *body, struct eap_mschap *m)
{
    if (m->op == EAP_MSCHAP_RESPONSE)
        return parse_value(body, RESPONSE_LEN, m);
    if (m->op != EAP_MSCHAP_CHANGE_PASSWORD)
        return ERR_UNKNOWN;
    m->text = rd_rest(body);
    return 0;
}

/* draft-kamath-pppext-eap-mschapv2, [MS-CHAP] 2.2: a Success or Failure Response is its OpCode and nothing else. */
static bool is_bare(uint8_t op, uint8_t eap_code)
{
    return eap_code == EAP_RESPONSE && (op == EAP_MSCHAP_SUCCESS || op == EAP_MSCHAP_FAILURE);
}

int eap_mschap_parse(struct slice data, uint8_t eap_code, struct eap_mschap *ret)
{
    struct rd r = rd_slice(data);
    struct eap_mschap m = { .op = rd_u8(&r) };

    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (is_bare(m.op, eap_code)) {
        if (!rd_end(&r))
            return ERR_TRAILING;
        *ret = m;
        return 0;
    }
    m.ms_id = rd_u8(&r);
    size_t ms_len = rd_u16(&r);
    /* From here on there are four bytes at least: whoever subtracts the header from a shorter packet reads far beyond
     * it (strongSwan did, CVE-2025-62291, with EAP packets of 6 to 8 bytes). */
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    /* draft-kamath-pppext-eap-mschapv2: MS-Length is the EAP packet's Length less 5, that is, all of the data. */
    if (ms_len != data.n)
        return ERR_LENGTH;
    int err = eap_code == EAP_REQUEST ? parse_request(&r, &m) : parse_response(&r, &m);
    if (err == 0)
        *ret = m;
    return err;
}

void eap_mschap_put(struct wr *w, uint8_t eap_code, uint8_t eap_id, const struct eap_mschap *m)
{
    size_t at = auth_hdr_put(w, eap_code, eap_id);

    wr_u8(w, EAP_TYPE_MSCHAPV2);
    size_t start = w->len;
    wr_u8(w, m->op);
    if (!is_bare(m->op, eap_code)) {
        wr_u8(w, m->ms_id);
        size_t len_at = wr_mark_u16(w);
        if (m->op == EAP_MSCHAP_CHALLENGE || m->op == EAP_MSCHAP_RESPONSE) {
            auth_hdr_put_short(w, m->value);
            wr_put(w, m->name);
        } else {
            wr_put(w, m->text);
        }
        wr_patch_u16(w, len_at, (unsigned)(w->len - start));
    }
    auth_hdr_end(w, at);
}
