/* `adit`: the client's command. Reads the command line, the password and the CA file, then becomes the parent; started
 * again with --role= it is one of the parent's processes. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "client/ask.h"
#include "client/engine.h"
#include "client/identity.h"
#include "client/parent.h"
#include "client/resolve.h"
#include "events/events.h"
#include "priv/proc.h"
#include "tls/prim_host.h"

static const char system_ca[] = "/etc/ssl/certs/ca-certificates.crt";

static int read_password(const struct options *o, struct plan *p)
{
    if (o->password_file)
        return ask_file(o->password_file, p->password, sizeof p->password, &p->password_len);
    return ask_terminal(o->user, o->host, p->password, sizeof p->password, &p->password_len);
}

/* The CA file is opened here and read by the engine, which has no filesystem. */
static int open_ca(const struct options *o)
{
    const char *path = o->ca_file ? o->ca_file : o->n_pins ? "/dev/null" : system_ca;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fprintf(stderr, "adit: the certificates in %s cannot be read: %s; %s\n", path, strerror(errno),
                o->ca_file ? "check --ca" : "install ca-certificates, or use --ca FILE or --pin");
    /* An empty file would pass for "those of the system" further on. */
    if (fd >= 0 && o->ca_file && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)) {
        fprintf(stderr, "adit: --ca: %s is not a file with certificates\n", path);
        close(fd);
        return -1;
    }
    return fd;
}

/* A random GUID (RFC 9562 5.4), as Windows writes them: upper case. */
static void make_call_id(char out[40])
{
    uint8_t g[16];
    prim_random(NULL, g, sizeof g);
    g[6] = (uint8_t)((g[6] & 0x0f) | 0x40);
    g[8] = (uint8_t)((g[8] & 0x3f) | 0x80);
    snprintf(out, 40, "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", g[0], g[1], g[2], g[3],
             g[4], g[5], g[6], g[7], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]);
}

static void make_plan(const struct options *o, struct plan *p)
{
    memcpy(p->host, o->host, sizeof p->host);
    p->host_is_ip = o->host_is_ip;
    p->port = o->port;
    options_host_header(o, p->host_header, sizeof p->host_header);
    make_call_id(p->call);
    snprintf(p->user, sizeof p->user, "%s", o->user);
    memcpy(p->pins, o->pins, sizeof p->pins);
    p->n_pins = o->n_pins;
    memcpy(p->methods, o->methods, sizeof p->methods);
    p->n_methods = o->n_methods;
    p->want_dns = !o->no_dns;
    p->want_ipv6 = !o->no_ipv6;
    p->want_prefix = o->delegate;
    p->verbose = o->verbose;
    p->wide_gcm = !o->no_wide_gcm;
    identity_make(o, p->interface_id, p->duid);
}

static int role_main(const char *role, const char *user, const char *sandbox)
{
    if (!proc_has_channel()) {
        fprintf(stderr, "adit: adit starts its roles itself; see adit --help\n");
        return EXIT_USAGE;
    }
    if (strcmp(role, "engine") == 0)
        return engine_main(user, sandbox);
    if (strcmp(role, "resolver") == 0)
        return resolve_main(user, sandbox);
    fprintf(stderr, "adit: unknown role %s\n", role);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static struct options o;
    static struct plan p;
    if (argc == 4 && strncmp(argv[1], "--role=", 7) == 0)
        return role_main(argv[1] + 7, argv[2], argv[3]);
    int r = options_read(argc, argv, &o);
    if (r)
        return r - 100;
    events_init("adit", o.verbose ? EVENT_DEBUG : EVENT_INFO);
    events_set_plain(o.verbose ? NULL : "adit");
    if (geteuid() != 0) {
        fprintf(stderr, "adit: making an interface and routes needs root: sudo adit connect …\n");
        return EXIT_FAILED;
    }
    int ca = open_ca(&o);
    if (ca < 0)
        return EXIT_USAGE;
    make_plan(&o, &p);
    if (read_password(&o, &p) < 0) {
        close(ca);
        return EXIT_USAGE;
    }
    const char *user = getpwnam("adit") ? "adit" : "nobody";
    int code = parent_main(&o, &p, ca, user);
    secret_wipe(&p, sizeof p);
    return code;
}
