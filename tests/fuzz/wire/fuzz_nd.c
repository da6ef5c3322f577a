/* Any ICMPv6 message with a right checksum, from one of a few addresses, as neighbour discovery. */
#include <stdlib.h>

#include "fuzz.h"
#include "wire/nd.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_ra(const struct nd_ra *ra)
{
    must(ra->n_prefixes <= ND_PREFIXES && ra->n_dns <= ND_DNS && ra->n_domains <= ND_DOMAINS);
    must(ra->n_routes <= ND_ROUTES && ra->preference >= ND_LOW && ra->preference <= ND_HIGH);
    for (unsigned i = 0; i < ra->n_prefixes; i++)
        must(ra->prefixes[i].p.len <= 128 && ra->prefixes[i].preferred <= ra->prefixes[i].valid);
    for (unsigned i = 0; i < ra->n_domains; i++)
        must(dns_name_ok(ra->domains[i].name.text));
    for (unsigned i = 0; i < ra->n_routes; i++)
        must(ra->routes[i].p.len <= 128 && prefix_has(&ra->routes[i].p, ra->routes[i].p.addr));
    if (ra->n_prefixes || ra->n_dns || ra->n_domains || ra->n_routes)
        FUZZ_REACHED();
}

/* First byte: addresses and whether the checksum is made right; second: hop limit; then the message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t addrs[4][16] = {
        { 0xfe, 0x80, [15] = 1 }, { 0 }, { 0xff, 2, [15] = 1 }, { 0xff, 2, [11] = 1, [12] = 0xff }
    };
    static uint8_t buf[2048];
    struct rd in = rd_of(data, size);
    struct wr w = wr_of(buf, sizeof buf);
    unsigned how = rd_u8(&in);
    unsigned hops = rd_u8(&in);
    size_t at = nd_begin(&w, rd_u8(&in), addrs[how & 3], addrs[how >> 2 & 3]);
    w.len -= 3;
    wr_u8(&w, rd_u8(&in)); /* code */
    wr_u16(&w, 0);
    wr_put(&w, rd_rest(&in));
    nd_end(&w, at);
    if (!wr_ok(&w))
        return 0;
    buf[42] ^= how & 0x80 ? 1 : 0;
    buf[7] = hops & 1 ? ND_HOP_LIMIT : (uint8_t)hops;
    uint8_t *copy = malloc(wr_len(&w));
    must(copy != NULL);
    memcpy(copy, buf, wr_len(&w));
    struct ip_view ip;
    uint8_t type = 0;
    must(ip_parse(slice_of(copy, wr_len(&w)), &ip) == 0);
    if (nd_check(&ip, &type) == 0) {
        struct nd_neighbour n;
        struct nd_ra ra;
        must(nd_is(&ip) && ip.ttl == ND_HOP_LIMIT && !(how & 0x80));
        if (type == ND_RA) {
            nd_read_ra(&ip, &ra);
            check_ra(&ra);
        } else if (type == ND_NS || type == ND_NA) {
            nd_read_neighbour(&ip, &n);
            must(n.target[0] != 0xff);
        }
    }
    free(copy);
    return 0;
}
