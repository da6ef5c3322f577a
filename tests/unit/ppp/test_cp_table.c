/* cp_table against the table that RFC 1661 section 4.1 prints: its text stands here and is read cell by cell. */
#include "ppp_test.h"

static const char *const printed_0_to_5[] = {
    " Up   |    2     irc,scr/6     -         -         -         -",
    " Down |    -         -         0       tls/1       0         1",
    " Open |  tls/1       1     irc,scr/6     3r        5r        5r",
    " Close|    0       tlf/0       2         2         4         4",
    "  TO+ |    -         -         -         -       str/4     str/5",
    "  TO- |    -         -         -         -       tlf/2     tlf/3",
    " RCR+ |    -         -       sta/2 irc,scr,sca/8   4         5",
    " RCR- |    -         -       sta/2 irc,scr,scn/6   4         5",
    " RCA  |    -         -       sta/2     sta/3       4         5",
    " RCN  |    -         -       sta/2     sta/3       4         5",
    " RTR  |    -         -       sta/2     sta/3     sta/4     sta/5",
    " RTA  |    -         -         2         3       tlf/2     tlf/3",
    " RUC  |    -         -       scj/2     scj/3     scj/4     scj/5",
    " RXJ+ |    -         -         2         3         4         5",
    " RXJ- |    -         -       tlf/2     tlf/3     tlf/2     tlf/3",
    " RXR  |    -         -         2         3         4         5",
};

static const char *const printed_6_to_9[] = {
    " Up   |    -         -         -           -",       " Down |    1         1         1         tld/1",
    " Open |    6         7         8           9r",      " Close|irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4",
    "  TO+ |  scr/6     scr/6     scr/8         -",       "  TO- | tlf/3p    tlf/3p    tlf/3p         -",
    " RCR+ |  sca/8   sca,tlu/9   sca/8   tld,scr,sca/8", " RCR- |  scn/6     scn/7     scn/6   tld,scr,scn/6",
    " RCA  |  irc/7     scr/6x  irc,tlu/9   tld,scr/6x",  " RCN  |irc,scr/6   scr/6x  irc,scr/8   tld,scr/6x",
    " RTR  |  sta/6     sta/6     sta/6   tld,zrc,sta/5", " RTA  |    6         6         8       tld,scr/6",
    " RUC  |  scj/6     scj/7     scj/8     scj/9",       " RXJ+ |    6         6         8           9",
    " RXJ- |  tlf/3     tlf/3     tlf/3   tld,irc,str/5", " RXR  |    6         7         8       ser/9",
};

static unsigned action_of(const char *word)
{
    static const struct {
        const char *word;
        unsigned bit;
    } known[] = { { "tlu", CP_TLU }, { "tld", CP_TLD }, { "tls", CP_TLS }, { "tlf", CP_TLF }, { "irc", CP_IRC },
                  { "zrc", CP_ZRC }, { "scr", CP_SCR }, { "sca", CP_SCA }, { "scn", CP_SCN }, { "str", CP_STR },
                  { "sta", CP_STA }, { "scj", CP_SCJ }, { "ser", CP_SER } };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(word, known[i].word, 3) == 0)
            return known[i].bit;
    fail_msg("unknown action %s", word);
    return 0;
}

/* "irc,scr/6", "3r" or "-" */
static struct cp_cell cell_of(const char *word)
{
    struct cp_cell c = { false, 0, CP_INITIAL };
    if (*word == '-')
        return c;
    unsigned actions = 0;
    while (*word < '0' || *word > '9') {
        actions |= action_of(word);
        word += 4; /* three letters and a comma or slash */
    }
    return (struct cp_cell){ true, (uint16_t)actions, (enum cp_state)(*word - '0') };
}

static unsigned check_half(const char *const *lines, enum cp_state from)
{
    unsigned cells = 0;
    for (unsigned ev = 0; ev < CP_EVENTS; ev++) {
        char line[128];
        memcpy(line, strchr(lines[ev], '|') + 1, strlen(strchr(lines[ev], '|')));
        unsigned state = from;
        for (char *w = strtok(line, " "); w; w = strtok(NULL, " "), state++) {
            struct cp_cell want = cell_of(w);
            const struct cp_cell *got = &cp_table[state][ev];
            assert_int_equal(got->legal, want.legal);
            assert_int_equal(got->actions, want.actions);
            if (want.legal)
                assert_int_equal(got->next, want.next);
            cells++;
        }
    }
    return cells;
}

static void every_cell_is_as_printed(void **state)
{
    (void)state;
    assert_int_equal(CP_EVENTS, 16);
    assert_int_equal(check_half(printed_0_to_5, CP_INITIAL), 96);
    assert_int_equal(check_half(printed_6_to_9, CP_REQ_SENT), 64);
}

static void states_are_numbered_and_named_as_printed(void **state)
{
    (void)state;
    static const char *const names[] = { "Initial",  "Starting", "Closed",   "Stopped",  "Closing",
                                         "Stopping", "Req-Sent", "Ack-Rcvd", "Ack-Sent", "Opened" };
    for (unsigned s = 0; s < CP_STATES; s++)
        assert_string_equal(cp_state_name((enum cp_state)s), names[s]);
    assert_string_equal(cp_state_name(CP_STATES), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_printed),
        cmocka_unit_test(states_are_numbered_and_named_as_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
