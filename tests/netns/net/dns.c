/* Setting the host's resolvers in each of the three ways. The tools are scripts laid over /usr/bin in this test's own
 * mount namespace: they write down how they were called, which is what is tested; the real ones are not here to be
 * asked. */
#include "check.h"

#include <signal.h>
#include <sys/stat.h>

#include "net/dns.h"
#include "net/run.h"

#define DIR      "/run/adit-test"
#define ORIGINAL "nameserver 192.0.2.53\nsearch example.net\n"

static char err[256];
static struct prefix servers[2];

static bool file_is(const char *path, const char *want)
{
    char got[4096] = "";
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(got, 1, sizeof(got) - 1, f) : 0;

    if (f)
        fclose(f);
    got[n] = 0;
    if (f && strcmp(got, want) != 0)
        printf("# %s is: %s\n", path, got);
    return f && strcmp(got, want) == 0;
}

static struct undo *open_it(unsigned *left)
{
    struct undo *u = NULL;

    if (undo_open(DIR, "adit0", &u, left, err) < 0) {
        fprintf(stderr, "%s\n", err);
        exit(99);
    }
    return u;
}

static void put_tool(const char *name, const char *script)
{
    char path[64];

    snprintf(path, sizeof(path), "/usr/bin/%s", name);
    FILE *f = fopen(path, "w");
    if (!f)
        exit(99);
    fputs(script, f);
    fclose(f);
    chmod(path, 0755);
}

static void test_file(void)
{
    const char *how = "?";
    unsigned left;
    struct undo *u = open_it(&left);

    ok_why(dns_apply(u, "adit0", servers, 2, &how, err) == 0 && strcmp(how, "/etc/resolv.conf") == 0,
           "dns: without tools the file is written", err);
    ok(sh("grep -qx 'nameserver 10.80.0.1' /etc/resolv.conf && grep -qx 'nameserver fd80::1' /etc/resolv.conf"),
       "dns: with both resolvers");
    ok(!sh("grep -q 192.0.2.53 /etc/resolv.conf"), "dns: and without the old one");
    struct prefix got[4];
    ok(dns_system(got, 4) == 2 && prefix_eq(&got[0], &servers[0]) && prefix_eq(&got[1], &servers[1]),
       "dns: they are the host's resolvers now");
    ok(undo_back(u) == 0 && file_is("/etc/resolv.conf", ORIGINAL), "dns: a bind-mounted file is put back in place");
    ok(dns_apply(u, "adit0", servers, 0, &how, err) == ERR_VALUE, "dns: no resolver is refused");
    ok(dns_apply(u, "../x", servers, 1, &how, err) == ERR_VALUE, "dns: no such interface name");
    undo_all(u);
    undo_free(u);
    pid_t child = fork();
    if (child == 0) {
        u = open_it(&left);
        if (dns_apply(u, "adit0", servers, 2, &how, err) < 0)
            _exit(99);
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    ok(sh("grep -q 10.80.0.1 /etc/resolv.conf"), "dns: killed while it is ours");
    u = open_it(&left);
    ok(left == 1 && file_is("/etc/resolv.conf", ORIGINAL), "dns: put back by the next start");
    undo_all(u);
    undo_free(u);
}

/* Run again by ip netns exec, which has mounted /etc/netns/adx/resolv.conf over /etc/resolv.conf. */
static int inside_netns(void)
{
    const char *how = "?";
    unsigned left;

    if (!file_is("/etc/resolv.conf", "nameserver 192.0.2.99\n"))
        return 1;
    struct undo *u = open_it(&left);
    if (dns_apply(u, "adit0", servers, 1, &how, err) < 0 || !sh("grep -q 10.80.0.1 /etc/netns/adx/resolv.conf"))
        return 2;
    if (undo_all(u) != 0 || !file_is("/etc/resolv.conf", "nameserver 192.0.2.99\n"))
        return 3;
    undo_free(u);
    return 0;
}

static void test_netns_exec(const char *self)
{
    char why[32];
    int status = -1;

    must("mkdir -p /run/lay/eu /run/lay/ew && "
         "mount -t overlay o -o lowerdir=/etc,upperdir=/run/lay/eu,workdir=/run/lay/ew /etc");
    must("mkdir -p /etc/netns/adx && echo nameserver 192.0.2.99 >/etc/netns/adx/resolv.conf && ip netns add adx");
    pid_t child = fork();
    if (child == 0) {
        execlp("ip", "ip", "netns", "exec", "adx", self, "inside", NULL);
        _exit(98);
    }
    waitpid(child, &status, 0);
    snprintf(why, sizeof(why), "status %d", WEXITSTATUS(status));
    ok_why(status == 0, "dns: inside ip netns exec its file is written and put back", why);
    ok(sh("grep -qx 'nameserver 192.0.2.99' /etc/netns/adx/resolv.conf"), "dns: seen from outside, too");
    must("ip netns del adx && umount /etc");
}

static const char *const names[] = { "corp.example", "lab.example" };

/* A server that tells more after the first time: what was set is replaced, and undone once. */
static void test_set_file(void)
{
    const char *how = "?";
    unsigned left;
    struct undo *u = open_it(&left);
    struct dns_wish w = { servers, 1, names, 0, false };

    ok_why(dns_set(u, "adit0", &w, &how, err) == 0 && sh("grep -qx 'search example.net' /etc/resolv.conf"),
           "dns: without domains the host's own stay", err);
    w.n_search = 2;
    w.n = 2;
    ok(dns_set(u, "adit0", &w, &how, err) == 0 && sh("grep -qx 'search corp.example lab.example' /etc/resolv.conf") &&
           sh("grep -qx 'nameserver fd80::1' /etc/resolv.conf") && !sh("grep -q example.net /etc/resolv.conf"),
       "dns: with domains they are replaced");
    w.n_search = 0;
    ok(dns_set(u, "adit0", &w, &how, err) == 0 && sh("grep -qx 'search example.net' /etc/resolv.conf"),
       "dns: domains that are gone give way to the host's");
    ok(undo_all(u) == 0 && file_is("/etc/resolv.conf", ORIGINAL), "dns: and one undoing takes all of it back");
    undo_free(u);
    static const char *const evil[] = { "a b", "-x", "", "a\nnameserver 192.0.2.66", "~." };
    u = open_it(&left);
    for (unsigned i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
        struct dns_wish bad = { servers, 1, &evil[i], 1, false };
        ok(dns_set(u, "adit0", &bad, &how, err) == ERR_VALUE, "dns: no name of a domain");
    }
    struct dns_wish split = { servers, 1, names, 0, true };
    ok(dns_set(u, "adit0", &split, &how, err) == ERR_VALUE, "dns: split without domains is refused");
    undo_all(u);
    undo_free(u);
}

static void test_resolvconf(void)
{
    const char *how = "?";
    unsigned left;
    struct undo *u = open_it(&left);

    put_tool("resolvconf", "#!/bin/sh\n{ echo \"$@\"; cat; } >>/run/calls\n");
    ok_why(dns_apply(u, "adit0", servers, 2, &how, err) == 0 && strcmp(how, "resolvconf") == 0, "dns: resolvconf", err);
    ok(file_is("/run/calls", "-a adit0 -m 0 -x\nnameserver 10.80.0.1\nnameserver fd80::1\n"), "dns: how it is called");
    must("rm /run/calls");
    ok(undo_back(u) == 0 && file_is("/run/calls", "-d adit0\n"), "dns: and to undo it");
    ok(file_is("/etc/resolv.conf", ORIGINAL), "dns: the file is left to it");
    must("rm /run/calls; mkdir -p /run/lay/eu /run/lay/ew && "
         "mount -t overlay o -o lowerdir=/etc,upperdir=/run/lay/eu,workdir=/run/lay/ew /etc");
    must("mkdir -p /etc/resolvconf && : >/etc/resolvconf/interface-order");
    ok(dns_apply(u, "adit0", servers, 1, &how, err) == 0 &&
           file_is("/run/calls", "-a tun.adit0\nnameserver 10.80.0.1\n"),
       "dns: Debian's resolvconf gets a record that it sorts first");
    must("rm /run/calls");
    ok(undo_back(u) == 0 && file_is("/run/calls", "-d tun.adit0\n"), "dns: and to undo that");
    must("umount /etc");
    put_tool("resolvconf", "#!/bin/sh\necho 'no way \033[31m' >&2\nexit 3\n");
    ok(dns_apply(u, "adit0", servers, 2, &how, err) == 0 && strcmp(how, "/etc/resolv.conf") == 0,
       "dns: when it refuses, the file is written");
    must("rm /usr/bin/resolvconf");
    ok(undo_all(u) == 0 && file_is("/etc/resolv.conf", ORIGINAL), "dns: all of that is undone");
    undo_free(u);
}

static void test_resolved(void)
{
    const char *how = "?";
    unsigned left;
    struct undo *u = open_it(&left);

    put_tool("resolvectl", "#!/bin/sh\necho \"$@\" >>/run/calls\n");
    must("rm -f /run/calls; mkdir -p /run/systemd/resolve && : >/run/systemd/resolve/io.systemd.Resolve");
    ok(dns_apply(u, "lo", servers, 2, &how, err) == 0 && strcmp(how, "/etc/resolv.conf") == 0 &&
           access("/run/calls", F_OK) < 0,
       "dns: systemd-resolved runs, but resolv.conf is not its own: the file is written");
    ok(undo_back(u) == 0, "dns: put back");
    must("cp /etc/resolv.conf /run/keep && echo nameserver 127.0.0.53 >/etc/resolv.conf");
    ok_why(dns_apply(u, "lo", servers, 2, &how, err) == 0 && strcmp(how, "systemd-resolved") == 0,
           "dns: systemd-resolved", err);
    ok(file_is("/run/calls", "dns lo 10.80.0.1 fd80::1\ndomain lo ~.\ndefault-route lo true\n"),
       "dns: how it is called");
    must("rm /run/calls");
    struct dns_wish w = { servers, 1, names, 2, true };
    ok(dns_set(u, "lo", &w, &how, err) == 0 &&
           file_is("/run/calls", "dns lo 10.80.0.1\ndomain lo corp.example lab.example\ndefault-route lo false\n"),
       "dns: split: only names below the domains");
    must("rm /run/calls");
    w.split = false;
    ok(dns_set(u, "lo", &w, &how, err) == 0 &&
           file_is("/run/calls", "dns lo 10.80.0.1\ndomain lo corp.example lab.example ~.\ndefault-route lo true\n"),
       "dns: not split: all names, and the domains are searched");
    must("rm /run/calls");
    ok(undo_back(u) == 0 && file_is("/run/calls", "revert lo\n"), "dns: and to undo it, once");
    put_tool("resolvectl", "#!/bin/sh\nexit 1\n");
    ok(dns_apply(u, "lo", servers, 2, &how, err) == 0 && strcmp(how, "/etc/resolv.conf") == 0,
       "dns: when it refuses (another namespace's), the file is written");
    ok(undo_all(u) == 0 && file_is("/etc/resolv.conf", "nameserver 127.0.0.53\n"), "dns: all of that is undone");
    undo_free(u);
    must("cat /run/keep >/etc/resolv.conf; rm /usr/bin/resolvectl");
}

static void test_run(void)
{
    const char *const missing[] = { "no-such-tool", NULL }, *const odd[] = { "adit-odd", "a b", "$HOME;x", NULL };
    const char *const path[] = { "../bin/sh", NULL };

    setenv("SECRET", "x", 1);
    ok(run_tool(missing, NULL, err) == ERR_MISSING && strstr(err, "no-such-tool"), "run: a tool that is not there");
    ok(run_tool(path, NULL, err) == ERR_MISSING, "run: a tool is no path");
    put_tool("adit-odd",
             "#!/bin/sh\n[ $# = 2 ] && [ \"$1\" = 'a b' ] && [ \"$2\" = '$HOME;x' ] && [ -z \"$SECRET\" ] && exit 0\n"
             "exit 1\n");
    ok_why(run_tool(odd, NULL, err) == 0, "run: no shell between, no environment", err);
    put_tool("adit-odd", "#!/bin/sh\nprintf 'bad \\033[31m\\nthing' >&2; exit 7\n");
    ok(run_tool(odd, NULL, err) == ERR_REFUSED && strstr(err, "status 7") && strstr(err, "bad") && !strchr(err, 27),
       "run: status and first words are told, escaped");
    put_tool("adit-odd", "#!/bin/sh\nyes | head -c 1000000; exit 0\n");
    ok_why(run_tool(odd, NULL, err) == 0, "run: a talker does not block", err);
    put_tool("adit-odd", "#!/bin/sh\nsleep 30 &\nexit 0\n");
    ok_why(run_tool(odd, NULL, err) == 0, "run: a daemon that it leaves behind is not waited for", err);
    put_tool("adit-odd", "#!/bin/sh\nexec >&- 2>&-\nsleep 0.1; exit 5\n");
    ok(run_tool(odd, NULL, err) == ERR_REFUSED && strstr(err, "status 5"),
       "run: one that closes its output is waited for");
}

int main(int argc, char **argv)
{
    if (prefix_parse("10.80.0.1", false, &servers[0]) < 0 || prefix_parse("fd80::1", false, &servers[1]) < 0)
        return 99;
    if (argc > 1)
        return inside_netns();
    enter_check();
    must("mkdir -p /run/lay/u /run/lay/w && mount -t overlay o -o "
         "lowerdir=/usr/bin,upperdir=/run/lay/u,workdir=/run/lay/w /usr/bin");
    must("rm -f /usr/bin/resolvectl /usr/bin/resolvconf");
    must("printf 'nameserver 192.0.2.53\\nsearch example.net\\n' >/run/resolv.conf && mount --bind /run/resolv.conf "
         "$(realpath /etc/resolv.conf)");
    test_file();
    test_netns_exec(argv[0]);
    test_set_file();
    test_resolvconf();
    test_resolved();
    test_run();
    return done();
}
