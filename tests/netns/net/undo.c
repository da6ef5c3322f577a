/* The undo journal against the kernel: each kind of entry, kill -9 after each note, what is not ours any more, two
 * instances. */
#include "check.h"

#include <signal.h>
#include <sys/stat.h>

#include "net/keep.h"
#include "net/link.h"
#include "net/nat.h"
#include "net/sysctl.h"
#include "net/tun.h"
#include "net/undo.h"

#define DIR      "/run/adit-test"
#define FORWARD  "net/ipv4/conf/va/forwarding"
#define RESOLV   "/run/etc/resolv.conf"
#define ORIGINAL "nameserver 192.0.2.53\n"
#define OURS     "nameserver 10.80.0.1\n"

static char err[256];
enum { STEPS = 7 };

static struct prefix px(const char *s)
{
    struct prefix p;

    if (prefix_parse(s, true, &p) < 0)
        abort();
    return p;
}

static void must_be(bool good)
{
    if (!good) {
        fprintf(stderr, "step failed: %s\n", err);
        _exit(99);
    }
}

static bool file_is(const char *path, const char *want)
{
    char got[KEEP_FILE_MAX];

    return keep_read(path, got) >= 0 && strcmp(got, want) == 0;
}

static bool forwarding_is(const char *want)
{
    char now[32];

    return sysctl_read(FORWARD, now, sizeof(now)) == 0 && strcmp(now, want) == 0;
}

static int persistent_tun(void)
{
    return sh("ip tuntap add mode tun name adit0") ? 0 : -1;
}

/* Everything that a client or server does to a host, one step after the other. `stop` counts notes and deeds: at an
 * even number (2 k) it ends after the k-th note, before its deed; at an odd one after the deed. */
static void do_steps(struct undo *u, int stop)
{
    struct nat_conf nat = { .interface = "adit0",
                            .pools = { { .net = px("10.80.0.0/24"), .outer = "va" } },
                            .n_pools = 1 };
    struct nl_route r = { .dst = px("10.99.0.0/16"), .via = px("198.18.0.9"), .dev = "va", .metric = 7 };
    struct nl_route block = { .dst = px("::/1"), .unreachable = true };
    const struct undo_entry interface = { .kind = UNDO_INTERFACE, .name = "adit0" };
    const struct undo_entry route = { .kind = UNDO_ROUTE, .prefix = r.dst, .via = r.via, .dev = "va", .metric = 7 };
    const struct undo_entry blocked = { .kind = UNDO_ROUTE, .prefix = block.dst };
    const struct undo_entry table = { .kind = UNDO_NFT_TABLE, .name = "inet adit_adit0" };
    const struct undo_entry setting = { .kind = UNDO_SYSCTL, .name = FORWARD, .old = "0", .ours = "1" };

    for (int k = 0; k < STEPS; k++) {
        bool note_only = stop == 2 * k;
        switch (k) {
        case 0:
            must_be(undo_note(u, &interface) == 0 && (note_only || persistent_tun() == 0));
            break;
        case 1:
            must_be(note_only ? undo_note(u, &route) == 0 : undo_route(u, &r, err) == 0);
            break;
        case 2:
            must_be(note_only ? undo_note(u, &blocked) == 0 : undo_route(u, &block, err) == 0);
            break;
        case 3:
            must_be(note_only ? undo_note(u, &table) == 0 : nat_up(u, &nat, err) == 0);
            break;
        case 4:
            must_be(note_only ? undo_note(u, &setting) == 0 : forward_up(u, "va", err) == 0);
            break;
        case 5:
            must_be(note_only || keep_replace(u, RESOLV, slice_str(OURS), err) == 0);
            break;
        case 6:
            must_be(note_only || keep_replace(u, "/run/etc/new.conf", slice_str(OURS), err) == 0);
            break;
        }
        if (stop == 2 * k || stop == 2 * k + 1)
            return;
    }
}

/* The host as it was before the first step? */
static bool host_clean(void)
{
    return nl_link_index("adit0") == 0 && !sh("ip route | grep 'proto 173'") && !sh("ip -6 route | grep 'proto 173'") &&
           !sh("nft list tables | grep adit") && forwarding_is("0") && file_is(RESOLV, ORIGINAL) &&
           access("/run/etc/new.conf", F_OK) < 0;
}

static bool host_dirty(void)
{
    return nl_link_index("adit0") != 0 && sh("ip route | grep 'proto 173'") && sh("ip -6 route | grep 'proto 173'") &&
           sh("nft list tables | grep adit_adit0") && forwarding_is("1") && file_is(RESOLV, OURS) &&
           file_is("/run/etc/new.conf", OURS);
}

static struct undo *open_it(const char *instance, unsigned *left)
{
    struct undo *u = NULL;

    if (undo_open(DIR, instance, &u, left, err) < 0) {
        fprintf(stderr, "%s\n", err);
        exit(99);
    }
    return u;
}

/* A process that does the steps up to `stop` and is killed there. */
static void die_after(const char *instance, int stop)
{
    pid_t child = fork();

    if (child == 0) {
        unsigned left;
        struct undo *u = open_it(instance, &left);
        do_steps(u, stop);
        raise(SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status))
        exit(99);
}

static void test_in_order(void)
{
    unsigned left = 99;
    struct undo *u = open_it("adit0", &left);

    ok(left == 0, "undo: nothing left by nobody");
    struct stat st;
    ok(stat(DIR, &st) == 0 && (st.st_mode & 07777) == 0711, "undo: nobody else may list or change the folder");
    do_steps(u, 99);
    ok(host_dirty(), "undo: all steps are done");
    ok(undo_back(u) == 0 && host_clean(), "undo: put back, journal kept");
    do_steps(u, 99);
    ok(host_dirty(), "undo: all steps once more");
    ok(undo_all(u) == 0 && host_clean(), "undo: put back");
    const struct undo_entry e = { .kind = UNDO_INTERFACE, .name = "adit0" };
    ok(undo_all(u) == 0 && undo_note(u, &e) == ERR_STATE, "undo: it is over after that");
    undo_free(u);
    ok(sh("test -z \"$(ls -A " DIR ")\""), "undo: nothing stays in the folder");
}

/* The journal of a process that became another program: what stands in it is still undone, by nobody else meanwhile. */
static void test_adopted(void)
{
    unsigned left = 99;
    struct undo *u = open_it("adit0", &left), *other = NULL;

    do_steps(u, 99);
    int held = dup(undo_fd(u)), stray = open("/dev/null", O_RDONLY);
    undo_free(u); /* the lock lives in `held` */
    ok(undo_open(DIR, "adit0", &u, &left, err) == ERR_STATE && host_dirty(),
       "undo: held over an exec, nobody may have it");
    ok(undo_adopt(DIR, "adit0", stray, &u, err) == ERR_STATE, "undo: another file is not our journal");
    ok(undo_adopt(DIR, "adit1", held, &u, err) == ERR_STATE, "undo: nor is that of another instance");
    ok_why(undo_adopt(DIR, "adit0", held, &u, err) == 0 && host_dirty(), "undo: adopted, and nothing undone", err);
    ok(undo_open(DIR, "adit0", &other, &left, err) == ERR_STATE, "undo: still ours alone");
    const struct undo_entry e = { .kind = UNDO_INTERFACE, .name = "adit0" };
    ok(undo_noted(u, &e) && undo_note(u, &e) == 0, "undo: what was noted is known");
    ok(undo_all(u) == 0 && host_clean(), "undo: all of it put back by the adopter");
    undo_free(u);
    close(stray);
    ok(sh("test -z \"$(ls -A " DIR ")\""), "undo: nothing stays in the folder after an adoption");
}

static void test_killed(void)
{
    bool good = true;

    for (int stop = 0; stop <= 2 * STEPS; stop++) {
        unsigned left = 99;
        die_after("adit0", stop);
        struct undo *u = open_it("adit0", &left);
        if (!host_clean()) {
            printf("# not clean after kill at %d\n", stop);
            good = false;
            do_steps(u, -1);
        }
        unsigned want = (unsigned)(stop + 1) / 2; /* the deeds that were done */
        if (left != want) {
            printf("# kill at %d: %u undone, %u expected\n", stop, left, want);
            for (unsigned i = 0; undo_report(u, i, NULL); i++)
                printf("#   %s\n", undo_report(u, i, NULL));
            good = false;
        }
        undo_all(u);
        undo_free(u);
    }
    ok(good, "undo: kill -9 after each note and each deed, put back by the next start");
}

static void test_undo_killed(void)
{
    unsigned left;

    die_after("adit0", 99);
    must("cp " DIR "/adit0.undo /run/copy && cp " DIR "/adit0.resolv.conf.kept0 /run/kept");
    undo_free(open_it("adit0", &left));
    ok(left == STEPS && host_clean(), "undo: seven things left by a killed one");
    /* As if the second one had been killed after undoing, before it wrote a new journal. */
    must("cp /run/copy " DIR "/adit0.undo");
    struct undo *u = open_it("adit0", &left);
    ok(left == 0 && host_clean(), "undo: undoing twice does nothing");
    undo_all(u);
    undo_free(u);
}

static void test_not_ours_any_more(void)
{
    unsigned left;

    die_after("adit0", 99);
    must("ip link del adit0 && ip link add adit0 type veth peer name adit0p");
    must("ip route del 10.99.0.0/16 && ip route add 10.99.0.0/16 via 198.18.0.9 dev va metric 7");
    must("nft delete table inet adit_adit0 && nft add table inet adit_adit0");
    must("echo nameserver 192.0.2.77 >" RESOLV);
    undo_free(open_it("adit0", &left));
    ok(nl_link_index("adit0") != 0, "undo: an interface that is no TUN stays");
    ok(sh("ip route | grep '^10.99.0.0/16'"), "undo: somebody else's route to the same place stays");
    ok(sh("nft list tables | grep adit_adit0"), "undo: a table of that name without our comment stays");
    ok(file_is(RESOLV, "nameserver 192.0.2.77\n"), "undo: a file that somebody wrote after us stays");
    ok(left == 3 && !sh("ip -6 route | grep 'proto 173'"), "undo: the rest is undone");
    must("ip link del adit0; ip route del 10.99.0.0/16; nft delete table inet adit_adit0; printf '" ORIGINAL
         "' >" RESOLV);

    struct undo *u = open_it("adit0", &left);
    must_be(undo_sysctl(u, "net/ipv4/conf/va/rp_filter", "2", err) == 0);
    must_be(undo_sysctl(u, FORWARD, "1", err) == 0);
    must("echo 1 >/proc/sys/net/ipv4/conf/va/rp_filter");
    undo_all(u);
    undo_free(u);
    ok(sh("grep -qx 1 /proc/sys/net/ipv4/conf/va/rp_filter"), "undo: a setting that somebody changed stays");
    ok(forwarding_is("0"), "undo: one that is still ours goes back");
    must("echo 1 >/proc/sys/" FORWARD);
    u = open_it("adit0", &left);
    must_be(forward_up(u, "va", err) == 0);
    undo_all(u);
    undo_free(u);
    ok(forwarding_is("1"), "undo: one that was so before stays so");
    must("echo 0 >/proc/sys/" FORWARD);
    ok(host_clean(), "undo: the host is clean");
}

static void test_instances(void)
{
    unsigned left;
    int ready[2], go[2];
    char byte = 0, pid[32];
    struct undo *mine = NULL, *u = open_it("adit1", &left);

    if (pipe(ready) < 0 || pipe(go) < 0)
        exit(99);
    must_be(forward_up(u, "va", err) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        struct undo *other = open_it("adit0", &left);
        do_steps(other, 99);
        if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) < 0)
            _exit(99);
        _exit((int)undo_all(other));
    }
    if (read(ready[0], &byte, 1) != 1)
        exit(99);
    ok(host_dirty(), "undo: two instances side by side");
    snprintf(pid, sizeof(pid), "process %d", (int)child);
    ok(undo_open(DIR, "adit0", &mine, &left, err) == ERR_STATE && strstr(err, pid) && host_dirty(),
       "undo: a third start of the same name is told who runs it, and undoes nothing");
    ok(undo_all(u) == 0 && forwarding_is("1"), "undo: a setting in use by another instance stays");
    undo_free(u);
    close(go[1]);
    int status = -1;
    waitpid(child, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0 && host_clean(), "undo: the last of them puts it back");
    die_after("adit0", 99);
    u = open_it("adit1", &left);
    ok(left == 0 && host_dirty(), "undo: what one instance left is not another's to undo");
    undo_all(u);
    undo_free(u);
    u = open_it("adit0", &left);
    ok(left == STEPS && host_clean(), "undo: but its own");
    undo_all(u);
    undo_free(u);
}

/* Two clients of one server: both pin its route, the last one takes it away. */
static void test_shared_route(void)
{
    unsigned left;
    struct nl_route pin = { .dst = px("203.0.113.5/32"), .via = px("198.18.0.9"), .dev = "va" };
    struct nl_route elsewhere = { .dst = px("203.0.113.5/32"), .via = px("198.18.0.8"), .dev = "va" };
    struct undo *a = open_it("adit0", &left), *b = open_it("adit1", &left);

    ok_why(undo_route(a, &pin, err) == 0 && undo_route(b, &pin, err) == 0, "undo: two instances pin one route", err);
    ok(undo_route(b, &elsewhere, err) == ERR_DUPLICATE, "undo: the same place by another router is no shared route");
    ok(undo_all(a) == 0 && sh("ip route | grep '^203.0.113.5 '"), "undo: the first to end leaves it");
    undo_free(a);
    ok(undo_all(b) == 0 && !sh("ip route | grep '^203.0.113.5 '"), "undo: the last one deletes it");
    undo_free(b);
    a = open_it("adit0", &left);
    must("ip route add 203.0.113.5 via 198.18.0.9 dev va");
    ok(undo_route(a, &pin, err) == ERR_DUPLICATE, "undo: a route of the administrator's is told");
    ok(undo_all(a) == 0 && sh("ip route | grep '^203.0.113.5 '"), "undo: and stays");
    undo_free(a);
    must("ip route del 203.0.113.5");
    a = open_it("adit0", &left);
    struct nl_route six = { .dst = px("8000::/1"), .unreachable = true, .dev = "lo" };
    const struct undo_entry by_lo = { .kind = UNDO_ROUTE, .prefix = six.dst, .dev = "lo" };
    must_be(undo_note(a, &by_lo) == 0 && nl_route_add(&six, err) == 0);
    ok(undo_all(a) == 0 && host_clean(), "undo: an unreachable route noted on lo goes");
    undo_free(a);
}

static bool reported(const struct undo *u, const char *words)
{
    bool failed = false;

    for (unsigned i = 0; undo_report(u, i, &failed); i++)
        if (failed && strstr(undo_report(u, i, NULL), words))
            return true;
    return false;
}

static bool in_journal(const char *what)
{
    char command[128];

    snprintf(command, sizeof(command), "grep -q '%s' " DIR "/adit0.undo", what);
    return sh("%s", command);
}

/* What a server named and does not name any more. */
static void test_take_back(void)
{
    unsigned left;
    struct undo *u = open_it("adit0", &left);
    struct nl_route one = { .dst = px("203.0.113.0/25"), .dev = "va" },
                    two = { .dst = px("203.0.113.128/25"), .dev = "va" };
    struct nl_route wall = { .dst = px("fd00:9::/48"), .dev = "lo", .unreachable = true, .metric = 2048 };
    const struct undo_entry file = { .kind = UNDO_FILE, .name = RESOLV };

    ok_why(undo_route(u, &one, err) == 0 && undo_route(u, &two, err) == 0 && undo_route(u, &wall, err) == 0,
           "take back: three routes", err);
    ok(undo_route_back(u, &one) == 0 && !sh("ip route | grep '^203.0.113.0/25 '") && !in_journal("203.0.113.0/25"),
       "take back: a route goes, and out of the journal");
    ok(undo_route_back(u, &one) == ERR_MISSING, "take back: twice is told");
    ok(undo_route_back(u, &wall) == 0 && !sh("ip -6 route | grep 'unreachable fd00:9::/48'"),
       "take back: an unreachable route");
    ok(sh("ip route | grep '^203.0.113.128/25 '") && in_journal("203.0.113.128/25"), "take back: the other one stays");
    ok(!undo_noted(u, &file), "take back: no file is noted");
    ok(keep_replace(u, RESOLV, slice_str(OURS), err) == 0 && undo_noted(u, &file), "take back: a file is");
    ok(undo_take_back(u, &file) == 0 && file_is(RESOLV, ORIGINAL) && !undo_noted(u, &file),
       "take back: it is as it was, and noted no more");
    must("ip route del 203.0.113.128/25");
    ok(undo_route_back(u, &two) == 0, "take back: what is gone already");
    ok(undo_route(u, &one, err) == 0 && undo_all(u) == 0 && !sh("ip route | grep '^203.0.113.0/25 '"),
       "take back: and noted again it is undone with the rest");
    undo_free(u);
}

static void test_corrupt(void)
{
    unsigned left;

    die_after("adit0", 99);
    must("sed -i '2i nonsense\\nroute dst=10.0.0.0/99\\nsysctl name=../../etc/passwd old=x ours=y\\nsysctl name=a\\n"
         "interface name=lo\\nnft name=inet%%20filter\\ninterface name=%%zz\\nfile old=/x' " DIR "/adit0.undo");
    must("printf 'interface name=v' >>" DIR "/adit0.undo");
    must("nft add table inet filter && ip link add v type veth peer name vv");
    struct undo *u = open_it("adit0", &left);
    ok(left == STEPS && host_clean(), "undo: corrupt lines do not stop the others");
    ok(reported(u, "nonsense") && reported(u, "route") && reported(u, "cut off"), "undo: they are reported");
    ok(sh("ip link show dev v") && sh("ip link show dev lo"), "undo: a line cut off is not obeyed");
    ok(sh("nft list table inet filter"), "undo: no table but one of our names");
    undo_all(u);
    undo_free(u);
    must("head -c 100000 /dev/urandom >" DIR "/adit0.undo");
    u = open_it("adit0", &left);
    ok(left == 0, "undo: a journal of noise is survived");
    undo_all(u);
    undo_free(u);
    must(": >" DIR "/adit0.undo");
    u = open_it("adit0", &left);
    ok(left == 0, "undo: an empty one, too");
    undo_all(u);
    undo_free(u);
}

/* What stands at the path: an ordinary file, a link, nothing, a mount point; each comes back as it was. */
static void test_files(void)
{
    unsigned left;
    struct stat st;
    struct undo *u = open_it("adit0", &left);

    must("chmod 0640 " RESOLV " && chown 0:65534 " RESOLV);
    must_be(keep_replace(u, RESOLV, slice_str("first\n"), err) == 0);
    ok(file_is(RESOLV, "first\n") && stat(RESOLV, &st) == 0 && (st.st_mode & 07777) == 0644,
       "keep: ours is readable by all");
    must_be(keep_replace(u, RESOLV, slice_str("second\n"), err) == 0);
    ok(undo_back(u) == 0 && file_is(RESOLV, ORIGINAL), "keep: replaced twice, the first is put back");
    ok(stat(RESOLV, &st) == 0 && (st.st_mode & 07777) == 0640 && st.st_gid == 65534, "keep: with its mode and owner");
    must("chmod 0644 " RESOLV "; mv " RESOLV " /run/etc/real && ln -s ../etc/real " RESOLV);
    must_be(keep_replace(u, RESOLV, slice_str(OURS), err) == 0);
    ok(file_is(RESOLV, OURS) && lstat(RESOLV, &st) == 0 && S_ISREG(st.st_mode), "keep: a link is replaced");
    ok(file_is("/run/etc/real", ORIGINAL), "keep: what it points to is not touched");
    ok(undo_back(u) == 0 && sh("test \"$(readlink " RESOLV ")\" = ../etc/real"), "keep: the link comes back");
    must_be(keep_replace(u, RESOLV, slice_str(OURS), err) == 0);
    must("rm " RESOLV " && ln -s /run/etc/real " RESOLV);
    ok(undo_back(u) == 0 && sh("test \"$(readlink " RESOLV ")\" = /run/etc/real"), "keep: a link made after us stays");
    must("ln -sfn /run/etc/nowhere " RESOLV);
    must_be(keep_replace(u, RESOLV, slice_str(OURS), err) == 0);
    ok(undo_back(u) == 0 && sh("test \"$(readlink " RESOLV ")\" = /run/etc/nowhere"), "keep: a dangling link, too");
    must("rm " RESOLV " && mv /run/etc/real " RESOLV " && cp " RESOLV " /run/bound && mount --bind /run/bound " RESOLV);
    must_be(keep_replace(u, RESOLV, slice_str(OURS), err) == 0);
    ok(file_is(RESOLV, OURS) && file_is("/run/bound", OURS), "keep: a mount point is rewritten in place");
    ok(undo_back(u) == 0 && file_is("/run/bound", ORIGINAL), "keep: and put back in place");
    must("umount " RESOLV " && mount -t tmpfs none /run/etc && printf '" ORIGINAL "' >" RESOLV);
    must("mount -o remount,ro /run/etc");
    ok(keep_replace(u, RESOLV, slice_str(OURS), err) == ERR_SYSTEM && strstr(err, RESOLV) && strstr(err, "Read-only"),
       "keep: a read-only file is told");
    ok(undo_all(u) == 0 && file_is(RESOLV, ORIGINAL), "keep: and is as it was");
    undo_free(u);
    must("umount /run/etc");
    ok(file_is(RESOLV, ORIGINAL) && sh("test -z \"$(ls -A " DIR ")\""), "keep: no copy stays");
}

static void test_folder(void)
{
    unsigned left;
    struct undo *u = NULL;

    must("mkdir -m 0777 /run/open");
    ok(undo_open("/run/open", "adit0", &u, &left, err) == ERR_SECURITY, "undo: a folder for everybody is refused");
    must("mkdir -m 0700 /run/alien && chown 65534 /run/alien");
    ok(undo_open("/run/alien", "adit0", &u, &left, err) == ERR_SECURITY, "undo: somebody else's folder is refused");
    ok(undo_open("/run/no/such", "adit0", &u, &left, err) == ERR_SYSTEM && strstr(err, "/run/no/such"),
       "undo: no folder above is told");
    ok(undo_open(DIR, "../x", &u, &left, err) == ERR_VALUE, "undo: an instance is no path");
}

int main(void)
{
    enter_check();
    must("ip link add va type veth peer name vb && ip link set vb up && ip link set va up");
    must("ip addr add 198.18.0.1/24 dev va && mkdir /run/etc && printf '" ORIGINAL "' >" RESOLV);
    must("echo 0 >/proc/sys/" FORWARD);
    test_in_order();
    test_adopted();
    test_killed();
    test_undo_killed();
    test_not_ours_any_more();
    test_instances();
    test_shared_route();
    test_take_back();
    test_corrupt();
    test_files();
    test_folder();
    return done();
}
