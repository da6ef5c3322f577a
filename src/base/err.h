/* The one list of errors, in three classes: the peer is wrong, the peer told us, we failed.
 *
 * Functions return < 0 for an error and leave their outputs untouched. The class says
 * what to do: a wrong peer is told in its protocol and dropped; what the peer told us is
 * passed on in words; our own failure is logged and never blamed on the peer. */
#ifndef ADIT_BASE_ERR_H
#define ADIT_BASE_ERR_H

#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))

enum err {
    ERR_NONE = 0,
    /* The peer is wrong. */
    ERR_TRUNCATED = -1, /* bytes end before the message does */
    ERR_LENGTH = -2,    /* a length field contradicts what it measures */
    ERR_VALUE = -3,     /* a field holds a value that is not allowed */
    ERR_VERSION = -4,   /* another version, or not this protocol at all */
    ERR_TRAILING = -5,  /* bytes left over after the message */
    ERR_DUPLICATE = -6, /* occurs twice, may occur once */
    ERR_UNKNOWN = -7,   /* a type that is not defined */
    ERR_MISSING = -8,   /* a required part is absent */
    ERR_STATE = -9,     /* well formed, not allowed now */
    ERR_SECURITY = -10, /* a proof does not hold */
    ERR_TIMEOUT = -11,  /* the peer did not answer in time */
    /* The peer told us. */
    ERR_REFUSED = -101, /* it refused what we asked for */
    ERR_ENDED = -102,   /* it ended the conversation */
    ERR_AUTH = -103,    /* it did not accept who we are */
    /* We failed. */
    ERR_NOBUF = -201, /* the caller's buffer is too small */
    ERR_NOMEM = -202,
    ERR_SYSTEM = -203, /* a system or library call failed; errno or a text says which */
    ERR_LOST = -204,   /* the transport below is gone */
    ERR_BUG = -205,    /* cannot happen */
};

enum err_class { ERR_CLASS_NONE, ERR_CLASS_PEER, ERR_CLASS_TOLD, ERR_CLASS_OURS };

static inline enum err_class err_class(int e)
{
    if (e >= 0)
        return ERR_CLASS_NONE;
    if (e > -100)
        return ERR_CLASS_PEER;
    return e > -200 ? ERR_CLASS_TOLD : ERR_CLASS_OURS;
}

/* A short English name; "unknown error" for a number not in the list. */
const char *err_str(int e);

#endif
