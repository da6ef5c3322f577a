/* Journal entries as text: what is written is read back, and what is not an entry is not taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/undo_text.h"

static struct prefix px(const char *s)
{
    struct prefix p;

    assert_int_equal(prefix_parse(s, true, &p), 0);
    return p;
}

static void check_round(const struct undo_entry *e, const char *want)
{
    char line[UNDO_LINE_MAX];
    struct undo_entry got;
    int n = undo_print(e, line, sizeof(line));

    assert_int_equal(n, strlen(want));
    assert_string_equal(line, want);
    line[n - 1] = 0;
    assert_int_equal(undo_parse(line, &got), 0);
    assert_int_equal(got.kind, e->kind);
    assert_string_equal(got.name, e->name ? e->name : "");
    assert_string_equal(got.old, e->old ? e->old : "");
    assert_string_equal(got.ours, e->ours ? e->ours : "");
    assert_string_equal(got.dev, e->dev ? e->dev : "");
    assert_int_equal(got.table, e->table);
    assert_int_equal(got.metric, e->metric);
    assert_true(prefix_eq(&got.prefix, &e->prefix));
    assert_true(prefix_eq(&got.via, &e->via));
}

static void test_round(void **state)
{
    (void)state;
    const struct {
        struct undo_entry e;
        const char *line;
    } rows[] = {
        { { .kind = UNDO_INTERFACE, .name = "adit0" }, "interface name=adit0\n" },
        { { .kind = UNDO_SYSCTL, .name = "net/ipv4/conf/eth0.1/forwarding", .old = "0", .ours = "1" },
          "sysctl name=net/ipv4/conf/eth0.1/forwarding old=0 ours=1\n" },
        { { .kind = UNDO_NFT_TABLE, .name = "inet adit_adit0" }, "nft name=inet%20adit_adit0\n" },
        { { .kind = UNDO_ROUTE,
            .prefix = px("0.0.0.0/0"),
            .via = px("192.0.2.1"),
            .dev = "eth0",
            .table = 4294967295,
            .metric = 9 },
          "route dst=0.0.0.0/0 via=192.0.2.1 dev=eth0 table=4294967295 metric=9\n" },
        { { .kind = UNDO_ROUTE, .prefix = px("::/0") }, "route dst=::/0\n" },
        { { .kind = UNDO_FILE, .name = "/etc/a b\n=%\x7f\xc3\xa9", .old = "", .ours = "3-ff" },
          "file name=/etc/a%20b%0a%3d%25%7f%c3%a9 ours=3-ff\n" },
        { { .kind = UNDO_RESOLVED, .name = "adit0" }, "resolved name=adit0\n" },
        { { .kind = UNDO_RESOLVCONF, .name = "tun.adit0" }, "resolvconf name=tun.adit0\n" },
        { { .kind = UNDO_PROXIES, .name = "eth1" }, "proxies name=eth1\n" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_round(&rows[i].e, rows[i].line);
}

static void test_print_bounds(void **state)
{
    (void)state;
    const struct undo_entry e = { .kind = UNDO_INTERFACE, .name = "ad t0" };
    const char *want = "interface name=ad%20t0\n";
    char line[64];

    for (size_t cap = 0; cap <= strlen(want); cap++) {
        memset(line, 'X', sizeof(line));
        assert_int_equal(undo_print(&e, line, cap), ERR_NOBUF);
        assert_int_equal(line[cap], 'X');
    }
    assert_int_equal(undo_print(&e, line, strlen(want) + 1), strlen(want));
    assert_string_equal(line, want);
    const struct undo_entry odd = { .kind = (enum undo_kind)99, .name = "x" };
    assert_int_equal(undo_print(&odd, line, sizeof(line)), ERR_VALUE);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int error;
    } rows[] = {
        { "", ERR_UNKNOWN },
        { " ", ERR_UNKNOWN },
        { "interfaces name=x", ERR_UNKNOWN },
        { "INTERFACE name=x", ERR_UNKNOWN },
        { "interface", ERR_MISSING },
        { "interface dev=x", ERR_MISSING },
        { "interface name", ERR_VALUE },
        { "interface name=a=b", ERR_VALUE },
        { "interface name=x ", ERR_VALUE },
        { "interface  name=x", ERR_VALUE },
        { "interface =x", ERR_UNKNOWN },
        { "interface colour=x name=y", ERR_UNKNOWN },
        { "interface name=x name=x", ERR_DUPLICATE },
        { "interface name=%", ERR_VALUE },
        { "interface name=%2", ERR_VALUE },
        { "interface name=%zz", ERR_VALUE },
        { "interface name=%2G", ERR_VALUE },
        { "interface name=%00", ERR_VALUE },
        { "sysctl name=a old=b", ERR_MISSING },
        { "sysctl name=a ours=b", ERR_MISSING },
        { "file name=/a old=/b", ERR_MISSING },
        { "route", ERR_MISSING },
        { "route dst=", ERR_LENGTH },
        { "route dst=10.0.0.0/33", ERR_LENGTH },
        { "route dst=10.0.0.0/8 via=x", ERR_LENGTH },
        { "route dst=10.0.0.0/8 metric=", ERR_VALUE },
        { "route dst=10.0.0.0/8 metric=-1", ERR_VALUE },
        { "route dst=10.0.0.0/8 metric=1x", ERR_VALUE },
        { "route dst=10.0.0.0/8 metric=4294967296", ERR_VALUE },
        { "route dst=10.0.0.0/8 table=99999999999999999999999", ERR_VALUE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct undo_entry e = { .kind = (enum undo_kind)77 };
        char line[128];
        strcpy(line, rows[i].line);
        int r = undo_parse(line, &e);
        if (rows[i].error == ERR_LENGTH ? r >= 0
                                        : r != rows[i].error) /* which error a prefix gives is prefix.c's affair */
            fail_msg("'%s' gives %d", rows[i].line, r);
        assert_int_equal(e.kind, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_print_bounds),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
