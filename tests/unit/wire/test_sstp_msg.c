/* SSTP control packets: golden bytes of [MS-SSTP] and [CAP], faults, and what is refused whole. */
#include "wire/sstp_frame.h"
#include "wire/sstp_msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static uint8_t packet[4096];

static size_t unhex(const char *hex)
{
    size_t n = 0;
    for (const char *p = hex; *p && *p != '\n'; p++) {
        if (*p == ' ')
            continue;
        char two[3] = { p[0], p[1], 0 };
        packet[n++] = (uint8_t)strtoul(two, NULL, 16);
        p++;
    }
    return n;
}

/* The bytes, header included, as a message. */
static int decode(const char *hex, struct sstp_msg *m)
{
    size_t n = unhex(hex);
    struct rd r = rd_of(packet, n);
    struct sstp_frame f = { 0 };
    assert_int_equal(sstp_frame_next(&r, &f), 1);
    assert_true(rd_end(&r));
    return sstp_msg_decode(f.payload, m);
}

static void encodes_to(const struct sstp_msg *m, const char *hex)
{
    uint8_t out[4096];
    struct wr w = wr_of(out, sizeof out);
    sstp_msg_encode(&w, m);
    size_t n = unhex(hex);
    assert_int_equal(wr_len(&w), n);
    assert_memory_equal(out, packet, n);
}

#define NONCE "412b489aebd7ecc7d08966f26be7cd72b231a0e9210d7c91b308862b0344c435"
#define CERT  "7993ef314c493dace9f02d60e7e61c84b6690aafe9d7aeea92cbbe8ad599422d"
#define MAC   "52a68efd8cffbf52770b8f0fe8ec73716583af6d611eb6d179b3b20840985449"

/* [MS-SSTP] 4.7, [CAP], and what follows from [MS-SSTP] 2.2: each decodes and encodes to the same bytes. */
static void golden_bytes_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        enum sstp_type type;
        const char *hex;
    } table[] = {
        { SSTP_CALL_CONNECT_REQUEST, "1001000e 00010001 00010006 0001" },
        { SSTP_CALL_CONNECT_ACK, "10010030 00020001 00040028 00000002" NONCE },
        { SSTP_CALL_CONNECTED, "10010070 00040001 00030068 00000002" NONCE CERT MAC },
        { SSTP_CALL_DISCONNECT, "10010014 00060001 0002000c 00000000 00000000" },
        { SSTP_CALL_DISCONNECT, "10010008 00060000" },
        { SSTP_CALL_DISCONNECT_ACK, "10010008 00070000" },
        { SSTP_ECHO_REQUEST, "10010008 00080000" },
        { SSTP_ECHO_RESPONSE, "10010008 00090000" },
        { SSTP_CALL_ABORT, "10010014 00050001 0002000c 00000003 00000004" },
        { SSTP_CALL_ABORT, "10010008 00050000" },
        { SSTP_CALL_CONNECT_NAK, "10010016 00030001 0002000e 00000001 00000004 0002" },
        { SSTP_CALL_CONNECT_NAK, "10010022 00030002 0002000e 00000001 00000004 0002 0002000c 00000077 00000002" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct sstp_msg m;
        assert_int_equal(decode(table[i].hex, &m), 0);
        assert_int_equal(m.type, table[i].type);
        assert_int_equal(m.n_faults, 0);
        encodes_to(&m, table[i].hex);
    }
}

static void fields_are_where_they_belong(void **state)
{
    (void)state;
    struct sstp_msg m;
    assert_int_equal(decode("1001000e 00010001 00010006 abcd", &m), 0);
    assert_true(m.has_protocol);
    assert_int_equal(m.protocol, 0xabcd);
    assert_int_equal(decode("10010030 00020001 00040028 00000003" NONCE, &m), 0);
    assert_true(m.has_binding_req && !m.has_protocol && !m.has_binding);
    assert_int_equal(m.hash_mask, 3);
    assert_int_equal(m.nonce[0], 0x41);
    assert_int_equal(m.nonce[31], 0x35);
    assert_int_equal(decode("10010070 00040001 00030068 00000001" NONCE CERT MAC, &m), 0);
    assert_true(m.has_binding);
    assert_int_equal(m.hash, 1);
    assert_int_equal(m.nonce[31], 0x35);
    assert_int_equal(m.cert_hash[0], 0x79);
    assert_int_equal(m.cert_hash[31], 0x2d);
    assert_int_equal(m.mac[0], 0x52);
    assert_int_equal(m.mac[31], 0x49);
    assert_int_equal(decode("10010016 00030001 0002000e 00000001 00000004 0002", &m), 0);
    assert_int_equal(m.n_status, 1);
    assert_int_equal(m.status[0].attrib, 1);
    assert_int_equal(m.status[0].status, 4);
    assert_true(slice_eq(m.status[0].value, slice_of("\x00\x02", 2)));
}

/* All SSTP control packets of the capture: same bytes back. */
static void windows_packets_go_both_ways(void **state)
{
    (void)state;
    static char line[16384];
    unsigned control = 0;
    FILE *f = fopen(VECTORS "/windows7-rras2008r2.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char *hex = line[0] == '#' ? NULL : strstr(line, " sstp ");
        if (!hex)
            continue;
        size_t n = unhex(hex + 6);
        struct rd r = rd_of(packet, n);
        struct sstp_frame frame = { 0 };
        struct sstp_msg m;
        assert_int_equal(sstp_frame_next(&r, &frame), 1);
        assert_true(rd_end(&r));
        if (!frame.control)
            continue;
        control++;
        assert_int_equal(sstp_msg_decode(frame.payload, &m), 0);
        assert_int_equal(m.n_faults, 0);
        encodes_to(&m, hex + 6);
    }
    fclose(f);
    assert_true(control >= 5); /* Request, Ack, Connected, Disconnect, Disconnect-Ack */
}

static void reserved_bits_are_ignored(void **state)
{
    (void)state;
    struct sstp_msg m;
    assert_int_equal(decode("10fff00e 00010001 ff01f006 0001", &m), 0);
    assert_true(m.has_protocol);
    assert_int_equal(m.n_faults, 0);
    assert_int_equal(decode("10010014 00050001 ff02f00c ffffff03 00000004", &m), 0);
    assert_int_equal(m.status[0].attrib, 3);
    assert_int_equal(m.status[0].status, 4);
}

/* Structure that does not add up: refused whole, and the output is untouched. */
static void refused_whole(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int err;
    } table[] = {
        { "10010008 00000000", ERR_UNKNOWN },
        { "10010008 000a0000", ERR_UNKNOWN },
        { "10010008 ffff0000", ERR_UNKNOWN },
        { "10010008 01010000", ERR_UNKNOWN },
        { "10010008 00010001", ERR_TRUNCATED },
        { "10010008 0001ffff", ERR_TRUNCATED },
        { "1001000b 00010001 000100", ERR_TRUNCATED },
        { "1001000c 00010001 00010000", ERR_LENGTH },      /* attribute length 0 */
        { "1001000c 00010001 00010003", ERR_LENGTH },      /* header - 1 */
        { "1001000c 00010001 0001f003", ERR_LENGTH },      /* R bits do not lengthen it */
        { "1001000e 00010001 00010007 0001", ERR_LENGTH }, /* one more than there is */
        { "1001000e 00010001 00010fff 0001", ERR_LENGTH }, /* the most it can say */
        { "1001000e 00010002 00010006 0001", ERR_TRUNCATED },
        { "1001000e 00010000 00010006 0001", ERR_TRAILING },
        { "1001000f 00010001 00010006 0001 00", ERR_TRAILING },
        { "10010012 00030001 0002000e 00000001 00000004",
          ERR_LENGTH }, /* accel-ppp's Nak: the length leaves out the value */
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct sstp_msg m = { .type = SSTP_TYPES };
        size_t n = unhex(table[i].hex);
        int got = sstp_msg_decode(slice_of(packet + 4, n - 4), &m);
        if (got != table[i].err)
            fail_msg("%s: %d", table[i].hex, got);
        assert_int_equal(m.type, SSTP_TYPES);
    }
    for (size_t n = 0; n < 4; n++) {
        struct sstp_msg m;
        assert_int_equal(sstp_msg_decode(slice_of(packet, n), &m), ERR_TRUNCATED);
    }
}

static void has_fault(const struct sstp_msg *m, unsigned i, unsigned attrib, enum sstp_status status, size_t value_n)
{
    assert_true(i < m->n_faults);
    assert_int_equal(m->faults[i].attrib, attrib);
    assert_int_equal(m->faults[i].status, status);
    assert_int_equal(m->faults[i].value.n, value_n);
}

/* Well built, wrong attributes: listed, with what was proposed. */
static void faults_are_listed(void **state)
{
    (void)state;
    struct sstp_msg m;
    assert_int_equal(decode("10010020 00010004 00010006 0001 00010006 0002 00770006 abcd 00040006 abcd", &m), 0);
    assert_true(m.has_protocol);
    assert_int_equal(m.protocol, 1); /* the first one counts */
    assert_int_equal(m.n_faults, 3);
    has_fault(&m, 0, 1, SSTP_STATUS_DUPLICATE_ATTRIBUTE, 2);
    has_fault(&m, 1, 0x77, SSTP_STATUS_UNRECOGNIZED_ATTRIBUTE, 0);
    has_fault(&m, 2, 4, SSTP_STATUS_INVALID_ATTRIB_VALUE_LENGTH, 2);
    /* Attribute 0 is a value inside Status Info, never an attribute. */
    assert_int_equal(decode("1001000c 00010001 00000004", &m), 0);
    has_fault(&m, 0, 0, SSTP_STATUS_UNRECOGNIZED_ATTRIBUTE, 0);
    /* Known, of the right length, in a message that does not have it. */
    assert_int_equal(decode("1001000e 00080001 00010006 0001", &m), 0);
    has_fault(&m, 0, 1, SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG, 2);
    assert_false(m.has_protocol);
}

/* For each attribute: lengths around the right one. */
static void attribute_lengths(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, attrib;
        size_t min, max; /* of the value */
    } table[] = {
        { SSTP_CALL_CONNECT_REQUEST, 1, 2, 2 },
        { SSTP_CALL_CONNECT_NAK, 2, 8, 72 },
        { SSTP_CALL_CONNECTED, 3, 100, 100 },
        { SSTP_CALL_CONNECT_ACK, 4, 36, 36 },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (size_t n = 0; n <= table[i].max + 1; n++) {
            uint8_t body[128] = { 0, table[i].type, 0, 1, 0, table[i].attrib, 0, (uint8_t)(n + 4) };
            struct sstp_msg m;
            assert_int_equal(sstp_msg_decode(slice_of(body, 8 + n), &m), 0);
            bool right = n >= table[i].min && n <= table[i].max;
            assert_int_equal(m.n_faults, right ? 0 : 1);
            assert_int_equal(m.has_protocol || m.has_binding || m.has_binding_req || m.n_status, right);
            if (!right)
                has_fault(&m, 0, table[i].attrib, SSTP_STATUS_INVALID_ATTRIB_VALUE_LENGTH, n > 64 ? 64 : n);
        }
    }
}

static void status_info_out_of_place(void **state)
{
    (void)state;
    struct sstp_msg m;
    assert_int_equal(decode("1001001a 00010002 00010006 0001 0002000c 00000001 00000004", &m), 0);
    assert_int_equal(m.n_status, 0);
    has_fault(&m, 0, 2, SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG, 8);
    assert_int_equal(decode("1001001a 00010002 00010006 0001 0002000c 00000001 00000000", &m), 0);
    assert_int_equal(m.n_faults, 0);
}

static void lists_are_bounded(void **state)
{
    (void)state;
    uint8_t body[4 + 40 * 12] = { 0, SSTP_CALL_CONNECT_NAK, 0, 40 };
    for (int i = 0; i < 40; i++) {
        uint8_t *a = body + 4 + 12 * i;
        a[1] = 2;
        a[3] = 12;
        a[7] = 1;
        a[11] = (uint8_t)i;
    }
    struct sstp_msg m;
    assert_int_equal(sstp_msg_decode(slice_of(body, sizeof body), &m), 0);
    assert_int_equal(m.n_status, SSTP_STATUS_MAX);
    assert_int_equal(m.status[SSTP_STATUS_MAX - 1].status, SSTP_STATUS_MAX - 1);
    body[1] = SSTP_CALL_CONNECT_REQUEST;
    assert_int_equal(sstp_msg_decode(slice_of(body, sizeof body), &m), 0);
    assert_int_equal(m.n_faults, SSTP_STATUS_MAX);
}

static void encoder_writes_all_or_nothing(void **state)
{
    (void)state;
    struct sstp_msg m = { .type = SSTP_CALL_CONNECTED, .has_binding = true, .hash = 2 };
    uint8_t out[SSTP_MSG_MAX];
    for (size_t cap = 0; cap < SSTP_CONNECTED_LEN; cap++) {
        struct wr w = wr_of(out, cap);
        sstp_msg_encode(&w, &m);
        assert_int_equal(wr_len(&w), 0);
    }
    struct wr w = wr_of(out, SSTP_CONNECTED_LEN);
    sstp_msg_encode(&w, &m);
    assert_int_equal(wr_len(&w), SSTP_CONNECTED_LEN);

    /* The largest there is, and after something else. */
    uint8_t value[SSTP_VALUE_MAX] = { 0 };
    m = (struct sstp_msg){ .type = SSTP_CALL_CONNECT_NAK, .n_status = SSTP_STATUS_MAX };
    for (int i = 0; i < SSTP_STATUS_MAX; i++)
        m.status[i].value = slice_of(value, sizeof value);
    w = wr_of(out, sizeof out);
    sstp_msg_encode(&w, &m);
    assert_int_equal(wr_len(&w), SSTP_MSG_MAX);
    struct sstp_msg bare = { .type = SSTP_ECHO_REQUEST };
    w = wr_of(out, sizeof out);
    sstp_msg_encode(&w, &bare);
    sstp_msg_encode(&w, &bare);
    assert_int_equal(wr_len(&w), 16);
    assert_memory_equal(out + 8, "\x10\x01\x00\x08\x00\x08\x00\x00", 8);
}

static void every_type_has_a_name(void **state)
{
    (void)state;
    for (unsigned t = 1; t < SSTP_TYPES; t++)
        assert_string_not_equal(sstp_type_name(t), "?");
    assert_string_equal(sstp_type_name(0), "?");
    assert_string_equal(sstp_type_name(SSTP_TYPES), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_bytes_go_both_ways),
        cmocka_unit_test(fields_are_where_they_belong),
        cmocka_unit_test(windows_packets_go_both_ways),
        cmocka_unit_test(reserved_bits_are_ignored),
        cmocka_unit_test(refused_whole),
        cmocka_unit_test(faults_are_listed),
        cmocka_unit_test(attribute_lengths),
        cmocka_unit_test(status_info_out_of_place),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test(encoder_writes_all_or_nothing),
        cmocka_unit_test(every_type_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
