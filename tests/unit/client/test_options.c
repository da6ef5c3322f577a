/* The command line of adit: what is taken, what is refused, and in which words. */
#include "client/options.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define PIN "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static struct options o;
static char said[4096];

/* Reads `adit ARGS` (words between blanks); what was printed on descriptor `fd` is in `said`. */
static int run(int fd, const char *args)
{
    static char copy[8192];
    char *argv[256] = { "adit" }, *save = NULL;
    int argc = 1, catch = memfd_create("said", 0), keep = dup(fd);
    snprintf(copy, sizeof copy, "%s", args);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    fflush(NULL);
    assert_true(catch >= 0 && keep >= 0 && dup2(catch, fd) == fd);
    optind = 0;
    int r = options_read(argc, argv, &o);
    fflush(NULL);
    assert_int_equal(dup2(keep, fd), fd);
    ssize_t n = pread(catch, said, sizeof said - 1, 0);
    assert_true(n >= 0);
    said[n] = '\0';
    close(catch);
    close(keep);
    return r;
}

static void taken(const char *args)
{
    int r = run(STDERR_FILENO, args);
    if (r || said[0])
        fail_msg("%s: %d, %s", args, r, said);
}

static void refused(const char *args, const char *words)
{
    int r = run(STDERR_FILENO, args);
    if (r != 100 + EXIT_USAGE)
        fail_msg("%s: %d", args, r);
    if (!strstr(said, words))
        fail_msg("%s: no \"%s\" in: %s", args, words, said);
    if (strncmp(said, "adit: ", 6) != 0 || said[strlen(said) - 1] != '\n' || !strstr(said, "adit --help"))
        fail_msg("%s: %s", args, said);
}

static void test_defaults(void **state)
{
    (void)state;
    taken("connect --user alice vpn.example.com");
    assert_string_equal(o.host, "vpn.example.com");
    assert_false(o.host_is_ip);
    assert_int_equal(o.port, 443);
    assert_string_equal(o.user, "alice");
    assert_string_equal(o.interface, "sstp0");
    assert_string_equal(o.state_dir, "/run/adit");
    assert_null(o.password_file);
    assert_null(o.ca_file);
    assert_int_equal(o.n_pins + o.n_routes, 0);
    assert_false(o.no_route || o.no_dns || o.allow_ipv6_outside || o.verbose);
    /* PAP and CHAP only where they are asked for */
    assert_int_equal(o.n_methods, 2);
    assert_int_equal(o.methods[0], AUTH_EAP_MSCHAPV2);
    assert_int_equal(o.methods[1], AUTH_MSCHAPV2);
}

static void test_everything(void **state)
{
    (void)state;
    taken("connect --user D\\u --password-file p --ca c --pin " PIN " --pin " PIN
          " --interface vpn-1.x --route 10.0.0.0/8"
          " --route 192.0.2.7 --no-dns --methods pap,CHAP --allow-ipv6-outside -v [fd00::1]:4443");
    assert_string_equal(o.user, "D\\u");
    assert_string_equal(o.password_file, "p");
    assert_string_equal(o.ca_file, "c");
    assert_int_equal(o.n_pins, 2);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(o.pins[1][i], i);
    assert_string_equal(o.interface, "vpn-1.x");
    assert_int_equal(o.n_routes, 2);
    assert_int_equal(o.routes[0].len, 8);
    assert_int_equal(o.routes[1].len, 32);
    assert_int_equal(o.n_methods, 2);
    assert_int_equal(o.methods[0], AUTH_PAP);
    assert_int_equal(o.methods[1], AUTH_CHAP_MD5);
    assert_true(o.no_dns && o.allow_ipv6_outside && o.verbose && !o.no_route);
    assert_int_equal(o.port, 4443);
    assert_int_equal(o.host_ip.family, 6);
    taken("connect vpn.example.com --user alice --verbose --no-route"); /* options may stand behind */
    assert_true(o.no_route && o.verbose);
}

static void test_help(void **state)
{
    (void)state;
    assert_int_equal(run(STDOUT_FILENO, "--help"), 100);
    static const char *const options[] = {
        "--user",    "--password-file",      "--ca",     "--pin", "--interface", "--route", "--no-route", "--no-dns",
        "--methods", "--allow-ipv6-outside", "--verbose"
    };
    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++)
        assert_non_null(strstr(said, options[i]));
    assert_int_equal(run(STDOUT_FILENO, "--version"), 100);
    assert_int_equal(strncmp(said, "adit ", 5), 0);
}

static void test_wrong_usage(void **state)
{
    (void)state;
    static const struct {
        const char *args, *words;
    } rows[] = {
        { "", "adit connect SERVER" },
        { "dial --user a s", "adit connect SERVER" },
        { "connect --user a", "no server" },
        { "connect --user a s t", "one server" },
        { "connect s", "no user" },
        { "connect --user", "requires an argument" },
        { "connect --colour s", "unrecognized option" },
        { "connect --password secret --user a s", "--password-file" },
        { "connect --password=secret --user a s", "--password-file" },
        { "connect -x --user a s", "invalid option" },
        { "connect --no=1 --user a s", "ambiguous" },
        { "connect --user a --route 10.0.0.0/8 --no-route s", "exclude each other" },
        { "connect --user a --route 10.0.0.1/8 s", "10.0.0.1/8" },
        { "connect --user a --route 10.0.0.0/33 s", "10.0.0.0/33" },
        { "connect --user a --route home s", "home" },
        { "connect --user a --methods ntlm s", "mschapv2" },
        { "connect --user a --debug-sandbox none s", "kill, log or off" },
        { "connect --user a --methods , s", "mschapv2" },
        { "connect --user a --methods pap,pap,pap,pap,pap,pap s", "mschapv2" },
        { "connect --user a --interface a/b s", "a/b" },
        { "connect --user a --interface .. s", ".." },
        { "connect --user a --interface sixteen-letters- s", "sixteen-letters-" },
        { "connect --user a --pin sha1//AAAA s", "sha1//AAAA" },
        { "connect --user a --pin sha256//AAAA s", "44 characters" },
        { "connect --user a --pin sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8* s", "44 characters" },
        { "connect --user a --pin sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A s", "44 characters" },
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(rows[i].args, rows[i].words);
}

/* One more of each list than there is room for; a name of the longest length and one byte more. */
static void test_limits(void **state)
{
    (void)state;
    static char args[8192];
    for (unsigned extra = 0; extra < 2; extra++) {
        strcpy(args, "connect --user a s");
        for (unsigned i = 0; i < OPT_PINS + extra; i++)
            strcat(args, " --pin " PIN);
        extra ? refused(args, "at most 8") : taken(args);
        strcpy(args, "connect --user a s");
        for (unsigned i = 0; i < OPT_ROUTES + extra; i++)
            strcat(args, " --route 10.0.0.0/8");
        extra ? refused(args, "at most 64") : taken(args);
        strcpy(args, "connect s --user ");
        memset(args + strlen(args), 'u', AUTH_NAME_MAX + extra);
        args[17 + AUTH_NAME_MAX + extra] = '\0';
        extra ? refused(args, "1 to 256 bytes") : taken(args);
        strcpy(args, "connect --user a ");
        memset(args + strlen(args), 's', OPT_HOST - 1 + extra);
        args[17 + OPT_HOST - 1 + extra] = '\0';
        extra ? refused(args, "a server is") : taken(args);
    }
}

static void test_servers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *header;
        unsigned port, family; /* family 0: a name */
    } right[] = {
        { "vpn.example.com", "vpn.example.com", "vpn.example.com", 443, 0 },
        { "vpn.example.com:443", "vpn.example.com", "vpn.example.com", 443, 0 },
        { "VPN_1:65535", "VPN_1", "VPN_1:65535", 65535, 0 },
        { "198.18.0.1", "198.18.0.1", "198.18.0.1", 443, 4 },
        { "198.18.0.1:1", "198.18.0.1", "198.18.0.1:1", 1, 4 },
        { "fd00::1", "fd00::1", "[fd00::1]", 443, 6 },
        { "[fd00::1]", "fd00::1", "[fd00::1]", 443, 6 },
        { "[fd00::1]:8443", "fd00::1", "[fd00::1]:8443", 8443, 6 },
        { "::1", "::1", "[::1]", 443, 6 },
    };
    for (unsigned i = 0; i < sizeof right / sizeof right[0]; i++) {
        char err[256], header[OPT_HOST + 8];
        assert_int_equal(options_server(right[i].text, &o, err), 0);
        assert_string_equal(o.host, right[i].host);
        assert_int_equal(o.port, right[i].port);
        assert_int_equal(o.host_is_ip, right[i].family != 0);
        if (o.host_is_ip)
            assert_int_equal(o.host_ip.family, right[i].family);
        options_host_header(&o, header, sizeof header);
        assert_string_equal(header, right[i].header);
    }
    static const char *const wrong[] = {
        "",
        ":443",
        "[]",
        "[]:443",
        "[fd00::1",
        "[fd00::1]443",
        "[vpn.example.com]:443",
        "[198.18.0.1]",
        "host:",
        "host:0",
        "host:65536",
        "host:+1",
        "host:4 3",
        "host:443x",
        "198.18.0.0/24",
        "fd00::/64",
        "fe80::1%eth0",
        "https://host",
        "host/path",
        "a b",
        "h\xc3\xb6st",
        "host:99999999999999999999",
        "1:2:3",
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char err[256] = "";
        if (options_server(wrong[i], &o, err) == 0 || !err[0])
            fail_msg("%s was taken", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),    cmocka_unit_test(test_everything), cmocka_unit_test(test_help),
        cmocka_unit_test(test_wrong_usage), cmocka_unit_test(test_limits),     cmocka_unit_test(test_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
