/* The scenario runner; the language is in README, the adapter's contract in scenario.h. */
#include "scenario.h"

#include <stdarg.h>
#include <stdlib.h>

enum { LINE_MAX_ = 65536, WORDS_MAX = 64, STREAM_MAX = 65536 };

/* One run of one script. Static: scenario_fail() and scenario_num() must know the line. */
static struct run {
    const char *file;
    unsigned line;
    const struct scenario_kind *const *kinds;
    size_t n_kinds;
    const struct scenario_kind *kind;
    void *m;
    struct env env;
    msec now;
    uint8_t random[4096];
    size_t n_random, next_random;
    uint8_t counter; /* what random gives when nothing was chosen */
    uint8_t in[STREAM_MAX];
    size_t n_in;
    uint8_t out[STREAM_MAX];
    size_t n_out;
    char *event; /* the event that waits, as text; NULL: none */
    int err;     /* what feed returned, if an error */
    unsigned n_checks;
} run;

void scenario_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fflush(stdout);
    fprintf(stderr, "%s:%u: ", run.file, run.line);
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\n");
    va_end(ap);
    exit(1);
}

void scenario_print_hex(FILE *to, struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        fprintf(to, "%02x", s.p[i]);
}

/* Words and values. */

const char *scenario_arg(const struct scenario_args *a, const char *key)
{
    size_t n = strlen(key);
    for (int i = 0; i < a->n; i++)
        if (strncmp(a->pair[i], key, n) == 0 && a->pair[i][n] == '=')
            return a->pair[i] + n + 1;
    return NULL;
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t v = strtoull(text, &end, 0);
    if (end == text)
        scenario_fail("not a number: %s", text);
    if (strcmp(end, "s") == 0)
        return v * 1000;
    if (*end && strcmp(end, "ms") != 0)
        scenario_fail("not a number: %s", text);
    return v;
}

uint64_t scenario_num(const struct scenario_args *a, const char *key, uint64_t otherwise)
{
    const char *v = scenario_arg(a, key);
    return v ? number(v) : otherwise;
}

/* Two hex digits; -1: "..", any byte. */
static int byte_of(const char *s)
{
    if (s[0] == '.' && s[1] == '.')
        return -1;
    char two[3] = { s[0], s[0] ? s[1] : '\0', '\0' };
    char *end;
    unsigned long v = strtoul(two, &end, 16);
    if (end != two + 2)
        scenario_fail("not hex: %.8s", s);
    return (int)v;
}

bool scenario_hex(const struct scenario_args *a, const char *key, uint8_t *dst, size_t n)
{
    const char *v = scenario_arg(a, key);
    if (!v)
        return false;
    if (strlen(v) != 2 * n)
        scenario_fail("%s: %zu bytes of hex expected", key, n);
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)byte_of(v + 2 * i);
    return true;
}

/* The hex words of a line as values, -1 for any byte; "hex*N" repeats. Returns how many. */
static size_t hex_words(char *const *word, int n, int16_t *dst, size_t cap)
{
    size_t len = 0;
    for (int i = 0; i < n; i++) {
        const char *star = strchr(word[i], '*');
        size_t digits = star ? (size_t)(star - word[i]) : strlen(word[i]);
        for (uint64_t times = star ? number(star + 1) : 1; times > 0; times--) {
            if (digits % 2)
                scenario_fail("half a byte: %s", word[i]);
            for (size_t k = 0; k < digits; k += 2) {
                if (len == cap)
                    scenario_fail("too many bytes in one line");
                dst[len++] = (int16_t)byte_of(word[i] + k);
            }
        }
    }
    return len;
}

/* The machine. */

static void give_random(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        dst[i] = run.next_random < run.n_random ? run.random[run.next_random++] : run.counter++;
}

/* Fetches what the machine has to send, and the event that waits, if any. */
static void drain(void)
{
    size_t got;
    while ((got = run.kind->pull(run.m, run.out + run.n_out, sizeof run.out - run.n_out)) > 0)
        run.n_out += got;
    if (run.event)
        return;
    size_t size;
    FILE *f = open_memstream(&run.event, &size);
    bool any = run.kind->event(run.m, f);
    fclose(f);
    if (!any) {
        free(run.event);
        run.event = NULL;
    }
}

/* Feeds until the machine wants more or something has happened. */
static void pump(void)
{
    drain();
    while (!run.event && run.err == 0 && run.n_in > 0) {
        struct rd in = rd_of(run.in, run.n_in);
        int r = run.kind->feed(run.m, &in, run.now);
        drain(); /* while the bytes that the event borrows are still in their place */
        size_t left = rd_left(&in);
        memmove(run.in, run.in + (run.n_in - left), left);
        run.n_in = left;
        if (r == FED_MORE)
            break;
        if (r < 0)
            run.err = r;
        if (r == FED_EVENT && !run.event)
            scenario_fail("feed says that an event waits, but there is none");
    }
}

static void need_quiet(void)
{
    if (!run.m)
        scenario_fail("no OPEN yet");
    if (run.event)
        scenario_fail("event not taken: %s", run.event);
    if (run.err)
        scenario_fail("feed returned an error: %s", err_str(run.err));
}

/* The verbs of the language. */

static void do_open(const struct scenario_args *a)
{
    if (run.m)
        scenario_fail("OPEN twice");
    for (size_t i = 0; i < run.n_kinds; i++)
        if (strcmp(run.kinds[i]->name, a->name) == 0)
            run.kind = run.kinds[i];
    if (!run.kind)
        scenario_fail("no such machine: %s", a->name);
    run.m = calloc(1, run.kind->size);
    run.kind->open(run.m, a, &run.env, run.now);
    pump();
}

static void do_random(char *const *word, int n)
{
    int16_t v[sizeof run.random];
    size_t len = hex_words(word, n, v, sizeof run.random);
    for (size_t i = 0; i < len; i++)
        run.random[i] = (uint8_t)v[i];
    run.n_random = len;
    run.next_random = 0;
}

static void do_feed(char *const *word, int n)
{
    static int16_t v[STREAM_MAX];
    need_quiet();
    size_t len = hex_words(word, n, v, sizeof run.in - run.n_in);
    for (size_t i = 0; i < len; i++)
        run.in[run.n_in++] = (uint8_t)v[i];
    pump();
}

static void show_out(void)
{
    fprintf(stderr, "  sent: ");
    scenario_print_hex(stderr, slice_of(run.out, run.n_out));
    fprintf(stderr, "\n");
}

static void do_expect(char *const *word, int n)
{
    static int16_t v[STREAM_MAX];
    size_t len = 0;
    if (n != 1 || strcmp(word[0], "-") != 0)
        len = hex_words(word, n, v, STREAM_MAX);
    else if (run.n_out > 0)
        len = run.n_out + 1;
    bool same = len <= run.n_out;
    for (size_t i = 0; same && i < len; i++)
        same = v[i] < 0 || v[i] == run.out[i];
    if (!same) {
        show_out();
        scenario_fail("other bytes were sent");
    }
    memmove(run.out, run.out + len, run.n_out - len);
    run.n_out -= len;
}

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text; (p = strstr(p, word)) != NULL; p += n)
        if ((p == text || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

static void do_event(const struct scenario_args *a)
{
    if (strcmp(a->name, "-") == 0) {
        need_quiet();
        return;
    }
    if (!run.event)
        scenario_fail("no event waits");
    size_t n = strlen(a->name);
    if (strncmp(run.event, a->name, n) != 0 || (run.event[n] != ' ' && run.event[n] != '\0'))
        scenario_fail("another event: %s", run.event);
    for (int i = 0; i < a->n; i++)
        if (!has_word(run.event, a->pair[i]))
            scenario_fail("not in the event: %s\n  %s", a->pair[i], run.event);
    free(run.event);
    run.event = NULL;
    pump();
}

static void do_after(const char *text)
{
    msec until = run.now + number(text);
    for (unsigned ticks = 0; run.kind && run.kind->due(run.m) <= until; ticks++) {
        need_quiet();
        if (ticks > 10000)
            scenario_fail("the machine stays due: no progress");
        msec due = run.kind->due(run.m);
        run.now = due > run.now ? due : run.now;
        run.kind->tick(run.m, run.now);
        pump();
    }
    run.now = until;
}

static void do_answer(const struct scenario_args *a)
{
    need_quiet();
    if (!run.kind->answer || !run.kind->answer(run.m, a, run.now))
        scenario_fail("no such answer: %s", a->name);
    pump();
}

static void do_state(const char *name)
{
    const char *is = run.kind->state(run.m);
    if (strcmp(is, name) != 0)
        scenario_fail("the state is %s", is);
}

static void do_due(const char *text)
{
    msec want = strcmp(text, "never") == 0 ? NEVER : run.now + number(text);
    msec is = run.kind->due(run.m);
    if (is != want && is == NEVER)
        scenario_fail("due never");
    if (is != want)
        scenario_fail("due in %lld ms", (long long)(is - run.now));
}

static void do_error(void)
{
    if (run.err == 0)
        scenario_fail("feed returned no error");
    run.err = 0;
    run.n_in = 0;
}

static void do_line(char *const *word, int n)
{
    const char *verb = word[0];
    struct scenario_args a = { n > 1 ? word[1] : "", word + 2, n > 2 ? n - 2 : 0 };
    run.n_checks += strcmp(verb, "EXPECT") == 0 || strcmp(verb, "EVENT") == 0 || strcmp(verb, "STATE") == 0;
    if (strcmp(verb, "RANDOM") == 0)
        do_random(word + 1, n - 1);
    else if (strcmp(verb, "OPEN") == 0)
        do_open(&a);
    else if (!run.m)
        scenario_fail("no OPEN yet");
    else if (strcmp(verb, "FEED") == 0)
        do_feed(word + 1, n - 1);
    else if (strcmp(verb, "EXPECT") == 0)
        do_expect(word + 1, n - 1);
    else if (strcmp(verb, "EVENT") == 0)
        do_event(&a);
    else if (strcmp(verb, "AFTER") == 0)
        do_after(a.name);
    else if (strcmp(verb, "ANSWER") == 0)
        do_answer(&a);
    else if (strcmp(verb, "STATE") == 0)
        do_state(a.name);
    else if (strcmp(verb, "DUE") == 0)
        do_due(a.name);
    else if (strcmp(verb, "ERROR") == 0)
        do_error();
    else
        scenario_fail("no such verb: %s", verb);
}

static int split(char *line, char **word, int cap)
{
    int n = 0;
    line[strcspn(line, "#\n")] = '\0';
    for (char *w = strtok(line, " \t"); w; w = strtok(NULL, " \t")) {
        if (n == cap)
            scenario_fail("too many words");
        word[n++] = w;
    }
    return n;
}

static void finish(void)
{
    need_quiet();
    if (run.n_out > 0) {
        show_out();
        scenario_fail("bytes sent that the script does not expect");
    }
    if (run.n_in > 0)
        scenario_fail("%zu bytes that the machine did not take", run.n_in);
    if (run.n_checks == 0)
        scenario_fail("the script checks nothing");
    if (run.kind->done)
        run.kind->done(run.m);
    free(run.m);
}

static void run_file(const char *path)
{
    static char line[LINE_MAX_];
    char *word[WORDS_MAX];
    FILE *f = fopen(path, "r");
    run.file = path;
    if (!f)
        scenario_fail("cannot be read");
    while (fgets(line, sizeof line, f)) {
        run.line++;
        int n = split(line, word, WORDS_MAX);
        if (n > 0)
            do_line(word, n);
    }
    fclose(f);
    finish();
    printf("ok %s (%u checks)\n", path, run.n_checks);
}

int scenario_main(int argc, char **argv, const struct scenario_kind *const *kinds, size_t n_kinds,
                  const struct prim *prim)
{
    for (int i = 1; i < argc; i++) {
        run = (struct run){
            .kinds = kinds,
            .n_kinds = n_kinds,
            .env = { .random = give_random, .prim = prim },
        };
        run_file(argv[i]);
    }
    return argc > 1 ? 0 : 1;
}
