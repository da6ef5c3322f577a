/* The configuration: read, checked whole, then an immutable, numbered snapshot.
 *
 * config_read() parses with libconfuse; the first syntax error or unknown key ends the reading with file, line and the
 * nearest right name; all wrong values and missing files are then reported in one run. The snapshot travels to the roles as
 * bytes (config_encode/config_decode); a session keeps the number it began with. Relative paths are relative to the file. */
#ifndef ADIT_CONFIG_CONFIG_H
#define ADIT_CONFIG_CONFIG_H

#include "auth/method.h"
#include "base/prefix.h"
#include "base/tick.h"

enum { CONFIG_LISTENS = 16, CONFIG_POOLS = 16, CONFIG_DNS = 4, CONFIG_PATH = 1024, CONFIG_NAME = 256 };

struct config_listen {
    char text[80];           /* as written: "0.0.0.0:443", "[::]:443" */
    struct prefix addr;      /* full length */
    uint16_t port;
};

struct config_pool {
    char name[64];
    struct prefix ipv4;      /* family 0: none */
    struct prefix ipv6;      /* accepted by a later issue: setting it is an error for now */
};

struct config {
    uint32_t number;         /* of the snapshot */
    char path[CONFIG_PATH];
    struct config_listen listens[CONFIG_LISTENS];
    unsigned n_listens;
    struct { char name[CONFIG_NAME], chain[CONFIG_PATH], key[CONFIG_PATH]; } certificate;
    enum auth_method methods[AUTH_METHODS]; /* in order of preference; default EAP-MSCHAPv2, MS-CHAPv2 */
    unsigned n_methods;
    char users[CONFIG_PATH];
    struct config_pool pools[CONFIG_POOLS];
    unsigned n_pools;
    bool dns_system;
    struct prefix dns[CONFIG_DNS];   /* explicit ones, full length */
    unsigned n_dns;
    struct prefix nbns[2];
    unsigned n_nbns;
    char interface[16];      /* default adit0 */
    bool nat;
    char outer[16];          /* outer interface for nat; empty: that of the default route */
    unsigned workers;        /* 0: one a core */
    bool steering;           /* default true; false is for tests and odd kernels */
    char user[32];           /* unprivileged user of the roles; default "adit", else "nobody" */
    char state_dir[CONFIG_PATH]; /* undo journal; default /run/adit */
    uint16_t mtu;            /* inner, default 1400 */
    /* limits: absolute deadlines in ms, see issue: tls 10 s, http 10 s, connect request 60 s, authentication 60 s, ncp 60 s */
    struct { msec tls, http, request, auth, ncp, hello; unsigned half_open_address, half_open, sessions; } limit;
    char log_level[16];
};

/* 0, or 2 after writing every error as "file:line: words" to err (a FILE *). `check_files`: also that what it names is there. */
int config_read(const char *path, struct config *ret_c, void *err_file, bool check_files) MUST_CHECK;
size_t config_encode(const struct config *c, uint8_t *dst, size_t cap);
int config_decode(struct slice bytes, struct config *ret_c) MUST_CHECK;

#endif
