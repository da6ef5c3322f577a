/* The Windows capture as a peer: our server meets its client, our client meets its server.
 *
 * The peer is scripted with the bytes of tests/vectors/windows7-rras2008r2.txt and makes the choices that its end made
 * there (what it acks, naks and rejects, in which order, how late); only what depends on our side is put in: identifiers
 * of our requests, our nonce, and, because the password is unknown, the key of the binding. Both of ours must come to
 * the addresses and name servers of the capture, and to its end. */
#include "capture.h"

#include "auth/verify.h"
#include "crypto/binding.h"
#include "crypto/mschap.h"
#include "tls/prim_host.h"
#include "wire/ppp_frame.h"
#include "wire/sstp_frame.h"

/* --- the Windows 7 client ------------------------------------------------------------------------------------ */

static struct {
    bool rejected_callback, idents_sent, connected, asked_again, terminate_acked, disconnect_acked, six_rejected;
    uint8_t nonce[32];
} win;

static void win_lcp(const struct heard *h)
{
    uint8_t rest[128];
    const struct packet *first = &cap_c.sstp[C_LCP];
    struct slice options = slice_of(first->bytes + 12, first->n - 12);
    switch (h->code) {
    case 1: /* our request: EAP is not wanted; MRRU and endpoint would be rejected */
        assert_int_equal(option(h->data, 17).n + option(h->data, 19).n, 0);
        if (option(h->data, 3).p[0] == 0xc2 && option(h->data, 3).p[1] == 0x27)
            replay_as(&cap_c.sstp[C_LCP_NAK], h->id, slice_of(NULL, 0));
        else
            replay_as(&cap_c.sstp[C_LCP_ACK], h->id, h->data);
        break;
    case 4: /* callback is rejected: Windows asks again without it */
        assert_int_equal(h->data.n, 3);
        assert_int_equal(h->data.p[0], 13);
        win.rejected_callback = true;
        replay_as(first, 1, slice_of(rest, without(options, 13, rest)));
        break;
    case 2: /* acked: compression holds; three Identifications */
        assert_true(win.rejected_callback);
        break;
    case 6:
        assert_true(same(h, &cap_s.sstp[S_TERMINATE_ACK]));
        win.terminate_acked = true;
        break;
    case 8: /* no IPv6: rejected as RRAS did, which let the first request lie and rejected the second */
        assert_int_equal(h->data.n, 16);
        assert_memory_equal(h->data.p, cap_s.sstp[S_REJECT_IPV6CP].bytes + 10, 2);
        assert_memory_equal(h->data.p + 2, cap_c.sstp[C_IPV6CP].bytes + 6, 14);
        win.six_rejected = true;
        break;
    case 12: /* our Identification: ignored */
        break;
    default:
        fail_msg("LCP code %u", h->code);
    }
}

static void win_chap(const struct heard *h)
{
    if (h->code == 1) {
        if (!win.idents_sent)
            for (unsigned i = C_IDENT_1; i <= C_IDENT_3; i++)
                replay(&cap_c.sstp[i]);
        win.idents_sent = true;
        replay_as(&cap_c.sstp[C_RESPONSE], h->id, slice_of(NULL, 0));
        return;
    }
    assert_int_equal(h->code, 3);
    /* [CAP]: Call Connected first, then both network protocols */
    struct packet c = cap_c.sstp[C_CONNECTED];
    memcpy(c.bytes + 16, win.nonce, 32);
    binding_mac(&prim_host, 2, our.hlak, c.bytes, c.bytes + 80);
    replay(&c);
    win.connected = true;
    replay(&cap_c.sstp[C_IPV6CP]);
    replay(&cap_c.sstp[C_IPCP]);
}

static void win_ipcp(const struct heard *h)
{
    switch (h->code) {
    case 1: /* our address, as RRAS told its own */
        assert_int_equal(h->data.n, 6);
        assert_memory_equal(h->data.p, cap_s.sstp[S_IPCP].bytes + 10, 6);
        replay_as(&cap_c.sstp[C_IPCP_ACK], h->id, h->data);
        break;
    case 3: /* all five values in one Nak, byte for byte those of RRAS */
        assert_memory_equal(h->data.p, cap_s.sstp[S_IPCP_NAK].bytes + 10, 30);
        win.asked_again = true;
        replay(&cap_c.sstp[C_IPCP_3]);
        break;
    case 2:
        assert_true(win.asked_again);
        assert_true(same(h, &cap_s.sstp[S_IPCP_ACK]));
        break;
    default:
        fail_msg("IPCP code %u", h->code);
    }
}

static void windows(const struct heard *h)
{
    if (h->control && h->whole[5] == 2) {
        memcpy(win.nonce, h->whole + 16, 32);
        our.now += 32; /* [CAP] */
        replay(&cap_c.sstp[C_LCP]);
    } else if (h->control) {
        assert_true(same(h, &cap_s.sstp[S_DISCONNECT_ACK]));
        win.disconnect_acked = true;
    } else if (h->proto == PPP_PROTO_LCP) {
        win_lcp(h);
    } else if (h->proto == PPP_PROTO_CHAP) {
        win_chap(h);
    } else {
        assert_int_equal(h->proto, PPP_PROTO_IPCP);
        win_ipcp(h);
    }
}

static void meet_client(const enum auth_method *methods, unsigned n)
{
    memset(&win, 0, sizeof win);
    open_ours(TUNNEL_SERVER, methods, n);
    to_us(cap_c.http, strlen(cap_c.http));
    uint8_t reply[2048];
    size_t len = tunnel_pull(&our.t, reply, sizeof reply);
    assert_true(len > 13 && memcmp(reply, "HTTP/1.1 200 ", 13) == 0);
    replay(&cap_c.sstp[C_REQUEST]);
    pass(3000, windows);

    assert_string_equal(our.log, "UIIIQACN");
    assert_string_equal(our.idents[0], "MSRASV5.20");
    assert_string_equal(our.idents[1], "MSRAS-0-WGSEA11236-WIN7");
    assert_memory_equal(our.idents[2], "\xac\x8c\x52\x0d\x4e\x46\x3a\x42\xa3\x99\x94\x70\xe2\x34\xbc\x54", 16);
    assert_true(win.six_rejected);
    assert_true(our.up.ipv4 && !our.up.ipv6);
    assert_int_equal(our.up.ip.peer_addr, 0xc0a86465);
    assert_int_equal(our.up.ip.our_addr, 0xc0a86464);
    assert_int_equal(our.up.mtu, 1400);
    assert_int_equal(our.up.mtu_max, 1400); /* not an Adit peer */

    /* [CAP]: one-byte protocols, no ff 03, and each packet comes out as it went in */
    for (unsigned i = 0; i < 61; i++)
        replay(&cap_c.sstp[C_DATA + i]);
    assert_int_equal(our.t.dropped, 0);
    uint8_t head[8];
    assert_int_equal(tunnel_data_head(&our.t, 4, 1400, head), 5); /* and so go ours */

    replay(&cap_c.sstp[C_TERMINATE]);
    pass(180, windows);
    assert_true(win.terminate_acked);
    replay(&cap_c.sstp[C_DISCONNECT]);
    pass(2000, windows);
    assert_true(win.disconnect_acked);
    assert_string_equal(our.log, "UIIIQACND");
    assert_int_equal(our.down.cause, TUNNEL_CAUSE_PEER);
    assert_int_equal(our.down.detail, 0);
    tunnel_done(&our.t);
}

static void test_windows_client(void **state)
{
    (void)state;
    static const enum auth_method both[] = { AUTH_EAP_MSCHAPV2, AUTH_MSCHAPV2 };
    meet_client(both, 2); /* EAP first, as RRAS: Nak'ed to MS-CHAPv2 */
    meet_client(both + 1, 1);
}

/* --- the RRAS server ----------------------------------------------------------------------------------------- */

static struct {
    uint8_t lcp_id;
    uint8_t options[128];
    size_t n_options;
    unsigned requests_ignored;
    bool awake, ccp_rejected, verified, terminated, disconnected, acked, six_rejected;
    uint8_t challenge[16], hlak[32];
    uint8_t peer_id;
} ras;

static void ras_ask(void)
{
    replay_as(&cap_s.sstp[ras.lcp_id ? S_LCP_2 : S_LCP], ras.lcp_id, slice_of(ras.options, ras.n_options));
    ras.lcp_id++;
}

static void ras_lcp(const struct heard *h)
{
    const struct packet *first = &cap_s.sstp[S_LCP];
    struct slice options = slice_of(first->bytes + 12, first->n - 12);
    switch (h->code) {
    case 1: /* [CAP]: silent until now; its own request and the Ack together */
        if (ras.lcp_id == 0) {
            memcpy(ras.options, options.p, options.n);
            ras.n_options = options.n;
            ras_ask();
        }
        replay_as(&cap_s.sstp[S_LCP_ACK], h->id, h->data);
        break;
    case 4: /* what we reject is left out: MRRU and endpoint as in the capture, and callback */
        for (struct rd r = rd_slice(h->data); rd_left(&r);) {
            uint8_t type = rd_u8(&r), len = rd_u8(&r), rest[128];
            rd_skip(&r, len - 2u);
            assert_true(type == 17 || type == 19 || type == 13);
            ras.n_options = without(slice_of(ras.options, ras.n_options), type, rest);
            memcpy(ras.options, rest, ras.n_options);
        }
        ras_ask();
        break;
    case 3: { /* [CAP]: EAP is Nak'ed to MS-CHAPv2 */
        const struct packet *third = &cap_s.sstp[S_LCP_3];
        assert_memory_equal(h->data.p, cap_c.sstp[C_LCP_NAK].bytes + 12, 5);
        ras.n_options = without(slice_of(third->bytes + 12, third->n - 12), 13, ras.options);
        ras_ask();
        break;
    }
    case 2:
        replay(&cap_s.sstp[S_CHALLENGE]);
        break;
    case 12: /* our Identification: ignored */
        break;
    case 8:
        if (h->data.p[0] == 0x80 && h->data.p[1] == 0xfd)
            ras.ccp_rejected = true;
        break;
    case 5: /* [CAP]: the Ack repeats the data */
        replay_as(&cap_s.sstp[S_TERMINATE_ACK], h->id, h->data);
        assert_memory_equal(h->data.p + 4, cap_c.sstp[C_TERMINATE].bytes + 16, 8); /* as Windows hangs up */
        ras.terminated = true;
        break;
    default:
        fail_msg("LCP code %u", h->code);
    }
}

static void ras_chap(const struct heard *h)
{
    uint8_t hash[16];
    char success[43];
    assert_int_equal(h->code, 2);
    assert_int_equal(h->id, 0);
    assert_int_equal(h->data.p[0], 49);
    assert_int_equal(mschap_nt_hash(&prim_host, slice_str("unknown"), hash), 0);
    struct slice name = slice_of(h->data.p + 50, h->data.n - 50);
    assert_true(verify_mschapv2(&prim_host, hash, name, slice_of(cap_s.sstp[S_CHALLENGE].bytes + 11, 16),
                                slice_of(h->data.p + 1, 49), success, ras.hlak));
    replay_as(&cap_s.sstp[S_SUCCESS], 0, slice_str(success)); /* [CAP]: S= and no M= */
}

/* RRAS answers requests of the network protocols only once it is awake. */
static void ras_network(const struct heard *h)
{
    static const uint8_t values[][7] = { { 3, 6, 0xc0, 0xa8, 0x64, 0x65 },
                                         { 129, 6, 0xc0, 0xa8, 0, 1 },
                                         { 131, 6, 0xc0, 0xa8, 0x82, 0xf5 } };
    uint8_t nak[18];
    if (h->proto == PPP_PROTO_IPV6CP && h->code == 1 && ras.awake && !ras.six_rejected) {
        struct packet p = cap_s.sstp[S_REJECT_IPV6CP];
        memcpy(p.bytes + 12, h->data.p - 4, h->data.n + 4);
        replay(&p);
        ras.six_rejected = true;
        return;
    }
    if (h->code == 2) {
        assert_int_equal(h->proto, PPP_PROTO_IPCP);
        ras.acked = true;
        return;
    }
    assert_int_equal(h->code, 1);
    if (!ras.awake || h->proto != PPP_PROTO_IPCP) {
        ras.requests_ignored++;
        return;
    }
    for (unsigned i = 0; i < 3; i++)
        memcpy(nak + 6 * i, values[i], 6);
    bool right = slice_eq(option(h->data, 3), slice_of(values[0] + 2, 4));
    if (right)
        assert_memory_equal(h->data.p, nak, sizeof nak);
    replay_as(&cap_s.sstp[right ? S_IPCP_ACK : S_IPCP_NAK], h->id, slice_of(nak, sizeof nak));
}

static void ras_control(const struct heard *h)
{
    uint8_t mac[32];
    switch (h->whole[5]) {
    case 1:
        assert_true(same(h, &cap_c.sstp[C_REQUEST]));
        replay(&cap_s.sstp[S_ACK]);
        break;
    case 4: /* nonce and certificate of the capture; the MAC by our own key */
        assert_memory_equal(h->whole, cap_c.sstp[C_CONNECTED].bytes, 80);
        binding_mac(&prim_host, 2, ras.hlak, h->whole, mac);
        assert_memory_equal(mac, h->whole + 80, 32);
        ras.verified = true;
        break;
    case 6:
        assert_true(ras.terminated);
        assert_true(same(h, &cap_c.sstp[C_DISCONNECT]));
        replay(&cap_s.sstp[S_DISCONNECT_ACK]);
        ras.disconnected = true;
        break;
    default:
        fail_msg("SSTP message %u", h->whole[5]);
    }
}

static void rras(const struct heard *h)
{
    if (h->control)
        ras_control(h);
    else if (h->proto == PPP_PROTO_LCP)
        ras_lcp(h);
    else if (h->proto == PPP_PROTO_CHAP)
        ras_chap(h);
    else
        ras_network(h);
}

static void test_rras_server(void **state)
{
    (void)state;
    static const enum auth_method only[] = { AUTH_MSCHAPV2 };
    uint8_t request[2048];
    memset(&ras, 0, sizeof ras);
    open_ours(TUNNEL_CLIENT, only, 1);
    /* our request is Windows', byte for byte */
    size_t n = tunnel_pull(&our.t, request, sizeof request);
    assert_int_equal(n, strlen(cap_c.http));
    assert_memory_equal(request, cap_c.http, n);
    to_us(cap_s.http, strlen(cap_s.http));
    pass(3400, rras);
    assert_true(ras.verified);
    assert_true(ras.requests_ignored >= 4); /* ours repeats them while RRAS is slow ([CAP]) */
    assert_string_equal(our.log, "AC");

    ras.awake = true;
    replay(&cap_s.sstp[S_CCP]);
    replay(&cap_s.sstp[S_IPCP]);
    pass(6000, rras);
    assert_true(ras.ccp_rejected && ras.acked && ras.six_rejected);
    assert_string_equal(our.log, "ACN");
    assert_true(our.up.ipv4 && !our.up.ipv6);
    assert_int_equal(our.up.ip.our_addr, 0xc0a86465);
    assert_int_equal(our.up.ip.peer_addr, 0xc0a86464);
    assert_int_equal(our.up.ip.dns[0], 0xc0a80001);
    assert_int_equal(our.up.ip.dns[1], 0xc0a882f5);

    tunnel_close(&our.t, TUNNEL_CAUSE_LOCAL, 0, our.now);
    pass(2000, rras);
    assert_true(ras.disconnected);
    assert_string_equal(our.log, "ACND");
    assert_int_equal(our.down.cause, TUNNEL_CAUSE_LOCAL);
    tunnel_done(&our.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_client),
        cmocka_unit_test(test_rras_server),
    };
    return cmocka_run_group_tests(tests, capture_load, NULL);
}
