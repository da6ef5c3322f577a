/* Authentication as a conversation: questions of the network side, verdicts of whoever knows the users.
 *
 * The server's network process never holds a password or its hash. It runs the PPP side of a method
 * (challenges, identifiers, retransmissions) and asks; authd (or RADIUS behind it) judges. For EAP it
 * is a pass-through: each EAP packet of the peer is a question, each answer may hold the next one.
 * One conversation has many rounds; its question numbers never repeat. */
#ifndef ADIT_AUTH_METHOD_H
#define ADIT_AUTH_METHOD_H

#include "base/machine.h"
#include "base/slice.h"

/* PPP protocol numbers of the authentication protocols (RFC 1334, RFC 1994, RFC 3748). */
enum { PPP_PAP = 0xc023, PPP_CHAP = 0xc223, PPP_EAP = 0xc227 };
enum { CHAP_ALG_NONE = 0, CHAP_ALG_MD5 = 5, CHAP_ALG_MSCHAP2 = 0x81 };

enum auth_method {
    AUTH_NONE = 0,
    AUTH_PAP,
    AUTH_CHAP_MD5,
    AUTH_MSCHAPV2,
    AUTH_EAP_MSCHAPV2, /* EAP on the link; MS-CHAPv2 is the EAP method that we offer first */
    AUTH_METHODS       /* count */
};

enum {
    HLAK_LEN = 32,
    AUTH_NAME_MAX = 256,        /* bytes of a user name, domain included */
    AUTH_PASSWORD_MAX = 256,    /* characters; RFC 2759 8.3 limits to 256 Unicode characters */
    AUTH_PASSWORD_BYTES = 1024, /* UTF-8 bytes that 256 characters may need */
    AUTH_TEXT_MAX = 512,
    AUTH_EAP_MAX = 1500, /* an EAP packet that we accept or send */
};

/* "pap", "chap", "mschapv2", "eap-mschapv2": the names of the configuration. NULL if out of range. */
const char *auth_method_name(enum auth_method m);
/* AUTH_NONE if unknown. Case-insensitive. */
enum auth_method auth_method_from(const char *name);
/* Does this method produce keys, so that a zero HLAK would be a forgery? ([MS-SSTP] 3.2.5.2.2) */
bool auth_method_keyed(enum auth_method m);

/* A question of one round. Slices are borrowed. */
struct auth_question {
    enum auth_method method;
    uint8_t id;             /* CHAP or PAP identifier */
    struct slice name;      /* as sent, domain included; empty for EAP */
    struct slice password;  /* PAP only */
    struct slice challenge; /* CHAP: ours (16 bytes) */
    struct slice response;  /* CHAP-MD5: 16 bytes; MS-CHAPv2: 49 bytes as on the wire (RFC 2759 4) */
    struct slice eap;       /* EAP: the packet received; empty on round 0 (the method starts) */
};

enum auth_verdict_kind { VERDICT_MORE, VERDICT_ACCEPT, VERDICT_REFUSE };

/* The answer of one round. Slices are borrowed for the call. */
struct auth_verdict {
    enum auth_verdict_kind kind;
    struct slice eap;       /* EAP packet to send: Request with MORE, Success with ACCEPT, Failure with REFUSE */
    struct slice text;      /* CHAP/PAP message text: "S=…" with ACCEPT, "E=691 R=1 C=… V=3 M=…" with REFUSE */
    bool retry;             /* REFUSE: the peer may try again on `challenge` */
    uint8_t challenge[16];  /* REFUSE with retry, MS-CHAPv2: the new challenge, the same as C= in text */
    bool keyed;             /* ACCEPT: hlak below is a key, not the zeros of PAP and CHAP */
    uint8_t hlak[HLAK_LEN]; /* ACCEPT: binding key ([MS-SSTP] 3.2.5.2.2); wiped by the receiver after use */
};

#endif
