/* The two ends that the engine's tests talk through: ours against ours, and a plain OpenSSL client against our server.
 * One pair at a time, in globals: a (client) and b (server). */
#ifndef ADIT_TESTS_PEERS_H
#define ADIT_TESTS_PEERS_H

#include "certs.h"
#include "pair.h"

#define SERVER_NAME "vpn.example.com"

extern struct made ca, ec, rsa;
extern struct tls_end a, b;
extern uint8_t sent[100000], got[100000];

int peers_setup(void **state);
int peers_teardown(void **state);

struct tls_ctx *server_ctx(bool with_rsa);
struct tls_ctx *client_ctx(void);
/* Ours against ours; out_cap 0: as much as there is. */
void open_both(bool with_rsa, size_t out_cap);
void close_both(void);
void one_message(struct tls_end *from, struct tls_end *to, const char *text);
/* The hashes that this end reports are those of m. */
void check_hash(const struct tls *t, const struct made *m);
void fill(uint8_t *p, size_t n, unsigned seed);
/* n bytes in one write, read in lent chunks and buffers of `cap`. */
void transfer(struct tls_end *from, struct tls_end *to, size_t n, size_t chunk, size_t cap);

struct plain {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *rd, *wr;
};
/* b becomes our server for a plain client. */
void plain_server(bool with_rsa);
void plain_open(struct plain *p, int max_version, SSL_SESSION *saved);
void plain_close(struct plain *p);
void plain_ship(struct plain *p, struct tls_end *e);
/* n bytes from our server to the plain client, which has to read just these. */
void to_plain(struct plain *p, size_t n);
/* The server's last answer: 1 when both are open. */
int plain_handshake(struct plain *p, struct tls_end *e);

#endif
