/* libadit: SSTP without input and output.
 *
 * One session is one SSTP call, from the first byte inside TLS to the last: HTTP handshake, SSTP, PPP, authentication,
 * crypto binding, addresses. It opens no socket, reads no clock and starts no thread: bytes that arrived and the time
 * go in, bytes to send, IP packets and events come out. TLS, the TUN device and the loop are yours.
 *
 * A turn of your loop, whatever woke it:
 *     adit_session_feed() or adit_session_tick()
 *     adit_session_event() until it returns 0, dealing with each event
 *     adit_session_pull() until it returns 0, writing what it gives
 *     wait for bytes, or until adit_session_due()
 *
 * Rules for everything here. Times are milliseconds of one monotonic clock of yours. Pointers in events and packets are
 * borrowed until the next call with that session. A session must not be used from two threads at a time; different
 * sessions may. Strings given to setters are copied. Numbers of addresses are in host byte order. Functions returning
 * int give 0, or one of enum adit_error; what they return through pointers is untouched on failure. */
#ifndef ADIT_ADIT_H
#define ADIT_ADIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0" */
const char *adit_version(void);

enum adit_error {
    ADIT_OK = 0,
    ADIT_ERR_VALUE = -1,   /* an argument is not allowed, or too long */
    ADIT_ERR_MISSING = -2, /* something that the role needs was not set */
    ADIT_ERR_MEMORY = -3,
    ADIT_ERR_STATE = -4, /* not now: see the function */
};

enum adit_role { ADIT_CLIENT, ADIT_SERVER };

enum adit_method { ADIT_PAP = 1, ADIT_CHAP_MD5, ADIT_MSCHAPV2, ADIT_EAP_MSCHAPV2 };

/* --- configuration: made once, used for any number of sessions --- */

typedef struct adit_config adit_config;

/* NULL if there is no memory. */
adit_config *adit_config_new(enum adit_role role);
/* Wipes the password. NULL is fine. Sessions do not need it any more. */
void adit_config_free(adit_config *);

/* Server: offered in this order. Client: acceptable, best first. Default: EAP-MSCHAPv2, MS-CHAPv2. */
int adit_config_methods(adit_config *, const enum adit_method *methods, size_t n);
/* The server's certificate (DER, the end entity's only). Client: the one that TLS showed in this very connection.
 * Server: each that may have been shown, up to eight. Without one there is no crypto binding, so it must be set. */
int adit_config_certificate(adit_config *, const void *der, size_t n);
/* The same for a certificate of which only the hashes are known: one that a TLS terminator in front shows. */
int adit_config_certificate_hashes(adit_config *, const uint8_t sha1[20], const uint8_t sha256[32]);
/* Client: value of the Host header, with port and brackets as they must be. */
int adit_config_host(adit_config *, const char *host);
/* Client: who logs in; UTF-8. */
int adit_config_user(adit_config *, const char *user, const char *password);
/* Server: its name in CHAP challenges. Default: "adit". */
int adit_config_name(adit_config *, const char *name);
/* Whether IPv6 is wanted. Default: yes. IPv4 always is. */
int adit_config_ipv6(adit_config *, int wanted);

/* --- sessions --- */

typedef struct adit_session adit_session;

/* ADIT_ERR_MISSING: client without host, user or certificate; server without certificate. */
int adit_session_new(const adit_config *, uint64_t now, adit_session **ret_session);
/* Wipes what is secret. NULL is fine. */
void adit_session_free(adit_session *);

/* An IP packet of the peer, inside the bytes that were fed. */
struct adit_packet {
    const uint8_t *bytes;
    size_t len;
};

/* Takes plaintext that came out of TLS, as much as is complete; returns how many bytes it took. Keep the rest (at most
 * 8 KB) and give it again, with what comes after it. IP packets among them are put into packets[0..*n_packets), where
 * *n_packets is the room before and the number found after; NULL drops them. Call again with the rest while bytes are
 * taken; nothing is taken while an event waits. */
size_t adit_session_feed(adit_session *, const void *bytes, size_t n, struct adit_packet *packets, size_t *n_packets,
                         uint64_t now);

/* Bytes to write into TLS: whole messages, 0 if there are none. `cap` must be at least 4096. */
size_t adit_session_pull(adit_session *, void *dst, size_t cap);

enum { ADIT_HEAD_MAX = 8 };
/* What to write before an IP packet of n bytes to send it to the peer: 5 to 8 bytes into `head`. Returns how many; 0 if
 * the packet cannot be sent now: nothing is up for this family (4 or 6), or the peer does not take packets so long. */
size_t adit_session_head(const adit_session *, int family, size_t n, uint8_t head[ADIT_HEAD_MAX]);

/* Time has passed. */
void adit_session_tick(adit_session *, uint64_t now);
/* When to tick at the latest; UINT64_MAX: no need. */
uint64_t adit_session_due(const adit_session *);

/* Ends the call in order: PPP terminates, SSTP disconnects, then ADIT_EV_DOWN. A few seconds at most. */
void adit_session_close(adit_session *, uint64_t now);
/* TLS or TCP is gone: ADIT_EV_DOWN at once, nothing more to send. */
void adit_session_lost(adit_session *, uint64_t now);

/* --- events --- */

enum adit_event_kind {
    ADIT_EV_NONE,
    ADIT_EV_UPGRADED, /* server: HTTP is done; text: the client's correlation id, or empty */
    ADIT_EV_WHO,      /* server: who is `text`? adit_session_answer() with the number `who` */
    ADIT_EV_AUTHENTICATED,
    ADIT_EV_CONNECTED, /* the crypto binding was sent (client) or verified (server) */
    ADIT_EV_UP,        /* packets may flow; again when another family comes up */
    ADIT_EV_IDENT,     /* text: how the peer's PPP identifies itself; may be binary */
    ADIT_EV_DOWN,      /* over: pull what is left, then close. cause, text */
};

/* Why it is over. Numbers stay as they are; new ones may come. */
enum adit_cause {
    ADIT_CAUSE_NONE,
    ADIT_CAUSE_LOCAL,
    ADIT_CAUSE_PEER, /* detail: RAS error number of the peer, or 0 */
    ADIT_CAUSE_LOST,
    ADIT_CAUSE_HTTP_TIMEOUT,
    ADIT_CAUSE_HTTP_REFUSED, /* detail: status */
    ADIT_CAUSE_HTTP_VERSION,
    ADIT_CAUSE_SSTP,         /* detail: [MS-SSTP] 2.2.8 status */
    ADIT_CAUSE_SSTP_ABORTED, /* detail: [MS-SSTP] 2.2.8 status */
    ADIT_CAUSE_BINDING,
    ADIT_CAUSE_NEGOTIATION_TIMEOUT,
    ADIT_CAUSE_HELLO_TIMEOUT,
    ADIT_CAUSE_GARBAGE,
    ADIT_CAUSE_LCP,
    ADIT_CAUSE_NO_AUTH_METHOD,
    ADIT_CAUSE_AUTH_REFUSED, /* detail: RAS error number, 691 and the like */
    ADIT_CAUSE_AUTH_TIMEOUT,
    ADIT_CAUSE_SERVER_UNPROVEN,
    ADIT_CAUSE_NO_NETWORK,
    ADIT_CAUSE_NO_ADDRESS,
};

/* In plain English. */
const char *adit_cause_text(enum adit_cause cause);

struct adit_event {
    enum adit_event_kind kind;
    const uint8_t *text; /* bytes of the peer: not terminated, maybe hostile */
    size_t text_len;
    uint32_t who;                         /* WHO */
    enum adit_method method;              /* WHO */
    int has_ipv4, has_ipv6;               /* UP: which are up */
    uint32_t our_ipv4, peer_ipv4, dns[2]; /* UP; dns: client only; 0: none */
    uint8_t our_id[8], peer_id[8];        /* UP: IPv6 interface identifiers */
    uint16_t mtu;                         /* UP: longest packet to send to the peer */
    enum adit_cause cause;                /* DOWN */
    uint32_t detail;                      /* DOWN */
};

/* 1 and the event, or 0. ADIT_EV_DOWN comes once, and is the last. */
int adit_session_event(adit_session *, struct adit_event *ret_event);

/* --- answering ADIT_EV_WHO --- */

/* What you know of the user. */
struct adit_user {
    int known;            /* 0: there is nobody of that name; the peer cannot tell this from a wrong password */
    const char *password; /* UTF-8, or NULL: then nt_hash is used; CHAP-MD5 needs the password */
    uint8_t nt_hash[16];
    unsigned refuse; /* 0: may log in; else the RAS error number to refuse a right answer with: 647 disabled,
                                 * 646 not now, 648 password expired, 649 no dial-in permission */
};

/* What the session is given if the answer is right. */
struct adit_grant {
    uint32_t ipv4, server_ipv4; /* the client's and the server's address in the tunnel; ipv4 0: none */
    uint32_t dns[2];            /* 0: none */
    int ipv6;                   /* agree on interface identifiers? */
    uint8_t ipv6_prefix[16];    /* the /64 that the session will own */
    uint16_t mtu;               /* 0: no wish */
};

/* May be called at any later time; a late or repeated answer is ignored. ADIT_ERR_STATE: there is no such question. */
int adit_session_answer(adit_session *, uint32_t who, const struct adit_user *user, const struct adit_grant *grant,
                        uint64_t now);

#ifdef __cplusplus
}
#endif

#endif
