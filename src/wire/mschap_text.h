/* The texts inside MS-CHAPv2's Success and Failure (RFC 2759 sections 5 and 6) into structs and back:
 * "S=<40 hex> M=<text>" and "E=<n> R=<0|1> C=<32 hex> V=<n> M=<text>".
 *
 * The same texts travel in CHAP packets, in EAP-MSCHAPv2 and in RADIUS. They come from a server that has proved
 * nothing yet: all of it is hostile, and the M= text most of all, since it is meant for a human's eyes. */
#ifndef ADIT_WIRE_MSCHAP_TEXT_H
#define ADIT_WIRE_MSCHAP_TEXT_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum {
    MSCHAP_SUCCESS_TEXT_LEN = 42, /* "S=" and 40 digits */
    MSCHAP_VERSION = 3,           /* V=: the change-password protocol of MS-CHAPv2 */
};

/* What E= may say (RFC 2759 6). */
enum mschap_error {
    MSCHAP_E_RESTRICTED_HOURS = 646,
    MSCHAP_E_DISABLED = 647,
    MSCHAP_E_PASSWORD_EXPIRED = 648,
    MSCHAP_E_NO_DIALIN = 649,
    MSCHAP_E_AUTHENTICATION = 691,
    MSCHAP_E_CHANGE_PASSWORD = 709,
};

struct mschap_success {
    uint8_t auth_response[20];
    struct slice message; /* M=, borrowed; empty without one */
};

struct mschap_failure {
    uint32_t error; /* E= */
    bool retry;     /* R=1 */
    bool has_challenge;
    uint8_t challenge[16]; /* C= */
    uint32_t version;      /* V=; 0 without one */
    struct slice message;  /* M=, borrowed; empty without one */
};

/* Fields are separated by blanks and may come in any order; M= is the last, since it runs to the end. Unknown
 * fields are skipped. ERR_MISSING without S= (or E=), ERR_DUPLICATE for a field that comes twice, ERR_VALUE for a value
 * of the wrong form. Outputs are untouched on failure. */
int mschap_success_parse(struct slice text, struct mschap_success *ret) MUST_CHECK;
int mschap_failure_parse(struct slice text, struct mschap_failure *ret) MUST_CHECK;

/* Writes the text, with " M=" only if there is a message. */
void mschap_success_put(struct wr *w, const struct mschap_success *s);
/* Writes all five fields; C= is left out if there is no challenge, M= if there is no message. */
void mschap_failure_put(struct wr *w, const struct mschap_failure *f);

#endif
