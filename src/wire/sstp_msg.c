/* SSTP control packets into structs and back; the contract is in sstp_msg.h. */
#include "wire/sstp_msg.h"
#include "wire/sstp_frame.h"

enum {
    ATTRIB_HEAD = 4,
    PROTOCOL_LEN = 2,     /* [MS-SSTP] 2.2.5: 6 with its header */
    BINDING_REQ_LEN = 36, /* [MS-SSTP] 2.2.6: 40 */
    BINDING_LEN = 100,    /* [MS-SSTP] 2.2.7: 104 */
    STATUS_MIN = 8,       /* [MS-SSTP] 2.2.8: 12 */
    STATUS_LEN_MAX = STATUS_MIN + SSTP_VALUE_MAX,
};

/* The one attribute, other than Status Info, that each message may carry; 0: none. [MS-SSTP] 2.2.9 to 2.2.15. */
static const uint8_t own_attrib[SSTP_TYPES] = {
    [SSTP_CALL_CONNECT_REQUEST] = SSTP_ATTRIB_ENCAPSULATED_PROTOCOL_ID,
    [SSTP_CALL_CONNECT_ACK] = SSTP_ATTRIB_CRYPTO_BINDING_REQ,
    [SSTP_CALL_CONNECTED] = SSTP_ATTRIB_CRYPTO_BINDING,
};

static bool carries_status(unsigned type)
{
    return type == SSTP_CALL_CONNECT_NAK || type == SSTP_CALL_ABORT || type == SSTP_CALL_DISCONNECT;
}

/* What exceeds the list is left out: the first faults are reason enough. */
static void add_fault(struct sstp_msg *m, unsigned attrib, enum sstp_status status, struct slice value)
{
    if (m->n_faults == SSTP_STATUS_MAX)
        return;
    /* [MS-SSTP] 2.2.8: of a longer original only the first 64 bytes are sent back. */
    if (value.n > SSTP_VALUE_MAX)
        value.n = SSTP_VALUE_MAX;
    m->faults[m->n_faults++] = (struct sstp_status_info){ (uint8_t)attrib, status, value };
}

static bool length_fits(unsigned attrib, size_t n)
{
    switch (attrib) {
    case SSTP_ATTRIB_ENCAPSULATED_PROTOCOL_ID:
        return n == PROTOCOL_LEN;
    case SSTP_ATTRIB_STATUS_INFO:
        return n >= STATUS_MIN && n <= STATUS_LEN_MAX;
    case SSTP_ATTRIB_CRYPTO_BINDING:
        return n == BINDING_LEN;
    case SSTP_ATTRIB_CRYPTO_BINDING_REQ:
        return n == BINDING_REQ_LEN;
    }
    return false;
}

static void read_status(struct sstp_msg *m, struct slice value)
{
    struct rd r = rd_slice(value);
    struct sstp_status_info s;
    rd_skip(&r, 3); /* reserved, ignored */
    s.attrib = rd_u8(&r);
    s.status = rd_u32(&r);
    s.value = rd_rest(&r);
    if (carries_status(m->type)) {
        if (m->n_status < SSTP_STATUS_MAX)
            m->status[m->n_status++] = s;
    } else if (s.status != SSTP_STATUS_NO_ERROR) {
        /* [MS-SSTP] 3.3.5.2.2, 3.3.5.2.3: a Status Info is a fault if its status is not "no error". */
        add_fault(m, SSTP_ATTRIB_STATUS_INFO, SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG, value);
    }
}

/* Reads the message's own attribute, whose length has been checked. */
static void read_own(struct sstp_msg *m, struct slice value)
{
    struct rd r = rd_slice(value);
    switch (m->type) {
    case SSTP_CALL_CONNECT_REQUEST:
        m->has_protocol = true;
        m->protocol = rd_u16(&r);
        break;
    case SSTP_CALL_CONNECT_ACK:
        m->has_binding_req = true;
        rd_skip(&r, 3);
        m->hash_mask = rd_u8(&r);
        rd_copy(&r, m->nonce, sizeof m->nonce);
        break;
    case SSTP_CALL_CONNECTED:
        m->has_binding = true;
        rd_skip(&r, 3);
        m->hash = rd_u8(&r);
        rd_copy(&r, m->nonce, sizeof m->nonce);
        rd_copy(&r, m->cert_hash, sizeof m->cert_hash);
        rd_copy(&r, m->mac, sizeof m->mac);
        break;
    case SSTP_CALL_CONNECT_NAK:
    case SSTP_CALL_ABORT:
    case SSTP_CALL_DISCONNECT:
    case SSTP_CALL_DISCONNECT_ACK:
    case SSTP_ECHO_REQUEST:
    case SSTP_ECHO_RESPONSE:
    case SSTP_TYPES:
        break;
    }
}

static void take_attrib(struct sstp_msg *m, unsigned id, struct slice value)
{
    bool own = id != 0 && id == own_attrib[m->type];
    bool seen = m->has_protocol || m->has_binding_req || m->has_binding;
    if (id < SSTP_ATTRIB_ENCAPSULATED_PROTOCOL_ID || id > SSTP_ATTRIB_CRYPTO_BINDING_REQ)
        add_fault(m, id, SSTP_STATUS_UNRECOGNIZED_ATTRIBUTE, slice_of(NULL, 0));
    else if (own && seen)
        add_fault(m, id, SSTP_STATUS_DUPLICATE_ATTRIBUTE, value);
    else if (!length_fits(id, value.n))
        add_fault(m, id, SSTP_STATUS_INVALID_ATTRIB_VALUE_LENGTH, value);
    else if (id == SSTP_ATTRIB_STATUS_INFO)
        read_status(m, value);
    else if (own)
        read_own(m, value);
    else
        add_fault(m, id, SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG, value);
}

int sstp_msg_decode(struct slice payload, struct sstp_msg *ret_msg)
{
    struct rd r = rd_slice(payload);
    unsigned type = rd_u16(&r);
    unsigned count = rd_u16(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (type < SSTP_CALL_CONNECT_REQUEST || type >= SSTP_TYPES)
        return ERR_UNKNOWN;

    struct sstp_msg m = { .type = (enum sstp_type)type };
    for (unsigned i = 0; i < count; i++) {
        rd_skip(&r, 1); /* [MS-SSTP] 2.2.4: Reserved MUST be ignored on receipt */
        unsigned id = rd_u8(&r);
        size_t len = rd_u16(&r) & 0xfff; /* and so must the four R bits */
        if (!rd_ok(&r))
            return ERR_TRUNCATED;
        if (len < ATTRIB_HEAD)
            return ERR_LENGTH;
        struct slice value = rd_take(&r, len - ATTRIB_HEAD);
        if (!rd_ok(&r))
            return ERR_LENGTH;
        take_attrib(&m, id, value);
    }
    if (!rd_end(&r))
        return ERR_TRAILING;
    *ret_msg = m;
    return 0;
}

static void write_attrib_head(struct wr *w, unsigned id, size_t value_len)
{
    wr_u8(w, 0);
    wr_u8(w, id);
    wr_u16(w, (unsigned)(value_len + ATTRIB_HEAD));
}

static void write_status(struct wr *w, const struct sstp_status_info *s)
{
    write_attrib_head(w, SSTP_ATTRIB_STATUS_INFO, STATUS_MIN + s->value.n);
    wr_zero(w, 3);
    wr_u8(w, s->attrib);
    wr_u32(w, s->status);
    wr_put(w, s->value);
}

static void write_protocol(struct wr *w, const struct sstp_msg *m)
{
    write_attrib_head(w, SSTP_ATTRIB_ENCAPSULATED_PROTOCOL_ID, PROTOCOL_LEN);
    wr_u16(w, m->protocol);
}

static void write_binding_req(struct wr *w, const struct sstp_msg *m)
{
    write_attrib_head(w, SSTP_ATTRIB_CRYPTO_BINDING_REQ, BINDING_REQ_LEN);
    wr_zero(w, 3);
    wr_u8(w, m->hash_mask);
    wr_bytes(w, m->nonce, sizeof m->nonce);
}

static void write_binding(struct wr *w, const struct sstp_msg *m)
{
    write_attrib_head(w, SSTP_ATTRIB_CRYPTO_BINDING, BINDING_LEN);
    wr_zero(w, 3);
    wr_u8(w, m->hash);
    wr_bytes(w, m->nonce, sizeof m->nonce);
    wr_bytes(w, m->cert_hash, sizeof m->cert_hash);
    wr_bytes(w, m->mac, sizeof m->mac);
}

/* Writes the attributes that the type calls for; returns how many. */
static unsigned write_attribs(struct wr *w, const struct sstp_msg *m)
{
    if (carries_status(m->type)) {
        for (unsigned i = 0; i < m->n_status; i++)
            write_status(w, &m->status[i]);
        return m->n_status;
    }
    if (m->type == SSTP_CALL_CONNECT_REQUEST && m->has_protocol)
        write_protocol(w, m);
    else if (m->type == SSTP_CALL_CONNECT_ACK && m->has_binding_req)
        write_binding_req(w, m);
    else if (m->type == SSTP_CALL_CONNECTED && m->has_binding)
        write_binding(w, m);
    else
        return 0;
    return 1;
}

void sstp_msg_encode(struct wr *w, const struct sstp_msg *m)
{
    size_t start = w->len;
    uint8_t *head = wr_room(w, SSTP_HEAD);
    wr_u16(w, m->type);
    size_t count_at = wr_mark_u16(w);
    wr_patch_u16(w, count_at, write_attribs(w, m));
    if (head && wr_ok(w))
        sstp_frame_head(head, true, w->len - start - SSTP_HEAD);
}

const char *sstp_type_name(unsigned type)
{
    static const char *const names[SSTP_TYPES] = {
        [SSTP_CALL_CONNECT_REQUEST] = "Call Connect Request",
        [SSTP_CALL_CONNECT_ACK] = "Call Connect Acknowledge",
        [SSTP_CALL_CONNECT_NAK] = "Call Connect Negative Acknowledgment",
        [SSTP_CALL_CONNECTED] = "Call Connected",
        [SSTP_CALL_ABORT] = "Call Abort",
        [SSTP_CALL_DISCONNECT] = "Call Disconnect",
        [SSTP_CALL_DISCONNECT_ACK] = "Call Disconnect Acknowledge",
        [SSTP_ECHO_REQUEST] = "Echo Request",
        [SSTP_ECHO_RESPONSE] = "Echo Response",
    };
    return type >= SSTP_CALL_CONNECT_REQUEST && type < SSTP_TYPES ? names[type] : "?";
}
