/* What the two files of libadit share: the objects behind the opaque types. */
#ifndef ADIT_LIB_SESSION_H
#define ADIT_LIB_SESSION_H

#include "adit/adit.h"
#include "auth/eap_server.h"
#include "session/tunnel.h"

struct adit_config {
    struct tunnel_conf tunnel;
    char host[256], name[64];
    char user[AUTH_NAME_MAX + 1], password[AUTH_PASSWORD_BYTES + 1];
};

/* The question that is open, copied: its answer may come much later. */
struct lib_question {
    uint32_t ask; /* the tunnel's number; 0: none is open */
    enum auth_method method;
    uint8_t id;
    uint8_t name[AUTH_NAME_MAX], password[AUTH_PASSWORD_BYTES], challenge[16], response[64];
    size_t name_len, password_len, challenge_len, response_len;
};

struct adit_session {
    struct adit_config config; /* the tunnel's configuration points into it */
    struct env env;
    struct tunnel tunnel;
    struct tunnel_work work;
    char correlation[39];
    struct lib_question question;
    struct eap_server eap;
    bool eap_on; /* it is initialised */
    struct params granted;
};

/* A question of the tunnel: true if it goes outward as ADIT_EV_WHO, in *ret_event; false: answered here. */
bool lib_ask(adit_session *s, const struct tunnel_event *e, struct adit_event *ret_event);

#endif
