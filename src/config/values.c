/* One setting after the other from text into the snapshot, each through the converter of its type. */
#include "config/values_parts.h"

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
void value_copy(char *to, size_t cap, const char *text)
{
    memset(to, 0, cap);
    memcpy(to, text, strnlen(text, cap - 1));
}

void value_wrong(struct build *b, const struct entry *e, const char *words)
{
    char title[64];
    complain(b->r, e->line, "%s: \"%s\" %s", option_title(e->opt, title), e->value, words);
}

/* Decimal digits only; false on anything else or beyond 10^12. */
bool value_digits(const char *s, size_t n, uint64_t *ret)
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
    if (!value_digits(e->value, strlen(e->value), &v)) {
        value_wrong(b, e, "is not a number");
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
        if (strcmp(e->value + n, units[i].unit) != 0 || !value_digits(e->value, n, &v))
            continue;
        if (in_range(b, e, v * units[i].ms))
            *to = v * units[i].ms;
        return;
    }
    value_wrong(b, e, "is not a time: write 10s, 500ms, 2m or 1h");
}

bool value_bool(struct build *b, const struct entry *e, bool *to)
{
    static const char *const yes[] = { "true", "yes", "on" }, *const no[] = { "false", "no", "off" };
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(e->value, yes[i]) == 0 || strcmp(e->value, no[i]) == 0) {
            *to = strcmp(e->value, yes[i]) == 0;
            return true;
        }
    }
    value_wrong(b, e, "is neither true nor false");
    return false;
}

static void set_path(struct build *b, const struct entry *e, char *to)
{
    if (e->value[0] == '\0')
        value_wrong(b, e, "is empty");
    else if (!path_join(b->folder, e->value, to))
        value_wrong(b, e, "is too long");
}

/* Linux: 1 to 15 bytes, no slash, no space, not "." or ".."; we keep to letters that need no quoting anywhere. */
static void set_interface(struct build *b, const struct entry *e, char *to)
{
    const char *v = e->value;
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (v[0] == '\0' || strlen(v) > 15)
        value_wrong(b, e, "is not 1 to 15 characters long");
    else if (strspn(v, good) != strlen(v) || v[0] == '.' || v[0] == '-')
        value_wrong(b, e, "may hold letters, digits and _ . - only, and begin with none of the last two");
    else
        value_copy(to, 16, v);
}

static void set_user(struct build *b, const struct entry *e, char *to)
{
    if (e->value[0] == '\0' || strlen(e->value) > 31)
        value_wrong(b, e, "is not a user's name");
    else if (strcmp(e->value, "root") == 0)
        value_wrong(b, e, "may not be root: the point of it is to be harmless");
    else
        value_copy(to, 32, e->value);
}

static void set_group(struct build *b, const struct entry *e, char *to)
{
    if (e->value[0] == '\0' || strlen(e->value) > 31)
        value_wrong(b, e, "is not a group's name");
    else
        value_copy(to, 32, e->value);
}

static void set_sandbox(struct build *b, const struct entry *e, char *to)
{
    if (strcmp(e->value, "kill") == 0 || strcmp(e->value, "log") == 0 || strcmp(e->value, "off") == 0)
        value_copy(to, 8, e->value);
    else
        value_wrong(b, e, "is none of kill, log and off");
}

static void set_level(struct build *b, const struct entry *e, char *to)
{
    static const char *const names[] = { "error", "warning", "notice", "info", "debug", NULL };
    for (const char *const *n = names; *n; n++) {
        if (strcmp(*n, e->value) == 0) {
            value_copy(to, 16, e->value);
            return;
        }
    }
    const char *near = nearest_name(e->value, names);
    char words[80];
    snprintf(words, sizeof(words), "is no level; did you mean \"%s\"?", near ? near : "info");
    value_wrong(b, e, words);
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
        value_wrong(b, e, words);
        return;
    }
    if (e->first)
        b->c.n_methods = 0;
    for (unsigned i = 0; i < b->c.n_methods; i++) {
        if (b->c.methods[i] == m) {
            value_wrong(b, e, "is named twice");
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
        value_wrong(b, e, "is no hash of the crypto binding; these are sha256 and sha1");
    else if (b->c.binding_mask & bit)
        value_wrong(b, e, "is named twice");
    b->c.binding_mask |= bit;
}

bool value_address(struct build *b, const struct entry *e, struct prefix *ret)
{
    struct prefix p;
    if (prefix_parse(e->value, false, &p) < 0 || strchr(e->value, '/')) {
        value_wrong(b, e, "is not an IP address");
        return false;
    }
    uint32_t a = p.family == 4 ? prefix_v4_addr(&p) : 0;
    bool local6 = p.addr[0] == 0 || p.addr[0] == 0xff || (p.addr[0] == 0xfe && (p.addr[1] & 0xc0) == 0x80);
    if (p.family == 6 ? local6 : a >> 24 == 0 || a >> 24 == 127 || a >> 28 >= 14) {
        value_wrong(b, e, "is no address that a client could reach");
        return false;
    }
    *ret = p;
    return true;
}

void value_add_address(struct build *b, const struct entry *e, struct prefix *to, unsigned *n, unsigned cap)
{
    struct prefix p;
    if (e->first)
        *n = 0;
    if (!value_address(b, e, &p))
        return;
    if (*n == cap) {
        value_wrong(b, e, "is one too many");
        return;
    }
    for (unsigned i = 0; i < *n; i++) {
        if (prefix_eq(&to[i], &p)) {
            value_wrong(b, e, "is named twice");
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
            value_wrong(b, e, "stands alone: list addresses, or \"system\", not both");
        b->c.dns_system = true;
        return;
    }
    if (b->c.dns_system) {
        value_wrong(b, e, "stands beside \"system\": list addresses, or \"system\", not both");
        return;
    }
    value_add_address(b, e, b->c.dns, &b->c.n_dns, CONFIG_DNS);
}

static void set_pool4(struct build *b, const struct entry *e, struct prefix *to)
{
    struct prefix p;
    if (prefix_parse(e->value, true, &p) < 0 || p.family != 4 || !strchr(e->value, '/')) {
        value_wrong(b, e, "is not an IPv4 network such as 10.80.0.0/24");
    } else if (prefix_parse(e->value, false, &p) < 0) {
        value_wrong(b, e, "has bits set behind its length");
    } else if (p.len > 30) { /* network, server, one client, broadcast */
        value_wrong(b, e, "is too small: /30 is the smallest");
    } else if (p.len < 8) {
        value_wrong(b, e, "is too large: /8 is the largest");
    } else if (prefix_v4_addr(&p) >> 24 == 0 || prefix_v4_addr(&p) >> 24 == 127 || prefix_v4_addr(&p) >> 28 >= 14) {
        value_wrong(b, e, "is no network for hosts");
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
        value_wrong(b, e, "is not an address and port such as 0.0.0.0:443 or [::]:443");
        return;
    }
    bool brackets = e->value[0] == '[' && e->value[n - 1] == ']' && n > 2;
    memcpy(host, e->value + (brackets ? 1 : 0), n - (brackets ? 2 : 0));
    host[n - (brackets ? 2 : 0)] = '\0';
    if (strchr(host, '/') || prefix_parse(host, true, &l.addr) < 0 || (l.addr.family == 6) != brackets) {
        value_wrong(b, e, "is not an address and port; IPv6 stands in brackets: [::]:443");
    } else if (!value_digits(colon + 1, strlen(colon + 1), &port) || port < 1 || port > 65535) {
        value_wrong(b, e, "has no port between 1 and 65535");
    } else if (b->c.n_listens == CONFIG_LISTENS) {
        value_wrong(b, e, "is one too many");
    } else {
        memcpy(l.text, e->value, strlen(e->value) + 1);
        l.port = (uint16_t)port;
        b->listen_line[b->c.n_listens] = e->line;
        b->c.listens[b->c.n_listens++] = l;
    }
}

static void begin_certificate(struct build *b, const struct entry *e)
{
    b->skip_block = b->n_certificates++ > 0;
    if (b->skip_block)
        value_wrong(b, e, "is a second certificate; several come in a later version");
    else if (e->value[0] == '\0' || strlen(e->value) >= CONFIG_NAME)
        value_wrong(b, e, "is not a name of 1 to 255 characters");
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
    else if (strcmp(e->opt->block, "group") == 0)
        begin_group(b, e);
    else if (strcmp(e->opt->block, "user") == 0)
        begin_user(b, e);
    else if (strcmp(e->opt->block, "certificate") == 0)
        begin_certificate(b, e);
}

/* Where the option's value lives. */
static void *place(struct build *b, const struct option *o)
{
    if (o->kind == OPT_TITLED || o->kind == OPT_BLOCK)
        return b->scratch; /* no value of its own */
    void *at = value_place(b, o);
    if (at)
        return at;
    if (b->skip_block && o->block[0])
        return b->scratch;
    return (char *)&b->c + o->at;
}

static bool set_number(struct build *b, const struct entry *e, void *to)
{
    uint64_t v;
    if (e->opt->kind == OPT_TIME) {
        set_time(b, e, to);
        return true;
    }
    if (e->opt->kind != OPT_COUNT && e->opt->kind != OPT_MTU)
        return false;
    if (!number_from(b, e, &v))
        return true;
    if (e->opt->kind == OPT_COUNT)
        *(unsigned *)to = (unsigned)v;
    else
        *(uint16_t *)to = (uint16_t)v;
    return true;
}

static void set_value(struct build *b, const struct entry *e)
{
    void *to = place(b, e->opt);
    enum option_kind kind = e->opt->kind;
    if (kind == OPT_BLOCK || kind == OPT_TITLED)
        begin_block(b, e);
    else if (kind == OPT_PATH)
        set_path(b, e, to);
    else if (kind == OPT_BOOL)
        (void)value_bool(b, e, to);
    else if (kind == OPT_INTERFACE)
        set_interface(b, e, to);
    else if (kind == OPT_USER)
        set_user(b, e, to);
    else if (kind == OPT_GROUP)
        set_group(b, e, to);
    else if (kind == OPT_SANDBOX)
        set_sandbox(b, e, to);
    else if (kind == OPT_LEVEL)
        set_level(b, e, to);
    else if (kind == OPT_METHODS)
        add_method(b, e);
    else if (kind == OPT_BINDING)
        add_binding(b, e);
    else if (kind == OPT_DNS)
        add_dns(b, e);
    else if (kind == OPT_NBNS)
        value_add_address(b, e, b->c.nbns, &b->c.n_nbns, 2);
    else if (kind == OPT_POOL4)
        set_pool4(b, e, to);
    else if (!set_number(b, e, to) && !set_net_value(b, e, to))
        value_wrong(b, e, "is of a kind that nobody reads");
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
    for (size_t i = 0; i < b->r->n_entries; i++) {
        const struct entry *e = &b->r->entries[i];
        if (!repeated(b, e))
            set_value(b, e);
    }
    values_resolve(b);
}
