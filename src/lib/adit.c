/* The public C API: the tunnel machine with this host's primitives built in; see adit/adit.h. */
#include "lib/session.h"

#include <stdlib.h>

#include "base/secret.h"
#include "tls/prim_host.h"

const char *adit_version(void)
{
    return ADIT_VERSION;
}

/* --- configuration ------------------------------------------------------------------------------------------- */

adit_config *adit_config_new(enum adit_role role)
{
    adit_config *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    tunnel_conf_default(&c->tunnel, role == ADIT_SERVER ? TUNNEL_SERVER : TUNNEL_CLIENT);
    memcpy(c->name, "adit", 5);
    return c;
}

void adit_config_free(adit_config *c)
{
    if (!c)
        return;
    secret_wipe(c, sizeof *c);
    free(c);
}

int adit_config_methods(adit_config *c, const enum adit_method *methods, size_t n)
{
    if (n == 0 || n >= AUTH_METHODS)
        return ADIT_ERR_VALUE;
    for (size_t i = 0; i < n; i++)
        if (methods[i] < ADIT_PAP || methods[i] > ADIT_EAP_MSCHAPV2)
            return ADIT_ERR_VALUE;
    for (size_t i = 0; i < n; i++)
        c->tunnel.methods[i] = (enum auth_method)methods[i];
    c->tunnel.n_methods = (unsigned)n;
    return ADIT_OK;
}

int adit_config_certificate_hashes(adit_config *c, const uint8_t sha1[20], const uint8_t sha256[32])
{
    struct call_conf *call = &c->tunnel.call;
    unsigned max = c->tunnel.role == TUNNEL_CLIENT ? 1 : CALL_HASHES_MAX;
    if (call->n_certs >= max)
        return ADIT_ERR_VALUE;
    memcpy(call->certs[call->n_certs].sha1, sha1, 20);
    memcpy(call->certs[call->n_certs].sha256, sha256, 32);
    call->n_certs++;
    return ADIT_OK;
}

int adit_config_certificate(adit_config *c, const void *der, size_t n)
{
    if (n == 0)
        return ADIT_ERR_VALUE;
    struct slice bytes = slice_of(der, n);
    uint8_t sha1[20], sha256[32];
    prim_host.sha1(&bytes, 1, sha1);
    prim_host.sha256(&bytes, 1, sha256);
    return adit_config_certificate_hashes(c, sha1, sha256);
}

/* Copies a string that is neither empty nor too long for its field. */
static int set_string(char *dst, size_t cap, const char *s)
{
    size_t n = s ? strlen(s) : 0;
    if (n == 0 || n >= cap)
        return ADIT_ERR_VALUE;
    memcpy(dst, s, n + 1);
    return ADIT_OK;
}

int adit_config_host(adit_config *c, const char *host)
{
    /* It goes into an HTTP head as it is. */
    for (const char *p = host; p && *p; p++)
        if (*p <= ' ' || *p == 0x7f)
            return ADIT_ERR_VALUE;
    return set_string(c->host, sizeof c->host, host);
}

int adit_config_user(adit_config *c, const char *user, const char *password)
{
    if (!user || !password || !*user || strlen(user) >= sizeof c->user || strlen(password) >= sizeof c->password)
        return ADIT_ERR_VALUE;
    memcpy(c->user, user, strlen(user) + 1);
    memcpy(c->password, password, strlen(password) + 1);
    return ADIT_OK;
}

int adit_config_name(adit_config *c, const char *name)
{
    return set_string(c->name, sizeof c->name, name);
}

int adit_config_ipv6(adit_config *c, int wanted)
{
    c->tunnel.link.ipv6 = wanted != 0;
    return ADIT_OK;
}

/* --- sessions ------------------------------------------------------------------------------------------------ */

/* [MS-SSTP] 3.2.4.1: a GUID for each attempt, in braces; RFC 9562 5.4 for its fixed bits. */
static void draw_correlation(char dst[39])
{
    static const char hex[] = "0123456789ABCDEF";
    uint8_t id[16];
    prim_random(NULL, id, sizeof id);
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    char *p = dst;
    *p++ = '{';
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[id[i] >> 4];
        *p++ = hex[id[i] & 15];
    }
    *p++ = '}';
    *p = 0;
}

int adit_session_new(const adit_config *c, uint64_t now, adit_session **ret_session)
{
    bool client = c->tunnel.role == TUNNEL_CLIENT;
    if (c->tunnel.call.n_certs == 0 || (client && (!c->host[0] || !c->user[0])))
        return ADIT_ERR_MISSING;
    adit_session *s = calloc(1, sizeof *s);
    if (!s)
        return ADIT_ERR_MEMORY;
    s->config = *c;
    s->env = (struct env){ .random = prim_random, .prim = &prim_host };
    struct tunnel_conf *conf = &s->config.tunnel;
    draw_correlation(s->correlation);
    conf->http.host = s->config.host;
    conf->http.correlation = s->correlation;
    conf->http.cert_sha1 = conf->call.certs[0].sha1;
    conf->http.cert_sha256 = conf->call.certs[0].sha256;
    conf->server_name = s->config.name;
    conf->user = slice_str(s->config.user);
    conf->password = slice_str(s->config.password);
    tunnel_init(&s->tunnel, &s->work, conf, &s->env, now);
    *ret_session = s;
    return ADIT_OK;
}

void adit_session_free(adit_session *s)
{
    if (!s)
        return;
    tunnel_done(&s->tunnel);
    if (s->eap_on)
        eap_server_done(&s->eap);
    secret_wipe(s, sizeof *s);
    free(s);
}

size_t adit_session_feed(adit_session *s, const void *bytes, size_t n, struct adit_packet *packets, size_t *n_packets,
                         uint64_t now)
{
    enum { BATCH = 64 };
    struct tunnel_packet found[BATCH];
    struct rd in = rd_of(bytes, n);
    size_t room = packets && n_packets ? *n_packets : SIZE_MAX, got = 0;
    int fed = FED_TOOK;
    while (fed == FED_TOOK && got < room) {
        size_t k = tunnel_walk(&s->tunnel, &in, found, room - got < BATCH ? room - got : BATCH, &fed, now);
        for (size_t i = 0; packets && i < k; i++)
            packets[got + i] = (struct adit_packet){ found[i].p, found[i].n };
        got += packets ? k : 0;
    }
    if (n_packets)
        *n_packets = got;
    return n - rd_left(&in);
}

size_t adit_session_pull(adit_session *s, void *dst, size_t cap)
{
    return tunnel_pull(&s->tunnel, dst, cap);
}

size_t adit_session_head(const adit_session *s, int family, size_t n, uint8_t head[ADIT_HEAD_MAX])
{
    return tunnel_data_head(&s->tunnel, family, n, head);
}

void adit_session_tick(adit_session *s, uint64_t now)
{
    tunnel_tick(&s->tunnel, now);
}

uint64_t adit_session_due(const adit_session *s)
{
    return tunnel_due(&s->tunnel);
}

void adit_session_close(adit_session *s, uint64_t now)
{
    tunnel_close(&s->tunnel, TUNNEL_CAUSE_LOCAL, 0, now);
}

void adit_session_lost(adit_session *s, uint64_t now)
{
    tunnel_lost(&s->tunnel, now);
}

const char *adit_cause_text(enum adit_cause cause)
{
    return tunnel_cause_text((enum tunnel_cause)cause);
}
