/* What must hold between settings, and on this host. Every fault is said, none is repaired. */
#include "config/values_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

/* The line of an option's setting, 0 if it is the default. */
static unsigned line_of(const struct build *b, const char *block, const char *name)
{
    for (size_t i = 0; i < config_n_options; i++)
        if (strcmp(config_options[i].block, block) == 0 && strcmp(config_options[i].name, name) == 0)
            return b->seen[i].line;
    return 0;
}

static void check_listens(struct build *b)
{
    struct config *c = &b->c;
    if (c->n_listens == 0 && b->r->errors == 0)
        complain(b->r, 0, "there is no listen block: add listen \"0.0.0.0:443\" {}");
    for (unsigned i = 0; i < c->n_listens; i++)
        for (unsigned k = 0; k < i; k++)
            if (c->listens[i].port == c->listens[k].port && prefix_eq(&c->listens[i].addr, &c->listens[k].addr))
                complain(b->r, b->listen_line[i], "listen: \"%s\" is there twice", c->listens[i].text);
}

static void check_certificate(struct build *b)
{
    struct config *c = &b->c;
    if (b->n_certificates == 0) {
        complain(b->r, 0, "there is no certificate block");
        return;
    }
    unsigned line = line_of(b, "certificate", "");
    if (!c->certificate.chain[0] && !line_of(b, "certificate", "chain"))
        complain(b->r, line, "the certificate block has no chain");
    if (!c->certificate.key[0] && !line_of(b, "certificate", "key"))
        complain(b->r, line, "the certificate block has no key");
}

/* Does a resolver on this host listen on every IPv4 address? It would answer on the tunnel's as well. */
static bool resolver_everywhere(void)
{
    static const char *const files[] = { "/proc/net/udp", "/proc/net/udp6" };
    static const char *const wanted[] = { " 00000000:0035 ", " 00000000000000000000000000000000:0035 " };
    bool found = false;
    for (size_t i = 0; i < 2 && !found; i++) {
        char line[512];
        FILE *f = fopen(files[i], "re");
        while (f && !found && fgets(line, sizeof(line), f))
            found = strstr(line, wanted[i]) != NULL;
        if (f)
            fclose(f);
    }
    return found;
}

static bool is_servers_own(const struct config *c, const struct prefix *p)
{
    for (unsigned i = 0; i < c->n_pools; i++) {
        struct prefix own6 = config_server_ipv6(&c->pools[i]);
        if (p->family == 4 && c->pools[i].ipv4.family == 4 &&
            prefix_v4_addr(p) == prefix_v4_addr(&c->pools[i].ipv4) + 1)
            return true;
        if (p->family == 6 && own6.family && prefix_eq(p, &own6))
            return true;
    }
    return false;
}

/* unix(7): a socket's path has 107 bytes at most. */
static void check_control(struct build *b)
{
    enum { SOCKET_PATH_MAX = 107 };
    struct config *c = &b->c;
    const char *key = c->control[0] ? "control" : "state_dir";
    bool fits = c->control[0] || path_join(c->state_dir, "control", c->control);
    if (!fits || strlen(c->control) > SOCKET_PATH_MAX)
        complain(b->r, line_of(b, "", key), "control: the path of a socket may have %d bytes at most", SOCKET_PATH_MAX);
}

static void check_dns(struct build *b)
{
    for (unsigned i = 0; i < b->c.n_dns; i++) {
        char text[PREFIX_TEXT];
        if (is_servers_own(&b->c, &b->c.dns[i]) && !resolver_everywhere())
            complain(b->r, line_of(b, "", "dns"),
                     "dns: %s is the server's own address in the tunnel, and no resolver "
                     "listens on every address of this host",
                     prefix_text(&b->c.dns[i], text));
    }
}

void values_check(struct build *b)
{
    check_listens(b);
    check_certificate(b);
    check_pools(b);
    check_users(b);
    check_control(b);
    if (b->c.n_methods == 0)
        complain(b->r, line_of(b, "auth", "methods"), "auth { methods } names no method");
    if (b->c.binding_mask == 0 && b->r->errors == 0)
        complain(b->r, line_of(b, "", "binding"), "binding names no hash");
    if (b->c.nat && strcmp(b->c.interface, b->c.outer) == 0)
        complain(b->r, line_of(b, "", "outer"), "outer is the tunnel interface itself");
    if (b->c.limit.half_open_address > b->c.limit.half_open)
        complain(b->r, line_of(b, "limits", "half_open_address"),
                 "limits { half_open_address } is larger than half_open");
}

/* A regular file that we can read. */
static void check_file(struct build *b, unsigned line, const char *what, const char *path)
{
    struct stat st;
    if (!path[0])
        return; /* said already */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        complain(b->r, line, "%s: %s: %s", what, path, strerror(errno));
        return;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        complain(b->r, line, "%s: %s: not a file", what, path);
    close(fd);
}

void values_check_host(struct build *b)
{
    struct config *c = &b->c;
    check_file(b, line_of(b, "certificate", "chain"), "certificate { chain }", c->certificate.chain);
    check_file(b, line_of(b, "certificate", "key"), "certificate { key }", c->certificate.key);
    if (access(c->users, F_OK) < 0 && errno == ENOENT)
        complain(b->r, line_of(b, "", "users"),
                 "users: %s: there is no database yet; make it with: aditctl user add NAME", c->users);
    else
        check_file(b, line_of(b, "", "users"), "users", c->users);
    if (!getpwnam(c->user))
        complain(b->r, line_of(b, "", "user"), "user: there is no user \"%s\" on this host", c->user);
    if (c->admin_group[0] && !getgrnam(c->admin_group))
        complain(b->r, line_of(b, "", "admin_group"), "admin_group: there is no group \"%s\" on this host",
                 c->admin_group);
    check_dns(b);
    check_host_nets(b);
    check_host_links(b);
}
