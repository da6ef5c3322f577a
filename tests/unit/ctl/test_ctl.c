/* aditctl as a whole: the program is run with arguments and standard input, in a folder of its own under /tmp.
 *
 * Works as root (then the program changes its root folder and user, and all runs in a network namespace of its own, since
 * aditctl refuses networks that the host has already) and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], out[8192];

static void write_config(const char *methods)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/aditd.conf", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f,
            "listen \"127.0.0.1:1\" {}\ncertificate x { chain = c key = k }\nauth { methods = {%s} }\n"
            "users = \"db/users.db\"\npool a { ipv4 = \"10.80.0.0/24\" ipv6 = \"fd00:80::/48\" }\n"
            "group staff {}\nuser Site { routed = {\"10.201.7.0/24\", \"fd00:7::/56\"} }\n",
            methods);
    fclose(f);
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/adit-ctl-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    write_config("mschapv2");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

/* Runs `printf INPUT | aditctl --config … ARGS`; the exit status; both outputs are in `out`. */
static int ctl(const char *input, const char *args)
{
    char command[1024];
    /* LeakSanitizer cannot look at a process that has left /proc behind. */
    snprintf(command, sizeof(command),
             "printf '%s' | ASAN_OPTIONS=detect_leaks=0 " ADITCTL " --config %s/aditd.conf %s 2>&1", input, folder,
             args);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(out, 1, sizeof(out) - 1, p);
    out[n] = 0;
    int status = pclose(p);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void says(const char *words)
{
    if (!strstr(out, words))
        fail_msg("\"%s\" is not in: %s", words, out);
}

static void test_add_and_list(void **state)
{
    (void)state;
    char path[128];
    struct stat st;
    assert_int_equal(ctl("clientPass\\n", "user add User"), 0);
    assert_string_equal(out, "");
    snprintf(path, sizeof(path), "%s/db/users.db", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    uid_t owner = st.st_uid;
    snprintf(path, sizeof(path), "%s/db", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(st.st_uid, owner);
    if (geteuid() == 0)
        assert_int_not_equal(owner, 0);
    assert_int_equal(ctl("clientPass\\n", "user add --ip 10.80.0.9 'J\xc3\xbcrgen X'"), 0);
    assert_int_equal(ctl("clientPass", "user add noeol"), 0);
    assert_int_equal(ctl("clientPass\\r\\n", "user add crlf"), 0);
    assert_int_equal(ctl("", "user list"), 0);
    says("NAME ");
    says("User ");
    says("10.80.0.9 ");
    assert_int_equal(ctl("", "user list --json"), 0);
    json_t *all = json_loads(out, 0, NULL);
    assert_int_equal(json_array_size(all), 4);
    json_t *one = json_array_get(all, 1);
    assert_string_equal(json_string_value(json_object_get(one, "name")), "J\xc3\xbcrgen X");
    assert_string_equal(json_string_value(json_object_get(one, "ipv4")), "10.80.0.9");
    assert_string_equal(json_string_value(json_object_get(one, "stores")), "nt");
    assert_true(json_is_false(json_object_get(one, "locked")));
    assert_true(json_is_null(json_object_get(json_array_get(all, 0), "ipv4")));
    json_decref(all);
}

static void test_changes(void **state)
{
    (void)state;
    assert_int_equal(ctl("clientPass\\n", "user add User"), 0);
    assert_int_equal(ctl("clientPass\\n", "user add uSER"), 1);
    says("there is such a user already");
    assert_int_equal(ctl("", "user lock USER"), 0);
    assert_int_equal(ctl("", "user list"), 0);
    says(" locked ");
    assert_int_equal(ctl("", "user unlock user"), 0);
    assert_int_equal(ctl("", "user list"), 0);
    assert_null(strstr(out, " locked "));
    assert_int_equal(ctl("another one\\n", "user passwd user"), 0);
    assert_int_equal(ctl("", "user del user"), 0);
    static const char *const verbs[] = { "del", "lock", "unlock", "passwd" };
    for (size_t i = 0; i < 4; i++) {
        char args[40];
        snprintf(args, sizeof(args), "user %s user", verbs[i]);
        assert_int_equal(ctl("another one\\n", args), 1);
        says("user: there is no such user");
    }
}

static void test_passwords_refused(void **state)
{
    (void)state;
    static const struct {
        const char *input, *words;
    } cases[] = {
        { "", "no password was given" },
        { "\\n", "is empty" },
        { "with\\ttab99\\n", "control character" },
        { "with\\377byte\\n", "not UTF-8" },
    };
    char longest[300];
    assert_int_equal(ctl("pass123\\n", "user add weak"), 0); /* people migrate */
    says("warning: the password is short");
    assert_int_equal(ctl("password\\n", "user passwd weak"), 0);
    says("warning: the password is one of the first");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ctl(cases[i].input, "user add User"), 1);
        says(cases[i].words);
    }
    memset(longest, 'x', 257);
    longest[0] = 'y';
    longest[257] = 0;
    assert_int_equal(ctl(longest, "user add User"), 1);
    says("more than 256 characters");
    longest[256] = 0;
    assert_int_equal(ctl(longest, "user add User"), 0);
}

static void test_names_and_addresses_refused(void **state)
{
    (void)state;
    static const char *const names[] = { "''", "' a'", "'a\\b'", "a/b", "\"$(printf 'a\\nb')\"" };
    static const struct {
        const char *ip;
        int status;
        const char *words;
    } ips[] = {
        { "10.80.0.1", 1, "the server's own" }, { "10.80.0.0", 1, "network's" },
        { "10.80.0.255", 1, "broadcast" },      { "10.81.0.1", 1, "none of the pools" },
        { "x", 2, "not an IPv4 address" },      { "10.80.0.5/24", 2, "not an IPv4" },
        { "::1", 2, "not an IPv4 address" },    { "0.0.0.0", 2, "not an IPv4" },
        { "10.80.0.256", 2, "not an IPv4" },
    };
    char args[100];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(args, sizeof(args), "user add %s", names[i]);
        assert_int_equal(ctl("clientPass", args), 1);
        says("a user's name may not");
    }
    for (size_t i = 0; i < sizeof(ips) / sizeof(ips[0]); i++) {
        snprintf(args, sizeof(args), "user add User --ip %s", ips[i].ip);
        assert_int_equal(ctl("clientPass", args), ips[i].status);
        says(ips[i].words);
    }
    assert_int_equal(ctl("clientPass", "user add a --ip 10.80.0.9"), 0);
    assert_int_equal(ctl("clientPass", "user add b --ip 10.80.0.9"), 1);
    says("another user has this fixed address");
}

static void test_networks(void **state)
{
    (void)state;
    static const struct {
        const char *args, *words;
    } refused[] = {
        { "--ip 10.80.0.1", "the server's own" },
        { "--ipv6 fd00:80::/64", "the server's own" },
        { "--ipv6 fd00:81::/64", "none of the pools" },
        { "--group other", "has no group \"other\"" },
        { "--routed 10.80.0.128/25", "10.80.0.128/25 overlaps pool \"a\"" },
        { "--routed fd00:80:0:100::/56", "fd00:80:0:100::/56 overlaps pool \"a\"" },
        { "--routed 10.201.0.0/16", "overlaps 10.201.7.0/24, which the configuration has behind user \"Site\"" },
        { "--routed 127.0.0.0/16", "the network of this host's interface lo" },
        { "--routed 10.202.8.0/22", "overlaps 10.202.9.0/24, which is behind user b" },
    };
    char args[200];
    assert_int_equal(ctl("clientPass", "user add a"), 0);
    assert_int_equal(ctl("clientPass", "user add b --routed 10.202.9.0/24,fd00:9::/56 --group staff"), 0);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        snprintf(args, sizeof(args), "user set a %s", refused[i].args);
        assert_int_equal(ctl("", args), 1);
        says(refused[i].words);
        snprintf(args, sizeof(args), "user add c %s", refused[i].args);
        assert_int_equal(ctl("clientPass", args), 1);
        says(refused[i].words);
    }
    assert_int_equal(ctl("", "user set a --ipv6 fd00:80:0:5::/64 --routed 10.203.0.0/24"), 0);
    assert_int_equal(ctl("", "user set A --ip 10.80.0.7"), 0);            /* the others stay */
    assert_int_equal(ctl("", "user set site --routed 10.201.7.0/25"), 1); /* its own block is in nobody's way */
    says("there is no such user");
    assert_int_equal(ctl("", "user list --json"), 0);
    json_t *all = json_loads(out, 0, NULL), *a = json_array_get(all, 0), *b = json_array_get(all, 1);
    assert_int_equal(json_array_size(all), 2);
    assert_string_equal(json_string_value(json_object_get(a, "ipv4")), "10.80.0.7");
    assert_string_equal(json_string_value(json_object_get(a, "ipv6")), "fd00:80:0:5::/64");
    assert_true(json_is_null(json_object_get(a, "group")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(a, "routed"), 0)), "10.203.0.0/24");
    assert_string_equal(json_string_value(json_object_get(b, "group")), "staff");
    assert_int_equal(json_array_size(json_object_get(b, "routed")), 2);
    json_decref(all);
    assert_int_equal(ctl("", "user set b --routed none --group none"), 0);
    assert_int_equal(ctl("", "user set a --routed 10.202.9.0/24 --ipv6 none"), 0);
    assert_int_equal(ctl("", "user list --json"), 0);
    assert_null(strstr(out, "staff"));
    assert_null(strstr(out, "fd00:80:0:5"));
}

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(ctl("clientPass", "user add User --pap-only"), 1);
    says("does not name pap");
    assert_int_equal(ctl("clientPass", "user add User --reversible"), 1);
    says("does not name chap");
    write_config("chap, pap");
    assert_int_equal(ctl("clientPass", "user add slow --pap-only"), 0);
    assert_string_equal(out, "");
    assert_int_equal(ctl("clientPass", "user add rev --reversible"), 0);
    says("warning: the password itself is stored");
    assert_int_equal(ctl("clientPass", "user add nt"), 0);
    assert_int_equal(ctl("clientPass2", "user passwd slow"), 0); /* keeps its kind */
    assert_int_equal(ctl("", "user list --json"), 0);
    says("\"pap-only\"");
    says("\"reversible\"");
    says("\"nt\"");
    write_config("chap");
    assert_int_equal(ctl("clientPass", "user add other"), 1);
    says("names chap alone, which needs --reversible");
    write_config("mschapv2");
    assert_int_equal(ctl("clientPass", "user passwd slow"), 1);
    says("does not name pap");
}

static void test_usage(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "frob",
        "user",
        "user frob",
        "user add",
        "user add a b",
        "user list x",
        "user del",
        "user add a --json",
        "user lock a --ip 10.80.0.5",
        "user add a --pap-only --reversible",
        "--bogus",
        "user del a --pap-only",
        "user add a --ip",
        "user set a",
        "user set --ip none",
        "user passwd a --group staff",
        "user set a --ipv6 fd00:80::/48",
        "user set a --ipv6 10.80.0.5",
        "user set a --group ''",
        "user set a --routed ''",
        "user set a --routed 10.9.0.1/16",
        "user set a --routed 10.0.0.0/7",
        "user set a --routed 10.9.0.0/16,",
        "user set a --routed 10.9.0.0/16,10.9.8.0/24",
        "user set a --routed "
        "10.1.0.0/16,10.2.0.0/16,10.3.0.0/16,10.4.0.0/16,10.5.0.0/16,10.6.0.0/16,10.7.0.0/16,10.8.0.0/16,"
        "10.9.0.0/16",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(ctl("clientPass", wrong[i]), 2);
        says("aditctl --help");
    }
    assert_int_equal(ctl("", "--help"), 0);
    says("Usage: aditctl");
    assert_int_equal(ctl("", "--version"), 0);
    says("aditctl 0.");
    assert_int_equal(ctl("", "user list --config /nonexistent.conf"), 2);
    says("/nonexistent.conf: there is no such file; name the configuration with --config FILE");
    write_config("mschap");
    assert_int_equal(ctl("", "user list"), 2);
    says("aditd.conf:3: auth { methods }: \"mschap\"");
}

static void test_database_refused(void **state)
{
    (void)state;
    char path[128];
    assert_int_equal(ctl("", "user list"), 1); /* only add makes it */
    says("there are no users yet");
    assert_int_equal(ctl("clientPass", "user add User"), 0);
    snprintf(path, sizeof(path), "%s/db/users.db", folder);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(ctl("", "user list"), 1);
    says("others may read or write it");
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(ctl("clientPass", "user add Other"), 1);
    snprintf(path, sizeof(path), "%s/db", folder);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 0, 0), 0);
        assert_int_equal(ctl("", "user list"), 1);
        says("must belong to");
    }
}

/* A host whose only network is that of lo; stays on this machine's where it may not make one. */
static void leave_the_network(void)
{
    struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int s = unshare(CLONE_NEWNET) < 0 ? -1 : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return;
    if (ioctl(s, SIOCSIFFLAGS, &r) < 0)
        abort();
    close(s);
}

int main(void)
{
    leave_the_network();
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_add_and_list),
        T(test_changes),
        T(test_passwords_refused),
        T(test_names_and_addresses_refused),
        T(test_networks),
        T(test_kinds),
        T(test_usage),
        T(test_database_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
