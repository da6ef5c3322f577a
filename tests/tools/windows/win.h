/* A Windows client, played: what its pieces share. See main.c. */
#ifndef ADIT_TESTS_WIN_H
#define ADIT_TESTS_WIN_H

#include "base/slice.h"
#include "base/wr.h"
#include "tls/tls.h"
#include "wire/cp_pkt.h"
#include "wire/ppp_frame.h"

enum {
    LINE_ROOM = 131072,
    PATIENCE = 30000, /* ms with each answer: the machine may stand still */
};

/* TLS over TCP, with time limits. */
struct line {
    int fd;
    struct tls_ctx *ctx;
    struct tls *tls;
    struct tls_io io;
    uint8_t out[LINE_ROOM], cipher[LINE_ROOM / 2], plain[LINE_ROOM];
    size_t n; /* of plain */
    bool over;
};

/* Words of the command line. */
struct wishes {
    bool eap, stall, silent, reset, quiet;  /* quiet: no DHCPINFORM */
    bool newer, deaf, neighbours, stateful; /* see main.c */
    bool private, has_wants;
    uint8_t wants[16];
    bool want_inform, want_six, want_only_six; /* what must be answered */
    unsigned code, hold;                       /* RAS error to end with; seconds to stay */
    uint32_t ping4;
    uint8_t ping6[16];
    bool has_ping4, has_ping6;
};

struct half { /* one control protocol in our direction */
    uint8_t options[64];
    size_t n;
    uint8_t id;
    bool acked, we_acked, rejected;
    uint64_t due; /* when our request is repeated */
};

struct win {
    struct line line;
    struct wishes wish;
    const char *host, *user, *password;
    uint8_t guid[16];
    uint32_t magic;
    uint8_t next_id; /* [CAP]: one counter for all protocols */
    struct half lcp, ipcp, six;
    bool acfc, pfc, opened, auth_naked;
    bool lcp_asked; /* by the server, last under this identifier */
    uint8_t lcp_asked_id;
    uint8_t nonce[32], hash_mask, hlak[32];
    bool have_ack;
    uint8_t auth_challenge[16], peer_challenge[16], nt_response[24];
    bool challenged, proven, refused, connected, up; /* up: the network protocols are */
    uint32_t refused_code;
    uint32_t addr, server, dns[2], nbns[2];
    uint8_t id6[8], peer_id6[8], ll[16], addr6[16], router[16];
    /* what was told beside PPP */
    bool informed, advertised, told6, pinged4, pinged6;
    bool router_answered;         /* an advertisement came to us alone: of our solicitation */
    bool link_pinged, link_found; /* the router's link-local address answers: echo, neighbour solicitation */
    bool no_addresses;            /* the answer to a Solicit */
    uint8_t addr_private[16];
    unsigned asked_private;                           /* how often */
    bool private_taken, pinged_private, wants_denied; /* answers to the questions whether addresses are free; echo */
    bool other;                                       /* the advertisement says: ask DHCPv6 */
    uint32_t xid;
    unsigned informs;
    uint32_t xid6, xid_ia;
    uint8_t term_id, term_data[12];
    bool term_acked, disconnect_acked, hung_up;
};

void bad(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ms(void);

/* line.c */
void line_open(struct line *l, const char *address, const char *port, const char *name, const char *pin);
void line_send(struct line *l, const void *p, size_t n);
/* Waits at most until `until` for more bytes; false: none came. */
bool line_wait(struct line *l, uint64_t until);
void line_drop(struct line *l, size_t n); /* takes n bytes off the front */
void line_reset(struct line *l);          /* RST */
void line_close(struct line *l);

/* frames.c: SSTP and the framing of PPP */
void send_control(struct win *w, const void *bytes, size_t n);
void send_ppp(struct win *w, uint16_t proto, bool plain, struct slice info);
void send_cp(struct win *w, uint16_t proto, uint8_t code, uint8_t id, struct slice data);
void send_ip(struct win *w, struct slice packet);
void call_connected(struct win *w);
/* Takes what comes until `done` says so; false: the time is over. */
bool run(struct win *w, bool (*done)(const struct win *w), uint64_t until);

/* ppp.c */
void lcp_ask(struct win *w);
void ncp_start(struct win *w);
void ppp_tick(struct win *w, uint64_t now);
void on_ppp(struct win *w, const struct ppp_frame *f);
void terminate(struct win *w, uint32_t code);

/* auth.c */
void on_chap(struct win *w, struct slice info);
void on_eap(struct win *w, struct slice info);

/* net.c */
void on_ip(struct win *w, struct slice packet);
void network(struct win *w);

#endif
