/* The authentication methods by name and by property. */
#include "auth/method.h"

static const struct {
    const char *name;
    bool keyed;
} methods[AUTH_METHODS] = {
    [AUTH_NONE] = { "none", false },
    [AUTH_PAP] = { "pap", false },
    [AUTH_CHAP_MD5] = { "chap", false },
    [AUTH_MSCHAPV2] = { "mschapv2", true },
    [AUTH_EAP_MSCHAPV2] = { "eap-mschapv2", true },
};

const char *auth_method_name(enum auth_method m)
{
    return (unsigned)m < AUTH_METHODS ? methods[m].name : NULL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

enum auth_method auth_method_from(const char *name)
{
    for (unsigned m = AUTH_NONE + 1; m < AUTH_METHODS; m++)
        if (same(name, methods[m].name))
            return (enum auth_method)m;
    return AUTH_NONE;
}

bool auth_method_keyed(enum auth_method m)
{
    /* [MS-SSTP] 3.2.5.2.2: the HLAK is zeros for PAP and CHAP, and only for them. */
    return (unsigned)m < AUTH_METHODS && methods[m].keyed;
}
