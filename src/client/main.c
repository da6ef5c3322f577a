/* `adit`: the client's command. Reads the command line, the password and the CA file, then becomes the parent; started
 * again with --role= it is one of the parent's processes. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"
#include "client/engine.h"
#include "client/parent.h"
#include "client/resolve.h"
#include "events/events.h"
#include "tls/prim_host.h"

static const char system_ca[] = "/etc/ssl/certs/ca-certificates.crt";

/* One line without its end; NULs and over-long lines are refused. */
static int read_line(FILE *f, struct plan *p)
{
    size_t n = 0;
    int c;
    while ((c = fgetc(f)) != EOF && c != '\n') {
        if (n == sizeof p->password || c == 0)
            return ERR_LENGTH;
        p->password[n++] = (uint8_t)c;
    }
    if (ferror(f))
        return ERR_SYSTEM;
    if (n && p->password[n - 1] == '\r')
        n--;
    p->password_len = n;
    return n ? 0 : ERR_MISSING;
}

static int ask_terminal(const struct options *o, struct plan *p)
{
    struct termios old, quiet;
    FILE *tty = fopen("/dev/tty", "r+");
    if (!tty || tcgetattr(fileno(tty), &old) < 0) {
        if (tty)
            fclose(tty);
        fprintf(stderr, "adit: there is no terminal to ask for the password; use --password-file FILE\n");
        return ERR_SYSTEM;
    }
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fileno(tty), TCSAFLUSH, &quiet);
    fprintf(tty, "Password of %s at %s: ", o->user, o->host);
    fflush(tty);
    int r = read_line(tty, p);
    tcsetattr(fileno(tty), TCSAFLUSH, &old);
    fputs("\n", tty);
    fclose(tty);
    if (r < 0)
        fprintf(stderr, "adit: a password has 1 to %zu bytes\n", sizeof p->password);
    return r;
}

static int read_password(const struct options *o, struct plan *p)
{
    if (!o->password_file)
        return ask_terminal(o, p);
    FILE *f = fopen(o->password_file, "re");
    if (!f) {
        fprintf(stderr, "adit: the password file %s cannot be read: %s\n", o->password_file, strerror(errno));
        return ERR_SYSTEM;
    }
    setvbuf(f, NULL, _IONBF, 0); /* no copy of the password in a stdio buffer */
    int r = read_line(f, p), e = errno;
    fclose(f);
    if (r == ERR_SYSTEM)
        fprintf(stderr, "adit: the password file %s cannot be read: %s\n", o->password_file, strerror(e));
    else if (r < 0)
        fprintf(stderr, "adit: the first line of %s is not a password of 1 to %zu bytes\n", o->password_file,
                sizeof p->password);
    return r;
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
    p->verbose = o->verbose;
}

static int role_main(const char *role, const char *user)
{
    if (strcmp(role, "engine") == 0)
        return engine_main(user);
    if (strcmp(role, "resolver") == 0)
        return resolve_main(user);
    fprintf(stderr, "adit: unknown role %s\n", role);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static struct options o;
    static struct plan p;
    if (argc == 3 && strncmp(argv[1], "--role=", 7) == 0)
        return role_main(argv[1] + 7, argv[2]);
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
