/* Bodies of the messages between the client's processes; see msgs.h. */
#include "client/msgs.h"

#include "base/secret.h"

static void put_text(struct wr *w, const char *s)
{
    wr_u16(w, (unsigned)strlen(s));
    wr_str(w, s);
}

/* A text of at most cap - 1 bytes without NULs. */
static void get_text(struct rd *r, char *dst, size_t cap)
{
    size_t n = rd_u16(r);
    struct slice s = rd_take(r, n);
    if (s.n >= cap || (s.n && memchr(s.p, 0, s.n))) {
        r->bad = true;
        return;
    }
    memcpy(dst, s.p, s.n);
    dst[s.n] = 0;
}

static void put_address(struct wr *w, const struct prefix *p)
{
    wr_u8(w, p->family);
    wr_u8(w, p->len);
    wr_bytes(w, p->addr, 16);
}

/* One address: a whole network from a process that was taken over would become a route. */
static void get_address(struct rd *r, struct prefix *p)
{
    p->family = rd_u8(r);
    p->len = rd_u8(r);
    rd_copy(r, p->addr, 16);
    if ((p->family != 4 && p->family != 6) || p->len != (p->family == 4 ? 32 : 128))
        r->bad = true;
}

size_t plan_encode(const struct plan *p, uint8_t *dst, size_t cap)
{
    struct wr w = wr_of(dst, cap);
    put_text(&w, p->host);
    wr_u8(&w, p->host_is_ip);
    wr_u16(&w, p->port);
    put_text(&w, p->host_header);
    put_text(&w, p->call);
    put_text(&w, p->user);
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
        put_address(&w, &p->addresses[i]);
    wr_u8(&w, p->want_dns);
    wr_u8(&w, p->verbose);
    return wr_len(&w);
}

int plan_decode(struct slice body, struct plan *ret_p)
{
    struct rd r = rd_slice(body);
    struct plan p = { 0 };
    get_text(&r, p.host, sizeof p.host);
    p.host_is_ip = rd_u8(&r);
    p.port = rd_u16(&r);
    get_text(&r, p.host_header, sizeof p.host_header);
    get_text(&r, p.call, sizeof p.call);
    get_text(&r, p.user, sizeof p.user);
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
    p.want_dns = rd_u8(&r);
    p.verbose = rd_u8(&r);
    if (!rd_end(&r))
        return ERR_LENGTH;
    *ret_p = p;
    secret_wipe(&p, sizeof p);
    return 0;
}

size_t addresses_encode(const struct prefix *a, unsigned n, const char *why, uint8_t *dst, size_t cap)
{
    struct wr w = wr_of(dst, cap);
    put_text(&w, why);
    wr_u8(&w, n);
    for (unsigned i = 0; i < n; i++)
        put_address(&w, &a[i]);
    return wr_len(&w);
}

int addresses_decode(struct slice body, struct prefix *a, unsigned max, char why[256])
{
    struct rd r = rd_slice(body);
    get_text(&r, why, 256);
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
    wr_u32(&w, u->our_addr);
    wr_u32(&w, u->peer_addr);
    wr_u32(&w, u->dns[0]);
    wr_u32(&w, u->dns[1]);
    wr_u16(&w, u->mtu);
    return wr_len(&w);
}

int up_decode(struct slice body, struct up_net *ret_u)
{
    struct rd r = rd_slice(body);
    struct up_net u = { 0 };
    u.our_addr = rd_u32(&r);
    u.peer_addr = rd_u32(&r);
    u.dns[0] = rd_u32(&r);
    u.dns[1] = rd_u32(&r);
    u.mtu = rd_u16(&r);
    if (!rd_end(&r))
        return ERR_LENGTH;
    *ret_u = u;
    return 0;
}

size_t address_encode(const struct prefix *a, uint8_t *dst, size_t cap)
{
    struct wr w = wr_of(dst, cap);
    put_address(&w, a);
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

static const struct imsg_rule from_engine[] = {
    { CM_PEER, 1, 18, 18, 0, "peer address" },
    { CM_UP, 1, 18, 18, 0, "up" },
    { CM_DOWN, 1, 1, 1, 0, "down" },
};
static const struct imsg_rule from_resolver[] = {
    { CM_ADDRESSES, 1, 3, 1024, 0, "addresses" },
};
static const struct imsg_rule from_parent[] = {
    { CM_LOOKUP, 1, 1, OPT_HOST, 0, "look up" },
    { CM_PLAN, 1, 16, 4096, 0, "plan" },
    { CM_TUN, 1, 0, 0, 1, "interface" },
    { CM_STOP, 1, 0, 0, 0, "stop" },
};

const char *client_msg_check(int from, const struct imsg *m)
{
    if (from == CM_FROM_ENGINE)
        return imsg_check(from_engine, sizeof from_engine / sizeof from_engine[0], 1, m);
    if (from == CM_FROM_RESOLVER)
        return imsg_check(from_resolver, sizeof from_resolver / sizeof from_resolver[0], 1, m);
    return imsg_check(from_parent, sizeof from_parent / sizeof from_parent[0], 1, m);
}
