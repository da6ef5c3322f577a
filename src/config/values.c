/* One setting after the other from text into the snapshot, each through the converter of its type. */
#include "config/values.h"

#include <pwd.h>
#include <sys/types.h>

bool path_join(const char *folder, const char *path, char to[CONFIG_PATH])
{
    char joined[CONFIG_PATH];
    struct wr w = wr_of(joined, sizeof(joined));
    if (path[0] != '/') {
        wr_str(&w, folder);
        if (strcmp(folder, "/") != 0)
            wr_u8(&w, '/');
    }
    wr_str(&w, path);
    wr_u8(&w, 0);
    if (!wr_ok(&w))
        return false;
    memset(to, 0, CONFIG_PATH); /* no trace of a default behind the text: equal settings are equal bytes */
    memcpy(to, joined, wr_len(&w));
    return true;
}

/* The text fits: its caller has looked. */
static void copy_text(char *to, size_t cap, const char *text)
{
    memset(to, 0, cap);
    memcpy(to, text, strnlen(text, cap - 1));
}

static void wrong(struct build *b, const struct entry *e, const char *words)
{
    char title[64];
    complain(b->r, e->line, "%s: \"%s\" %s", option_title(e->opt, title), e->value, words);
}

/* Decimal digits only; false on anything else or beyond 10^12. */
static bool digits(const char *s, size_t n, uint64_t *ret)
{
    uint64_t v = 0;
    if (n == 0 || n > 12)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(s[i] - '0');
    }
    *ret = v;
    return true;
}

static bool in_range(struct build *b, const struct entry *e, uint64_t v)
{
    if (v >= e->opt->min && v <= e->opt->max)
        return true;
    char title[64];
    complain(b->r, e->line, "%s: \"%s\" is not between %llu and %llu%s", option_title(e->opt, title), e->value,
             (unsigned long long)e->opt->min, (unsigned long long)e->opt->max, e->opt->kind == OPT_TIME ? " ms" : "");
    return false;
}

static bool number_from(struct build *b, const struct entry *e, uint64_t *ret)
{
    uint64_t v;
    if (!digits(e->value, strlen(e->value), &v)) {
        wrong(b, e, "is not a number");
        return false;
    }
    if (!in_range(b, e, v))
        return false;
    *ret = v;
    return true;
}

static void set_time(struct build *b, const struct entry *e, msec *to)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = { { "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "m", 60000 }, { "h", 3600000 } };
    size_t n = strspn(e->value, "0123456789");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        uint64_t v;
        if (strcmp(e->value + n, units[i].unit) != 0 || !digits(e->value, n, &v))
            continue;
        if (in_range(b, e, v * units[i].ms))
            *to = v * units[i].ms;
        return;
    }
    wrong(b, e, "is not a time: write 10s, 500ms, 2m or 1h");
}

static void set_bool(struct build *b, const struct entry *e, bool *to)
{
    static const char *const yes[] = { "true", "yes", "on" }, *const no[] = { "false", "no", "off" };
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(e->value, yes[i]) == 0 || strcmp(e->value, no[i]) == 0) {
            *to = strcmp(e->value, yes[i]) == 0;
            return;
        }
    }
    wrong(b, e, "is neither true nor false");
}

static void set_path(struct build *b, const struct entry *e, char *to)
{
    if (e->value[0] == '\0')
        wrong(b, e, "is empty");
    else if (!path_join(b->folder, e->value, to))
        wrong(b, e, "is too long");
}

/* Linux: 1 to 15 bytes, no slash, no space, not "." or ".."; we keep to letters that need no quoting anywhere. */
static void set_interface(struct build *b, const struct entry *e, char *to)
{
    const char *v = e->value;
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (v[0] == '\0' || strlen(v) > 15)
        wrong(b, e, "is not 1 to 15 characters long");
    else if (strspn(v, good) != strlen(v) || v[0] == '.' || v[0] == '-')
        wrong(b, e, "may hold letters, digits and _ . - only, and begin with none of the last two");
    else
        copy_text(to, 16, v);
}

static void set_user(struct build *b, const struct entry *e, char *to)
{
    if (e->value[0] == '\0' || strlen(e->value) > 31)
        wrong(b, e, "is not a user's name");
    else if (strcmp(e->value, "root") == 0)
        wrong(b, e, "may not be root: the point of it is to be harmless");
    else
        copy_text(to, 32, e->value);
}

static void set_level(struct build *b, const struct entry *e, char *to)
{
    static const char *const names[] = { "error", "warning", "notice", "info", "debug", NULL };
    for (const char *const *n = names; *n; n++) {
        if (strcmp(*n, e->value) == 0) {
            copy_text(to, 16, e->value);
            return;
        }
    }
    const char *near = nearest_name(e->value, names);
    char words[80];
    snprintf(words, sizeof(words), "is no level; did you mean \"%s\"?", near ? near : "info");
    wrong(b, e, words);
}

static void add_method(struct build *b, const struct entry *e)
{
    const char *names[AUTH_METHODS + 1];
    size_t n = 0;
    for (int m = AUTH_NONE + 1; m < AUTH_METHODS; m++)
        names[n++] = auth_method_name((enum auth_method)m);
    names[n] = NULL;
    enum auth_method m = auth_method_from(e->value);
    if (m == AUTH_NONE) {
        const char *near = nearest_name(e->value, names);
        char words[120];
        snprintf(words, sizeof(words), "is no method that we know; did you mean \"%s\"?", near ? near : "mschapv2");
        wrong(b, e, words);
        return;
    }
    if (e->first)
        b->c.n_methods = 0;
    for (unsigned i = 0; i < b->c.n_methods; i++) {
        if (b->c.methods[i] == m) {
            wrong(b, e, "is named twice");
            return;
        }
    }
    b->c.methods[b->c.n_methods++] = m;
}

static void add_binding(struct build *b, const struct entry *e)
{
    uint8_t bit = strcmp(e->value, "sha256") == 0 ? CONFIG_SHA256 : strcmp(e->value, "sha1") == 0 ? CONFIG_SHA1 : 0;
    if (e->first)
        b->c.binding_mask = 0;
    if (!bit)
        wrong(b, e, "is no hash of the crypto binding; these are sha256 and sha1");
    else if (b->c.binding_mask & bit)
        wrong(b, e, "is named twice");
    b->c.binding_mask |= bit;
}

/* One IPv4 address that a client could reach; a complaint else. */
static bool address_from(struct build *b, const struct entry *e, struct prefix *ret)
{
    struct prefix p;
    if (prefix_parse(e->value, false, &p) < 0 || strchr(e->value, '/')) {
        wrong(b, e, "is not an IP address");
        return false;
    }
    if (p.family == 6) {
        wrong(b, e, "is IPv6, which does not go through the tunnel yet");
        return false;
    }
    uint32_t a = prefix_v4_addr(&p);
    if (a >> 24 == 0 || a >> 24 == 127 || a >> 28 >= 14) {
        wrong(b, e, "is no address that a client could reach");
        return false;
    }
    *ret = p;
    return true;
}

static void add_address(struct build *b, const struct entry *e, struct prefix *to, unsigned *n, unsigned cap)
{
    struct prefix p;
    if (e->first)
        *n = 0;
    if (!address_from(b, e, &p))
        return;
    if (*n == cap) {
        wrong(b, e, "is one too many");
        return;
    }
    for (unsigned i = 0; i < *n; i++) {
        if (prefix_eq(&to[i], &p)) {
            wrong(b, e, "is named twice");
            return;
        }
    }
    to[(*n)++] = p;
}

static void add_dns(struct build *b, const struct entry *e)
{
    if (e->first) {
        b->c.dns_system = false;
        b->c.n_dns = 0;
    }
    if (strcmp(e->value, "none") == 0 && e->first)
        return;
    if (strcmp(e->value, "system") == 0) {
        if (!e->first)
            wrong(b, e, "stands alone: list addresses, or \"system\", not both");
        b->c.dns_system = true;
        return;
    }
    if (b->c.dns_system) {
        wrong(b, e, "stands beside \"system\": list addresses, or \"system\", not both");
        return;
    }
    add_address(b, e, b->c.dns, &b->c.n_dns, CONFIG_DNS);
}

static void set_pool4(struct build *b, const struct entry *e, struct prefix *to)
{
    struct prefix p;
    if (prefix_parse(e->value, true, &p) < 0 || p.family != 4 || !strchr(e->value, '/')) {
        wrong(b, e, "is not an IPv4 network such as 10.80.0.0/24");
    } else if (prefix_parse(e->value, false, &p) < 0) {
        wrong(b, e, "has bits set behind its length");
    } else if (p.len > 30) { /* network, server, one client, broadcast */
        wrong(b, e, "is too small: /30 is the smallest");
    } else if (p.len < 8) {
        wrong(b, e, "is too large: /8 is the largest");
    } else if (prefix_v4_addr(&p) >> 24 == 0 || prefix_v4_addr(&p) >> 24 == 127 || prefix_v4_addr(&p) >> 28 >= 14) {
        wrong(b, e, "is no network for hosts");
    } else {
        *to = p;
    }
}

static void begin_listen(struct build *b, const struct entry *e)
{
    const char *colon = strrchr(e->value, ':');
    struct config_listen l = { 0 };
    char host[64];
    uint64_t port;
    size_t n = colon ? (size_t)(colon - e->value) : 0;
    if (!colon || n == 0 || n >= sizeof(host) || strlen(e->value) >= sizeof(l.text)) {
        wrong(b, e, "is not an address and port such as 0.0.0.0:443 or [::]:443");
        return;
    }
    bool brackets = e->value[0] == '[' && e->value[n - 1] == ']' && n > 2;
    memcpy(host, e->value + (brackets ? 1 : 0), n - (brackets ? 2 : 0));
    host[n - (brackets ? 2 : 0)] = '\0';
    if (strchr(host, '/') || prefix_parse(host, true, &l.addr) < 0 || (l.addr.family == 6) != brackets) {
        wrong(b, e, "is not an address and port; IPv6 stands in brackets: [::]:443");
    } else if (!digits(colon + 1, strlen(colon + 1), &port) || port < 1 || port > 65535) {
        wrong(b, e, "has no port between 1 and 65535");
    } else if (b->c.n_listens == CONFIG_LISTENS) {
        wrong(b, e, "is one too many");
    } else {
        memcpy(l.text, e->value, strlen(e->value) + 1);
        l.port = (uint16_t)port;
        b->listen_line[b->c.n_listens] = e->line;
        b->c.listens[b->c.n_listens++] = l;
    }
}

static void begin_pool(struct build *b, const struct entry *e)
{
    b->skip_block = true;
    if (e->value[0] == '\0' || strlen(e->value) >= sizeof(b->c.pools[0].name)) {
        wrong(b, e, "is not a name of 1 to 63 characters");
        return;
    }
    for (unsigned i = 0; i < b->c.n_pools; i++) {
        if (strcmp(b->c.pools[i].name, e->value) == 0) {
            wrong(b, e, "is there twice");
            return;
        }
    }
    if (b->c.n_pools == CONFIG_POOLS) {
        wrong(b, e, "is one too many");
        return;
    }
    b->skip_block = false;
    b->pool_line[b->c.n_pools] = e->line;
    struct config_pool *p = &b->c.pools[b->c.n_pools++];
    memset(p, 0, sizeof(*p));
    memcpy(p->name, e->value, strlen(e->value) + 1);
}

static void begin_certificate(struct build *b, const struct entry *e)
{
    b->skip_block = b->n_certificates++ > 0;
    if (b->skip_block)
        wrong(b, e, "is a second certificate; several come in a later version");
    else if (e->value[0] == '\0' || strlen(e->value) >= CONFIG_NAME)
        wrong(b, e, "is not a name of 1 to 255 characters");
    else
        memcpy(b->c.certificate.name, e->value, strlen(e->value) + 1);
}

static void begin_block(struct build *b, const struct entry *e)
{
    b->block++;
    b->skip_block = false;
    if (strcmp(e->opt->block, "listen") == 0)
        begin_listen(b, e);
    else if (strcmp(e->opt->block, "pool") == 0)
        begin_pool(b, e);
    else if (strcmp(e->opt->block, "certificate") == 0)
        begin_certificate(b, e);
}

/* Where the option's value lives. */
static void *place(struct build *b, const struct option *o)
{
    if (strcmp(o->block, "pool") == 0)
        return (char *)(b->skip_block || b->c.n_pools == 0 ? &b->no_pool : &b->c.pools[b->c.n_pools - 1]) + o->at;
    if (b->skip_block && o->block[0])
        return b->scratch;
    return (char *)&b->c + o->at;
}

static void set_value(struct build *b, const struct entry *e)
{
    void *to = place(b, e->opt);
    uint64_t v;
    switch (e->opt->kind) {
    case OPT_BLOCK:
    case OPT_TITLED:
        begin_block(b, e);
        break;
    case OPT_PATH:
        set_path(b, e, to);
        break;
    case OPT_BOOL:
        set_bool(b, e, to);
        break;
    case OPT_COUNT:
        if (number_from(b, e, &v))
            *(unsigned *)to = (unsigned)v;
        break;
    case OPT_MTU:
        if (number_from(b, e, &v))
            *(uint16_t *)to = (uint16_t)v;
        break;
    case OPT_TIME:
        set_time(b, e, to);
        break;
    case OPT_INTERFACE:
        set_interface(b, e, to);
        break;
    case OPT_USER:
        set_user(b, e, to);
        break;
    case OPT_LEVEL:
        set_level(b, e, to);
        break;
    case OPT_METHODS:
        add_method(b, e);
        break;
    case OPT_BINDING:
        add_binding(b, e);
        break;
    case OPT_DNS:
        add_dns(b, e);
        break;
    case OPT_NBNS:
        add_address(b, e, b->c.nbns, &b->c.n_nbns, 2);
        break;
    case OPT_POOL4:
        set_pool4(b, e, to);
        break;
    case OPT_POOL6:
        wrong(b, e, "is not possible yet: IPv6 inside the tunnel comes in a later version");
        break;
    }
}

/* One default of the table, such as "10s" or "{a, b}". */
static void set_default(struct build *b, const struct option *o)
{
    char text[128], *save = NULL;
    bool first = true;
    snprintf(text, sizeof(text), "%s", o->def);
    for (char *v = strtok_r(text, "{}, ", &save); v; v = strtok_r(NULL, "{}, ", &save)) {
        struct entry e = { o, 0, first, v };
        set_value(b, &e);
        first = false;
    }
}

void values_defaults(struct build *b)
{
    for (size_t i = 0; i < config_n_options; i++)
        if (config_options[i].def)
            set_default(b, &config_options[i]);
    struct passwd *pw = getpwnam("adit");
    snprintf(b->c.user, sizeof(b->c.user), "%s", pw ? "adit" : "nobody");
}

/* An option that is set twice in one block: the second would silently win. */
static bool repeated(struct build *b, const struct entry *e)
{
    size_t i = (size_t)(e->opt - config_options);
    unsigned block = e->opt->block[0] ? b->block : 0;
    bool titled = e->opt->kind == OPT_TITLED;
    bool again = !titled && e->first && b->seen[i].line && (b->seen[i].block == block || e->opt->kind == OPT_BLOCK);
    char title[64];
    if (again)
        complain(b->r, e->line, "%s is set a second time; the first is in line %u", option_title(e->opt, title),
                 b->seen[i].line);
    b->seen[i].line = e->line;
    b->seen[i].block = block;
    return again;
}

void values_apply(struct build *b)
{
    _Static_assert(sizeof(b->seen) / sizeof(b->seen[0]) >= 40, "one place for each option of the table");
    for (size_t i = 0; i < b->r->n_entries; i++) {
        const struct entry *e = &b->r->entries[i];
        if (!repeated(b, e))
            set_value(b, e);
    }
}
