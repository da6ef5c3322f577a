/* A Windows client, played byte by byte: what one does from the TLS handshake to the end, in its order and with its
 * habits ([CAP]), as a script of its own. It uses the tree's codecs and TLS, and none of its machines: what our server
 * accepts here it has to accept from bytes that our client would not send.
 *
 * windows_peer ADDRESS PORT HOST PIN USER PASSWORD [WORD…]
 *   inform       DHCPINFORM must be answered          six        IPV6CP, advertisement, DHCPv6 must be
 *   only-six     there is no IPv4                     quiet      no DHCPINFORM
 *   ping=A.B.C.D ping6=ADDR  must answer              hold=S     stays S seconds, or until SIGUSR1
 *   eap          EAP-MSCHAPv2 and nothing else        stall      answers no LCP before its own, after 1.5 s
 *   silent       answers nothing once it is up        reset      ends by a TCP reset
 *   newer        DHCPINFORM as Windows 10 asks it     deaf       hears no answer to its first DHCPINFORM, asks again
 *   neighbours   the router's link-local address must answer pings and neighbour solicitations
 *   stateful     asks DHCPv6 for an address too: there is none
 *   private      makes an address of its own of the prefix, asks whether it is free, and pings6 from there as well
 *   wants=ADDR   asks whether this address is free: it must be told that it is not
 *   code=N       ends with this RAS error: 691 when the password was refused, 778 before Call Connected
 * Prints what it was given as key=value lines. Status 0: everything was answered rightly; 1: see `failed:`. */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/prefix.h"
#include "tls/prim_host.h"
#include "win.h"

void bad(const char *format, ...)
{
    va_list a;
    va_start(a, format);
    printf("failed: ");
    vprintf(format, a);
    printf("\n");
    va_end(a);
    exit(1);
}

void tell(const char *format, ...)
{
    va_list a;
    va_start(a, format);
    vprintf(format, a);
    printf("\n");
    va_end(a);
    fflush(stdout);
}

uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool has_ack(const struct win *w)
{
    return w->have_ack;
}

static bool is_judged(const struct win *w)
{
    return w->proven || w->refused;
}

static bool is_up(const struct win *w)
{
    bool four = w->ipcp.acked && w->ipcp.we_acked, six = w->six.acked && w->six.we_acked;
    return (four || w->ipcp.rejected) && (six || w->six.rejected);
}

static bool terminated(const struct win *w)
{
    return w->term_acked;
}

static bool disconnected(const struct win *w)
{
    return w->disconnect_acked;
}

static bool hung_up(const struct win *w)
{
    return w->hung_up;
}

static bool no(const struct win *w)
{
    (void)w;
    return false;
}

static volatile sig_atomic_t signalled;

static void on_signal(int signo)
{
    (void)signo;
    signalled = 1;
}

static bool held_enough(const struct win *w)
{
    (void)w;
    return signalled;
}

/* The request of http.sys's client: header order and spelling of [CAP]. */
static void http(struct win *w)
{
    const uint8_t *g = w->guid;
    char request[1024];
    uint64_t until = now_ms() + PATIENCE;
    int n = snprintf(request, sizeof request,
                     "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
                     "SSTPCORRELATIONID: {%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X}\r\n"
                     "Content-Length: 18446744073709551615\r\nHost: %s\r\n\r\n",
                     g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14],
                     g[15], w->host);
    line_send(&w->line, request, (size_t)n);
    for (;;) {
        if (!line_wait(&w->line, until))
            bad("no answer to the HTTP request");
        w->line.plain[w->line.n < LINE_ROOM ? w->line.n : LINE_ROOM - 1] = 0;
        char *end = strstr((char *)w->line.plain, "\r\n\r\n");
        if (!end)
            continue;
        if (strncmp((char *)w->line.plain, "HTTP/1.1 200", 12) != 0)
            bad("HTTP: %.40s", (char *)w->line.plain);
        if (!strstr((char *)w->line.plain, "Content-Length: 18446744073709551615\r\n"))
            bad("HTTP: no Content-Length of 2^64-1");
        line_drop(&w->line, (size_t)(end + 4 - (char *)w->line.plain));
        return;
    }
}

static void good_bye(struct win *w)
{
    static const uint8_t disconnect[] = { 0x10, 1, 0, 0x14, 0, 6, 0, 1, 0, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0 };
    terminate(w, w->wish.code);
    if (!run(w, terminated, now_ms() + PATIENCE))
        bad("the Terminate-Request was not acked");
    if (w->wish.code != 0 || w->connected) {
        run(w, no, now_ms() + 180); /* [CAP] */
        send_control(w, disconnect, sizeof disconnect);
        if (!run(w, disconnected, now_ms() + PATIENCE) && !w->hung_up)
            bad("Call Disconnect was not acked");
    }
    line_close(&w->line);
    tell("ended=ok");
    exit(0);
}

static void set_up(struct win *w)
{
    static const uint8_t request[] = { 0x10, 1, 0, 14, 0, 1, 0, 1, 0, 1, 0, 6, 0, 1 };
    http(w);
    send_control(w, request, sizeof request);
    if (!run(w, has_ack, now_ms() + PATIENCE))
        bad("no Call Connect Ack");
    run(w, no, now_ms() + (w->wish.stall ? 1500 : 32));
    uint64_t began = now_ms();
    lcp_ask(w);
    if (!run(w, is_judged, began + PATIENCE))
        bad("not authenticated in %d s: opened=%d", PATIENCE / 1000, w->opened);
    tell("authenticated_after=%" PRIu64, now_ms() - began);
    if (w->refused) {
        tell("refused=%u", w->refused_code);
        if (w->wish.code != 691)
            bad("refused");
        good_bye(w);
    }
    if (w->wish.code == 691)
        bad("a wrong password was accepted");
    if (w->wish.code == 778)
        good_bye(w);
    if (!run(w, is_up, now_ms() + PATIENCE))
        bad("the network protocols did not come up: ipcp %d %d, ipv6cp %d %d", w->ipcp.acked, w->ipcp.we_acked,
            w->six.acked, w->six.we_acked);
    w->up = true;
}

static void print_given(const struct win *w)
{
    char text[PREFIX_TEXT];
    const struct {
        const char *key;
        uint32_t a;
    } four[] = { { "address", w->addr }, { "server", w->server }, { "dns", w->dns[0] },
                 { "dns2", w->dns[1] },  { "nbns", w->nbns[0] },  { "nbns2", w->nbns[1] } };
    for (unsigned i = 0; i < sizeof four / sizeof four[0]; i++) {
        struct prefix p = prefix_v4(four[i].a, 32);
        if (four[i].a)
            tell("%s=%s", four[i].key, prefix_text(&p, text));
    }
    tell("ipv4=%d", w->ipcp.acked);
    tell("ipv6=%d", w->six.acked);
    if (w->wish.want_six && !w->six.acked)
        bad("IPV6CP was rejected");
    if (w->wish.want_only_six && w->ipcp.acked)
        bad("IPCP came up");
    if (!w->wish.want_only_six && !w->ipcp.acked)
        bad("IPCP was rejected");
}

static bool read_word(struct wishes *s, const char *word)
{
    static const char *const names[] = { "eap",      "stall", "silent", "reset",      "quiet",    "inform", "six",
                                         "only-six", "newer", "deaf",   "neighbours", "stateful", "private" };
    bool *const flags[] = { &s->eap,         &s->stall,    &s->silent,        &s->reset, &s->quiet,
                            &s->want_inform, &s->want_six, &s->want_only_six, &s->newer, &s->deaf,
                            &s->neighbours,  &s->stateful, &s->private };
    struct prefix p;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(word, names[i]) == 0)
            return *flags[i] = true;
    if (strncmp(word, "code=", 5) == 0)
        return (s->code = (unsigned)atoi(word + 5)) > 0;
    if (strncmp(word, "hold=", 5) == 0)
        return (s->hold = (unsigned)atoi(word + 5)) > 0;
    if (strncmp(word, "ping=", 5) == 0 && prefix_parse(word + 5, false, &p) == 0 && p.family == 4) {
        s->ping4 = prefix_v4_addr(&p);
        return s->has_ping4 = true;
    }
    if (strncmp(word, "ping6=", 6) == 0 && prefix_parse(word + 6, false, &p) == 0 && p.family == 6) {
        memcpy(s->ping6, p.addr, 16);
        return s->has_ping6 = true;
    }
    if (strncmp(word, "wants=", 6) == 0 && prefix_parse(word + 6, false, &p) == 0 && p.family == 6) {
        memcpy(s->wants, p.addr, 16);
        return s->has_wants = true;
    }
    return false;
}

int main(int argc, char **argv)
{
    static struct win w;
    if (argc < 7)
        bad("windows_peer ADDRESS PORT HOST PIN USER PASSWORD [WORD...]");
    for (int i = 7; i < argc; i++)
        if (!read_word(&w.wish, argv[i]))
            bad("%s?", argv[i]);
    w.host = argv[3];
    w.user = argv[5];
    w.password = argv[6];
    signal(SIGUSR1, on_signal);
    prim_random(NULL, w.guid, sizeof w.guid);
    prim_random(NULL, w.id6, sizeof w.id6);
    prim_random(NULL, (uint8_t *)&w.magic, sizeof w.magic);
    w.id6[0] |= 0x20; /* not zero */
    line_open(&w.line, argv[1], argv[2], w.host, argv[4]);
    set_up(&w);
    print_given(&w);
    network(&w);
    tell("served=1");
    if (w.wish.silent) {
        if (!run(&w, hung_up, now_ms() + 60000) && !w.line.over)
            bad("the server has not given up on us in 60 s");
        tell("ended=server");
        return 0;
    }
    run(&w, held_enough, now_ms() + w.wish.hold * 1000ull);
    if (w.wish.reset) {
        line_reset(&w.line);
        tell("ended=reset");
        return 0;
    }
    good_bye(&w);
}
