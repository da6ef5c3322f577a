/* Facts 7 to 10: what the bytes of HTTP, SSTP and PPP look like, against those of a Windows 7 client and a Windows Server
 * 2008 R2 (the capture). docs/FACTS.md says what each fact is and where its bytes come from. */
#include "facts.h"

#include "wire/cp_opt.h"
#include "wire/cp_pkt.h"
#include "wire/dhcp4.h"
#include "wire/http1.h"
#include "wire/ppp_frame.h"
#include "wire/sstp_frame.h"

/* --- HTTP ---------------------------------------------------------------------------------------------------- */

static const struct env env;

static void open_http(struct http *h, bool server)
{
    static const uint8_t hash[32];
    struct http_conf c = { .server = server,
                           .cert_sha1 = hash,
                           .cert_sha256 = hash,
                           .host = "n3zz-dc1.sstp-test.net",
                           .correlation = "{0D528CAC-464E-423A-A399-9470E234BC54}",
                           .timeout = SECONDS(10) };
    uint8_t request[1024];
    http_init(h, &c, &env, 0);
    if (!server)
        assert_true(http_pull(h, request, sizeof request) > 0);
}

/* The capture's head and the first SSTP packet in one read, cut at every place: upgraded, and the packet is left over. */
static void surplus(bool server, const char *head, const struct packet *first)
{
    uint8_t all[2048];
    size_t n = strlen(head), total = n + first->n;
    memcpy(all, head, n);
    memcpy(all + n, first->bytes, first->n);
    for (size_t cut = 0; cut <= total; cut++) {
        struct http h;
        struct http_event e;
        struct rd in = rd_of(all, cut);
        open_http(&h, server);
        if (cut < n) {
            assert_int_equal(http_feed(&h, &in, 1), FED_MORE);
            assert_int_equal(rd_left(&in), cut);
            in = rd_of(all, total);
        }
        assert_int_equal(http_feed(&h, &in, 1), FED_EVENT);
        assert_true(http_event(&h, &e));
        assert_int_equal(e.kind, HTTP_EV_UPGRADED);
        assert_int_equal(rd_left(&in), cut < n ? first->n : cut - n);
        assert_ptr_equal(in.p, all + n);
    }
}

static void fact_07_content_length_is_2_to_64_less_1(void **state)
{
    (void)state;
    struct http1_head h;
    assert_int_equal(http1_response(slice_str(cap_s.http), &h), 0);
    assert_true(h.has_content_length && h.content_length == UINT64_MAX);
    assert_int_equal(h.status, 200);
    assert_int_equal(h.reason.n, 0); /* [CAP]: "HTTP/1.1 200 " and nothing after the blank */
    assert_int_equal(http1_request(slice_str(cap_c.http), &h), 0);
    assert_true(h.has_content_length && h.content_length == UINT64_MAX);
    surplus(false, cap_s.http, &cap_s.sstp[S_ACK]);
    surplus(true, cap_c.http, &cap_c.sstp[C_REQUEST]);
    /* Our answer carries the same length, so the body never ends for the client either. */
    struct http server;
    char reply[1024];
    struct rd in = rd_of(cap_c.http, strlen(cap_c.http));
    open_http(&server, true);
    assert_int_equal(http_feed(&server, &in, 1), FED_EVENT);
    size_t n = http_pull(&server, (uint8_t *)reply, sizeof reply);
    assert_int_equal(http1_response(slice_of(reply, n), &h), 0);
    assert_true(h.has_content_length && h.content_length == UINT64_MAX);
}

/* The capture's request with `from` replaced by `to`; what the server makes of it: 0 upgraded, else the status. */
static unsigned answered(const char *from, const char *to)
{
    char request[1200];
    const char *at = strstr(cap_c.http, from);
    assert_non_null(at);
    snprintf(request, sizeof request, "%.*s%s%s", (int)(at - cap_c.http), cap_c.http, to, at + strlen(from));
    struct http h;
    struct http_event e;
    struct rd in = rd_of(request, strlen(request));
    open_http(&h, true);
    assert_int_equal(http_feed(&h, &in, 1), FED_EVENT);
    assert_true(http_event(&h, &e));
    return e.kind == HTTP_EV_UPGRADED ? 0 : e.status;
}

static void fact_08_the_uri_is_literal_and_no_version_header(void **state)
{
    (void)state;
    struct http1_head h;
    assert_int_equal(http1_request(slice_str(cap_c.http), &h), 0);
    assert_null(http1_find(&h, "SSTPVERSION", NULL));
    assert_true(slice_eq(h.target, slice_str(SSTP_URI)));
    assert_int_equal(h.n_fields, 3);
    /* our request is Windows', byte for byte */
    static const enum auth_method one[] = { AUTH_MSCHAPV2 };
    uint8_t request[1024];
    open_ours(TUNNEL_CLIENT, one, 1);
    size_t n = tunnel_pull(&our.t, request, sizeof request);
    assert_int_equal(n, strlen(cap_c.http));
    assert_memory_equal(request, cap_c.http, n);
    tunnel_done(&our.t);

    assert_int_equal(answered("458b", "458b"), 0);
    assert_int_equal(answered("458b", "458B"), 404);
    assert_int_equal(answered("sra_{", "sra_%7B"), 0); /* RFC 3986 2.1: the same path, as a front device may write it */
    assert_int_equal(answered("sra_{", "sra_"), 404);
    assert_int_equal(answered("CD75}/", "CD75}"), 404);
    /* [MS-SSTP] 3.2.4.1: no bytes of a client that sends ?tenantid= exist that we could use; a capture would come from a
     * multi-tenant gateway. */
    assert_int_equal(answered("CD75}/", "CD75}/?tenantid=contoso"), 0);
}

/* --- SSTP ---------------------------------------------------------------------------------------------------- */

/* All packets of one end, in a row, by chunks of `step` bytes: each comes out as it went in. */
static void walk(const struct captured *end, size_t step)
{
    static uint8_t all[PACKETS * 512];
    size_t total = 0, have = 0, taken = 0;
    unsigned n = 0;
    for (unsigned i = 0; i < end->n; i++) {
        memcpy(all + total, end->sstp[i].bytes, end->sstp[i].n);
        total += end->sstp[i].n;
    }
    while (have < total) {
        have = have + step < total ? have + step : total;
        struct rd in = rd_of(all + taken, have - taken);
        struct sstp_frame f;
        while (sstp_frame_next(&in, &f) == 1) {
            assert_true(n < end->n);
            assert_true(slice_eq(f.whole, slice_of(end->sstp[n].bytes, end->sstp[n].n)));
            assert_int_equal(f.whole.n, (end->sstp[n].bytes[2] << 8 | end->sstp[n].bytes[3]) & 0xfff);
            n++;
        }
        taken = have - rd_left(&in);
    }
    assert_int_equal(n, end->n);
    assert_int_equal(taken, total);
}

static void fact_09_length_has_12_bits_and_counts_the_header(void **state)
{
    (void)state;
    for (size_t step = 1; step < 100; step++) {
        walk(&cap_c, step);
        walk(&cap_s, step);
    }
    walk(&cap_c, SIZE_MAX / 2); /* all in one record */
    walk(&cap_s, SIZE_MAX / 2);
    /* No peer is known to set the reserved bits, so no foreign bytes have them: the capture's packets with all of them. */
    for (unsigned i = 0; i < cap_c.n; i++) {
        struct packet p = cap_c.sstp[i];
        struct sstp_frame f = { 0 };
        p.bytes[1] |= 0xfe;
        p.bytes[2] |= 0xf0;
        struct rd in = rd_of(p.bytes, p.n);
        assert_int_equal(sstp_frame_next(&in, &f), 1);
        assert_true(slice_eq(f.payload, slice_of(cap_c.sstp[i].bytes + 4, p.n - 4)));
        assert_int_equal(f.control, cap_c.sstp[i].bytes[1]);
    }
}

/* --- PPP ----------------------------------------------------------------------------------------------------- */

static struct ppp_frame frame_of(const struct packet *p)
{
    struct ppp_frame f = { 0 };
    assert_int_equal(p->bytes[1], 0);
    assert_int_equal(ppp_frame_read(p->bytes + 4, p->n - 4, &f), 0);
    return f;
}

static void each_frame(const struct captured *end, bool after_lcp)
{
    for (unsigned i = 0; i < end->n; i++) {
        const struct packet *p = &end->sstp[i];
        if (p->bytes[1])
            continue;
        struct ppp_frame f = frame_of(p);
        uint8_t again[512];
        struct wr w = wr_of(again, sizeof again);
        ppp_frame_encode(&w, &f);
        assert_true(slice_eq(slice_of(again, wr_len(&w)), slice_of(p->bytes + 4, p->n - 4)));
        /* [CAP]: ff 03 stays on LCP codes 1 to 7 and on nothing else */
        bool lcp_low = f.proto == PPP_PROTO_LCP && f.info.p[0] <= 7;
        assert_int_equal(!f.acfc, lcp_low);
        assert_int_equal(f.pfc, f.proto == PPP_PROTO_IPV4);
        after_lcp |= f.acfc;
        if (f.proto == PPP_PROTO_IPV4)
            assert_int_equal(f.info.p[0] >> 4, 4);
    }
    assert_true(after_lcp);
}

static void fact_10_ppp_has_no_hdlc_but_maybe_ff_03(void **state)
{
    (void)state;
    each_frame(&cap_c, false);
    each_frame(&cap_s, false);
    assert_false(frame_of(&cap_c.sstp[C_LCP]).acfc);
    assert_true(frame_of(&cap_c.sstp[C_IDENT_1]).acfc); /* LCP, Identification */
    assert_int_equal(frame_of(&cap_c.sstp[C_IDENT_1]).proto, PPP_PROTO_LCP);
    assert_true(frame_of(&cap_c.sstp[C_REJECT_CCP]).acfc); /* LCP, Protocol-Reject */
    assert_true(frame_of(&cap_c.sstp[C_DATA]).pfc);
    assert_false(frame_of(&cap_c.sstp[C_TERMINATE]).acfc);
}

/* --- runners-up ---------------------------------------------------------------------------------------------- */

static void runner_up_mru_4091_is_legal(void **state)
{
    (void)state;
    const struct packet *both[] = { &cap_c.sstp[C_LCP], &cap_s.sstp[S_LCP] };
    for (unsigned i = 0; i < 2; i++) {
        struct ppp_frame f = frame_of(both[i]);
        struct rd in = rd_slice(f.info);
        struct cp_pkt p;
        struct cp_opt o;
        uint16_t mru = 0;
        assert_int_equal(cp_pkt_decode(&in, &p), 0);
        struct rd options = rd_slice(p.data);
        assert_int_equal(cp_opt_next(&options, &o), 0);
        assert_int_equal(o.type, LCP_OPT_MRU);
        assert_int_equal(cp_opt_u16(&o, &mru), 0);
        assert_int_equal(mru, LCP_MRU_MAX);
    }
}

/* The DHCPINFORM after IPCP: seconds little-endian, and 249 is asked for because IPCP cannot carry routes. */
static void runner_up_dhcpinform_asks_for_249(void **state)
{
    (void)state;
    unsigned informs = 0;
    for (unsigned i = C_DATA; i < C_TERMINATE; i++) {
        const struct packet *p = &cap_c.sstp[i];
        struct dhcp4 m;
        uint8_t asked[64];
        size_t n = 0;
        if (p->n < 300 || p->bytes[14] != 17) /* UDP */
            continue;
        assert_int_equal(dhcp4_decode(slice_of(p->bytes + 33, p->n - 33), &m), 0);
        assert_int_equal(m.type, DHCP4_INFORM);
        assert_true(m.secs == 6 << 8 || m.secs == 9 << 8);
        assert_int_equal(dhcp4_get(&m, DHCP4_OPT_ASKED, asked, sizeof asked, &n), 0);
        assert_non_null(memchr(asked, DHCP4_OPT_MS_ROUTES, n));
        informs++;
    }
    assert_int_equal(informs, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fact_07_content_length_is_2_to_64_less_1),
        cmocka_unit_test(fact_08_the_uri_is_literal_and_no_version_header),
        cmocka_unit_test(fact_09_length_has_12_bits_and_counts_the_header),
        cmocka_unit_test(fact_10_ppp_has_no_hdlc_but_maybe_ff_03),
        cmocka_unit_test(runner_up_mru_4091_is_legal),
        cmocka_unit_test(runner_up_dhcpinform_asks_for_249),
    };
    return cmocka_run_group_tests(tests, capture_load, NULL);
}
