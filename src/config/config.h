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
#include "wire/dns_name.h"

#include <stdio.h>

enum { CONFIG_LISTENS = 16, CONFIG_POOLS = 16, CONFIG_DNS = 8, CONFIG_PATH = 1024, CONFIG_NAME = 256 };
/* Groups, user blocks, and the elements of all lists together. */
enum { CONFIG_GROUPS = 16, CONFIG_USERS = 48, CONFIG_NETS = 384, CONFIG_NAMES = 32, CONFIG_RANGES = 64 };
enum { CONFIG_NET_DNS = 4, CONFIG_WPAD = 128, CONFIG_TITLE = 64, CONFIG_ROUTED = 8, CONFIG_LIST = 64 };
enum { CONFIG_SHA1 = 1, CONFIG_SHA256 = 2 }; /* the bits of crypto/binding.h, [MS-SSTP] 2.2.6 */
enum { CONFIG_ENCODED_MAX = 57344 };         /* bytes that config_encode() needs at most; a message takes them */

struct config_listen {
    char text[80];      /* as written: "0.0.0.0:443", "[::]:443" */
    struct prefix addr; /* full length */
    uint16_t port;
};

/* A part of one of the tables nets, names, ranges. */
struct config_list {
    uint16_t at, n;
    bool set; /* it was written, though it may be empty: a group's "none" hides what the pool says */
};

enum config_switch { CONFIG_UNSET, CONFIG_NO, CONFIG_YES };

struct config_range {
    uint32_t first, last; /* IPv4 addresses, host order */
};

/* What sessions are told and may do: of the file, of a pool, of a group. The narrower one wins, each setting by itself. */
struct config_net {
    struct config_list routes; /* nets: what is behind the server */
    struct config_list allow;  /* nets: the only destinations; not set: all */
    struct config_list domain; /* names: one */
    struct config_list search; /* names */
    char wpad[CONFIG_WPAD];
    struct prefix dns[CONFIG_NET_DNS]; /* full length; of a pool or a group: for the file see config.dns */
    unsigned n_dns;
    bool dns_set;
    struct prefix nbns[2];
    unsigned n_nbns;
    bool nbns_set;
    enum config_switch default_route, isolate;
};

struct config_pool {
    char name[CONFIG_TITLE];
    struct prefix ipv4, ipv6; /* family 0: none */
    bool ipv6_shared;         /* ipv6 is a /64, or a part of one, that sessions have single addresses of */
    char ndp_proxy[16];       /* on this interface we are asked for the clients' IPv6 addresses; empty: none */
    char dhcp[16];            /* IPv4 addresses are leased on this interface; empty: not */
    struct config_list ranges, exclude; /* ranges: addresses that are given (all if none is named), and never given */
    struct prefix delegate_from;        /* networks for DHCPv6 prefix delegation; family 0: none */
    unsigned delegate;                  /* length of each; 0 without delegate_from */
    enum config_switch nat, nat66;      /* unset: as config.nat and .nat66 say; nat66: of its IPv6 as well */
    char outer[16];                     /* the way out for NAT; empty: config.outer */
    struct prefix nat_to[2];            /* fixed addresses, IPv4 and IPv6, instead of the interface's; family 0: none */
    struct config_net net;
};

struct config_group {
    char name[CONFIG_TITLE];
    unsigned pool; /* 1 + index; 0: as a user without a group */
    struct config_net net;
};

/* What a user block adds to the record in the database. */
struct config_user {
    char name[CONFIG_TITLE];
    unsigned group;            /* 1 + index; 0: as the database says */
    struct prefix ipv4, ipv6;  /* fixed; family 0: as the database says */
    struct config_list routed; /* nets behind the client */
    struct config_list routes; /* nets behind the server, instead of those of the group, the pool, the file */
    enum config_switch default_route;
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
    struct prefix dns[CONFIG_DNS]; /* full length */
    unsigned n_dns;
    struct prefix nbns[2];
    unsigned n_nbns;
    struct config_net net; /* for all; its dns and nbns are the ones above */
    struct config_group groups[CONFIG_GROUPS];
    unsigned n_groups;
    struct config_user user_blocks[CONFIG_USERS];
    unsigned n_user_blocks;
    struct prefix nets[CONFIG_NETS];
    unsigned n_nets;
    struct dns_name names[CONFIG_NAMES];
    unsigned n_names;
    struct config_range ranges[CONFIG_RANGES];
    unsigned n_ranges;
    bool nat66;         /* also IPv6 is translated; default false: it is routed */
    char interface[16]; /* default adit0 */
    bool nat;           /* default false */
    char outer[16];     /* outer interface for nat; empty: that of the default route */
    unsigned workers;   /* 0: one a core */
    struct {
        bool offload, fq; /* TSO and USO on the interface; flows and CoDel in sessions' queues */
        bool wide_gcm;    /* tls_wide_gcm() */
    } debug;
    bool steering;               /* default true; false is for tests and odd kernels */
    char user[32];               /* unprivileged user of the roles; default "adit" where it exists, else "nobody" */
    char state_dir[CONFIG_PATH]; /* undo journal; default /run/adit */
    char control[CONFIG_PATH];   /* the admin API's socket; default state_dir/control */
    char admin_group[32];        /* members may use it, as root may; empty: root alone */
    msec upgrade_deadline;       /* how long workers of an older program keep their sessions; default a day */
    uint16_t mtu;                /* inner, of the interface and at most of a session; default 4090 */
    /* limits: absolute deadlines in ms (tls 10 s, http 10 s, connect request 60 s, authentication 60 s, ncp 60 s), the
     * hello interval (60 s), how long a role may be silent (5 s), and counts: half open in all 4096 and an address 64, sessions 10000 */
    struct {
        msec tls, http, request, auth, ncp, hello, watchdog;
        unsigned half_open_address, half_open, sessions;
    } limit;
    char sandbox[8];    /* "kill", "log", "off": priv/sandbox.h */
    char log_level[16]; /* "error" … "debug": a name that event_level_from() knows; default "info" */
};

/* Reads and checks the file. 0, or 2 after writing every error as "file:line: words" to err_file (a FILE *);
 * *ret_c is untouched then. `check_files`: also that the files and the user that it names are there. */
int config_read(const char *path, struct config *ret_c, void *err_file, bool check_files) MUST_CHECK;
/* A running server's file again, with files checked: its own interface, whatever its name will be, is in nobody's way. */
int config_reread(const char *path, const char *own_interface, struct config *ret_c, void *err_file) MUST_CHECK;
/* The same as config_read() for text already in memory; `path` is for messages and relative paths. */
int config_read_text(struct slice text, const char *path, struct config *ret_c, void *err_file,
                     bool check_files) MUST_CHECK;

/* The snapshot as bytes; 0 if it does not fit (CONFIG_ENCODED_MAX always does). */
size_t config_encode(const struct config *c, uint8_t *dst, size_t cap);
/* Every count, number, text and prefix is checked. */
int config_decode(struct slice bytes, struct config *ret_c) MUST_CHECK;

/* The user block of this name (without case), or NULL. */
const struct config_user *config_user_block(const struct config *c, struct slice name);
/* 1 + index of the user block, group or pool of this name; 0: there is none. */
unsigned config_user_named(const struct config *c, struct slice name);
unsigned config_group_named(const struct config *c, struct slice name);
unsigned config_pool_named(const struct config *c, struct slice name);
/* The server's IPv6 address in a pool's network: its first address; family 0 without one. */
struct prefix config_server_ipv6(const struct config_pool *p);
/* What of IPv6 is the pool's: its network, or the whole /64 that it shares out; family 0: none. */
struct prefix config_pool_ipv6(const struct config_pool *p);

/* Where the list of allowed destinations stands that holds for a session of this pool and group (1 + index; 0: none). */
enum config_scope { CONFIG_SCOPE_NONE, CONFIG_SCOPE_FILE, CONFIG_SCOPE_POOL, CONFIG_SCOPE_GROUP };
enum config_scope config_allow_scope(const struct config *c, unsigned pool, unsigned group);

/* The network of each address that the host's interfaces have, for fn. */
typedef void config_net_fn(void *ctx, const char *interface, const struct prefix *net);
void config_host_nets(config_net_fn *fn, void *ctx);
/* May this network not be behind the client of this user, who may have another one by now? True: words say why: it overlaps
 * a pool, what the configuration has behind another user, or a network of the host. */
enum { CONFIG_WORDS = 256 };
bool config_routed_clash(const struct config *c, const char *user, const struct prefix *net,
                         char words[CONFIG_WORDS]) MUST_CHECK;
/* The last of these alone: the host's networks change. */
bool config_host_clash(const struct config *c, const struct prefix *net, char words[CONFIG_WORDS]) MUST_CHECK;

/* What holds for a session of this pool, group and user (1 + index; 0: none): pointers into `c`. */
struct config_told {
    const struct prefix *routes, *allow, *dns, *nbns;
    unsigned n_routes, n_allow, n_dns, n_nbns;
    bool allow_set, default_route, isolate;
    const struct dns_name *search;
    unsigned n_search;
    const char *domain, *wpad; /* NULL: none */
};
void config_tell(const struct config *c, unsigned pool, unsigned group, unsigned user, struct config_told *ret_t);

/* The server's address in the tunnel: the first address of the first pool, host order; 0 without a pool. */
uint32_t config_server_ipv4(const struct config *c);

/* Every option as the list of aditd.conf(5), in the language of man pages. */
void config_print_doc(FILE *out);

#endif
