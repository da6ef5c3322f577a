/* A DHCP client (RFC 2131) that leases one address for one session of ours, on an Ethernet that we stand on.
 *
 * Pure: whole Ethernet frames go in and out. The address is not the host's: it is a session's, for whom the host answers
 * ARP. So answers are asked for as broadcasts while there is no address (RFC 2131 4.1), and many clients share the
 * hardware address of the interface; what tells them apart is the client identifier (option 61).
 *
 * It looks for a server, takes the first offer, probes the address by ARP (RFC 5227), renews at T1, rebinds at T2, and
 * gives back. DHCPINFORM is session/inform's. */
#ifndef ADIT_SESSION_DHCP_CLIENT_H
#define ADIT_SESSION_DHCP_CLIENT_H

#include "base/env.h"
#include "base/machine.h"
#include "wire/dhcp4.h"

enum {
    DHCP_CLIENT_ID = 32,
    DHCP_CLIENT_HOST = 64,
    DHCP_CLIENT_DNS = 2, /* as many as IPCP can pass on (RFC 1877) */
    DHCP_CLIENT_FRAME = 1514,
};

struct dhcp_lease {
    uint32_t addr, mask, router;            /* host order; 0: not told */
    uint32_t server;                        /* its identifier, option 54 */
    uint8_t server_mac[6];                  /* who brought its answer: the server, or the router or relay before it */
    uint32_t seconds, t1, t2;               /* from `since`; seconds UINT32_MAX: for ever */
    msec since;                             /* when the request left that was granted */
    uint32_t dns[DHCP_CLIENT_DNS], nbns[2]; /* 0: none */
};

struct dhcp_client_conf {
    uint8_t mac[6];   /* of the interface */
    struct slice id;  /* option 61, type first; at most DHCP_CLIENT_ID bytes */
    const char *host; /* option 12; shorter than DHCP_CLIENT_HOST; "" for none */
    uint32_t wish;    /* address that would be welcome; 0: none */
    msec patience;    /* how long a lease may take to get */
};

enum dhcp_client_state {
    DHCP_CLIENT_INIT, /* waits before it begins anew */
    DHCP_CLIENT_SELECTING,
    DHCP_CLIENT_REQUESTING,
    DHCP_CLIENT_CHECKING, /* granted; does somebody use it all the same? */
    DHCP_CLIENT_REBOOTING,
    DHCP_CLIENT_BOUND,
    DHCP_CLIENT_RENEWING,
    DHCP_CLIENT_REBINDING,
    DHCP_CLIENT_ENDED,
};

enum dhcp_client_what {
    DHCP_CLIENT_GOT,      /* the lease is ours */
    DHCP_CLIENT_RENEWED,  /* for longer; what it tells may be new */
    DHCP_CLIENT_CONFLICT, /* declined: `mac` uses the address; another one is looked for */
    DHCP_CLIENT_NOT_GOT,  /* over: none could be had */
    DHCP_CLIENT_LOST,     /* over: it may not be used any more */
};

enum dhcp_client_why { /* of NOT_GOT and LOST */
                       DHCP_WHY_SILENCE,
                       DHCP_WHY_REFUSED,
                       DHCP_WHY_CONFLICT,
                       DHCP_WHY_EXPIRED,
                       DHCP_WHY_CHANGED,
};

struct dhcp_client_event {
    enum dhcp_client_what what;
    enum dhcp_client_why why;
    uint8_t mac[6];
};

struct dhcp_client {
    const struct env *env;
    enum dhcp_client_state state;
    uint8_t mac[6], id[DHCP_CLIENT_ID], n_id;
    char host[DHCP_CLIENT_HOST];
    uint32_t wish, xid;
    msec began, due, give_up; /* of this exchange; the next time to do something; no lease until then: over */
    msec asked;               /* when the request of this exchange was sent first */
    unsigned tries;
    uint8_t send; /* type of the message to send; 0: none */
    bool probe;   /* an ARP probe is to be sent */
    struct dhcp_lease lease, offer;
    bool refused, conflict; /* seen on the way */
    bool event_set;
    struct dhcp_client_event event;
};

/* What a frame said, if it could be for such a client. */
struct dhcp_heard {
    bool arp;
    uint8_t mac[6];        /* who sent the frame, or says so in ARP */
    uint32_t from, target; /* ARP: the sender's address, and the one that it speaks of */
    uint32_t xid;
    struct dhcp4 m; /* not ARP; borrows from the frame */
};

/* An Ethernet frame. `summed`: transport checksums are there to be verified (false where the sender is on this machine
 * and left that to hardware). ERR_UNKNOWN: neither an answer of DHCP nor ARP; or an error of a decoder. */
int dhcp_client_hear(struct slice frame, bool summed, struct dhcp_heard *ret_h) MUST_CHECK;

/* Looks for a lease at once. */
void dhcp_client_init(struct dhcp_client *c, const struct dhcp_client_conf *conf, const struct env *env, msec now);
/* Goes on with a lease that it had before: bound where `lease` says for how long (no event then), else it asks whether
 * it may keep lease->addr. */
void dhcp_client_resume(struct dhcp_client *c, const struct dhcp_client_conf *conf, const struct dhcp_lease *lease,
                        const struct env *env, msec now);
/* True: it was for us. Then take the event, and pull. */
bool dhcp_client_feed(struct dhcp_client *c, const struct dhcp_heard *h, msec now);
/* One frame to send; 0: nothing, or cap < DHCP_CLIENT_FRAME. */
size_t dhcp_client_pull(struct dhcp_client *c, uint8_t *dst, size_t cap, msec now);
bool dhcp_client_event(struct dhcp_client *c, struct dhcp_client_event *out);
/* Back to the server, where there is something to give back; pull, and it is over. */
void dhcp_client_release(struct dhcp_client *c, msec now);
/* Then take the event, and pull. */
void dhcp_client_tick(struct dhcp_client *c, msec now);
msec dhcp_client_due(const struct dhcp_client *c);

/* Is there a lease that may be used? */
bool dhcp_client_has(const struct dhcp_client *c);
/* When its time is over; NEVER for one without end. */
msec dhcp_lease_ends(const struct dhcp_lease *l);
const char *dhcp_client_state_name(enum dhcp_client_state s);
const char *dhcp_client_why_text(enum dhcp_client_why why);

#endif
