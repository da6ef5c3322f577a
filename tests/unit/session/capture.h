/* The two ends of test_capture.c: the capture's packets, our tunnel, and what the scripted peer hears of it. */
#ifndef ADIT_TESTS_CAPTURE_H
#define ADIT_TESTS_CAPTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "session/tunnel.h"

enum { PACKETS = 128 };

struct packet {
    uint8_t bytes[512];
    size_t n;
};

struct captured {
    char http[1024];
    struct packet sstp[PACKETS];
    unsigned n;
};
extern struct captured cap_c, cap_s; /* what the client and what the server sent */

/* The packets by name: their place among those of their end. */
/* clang-format off */
enum { C_REQUEST, C_LCP, C_LCP_REJ, C_LCP_NAK, C_LCP_ACK, C_IDENT_1, C_IDENT_2, C_IDENT_3, C_RESPONSE, C_CONNECTED,
       C_CBCP, C_IPV6CP, C_IPCP, C_IPCP_2, C_IPV6CP_2, C_REJECT_CCP, C_IPCP_ACK, C_IPCP_3, C_DATA,
       C_TERMINATE = C_DATA + 61, C_DISCONNECT };
enum { S_ACK, S_LCP, S_LCP_ACK, S_LCP_2, S_LCP_3, S_CHALLENGE, S_SUCCESS, S_CBCP, S_CBCP_ACK, S_CCP, S_IPCP, S_IPCP_NAK,
       S_REJECT_IPV6CP, S_IPCP_ACK, S_TERMINATE_ACK, S_DISCONNECT_ACK };
/* clang-format on */

struct our_end {
    struct tunnel t;
    struct tunnel_work work;
    struct env env;
    uint8_t counter;
    msec now;
    char log[64];
    size_t log_len;
    struct tunnel_event up, down;
    uint8_t hlak[32];
    char idents[3][64];
    unsigned n_idents;
};
extern struct our_end our;

struct heard {
    bool control;
    uint8_t whole[4096];
    size_t n;
    uint16_t proto;
    uint8_t code, id;
    struct slice data; /* of a control protocol's packet: after its length */
};

typedef void listen_fn(const struct heard *);

/* Reads the capture; a group setup of cmocka. */
int capture_load(void **state);
/* Our end in a role, as the tests want it. */
void open_ours(enum tunnel_role role, const enum auth_method *methods, unsigned n);
/* Bytes reach our end. User packets that come out are compared with what went in. */
void to_us(const void *bytes, size_t n);
void replay(const struct packet *p);
/* A PPP frame of the peer: one of the capture with another identifier, and other data unless `data` is NULL. */
void replay_as(const struct packet *p, uint8_t id, struct slice data);
/* Lets time pass; all that our end sends goes to `peer`, packet by packet. */
void pass(msec ms, listen_fn *peer);
/* Option `type` in a list: its value; n 0 if it is not there. */
struct slice option(struct slice list, uint8_t type);
/* The list without one option. */
size_t without(struct slice list, uint8_t type, uint8_t *dst);
bool same(const struct heard *h, const struct packet *p);

#endif
