/* The configuration: read, checked whole, then an immutable, numbered snapshot.
 *
 * config_read() parses with libconfuse; the first syntax error or unknown key ends the reading with file, line and
 * the nearest right name; all wrong values and missing files are then reported in one run. The snapshot travels to
 * the roles as bytes (config_encode/config_decode); a session keeps the number it began with. Relative paths are
 * relative to the file. */
#ifndef ADIT_CONFIG_CONFIG_H
#define ADIT_CONFIG_CONFIG_H

#include "auth/method.h"
#include "base/prefix.h"
#include "base/tick.h"

#include <stdio.h>

enum { CONFIG_LISTENS = 16, CONFIG_POOLS = 16, CONFIG_DNS = 4, CONFIG_PATH = 1024, CONFIG_NAME = 256 };
enum { CONFIG_SHA1 = 1, CONFIG_SHA256 = 2 }; /* the bits of crypto/binding.h, [MS-SSTP] 2.2.6 */
enum { CONFIG_ENCODED_MAX = 32768 };         /* bytes that config_encode() needs at most */

struct config_listen {
    char text[80];      /* as written: "0.0.0.0:443", "[::]:443" */
    struct prefix addr; /* full length */
    uint16_t port;
};

struct config_pool {
    char name[64];
    struct prefix ipv4; /* family 0: none */
    struct prefix ipv6; /* accepted by a later issue: setting it is an error for now */
};

struct config {
    uint32_t number;        /* of the snapshot; config_read() leaves 0 */
    char path[CONFIG_PATH]; /* absolute */
    struct config_listen listens[CONFIG_LISTENS];
    unsigned n_listens;
    struct {
        char name[CONFIG_NAME], chain[CONFIG_PATH], key[CONFIG_PATH];
    } certificate;
    enum auth_method methods[AUTH_METHODS]; /* in order of preference; default EAP-MSCHAPv2, MS-CHAPv2 */
    unsigned n_methods;
    uint8_t binding_mask;    /* hashes offered for the crypto binding: CONFIG_SHA1 | CONFIG_SHA256 */
    char users[CONFIG_PATH]; /* default /var/lib/adit/users.db */
    struct config_pool pools[CONFIG_POOLS];
    unsigned n_pools;
    bool dns_system;
    struct prefix dns[CONFIG_DNS]; /* explicit ones, full length, IPv4 for now */
    unsigned n_dns;
    struct prefix nbns[2];
    unsigned n_nbns;
    char interface[16];          /* default adit0 */
    bool nat;                    /* default false */
    char outer[16];              /* outer interface for nat; empty: that of the default route */
    unsigned workers;            /* 0: one a core */
    bool steering;               /* default true; false is for tests and odd kernels */
    char user[32];               /* unprivileged user of the roles; default "adit" where it exists, else "nobody" */
    char state_dir[CONFIG_PATH]; /* undo journal; default /run/adit */
    uint16_t mtu;                /* inner, default 1400 */
    /* limits: absolute deadlines in ms (tls 10 s, http 10 s, connect request 60 s, authentication 60 s, ncp 60 s), the
     * hello interval (60 s), how long a role may be silent (5 s), and counts: half open in all 4096 and an address 64, sessions 10000 */
    struct {
        msec tls, http, request, auth, ncp, hello, watchdog;
        unsigned half_open_address, half_open, sessions;
    } limit;
    char log_level[16]; /* "error" … "debug": a name that event_level_from() knows; default "info" */
};

/* Reads and checks the file. 0, or 2 after writing every error as "file:line: words" to err_file (a FILE *);
 * *ret_c is untouched then. `check_files`: also that the files and the user that it names are there. */
int config_read(const char *path, struct config *ret_c, void *err_file, bool check_files) MUST_CHECK;
/* The same for text already in memory; `path` is for messages and relative paths. */
int config_read_text(struct slice text, const char *path, struct config *ret_c, void *err_file,
                     bool check_files) MUST_CHECK;

/* The snapshot as bytes; 0 if it does not fit (CONFIG_ENCODED_MAX always does). */
size_t config_encode(const struct config *c, uint8_t *dst, size_t cap);
/* Every count, number, text and prefix is checked. */
int config_decode(struct slice bytes, struct config *ret_c) MUST_CHECK;

/* The server's address in the tunnel: the first address of the first pool, host order; 0 without a pool. */
uint32_t config_server_ipv4(const struct config *c);

/* Every option as the list of aditd.conf(5), in the language of man pages. */
void config_print_doc(FILE *out);

#endif
