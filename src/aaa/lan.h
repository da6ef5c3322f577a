/* Sessions' addresses from the network's own DHCP server (pool { dhcp = "eth1" }): one lease a session.
 *
 * Each has a client of its own (session/dhcp_client) with an identifier made of our hardware address, the user's name and
 * the number of this user's sessions: who comes again gets what he had, as far as the server remembers. A lease stands in a
 * book before its session is told of it, so that another authd goes on with it, or gives it back.
 *
 * No socket and no file here: frames, the book and the host are the owner's (struct lan_ops). */
#ifndef ADIT_AAA_LAN_H
#define ADIT_AAA_LAN_H

#include "base/env.h"
#include "base/err.h"
#include "base/tick.h"

struct lan;

enum { LAN_NAME = 16, LAN_RECORD = 128, LAN_LEASES_MAX = 1 << 16, LAN_LINKS = 32, LAN_PATIENCE = 20000 };

/* An Ethernet of the host. */
struct lan_link {
    char name[LAN_NAME];
    uint8_t mac[6];
    uint32_t own; /* the host's own address there, host order; 0: none */
};

struct lan_who {
    uint32_t worker;
    uint64_t session;
    const char *call, *user;
};

/* What a session gets; host order, 0: none. */
struct lan_given {
    uint32_t addr;
    uint32_t server; /* what it may call us: our own address on the link, or 192.0.0.8 (RFC 7600) */
    uint32_t dns[2], nbns[2];
};

/* All are called during calls into this, and none may call back into it but lan_give_back(), from `answer`. */
struct lan_ops {
    void *ctx;
    void (*send)(void *ctx, const char *link, struct slice frame);
    /* The address is a session's: answer ARP for it on the link, and lead its packets into the tunnel; or no more. */
    void (*host)(void *ctx, bool up, uint32_t addr, const char *link);
    /* The book has this in its place number `slot` from now on. */
    void (*write)(void *ctx, uint32_t slot, const uint8_t record[LAN_RECORD]);
    /* Once for each lan_ask() that was not given back; given NULL: none could be had, and why. */
    void (*answer)(void *ctx, uint32_t worker, uint64_t session, const struct lan_given *given, const char *why);
    /* The session must end: its address is no longer its own. */
    void (*lost)(void *ctx, uint32_t worker, uint64_t session, const char *why);
    uint64_t (*wall)(void *ctx); /* seconds of a clock that goes on while no process of ours lives */
};

/* NULL: out of memory. ops is copied. */
struct lan *lan_new(const struct env *env, const struct lan_ops *ops) MUST_CHECK;
/* Leases stay what they are, in the book too. */
void lan_free(struct lan *l);

/* The link is there, or something of it has changed. ERR_NOBUF: too many. */
int lan_link_up(struct lan *l, const struct lan_link *link, msec now) MUST_CHECK;
/* It is not there: nothing is leased there, and what is leased runs out unless it comes back. */
void lan_link_down(struct lan *l, const char *name);

/* A lease for a session. One that it has, or waits for, of the same user there, stays; any other is given back.
 * ERR_MISSING: there is no such link; ERR_NOBUF, ERR_NOMEM: too many leases. */
int lan_ask(struct lan *l, const struct lan_who *who, const char *link, msec now) MUST_CHECK;
/* What the session had or asked for, if anything. */
void lan_give_back(struct lan *l, uint32_t worker, uint64_t session, msec now);

/* The book that an authd before us left: whole records, those that are none are skipped. Before any lan_ask(). Returns
 * how many leases it had. */
unsigned lan_load(struct lan *l, struct slice book, msec now);
/* A session that has the address from an authd before us. Of a lease that the book does not know the server is asked.
 * ERR_STATE: another session has it; ERR_NOBUF, ERR_NOMEM. `link` NULL: only if the book knows it, else ERR_MISSING. */
int lan_hold(struct lan *l, const struct lan_who *who, const char *link, uint32_t addr, struct lan_given *ret_given,
             msec now) MUST_CHECK;
/* All sessions have been held: what is left of the book goes back to its server, now or when its link comes. */
void lan_settle(struct lan *l, msec now);

/* An Ethernet frame; see dhcp_client_hear(). */
void lan_frame(struct lan *l, const char *link, struct slice frame, bool summed, msec now);
/* Frames of ARP are of interest now. */
bool lan_checking(const struct lan *l);
msec lan_due(const struct lan *l);
void lan_tick(struct lan *l, msec now);
unsigned lan_count(const struct lan *l);

#endif
