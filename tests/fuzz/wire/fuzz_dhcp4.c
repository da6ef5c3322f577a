/* Any bytes as a DHCP message; and what its options decode to is written and read again. */
#include <stdlib.h>

#include "fuzz.h"
#include "wire/dhcp4.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void routes(struct slice value)
{
    struct dhcp4_route r[DHCP4_ROUTES_MAX], back[DHCP4_ROUTES_MAX];
    unsigned n = 0, n_back = 0;
    uint8_t buf[400];
    if (dhcp4_routes(value, r, DHCP4_ROUTES_MAX, &n) < 0)
        return;
    must(n > 0 && n <= DHCP4_ROUTES_MAX);
    struct wr w = wr_of(buf, sizeof buf);
    dhcp4_put_routes(&w, DHCP4_OPT_ROUTES, r, n);
    must(wr_ok(&w) && wr_len(&w) - 2 <= value.n + 2);
    if (wr_len(&w) > 257) /* split: not one value any more */
        return;
    must(dhcp4_routes(slice_of(buf + 2, wr_len(&w) - 2), back, DHCP4_ROUTES_MAX, &n_back) == 0 && n_back == n);
    for (unsigned i = 0; i < n; i++)
        must(prefix_eq(&r[i].to, &back[i].to) && r[i].router == back[i].router);
}

static void names(struct slice value)
{
    struct dns_name list[DNS_NAMES_MAX], back[DNS_NAMES_MAX];
    unsigned n = 0, n_back = 0;
    static uint8_t buf[DNS_NAMES_MAX * 256];
    if (dns_names_read(value, true, list, DNS_NAMES_MAX, &n) < 0)
        return;
    must(n > 0 && n <= DNS_NAMES_MAX);
    struct wr w = wr_of(buf, sizeof buf);
    dns_names_put_compressed(&w, list, n);
    must(wr_ok(&w) && dns_names_read(wr_slice(&w), true, back, DNS_NAMES_MAX, &n_back) == 0 && n_back == n);
    for (unsigned i = 0; i < n; i++)
        must(dns_name_ok(list[i].text) && slice_eq(slice_str(list[i].text), slice_str(back[i].text)));
    FUZZ_REACHED();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dhcp4 m;
    static uint8_t buf[DHCP4_OPTION_MAX];
    if (dhcp4_decode(slice_of(data, size), &m) < 0)
        return 0;
    must(m.type != 0 && m.hlen <= 16);
    for (unsigned option = 1; option < 255; option++) {
        size_t n = 0;
        if (dhcp4_get(&m, (uint8_t)option, buf, sizeof buf, &n) < 0)
            continue;
        must(n <= sizeof buf && n <= size);
        struct slice value = slice_of(buf, n);
        char text[64];
        uint32_t addrs[4];
        unsigned n_addrs = 0;
        if (dhcp4_text(value, text, sizeof text) == 0)
            must(strlen(text) > 0 && strlen(text) <= n);
        if (dhcp4_addrs(value, addrs, 4, &n_addrs) == 0)
            must(n_addrs > 0 && n_addrs <= 4);
        routes(value);
        names(value);
    }
    return 0;
}
