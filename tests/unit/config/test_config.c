/* The configuration file: what is read, and what is refused with which words and which line. */
#include "config_help.h"

#include "crypto/binding.h"

#include <sys/stat.h>
#include <unistd.h>

_Static_assert((int)CONFIG_SHA1 == (int)BINDING_SHA1 && (int)CONFIG_SHA256 == (int)BINDING_SHA256, "the same bits");

static void test_defaults(void **state)
{
    (void)state;
    good(BASE);
    assert_string_equal(got.path, "/etc/adit/t.conf");
    assert_int_equal(got.n_listens, 1);
    assert_int_equal(got.listens[0].port, 443);
    assert_int_equal(got.listens[0].addr.family, 4);
    assert_string_equal(got.certificate.name, "vpn");
    assert_string_equal(got.certificate.chain, "/etc/adit/c.pem");
    assert_string_equal(got.certificate.key, "/etc/adit/k.pem");
    assert_int_equal(got.n_methods, 2);
    assert_int_equal(got.methods[0], AUTH_EAP_MSCHAPV2);
    assert_int_equal(got.methods[1], AUTH_MSCHAPV2);
    assert_int_equal(got.binding_mask, BINDING_SHA1 | BINDING_SHA256);
    assert_string_equal(got.users, "/var/lib/adit/users.db");
    assert_int_equal(got.n_pools, 1);
    assert_string_equal(got.pools[0].name, "default");
    assert_int_equal(config_server_ipv4(&got), 0x0a500001);
    assert_true(got.dns_system);
    assert_int_equal(got.n_dns, 0);
    assert_int_equal(got.n_nbns, 0);
    assert_string_equal(got.interface, "adit0");
    assert_false(got.nat);
    assert_string_equal(got.outer, "");
    assert_int_equal(got.workers, 0);
    assert_true(got.steering);
    assert_string_equal(got.state_dir, "/run/adit");
    assert_string_equal(got.control, "/run/adit/control");
    assert_string_equal(got.admin_group, "");
    assert_int_equal(got.upgrade_deadline, 86400000);
    assert_string_equal(got.sandbox, "kill");
    assert_int_equal(got.mtu, 4090);
    assert_int_equal(got.limit.tls, 10000);
    assert_int_equal(got.limit.http, 10000);
    assert_int_equal(got.limit.request, 60000);
    assert_int_equal(got.limit.auth, 60000);
    assert_int_equal(got.limit.ncp, 60000);
    assert_int_equal(got.limit.hello, 60000);
    assert_int_equal(got.limit.watchdog, 5000);
    assert_int_equal(got.limit.half_open, 4096);
    assert_int_equal(got.limit.half_open_address, 64);
    assert_int_equal(got.limit.sessions, 10000);
    assert_string_equal(got.log_level, "info");
}

static void test_everything_set(void **state)
{
    (void)state;
    good("listen '[2001:db8::1]:8443' {}  # six\nlisten \"127.0.0.1:1\" {}\n" CERT
         "auth { methods = {PAP, chap, mschapv2, \"eap-mschapv2\"} }\n"
         "users = \"/u/users.db\"\npool a { ipv4 = 10.0.0.0/8 }\npool b { ipv4 = \"192.168.7.0/29\" }\n"
         "dns = {1.1.1.1, \"9.9.9.9\"}\nnbns = {10.1.1.1}\ninterface = vpn.1\nmtu = 1280 nat = yes outer = eth0\n"
         "workers = 3 steering = off user = nobody state_dir = run control = c/s admin_group = staff upgrade_deadline "
         "= 2h\n/* a\n comment "
         "*/\n"
         "limits { tls = 500ms http=1 request = 2m auth = 1h ncp = 3s hello = 15s half_open = 9\n"
         " watchdog = 7s"
         " half_open_address = 9 sessions = 7 }\nlog { level = debug }\n");
    assert_int_equal(got.n_listens, 2);
    assert_string_equal(got.listens[0].text, "[2001:db8::1]:8443");
    assert_int_equal(got.listens[0].addr.family, 6);
    assert_int_equal(got.listens[1].port, 1);
    assert_int_equal(got.n_methods, 4);
    assert_int_equal(got.methods[0], AUTH_PAP);
    assert_int_equal(got.methods[3], AUTH_EAP_MSCHAPV2);
    assert_int_equal(got.n_pools, 2);
    assert_int_equal(got.n_dns, 2);
    assert_false(got.dns_system);
    assert_int_equal(prefix_v4_addr(&got.dns[1]), 0x09090909);
    assert_int_equal(got.n_nbns, 1);
    assert_string_equal(got.interface, "vpn.1");
    assert_true(got.nat);
    assert_string_equal(got.outer, "eth0");
    assert_int_equal(got.workers, 3);
    assert_false(got.steering);
    assert_string_equal(got.user, "nobody");
    assert_string_equal(got.state_dir, "/etc/adit/run");
    assert_string_equal(got.control, "/etc/adit/c/s");
    assert_string_equal(got.admin_group, "staff");
    assert_int_equal(got.upgrade_deadline, 7200000);
    assert_int_equal(got.limit.tls, 500);
    assert_int_equal(got.limit.http, 1000);
    assert_int_equal(got.limit.request, 120000);
    assert_int_equal(got.limit.auth, 3600000);
    assert_int_equal(got.limit.half_open, 9);
    assert_int_equal(got.limit.watchdog, 7000);
    assert_int_equal(got.limit.sessions, 7);
    assert_string_equal(got.log_level, "debug");
}

static void test_control(void **state)
{
    char text[2048], path[300];
    (void)state;
    memset(path, 'a', sizeof(path));
    for (unsigned n = 106; n <= 108; n++) {
        snprintf(text, sizeof(text), BASE "control = \"/%.*s\"\n", n - 1, path);
        if (n <= 107)
            good(text);
        else
            bad(text, "4: control: the path of a socket may have 107 bytes at most");
    }
    snprintf(text, sizeof(text), BASE "state_dir = \"/%.*s\"\n", 105, path); /* and /control */
    bad(text, "4: control: the path of a socket may have 107 bytes at most");
    bad(BASE "control = \"\"\n", "4: control: \"\" is empty");
    good(BASE "debug { sandbox = off }\n");
    assert_string_equal(got.sandbox, "off");
    bad(BASE "debug { sandbox = on }\n", "4: debug { sandbox }: \"on\" is none of kill, log and off");
    bad(BASE "upgrade_deadline = 169h\n", "4: upgrade_deadline: \"169h\" is not between 0 and 604800000 ms");
    bad(BASE "admin_group = \"\"\n", "4: admin_group: \"\" is not a group's name");
}

static void test_syntax(void **state)
{
    (void)state;
    bad(BASE "interfce = x\n", "4: no option \"interfce\"; did you mean \"interface\"?");
    bad(BASE "limits {\n tsl = 5 }\n", "5: no option \"tsl\" in limits; did you mean \"tls\"?");
    bad(BASE "tls = 5\n", "4: no option \"tls\"; it belongs into limits");
    bad(BASE "log { nat = true }\n", "4: no option \"nat\" in log; it belongs into the file itself");
    bad(BASE "qqqqqqqq = 5\n", "4: no option \"qqqqqqqq\"");
    bad(BASE "users = \"${HOME}/x\"\n", "4: ${...} is not expanded here: write the value itself");
    bad(BASE "users = ${HOME}\n", "4: ${...} is not expanded here: write the value itself");
    bad(BASE "users = \"a\n\"\n", "4: a string does not end on its line");
    bad(BASE "users = 'a", "4: a string does not end on its line");
    bad(BASE "users = \"a\\\"b\"", "4: a backslash is not allowed");
    bad(BASE "users = \"a|b\"", "4: the character | is not allowed");
    bad(BASE "users = \"a\x01\"", "4: a control character in a string");
    bad(BASE "limits|tls = 5\n", "4: an unexpected character; put values into quotes");
    bad(BASE "users = a*b\n", "4: an unexpected character; put values into quotes");
    bad(BASE "users = \xc3\xbc\n", "4: an unexpected character; put values into quotes");
    bad(BASE "include(\"/etc/passwd\")\n", "4: an unexpected character; put values into quotes");
    bad(BASE "\n\n/* open\n\n", "6: a comment begins here and does not end");
    bad(BASE "\nlimits {\n tls = 5\n", "5: a { on this line is never closed");
    bad(BASE "dns = { \"192.0.2.1\",\n", "4: a { on this line is never closed");
    bad(BASE "limits { # }\n \n", "4: a { on this line is never closed");
    bad(BASE "nat true\n", "4: missing equal sign after option 'nat'");
    bad(BASE "pool { }\n", "4: missing title for section 'pool'");
    bad(BASE "}\n", "4: unexpected closing brace");
    bad(BASE "nat = }\n", "4: unexpected token '}'");
    bad(BASE "\"\" = 1\n", "4: syntax error");
    bad(BASE "mtu += 5\n", "4: attempt to append to non-list option 'mtu'");
    assert_int_equal(read_as(BASE "nat = \0true", sizeof(BASE) + 11, false), 2);
    assert_string_equal(complaints, "/etc/adit/t.conf:4: an unexpected character; put values into quotes\n");
    /* libconfuse's own option names cannot be reached. */
    bad(BASE "\" begin\" = x\n", "4: no option \" begin\"");
}

static void test_syntax_that_is_fine(void **state)
{
    (void)state;
    good(BASE "# ${HOME} in a comment, 'open\n// \"open\n");
    good(BASE "users = '/a/$b#c//d/*e' # it is a name\n");
    assert_string_equal(got.users, "/a/$b#c//d/*e");
}

static void test_lists(void **state)
{
    (void)state;
    good(BASE "auth { methods = mschapv2 }");
    assert_int_equal(got.n_methods, 1);
    good(BASE "dns = {1.1.1.1} dns += {2.2.2.2}\n");
    assert_int_equal(got.n_dns, 2);
    good(BASE "dns = none\n");
    assert_int_equal(got.n_dns, 0);
    assert_false(got.dns_system);
    bad(BASE "dns = {1.1.1.1, none}", "4: dns: \"none\" is not an IP address");
    bad(BASE "dns = { /* x */ }\n", "4: an empty list; leave the option out, or write what you want");
    bad(BASE "auth { methods = {\n} }\n", "5: an empty list; leave the option out, or write what you want");
    bad(BASE "auth { methods += {} }\n", "4: an empty list; leave the option out, or write what you want");
    bad(BASE "dns = {1.1.1.1}\ndns = {2.2.2.2}", "5: dns is set a second time; the first is in line 4");
    bad(BASE "dns = {1.1.1.1, 1.1.1.1}", "4: dns: \"1.1.1.1\" is named twice");
    bad(BASE "dns = {1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4, 1.1.1.5, 1.1.1.6, 1.1.1.7, 1.1.1.8, 1.1.1.9}",
        "4: dns: \"1.1.1.9\" is one too many");
    bad(BASE "nbns = {1.1.1.1, 1.1.1.2, 1.1.1.3}", "4: nbns: \"1.1.1.3\" is one too many");
    bad(BASE "dns = {system, 1.1.1.1}",
        "4: dns: \"1.1.1.1\" stands beside \"system\": list addresses, or \"system\", not both");
    bad(BASE "dns = {1.1.1.1, system}", "4: dns: \"system\" stands alone: list addresses, or \"system\", not both");
    good(BASE "dns = {2001:db8::1}");
    bad(BASE "dns = {\"::1\"}", "4: dns: \"::1\" is no address that a client could reach");
    bad(BASE "dns = {1.1.1.1/24}", "4: dns: \"1.1.1.1/24\" is not an IP address");
    bad(BASE "dns = {127.0.0.1}", "4: dns: \"127.0.0.1\" is no address that a client could reach");
    bad(BASE "dns = {0.0.0.0}", "4: dns: \"0.0.0.0\" is no address that a client could reach");
    bad(BASE "dns = {224.0.0.1}", "4: dns: \"224.0.0.1\" is no address that a client could reach");
}

static void test_twice(void **state)
{
    (void)state;
    bad(BASE "mtu = 1400\nmtu = 1300\n", "5: mtu is set a second time; the first is in line 4");
    bad(BASE "limits { tls = 5 }\nlimits { http = 5 }\n", "5: limits is set a second time; the first is in line 4");
    bad(BASE "limits { tls = 5\ntls = 6 }\n", "5: limits { tls } is set a second time; the first is in line 4");
    bad(BASE LISTEN, "4: listen: \"0.0.0.0:443\" is there twice");
    bad(BASE "listen \"[::]:1\" {}\nlisten \"[0::0]:1\" {}\n", "5: listen: \"[0::0]:1\" is there twice");
    bad(BASE POOL, "4: pool: \"default\" is there twice");
    bad(BASE "certificate \"other\" {}\n",
        "4: certificate: \"other\" is a second certificate; several come in a later version");
}

static void test_listen(void **state)
{
    (void)state;
    static const char *const addresses[] = { "0.0.0.0",         "443",           ":443",
                                             "::1:443",         "[::1]",         "[]:443",
                                             "[::1:443",        "1.2.3:443",     "[1.2.3.4]:443",
                                             "example.com:443", "1.2.3.4/8:443", "" };
    char text[200], want[200];
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        snprintf(text, sizeof(text), "listen \"%s\" {}\n" CERT POOL, addresses[i]);
        assert_int_equal(read_as(text, strlen(text), false), 2);
        snprintf(want, sizeof(want), "/etc/adit/t.conf:1: listen: \"%s\" is not an address and port", addresses[i]);
        assert_memory_equal(complaints, want, strlen(want));
    }
    static const char *const ports[] = { "", "0", "65536", "99999999999999999999", "-1", "+1", "4x", " 443" };
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        snprintf(text, sizeof(text), "listen \"1.2.3.4:%s\" {}\n" CERT POOL, ports[i]);
        assert_int_equal(read_as(text, strlen(text), false), 2);
        snprintf(want, sizeof(want), "/etc/adit/t.conf:1: listen: \"1.2.3.4:%s\" has no port between 1 and 65535\n",
                 ports[i]);
        assert_string_equal(complaints, want);
    }
    good("listen \"1.2.3.4:65535\" {}\n" CERT POOL);
    char many[4000] = CERT POOL;
    for (unsigned i = 1; i <= CONFIG_LISTENS; i++)
        snprintf(many + strlen(many), 100, "listen \"1.2.3.4:%u\" {}\n", i);
    good(many);
    strcat(many, "listen \"1.2.3.4:99\" {}\n");
    bad(many, "19: listen: \"1.2.3.4:99\" is one too many");
}

static void test_pools(void **state)
{
    (void)state;
    static const struct {
        const char *ipv4, *words;
    } cases[] = {
        { "10.80.0.1/24", "has bits set behind its length" },
        { "10.80.0.0/31", "is too small: /30 is the smallest" },
        { "10.80.0.0/32", "is too small: /30 is the smallest" },
        { "10.0.0.0/7", "is too large: /8 is the largest" },
        { "0.0.0.0/0", "is too large: /8 is the largest" },
        { "10.80.0.0", "is not an IPv4 network such as 10.80.0.0/24" },
        { "10.80.0.0/33", "is not an IPv4 network such as 10.80.0.0/24" },
        { "fd00::/64", "is not an IPv4 network such as 10.80.0.0/24" },
        { "", "is not an IPv4 network such as 10.80.0.0/24" },
        { "127.0.0.0/8", "is no network for hosts" },
        { "224.0.0.0/24", "is no network for hosts" },
        { "0.0.0.0/8", "is no network for hosts" },
    };
    char text[300], want[300];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), LISTEN CERT "pool x { ipv4 = \"%s\" }\n", cases[i].ipv4);
        snprintf(want, sizeof(want), "3: pool { ipv4 }: \"%s\" %s", cases[i].ipv4, cases[i].words);
        bad(text, want);
    }
    bad(LISTEN CERT "pool x {}\n", "3: pool \"x\" has neither ipv4 nor ipv6 nor dhcp");
    bad(BASE "pool x { ipv4 = 10.80.0.128/25 }\n", "4: pool \"x\" (10.80.0.128/25) overlaps pool \"default\"");
    bad(BASE "pool x { ipv4 = 10.0.0.0/8 }\n", "4: pool \"x\" (10.0.0.0/8) overlaps pool \"default\"");
    good(BASE "pool x { ipv4 = 10.80.1.0/24 }\n");
    good(BASE "pool x { ipv4 = 10.80.1.0/30 }\n");
}

static void test_values(void **state)
{
    (void)state;
    bad(BASE "auth { methods = mschap2 }",
        "4: auth { methods }: \"mschap2\" is no method that we know; did you mean \"mschapv2\"?");
    bad(BASE "auth { methods = {pap, pap} }", "4: auth { methods }: \"pap\" is named twice");
    bad(BASE "interface = abcdefghijklmnop", "4: interface: \"abcdefghijklmnop\" is not 1 to 15 characters long");
    bad(BASE "interface = \"\"", "4: interface: \"\" is not 1 to 15 characters long");
    bad(BASE "interface = \"a/b\"",
        "4: interface: \"a/b\" may hold letters, digits and _ . - only, and begin with none of the last two");
    bad(BASE "interface = \"..\"",
        "4: interface: \"..\" may hold letters, digits and _ . - only, and begin with none of the last two");
    bad(BASE "nat = maybe", "4: nat: \"maybe\" is neither true nor false");
    bad(BASE "user = root", "4: user: \"root\" may not be root: the point of it is to be harmless");
    bad(BASE "user = \"\"", "4: user: \"\" is not a user's name");
    bad(BASE "users = \"\"", "4: users: \"\" is empty");
    bad(BASE "log { level = inf }", "4: log { level }: \"inf\" is no level; did you mean \"info\"?");
    bad(BASE "nat = true outer = adit0", "4: outer is the tunnel interface itself");
    assert_int_equal(read_as(BASE "limits { half_open = 10 }", strlen(BASE) + 25, false), 2);
    assert_non_null(strstr(complaints, "limits { half_open_address } is larger than half_open"));
}

static void test_binding(void **state)
{
    (void)state;
    good(BASE "binding = sha1");
    assert_int_equal(got.binding_mask, BINDING_SHA1);
    good(BASE "binding = {\"sha256\"}");
    assert_int_equal(got.binding_mask, BINDING_SHA256);
    bad(BASE "binding = {}", "4: an empty list; leave the option out, or write what you want");
    bad(BASE "binding = {sha1, sha1}", "4: binding: \"sha1\" is named twice");
    bad(BASE "binding = {sha1, md5}",
        "4: binding: \"md5\" is no hash of the crypto binding; these are sha256 and sha1");
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *option, *value, *words;
    } cases[] = {
        { "mtu", "575", "is not between 576 and 4090" },
        { "mtu", "4091", "is not between 576 and 4090" },
        { "mtu", "65536", "is not between 576 and 4090" },
        { "mtu", "67136", "is not between 576 and 4090" }, /* 65536 + 1600 */
        { "mtu", "4294968696", "is not between 576 and 4090" },
        { "mtu", "-1", "is not a number" },
        { "mtu", "0x500", "is not a number" },
        { "mtu", "1e3", "is not a number" },
        { "mtu", "", "is not a number" },
        { "mtu", "99999999999999999999", "is not a number" },
        { "workers", "257", "is not between 0 and 256" },
    };
    char text[300], want[300];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), BASE "%s = \"%s\"", cases[i].option, cases[i].value);
        snprintf(want, sizeof(want), "4: %s: \"%s\" %s", cases[i].option, cases[i].value, cases[i].words);
        bad(text, want);
    }
    good(BASE "mtu = 576");
    good(BASE "mtu = 4000");
    static const char *const times[] = { "5x", "", "s", "5 s", "5S", "-5s", "1.5s", "5sm", "99999999999999s" };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        snprintf(text, sizeof(text), BASE "limits { tls = \"%s\" }", times[i]);
        snprintf(want, sizeof(want), "4: limits { tls }: \"%s\" is not a time: write 10s, 500ms, 2m or 1h", times[i]);
        bad(text, want);
    }
    bad(BASE "limits { tls = 99ms }", "4: limits { tls }: \"99ms\" is not between 100 and 3600000 ms");
    bad(BASE "limits { tls = 61m }", "4: limits { tls }: \"61m\" is not between 100 and 3600000 ms");
    bad(BASE "limits { sessions = 0 }", "4: limits { sessions }: \"0\" is not between 1 and 1000000");
}

static void test_missing(void **state)
{
    (void)state;
    assert_int_equal(read_as("", 0, false), 2);
    assert_string_equal(complaints,
                        "/etc/adit/t.conf: there is no listen block: add listen \"0.0.0.0:443\" {}\n"
                        "/etc/adit/t.conf: there is no certificate block\n"
                        "/etc/adit/t.conf: there is no pool block: add pool \"default\" { ipv4 = \"10.80.0.0/24\" }\n");
    bad(LISTEN POOL "certificate x { chain = a }\n", "3: the certificate block has no key");
    bad(LISTEN POOL "certificate x { key = a }\n", "3: the certificate block has no chain");
}

/* All wrong values of a file come in one run, in the order of the file. */
static void test_all_at_once(void **state)
{
    (void)state;
    const char *text = "listen \"x\" {}\n" CERT "pool a { ipv4 = 1 }\nmtu = 1\nnat = 2\nlog { level = 3 }\n";
    assert_int_equal(read_as(text, strlen(text), false), 2);
    const char *at = complaints;
    for (unsigned line = 1; line <= 6; line++) {
        char want[40];
        snprintf(want, sizeof(want), "t.conf:%u: ", line);
        if (line == 2)
            continue;
        at = strstr(at, want);
        assert_non_null(at);
    }
}

static void test_long_values(void **state)
{
    (void)state;
    static char text[5000], value[3000];
    memset(value, 'a', sizeof(value) - 1);
    snprintf(text, sizeof(text), BASE "users = \"/%s\"", value);
    assert_int_equal(read_as(text, strlen(text), false), 2);
    assert_non_null(strstr(complaints, "is too long"));
    value[CONFIG_PATH - 2] = 0; /* with the slash one byte less than CONFIG_PATH */
    snprintf(text, sizeof(text), BASE "users = \"/%s\"", value);
    good(text);
    snprintf(text, sizeof(text), BASE "users = \"%s\"", value); /* plus the folder */
    assert_int_equal(read_as(text, strlen(text), false), 2);
    value[64] = 0;
    snprintf(text, sizeof(text), BASE "pool \"%s\" {}", value);
    assert_int_equal(read_as(text, strlen(text), false), 2);
    assert_non_null(strstr(complaints, "is not a name of 1 to 63 characters"));
    value[32] = 0;
    snprintf(text, sizeof(text), BASE "user = \"%s\"", value);
    assert_int_equal(read_as(text, strlen(text), false), 2);
}

/* The server's own address as resolver: refused where nothing could answer there (only judged together with files). */
static void test_files(void **state)
{
    (void)state;
    const char *text = BASE "user = \"no-such-user-here\" users = \"/nonexistent/u.db\"\n";
    assert_int_equal(read_as(text, strlen(text), false), 0);
    assert_int_equal(read_as(text, strlen(text), true), 2);
    assert_string_equal(complaints,
                        "/etc/adit/t.conf:2: certificate { chain }: /etc/adit/c.pem: No such file or directory\n"
                        "/etc/adit/t.conf:2: certificate { key }: /etc/adit/k.pem: No such file or directory\n"
                        "/etc/adit/t.conf:4: users: /nonexistent/u.db: there is no database yet; make it with: "
                        "aditctl user add NAME\n"
                        "/etc/adit/t.conf:4: user: there is no user \"no-such-user-here\" on this host\n");
    const char *folder = LISTEN POOL "certificate x { chain = \"/\" key = \"/dev/null\" }\n";
    assert_int_equal(read_as(folder, strlen(folder), true), 2);
    assert_non_null(strstr(complaints, ":3: certificate { chain }: /: not a file\n"));
    assert_non_null(strstr(complaints, ":3: certificate { key }: /dev/null: not a file\n"));
    const char *lan = LISTEN CERT "pool x { dhcp = nosuchlan }\n";
    assert_int_equal(read_as(lan, strlen(lan), true), 2);
    assert_non_null(strstr(complaints, ":3: pool \"x\": dhcp: there is no interface \"nosuchlan\" on this host\n"));
}

static void test_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/adit-config-XXXXXX";
    FILE *sink = fopen("/dev/null", "w");
    assert_non_null(sink);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, BASE, strlen(BASE)), strlen(BASE));
    assert_int_equal(config_read(path, &got, sink, false), 0);
    assert_string_equal(got.path, path);
    assert_string_equal(got.certificate.chain, "/tmp/c.pem");
    assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
    assert_int_equal(config_read(path, &got, sink, false), 2);
    close(fd);
    unlink(path);
    assert_int_equal(config_read(path, &got, sink, false), 2);
    assert_int_equal(config_read("/", &got, sink, false), 2);
    assert_int_equal(config_read("", &got, sink, false), 2);
    fclose(sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything_set),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_syntax_that_is_fine),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_from_a_file),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(complaints);
    return failed;
}
