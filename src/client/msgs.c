/* Bodies of the messages between the client's processes; see msgs.h. */
#include "client/msgs.h"

#include "base/secret.h"

enum { WHY = 256 };

/* One address: a whole network from a process that was taken over would become a route. */
static void get_address(struct rd *r, struct prefix *p)
{
    prefix_get(r, p);
    if (p->len != (p->family == 4 ? 32 : 128))
        r->bad = true;
}

size_t plan_encode(const struct plan *p, uint8_t *dst, size_t cap)
{
    struct wr w = wr_of(dst, cap);
    wr_text(&w, p->host, sizeof p->host);
    wr_u8(&w, p->host_is_ip);
    wr_u16(&w, p->port);
    wr_text(&w, p->host_header, sizeof p->host_header);
    wr_text(&w, p->call, sizeof p->call);
    wr_text(&w, p->user, sizeof p->user);
    wr_u16(&w, (unsigned)p->password_len);
    wr_bytes(&w, p->password, p->password_len);
    wr_u8(&w, p->n_pins);
    for (unsigned i = 0; i < p->n_pins; i++)
        wr_bytes(&w, p->pins[i], 32);
    wr_u8(&w, p->n_methods);
    for (unsigned i = 0; i < p->n_methods; i++)
        wr_u8(&w, p->methods[i]);
    wr_u8(&w, p->n_addresses);
    for (unsigned i = 0; i < p->n_addresses; i++)
        prefix_put(&w, &p->addresses[i]);
    wr_u8(&w, p->want_dns);
    wr_u8(&w, p->want_ipv6);
    wr_u8(&w, p->want_prefix);
    wr_u8(&w, p->verbose);
    wr_u8(&w, p->wide_gcm);
    wr_bytes(&w, p->interface_id, sizeof p->interface_id);
    wr_bytes(&w, p->duid, sizeof p->duid);
    return wr_len(&w);
}

int plan_decode(struct slice body, struct plan *ret_p)
{
    struct rd r = rd_slice(body);
    struct plan p = { 0 };
    rd_text(&r, p.host, sizeof p.host);
    p.host_is_ip = rd_bool(&r);
    p.port = rd_u16(&r);
    rd_text(&r, p.host_header, sizeof p.host_header);
    rd_text(&r, p.call, sizeof p.call);
    rd_text(&r, p.user, sizeof p.user);
    p.password_len = rd_u16(&r);
    if (p.password_len > sizeof p.password)
        return ERR_LENGTH;
    rd_copy(&r, p.password, p.password_len);
    p.n_pins = rd_u8(&r);
    if (p.n_pins > OPT_PINS)
        return ERR_LENGTH;
    for (unsigned i = 0; i < p.n_pins; i++)
        rd_copy(&r, p.pins[i], 32);
    p.n_methods = rd_u8(&r);
    if (p.n_methods > AUTH_METHODS)
        return ERR_LENGTH;
    for (unsigned i = 0; i < p.n_methods; i++) {
        p.methods[i] = (enum auth_method)rd_u8(&r);
        if (p.methods[i] == AUTH_NONE || p.methods[i] >= AUTH_METHODS)
            return ERR_VALUE;
    }
    p.n_addresses = rd_u8(&r);
    if (p.n_addresses > PLAN_ADDRESSES)
        return ERR_LENGTH;
    for (unsigned i = 0; i < p.n_addresses; i++)
        get_address(&r, &p.addresses[i]);
    p.want_dns = rd_bool(&r);
    p.want_ipv6 = rd_bool(&r);
    p.want_prefix = rd_bool(&r);
    p.verbose = rd_bool(&r);
    p.wide_gcm = rd_bool(&r);
    rd_copy(&r, p.interface_id, sizeof p.interface_id);
    rd_copy(&r, p.duid, sizeof p.duid);
    if (!rd_end(&r))
        return ERR_LENGTH;
    *ret_p = p;
    secret_wipe(&p, sizeof p);
    return 0;
}

size_t addresses_encode(const struct prefix *a, unsigned n, const char *why, uint8_t *dst, size_t cap)
{
    struct wr w = wr_of(dst, cap);
    wr_text(&w, why, WHY);
    wr_u8(&w, n);
    for (unsigned i = 0; i < n; i++)
        prefix_put(&w, &a[i]);
    return wr_len(&w);
}

int addresses_decode(struct slice body, struct prefix *a, unsigned max, char why[WHY])
{
    struct rd r = rd_slice(body);
    rd_text(&r, why, WHY);
    unsigned n = rd_u8(&r);
    if (n > max)
        return ERR_LENGTH;
    for (unsigned i = 0; i < n; i++)
        get_address(&r, &a[i]);
    return rd_end(&r) ? (int)n : ERR_LENGTH;
}

size_t up_encode(const struct up_net *u, uint8_t *dst, size_t cap)
{
    struct wr w = wr_of(dst, cap);
    wr_u8(&w, u->ipv4);
    wr_u8(&w, u->ipv6);
    wr_u32(&w, u->our_addr);
    wr_u32(&w, u->peer_addr);
    wr_u32(&w, u->dns[0]);
    wr_u32(&w, u->dns[1]);
    wr_bytes(&w, u->our_id, sizeof u->our_id);
    wr_bytes(&w, u->peer_id, sizeof u->peer_id);
    wr_u16(&w, u->mtu);
    return wr_len(&w);
}

int up_decode(struct slice body, struct up_net *ret_u)
{
    struct rd r = rd_slice(body);
    struct up_net u = { 0 };
    u.ipv4 = rd_bool(&r);
    u.ipv6 = rd_bool(&r);
    u.our_addr = rd_u32(&r);
    u.peer_addr = rd_u32(&r);
    u.dns[0] = rd_u32(&r);
    u.dns[1] = rd_u32(&r);
    rd_copy(&r, u.our_id, sizeof u.our_id);
    rd_copy(&r, u.peer_id, sizeof u.peer_id);
    u.mtu = rd_u16(&r);
    if (!rd_end(&r))
        return ERR_LENGTH;
    if (!u.ipv4 && !u.ipv6)
        return ERR_VALUE;
    *ret_u = u;
    return 0;
}

static void put_prefixes(struct wr *w, const struct prefix *p, unsigned n)
{
    wr_u8(w, n);
    for (unsigned i = 0; i < n; i++)
        prefix_put(w, &p[i]);
}

static unsigned get_count(struct rd *r, unsigned max)
{
    unsigned n = rd_u8(r);
    if (n > max)
        r->bad = true;
    return rd_ok(r) ? n : 0;
}

static unsigned get_hosts(struct rd *r, struct prefix *p, unsigned max)
{
    unsigned n = get_count(r, max);
    for (unsigned i = 0; i < n; i++)
        get_address(r, &p[i]);
    return n;
}

static void get_name(struct rd *r, struct dns_name *d)
{
    rd_text(r, d->text, sizeof d->text);
    if (d->text[0] && !dns_name_ok(d->text))
        r->bad = true;
}

size_t offer_encode(const struct net_offer *o, uint8_t *dst, size_t cap)
{
    struct wr w = wr_of(dst, cap);
    wr_u8(&w, o->dhcp4);
    wr_u8(&w, o->ra);
    wr_u8(&w, o->dhcp6);
    wr_u8(&w, o->routes4);
    wr_u8(&w, o->n_addresses);
    for (unsigned i = 0; i < o->n_addresses; i++) {
        prefix_put(&w, &o->addresses[i].p);
        wr_u8(&w, o->addresses[i].deprecated);
    }
    wr_u8(&w, o->n_routes);
    for (unsigned i = 0; i < o->n_routes; i++) {
        prefix_put(&w, &o->routes[i].to);
        wr_bytes(&w, o->routes[i].via, 16);
        wr_u8(&w, (unsigned)(o->routes[i].preference + 1));
    }
    put_prefixes(&w, o->dns, o->n_dns);
    put_prefixes(&w, o->nbns, o->n_nbns);
    wr_text(&w, o->domain.text, sizeof o->domain.text);
    wr_u8(&w, o->n_search);
    for (unsigned i = 0; i < o->n_search; i++)
        wr_text(&w, o->search[i].text, sizeof o->search[i].text);
    put_prefixes(&w, o->delegated, o->n_delegated);
    wr_u16(&w, o->mtu6);
    wr_text(&w, o->wpad, sizeof o->wpad);
    return wr_len(&w);
}

static void get_addresses(struct rd *r, struct net_offer *o)
{
    unsigned n = get_count(r, NET_ADDRESSES);
    for (unsigned i = 0; i < n; i++) {
        prefix_get(r, &o->addresses[i].p);
        o->addresses[i].deprecated = rd_bool(r);
        if (o->addresses[i].p.family != 6)
            r->bad = true;
    }
    o->n_addresses = n;
}

static void get_routes(struct rd *r, struct net_offer *o)
{
    unsigned n = get_count(r, NET_ROUTES);
    for (unsigned i = 0; i < n; i++) {
        prefix_get(r, &o->routes[i].to);
        rd_copy(r, o->routes[i].via, 16);
        unsigned preference = rd_u8(r);
        if (preference > 2)
            r->bad = true;
        o->routes[i].preference = (int8_t)((int)preference - 1);
    }
    o->n_routes = n;
}

int offer_decode(struct slice body, struct net_offer *ret_o)
{
    struct rd r = rd_slice(body);
    struct net_offer o = { 0 };
    o.dhcp4 = rd_bool(&r);
    o.ra = rd_bool(&r);
    o.dhcp6 = rd_bool(&r);
    o.routes4 = rd_bool(&r);
    get_addresses(&r, &o);
    get_routes(&r, &o);
    o.n_dns = get_hosts(&r, o.dns, NET_DNS);
    o.n_nbns = get_hosts(&r, o.nbns, NET_NBNS);
    get_name(&r, &o.domain);
    o.n_search = get_count(&r, DNS_NAMES_MAX);
    for (unsigned i = 0; i < o.n_search; i++) {
        get_name(&r, &o.search[i]);
        if (!o.search[i].text[0])
            r.bad = true;
    }
    o.n_delegated = get_count(&r, NET_DELEGATED);
    for (unsigned i = 0; i < o.n_delegated; i++) {
        prefix_get(&r, &o.delegated[i]);
        if (o.delegated[i].family != 6)
            r.bad = true;
    }
    o.mtu6 = rd_u16(&r);
    rd_text(&r, o.wpad, sizeof o.wpad);
    if (!rd_end(&r))
        return ERR_LENGTH;
    *ret_o = o;
    return 0;
}

/* RFC 1122 3.2.1.3: what can be the address of a single host on a network; RFC 1112 4: what cannot. */
static bool unicast(uint32_t addr)
{
    uint32_t net = addr >> 24;
    return net != 0 && net != 127 && net < 224;
}

const char *up_judge(struct up_net *u)
{
    unsigned kept = 0;
    if (!u->ipv4)
        return NULL;
    if (u->our_addr == 0)
        return "the server gave no address";
    if (!unicast(u->our_addr))
        return "the server gave an address that no host may have";
    if (!unicast(u->peer_addr) || u->peer_addr == u->our_addr)
        u->peer_addr = 0;
    for (unsigned i = 0; i < 2; i++)
        if (unicast(u->dns[i]))
            u->dns[kept++] = u->dns[i];
    while (kept < 2)
        u->dns[kept++] = 0;
    return NULL;
}

size_t address_encode(const struct prefix *a, uint8_t *dst, size_t cap)
{
    struct wr w = wr_of(dst, cap);
    prefix_put(&w, a);
    return wr_len(&w);
}

int address_decode(struct slice body, struct prefix *ret_a)
{
    struct rd r = rd_slice(body);
    struct prefix p = { 0 };
    get_address(&r, &p);
    if (!rd_end(&r))
        return ERR_LENGTH;
    *ret_a = p;
    return 0;
}

int down_decode(struct slice body, enum exit_code *ret_code)
{
    struct rd r = rd_slice(body);
    uint8_t code = rd_u8(&r);
    if (!rd_end(&r))
        return ERR_LENGTH;
    if (code > EXIT_AUTH)
        return ERR_VALUE;
    *ret_code = (enum exit_code)code;
    return 0;
}

static const struct imsg_rule from_engine[] = {
    { CM_PEER, 1, 18, 18, 0, "peer address" },
    { CM_UP, 1, 36, 36, 0, "up" },
    { CM_OFFER, 1, 16, CM_OFFER_MAX, 0, "offer" },
    { CM_DOWN, 1, 1, 1, 0, "down" },
    { CM_PONG, 1, 0, 0, 0, "pong" },
};
static const struct imsg_rule from_resolver[] = {
    { CM_ADDRESSES, 1, 3, 1024, 0, "addresses" },
};
static const struct imsg_rule from_parent[] = {
    { CM_LOOKUP, 1, 1, OPT_HOST, 0, "look up" },
    { CM_PLAN, 1, 16, 4096, 0, "plan" },
    { CM_TUN, 1, 0, 0, 1, "interface" },
    { CM_STOP, 1, 0, 0, 0, "stop" },
    { CM_PING, 1, 0, 0, 0, "ping" },
};

const char *client_msg_check(int from, const struct imsg *m)
{
    if (from == CM_FROM_ENGINE)
        return imsg_check(from_engine, sizeof from_engine / sizeof from_engine[0], 1, m);
    if (from == CM_FROM_RESOLVER)
        return imsg_check(from_resolver, sizeof from_resolver / sizeof from_resolver[0], 1, m);
    return imsg_check(from_parent, sizeof from_parent / sizeof from_parent[0], 1, m);
}
