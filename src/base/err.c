/* Names for the one list of errors. */
#include "base/err.h"

static const struct {
    int code;
    const char *name;
} names[] = {
    { ERR_NONE, "no error" },
    { ERR_TRUNCATED, "truncated" },
    { ERR_LENGTH, "wrong length" },
    { ERR_VALUE, "value not allowed" },
    { ERR_VERSION, "unrecognised version or protocol" },
    { ERR_TRAILING, "bytes left over" },
    { ERR_DUPLICATE, "occurs twice" },
    { ERR_UNKNOWN, "unknown type" },
    { ERR_MISSING, "required part missing" },
    { ERR_STATE, "not allowed in this state" },
    { ERR_SECURITY, "security check failed" },
    { ERR_TIMEOUT, "no answer in time" },
    { ERR_REFUSED, "refused by the peer" },
    { ERR_ENDED, "ended by the peer" },
    { ERR_AUTH, "authentication refused" },
    { ERR_NOBUF, "buffer too small" },
    { ERR_NOMEM, "out of memory" },
    { ERR_SYSTEM, "system call failed" },
    { ERR_LOST, "transport lost" },
    { ERR_BUG, "internal error" },
};

const char *err_str(int e)
{
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == e)
            return names[i].name;
    return "unknown error";
}
