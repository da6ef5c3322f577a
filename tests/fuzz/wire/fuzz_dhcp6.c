/* Any bytes as a DHCPv6 message; its identity associations are written and read again. */
#include <stdlib.h>

#include "fuzz.h"
#include "wire/dhcp6.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void again(const struct dhcp6 *m)
{
    static uint8_t buf[8192];
    struct dhcp6 back;
    struct wr w = wr_of(buf, sizeof buf);
    dhcp6_put_head(&w, m->type, m->xid);
    for (unsigned i = 0; i < m->n_ias; i++)
        dhcp6_put_ia(&w, &m->ias[i]);
    must(wr_ok(&w) && dhcp6_decode(wr_slice(&w), &back) == 0);
    must(back.type == m->type && back.xid == m->xid && back.n_ias == m->n_ias);
    for (unsigned i = 0; i < m->n_ias; i++) {
        const struct dhcp6_ia *a = &m->ias[i], *b = &back.ias[i];
        must(a->pd == b->pd && a->iaid == b->iaid && a->t1 == b->t1 && a->t2 == b->t2);
        must(a->n_leases == b->n_leases && a->has_status == b->has_status && a->status == b->status);
        for (unsigned k = 0; k < a->n_leases; k++)
            must(a->leases[k].p.len == b->leases[k].p.len && a->leases[k].preferred <= a->leases[k].valid);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dhcp6 m;
    struct dns_name names[DNS_NAMES_MAX];
    unsigned n = 0;
    if (dhcp6_decode(slice_of(data, size), &m) < 0)
        return 0;
    must(m.n_ias <= DHCP6_IAS && m.dns.n % 16 == 0 && m.oro.n % 2 == 0 && m.xid <= 0xffffff);
    must(m.client_id.n <= DHCP6_DUID_MAX && m.server_id.n <= DHCP6_DUID_MAX);
    (void)dhcp6_asks(&m, DHCP6_OPT_REFRESH);
    if (dns_names_read(m.domains, false, names, DNS_NAMES_MAX, &n) == 0)
        must(n > 0 && dns_name_ok(names[n - 1].text));
    again(&m);
    if (m.n_ias)
        FUZZ_REACHED();
    return 0;
}
