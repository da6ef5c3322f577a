/* The tunnel's defaults, its causes in plain words, and how the parts' causes are called outside. */
#include "session/tunnel_parts.h"

void tunnel_conf_default(struct tunnel_conf *c, enum tunnel_role role)
{
    bool server = role == TUNNEL_SERVER;
    *c = (struct tunnel_conf){
        .role = role,
        /* [MS-SSTP] 4.1: the client waits 60 seconds; a server has no reason to keep a silent connection so long. */
        .http = { .server = server, .timeout = SECONDS(server ? 10 : 60) },
        .methods = { AUTH_EAP_MSCHAPV2, AUTH_MSCHAPV2 },
        .n_methods = 2,
        .auth_timeout = SECONDS(60),
        .ncp_timeout = SECONDS(60),
        .goodbye = SECONDS(3),
        .server_name = "",
        .want_dns = !server,
    };
    call_conf_default(&c->call, server ? CALL_SERVER : CALL_CLIENT);
    link_conf_default(&c->link, server ? LINK_SERVER : LINK_CLIENT);
}

struct lcp_auth tunnel_lcp_auth(enum auth_method m)
{
    switch (m) {
    case AUTH_PAP:
        return (struct lcp_auth){ PPP_PAP, CHAP_ALG_NONE };
    case AUTH_CHAP_MD5:
        return (struct lcp_auth){ PPP_CHAP, CHAP_ALG_MD5 };
    case AUTH_MSCHAPV2:
        return (struct lcp_auth){ PPP_CHAP, CHAP_ALG_MSCHAP2 };
    case AUTH_EAP_MSCHAPV2:
        return (struct lcp_auth){ PPP_EAP, CHAP_ALG_NONE };
    case AUTH_NONE:
    case AUTH_METHODS:
        break;
    }
    return (struct lcp_auth){ 0, 0 };
}

const char *tunnel_cause_text(enum tunnel_cause c)
{
    switch (c) {
    case TUNNEL_CAUSE_NONE:
        return "still running";
    case TUNNEL_CAUSE_LOCAL:
        return "closed from this side";
    case TUNNEL_CAUSE_PEER:
        return "the other side hung up";
    case TUNNEL_CAUSE_LOST:
        return "the connection was lost";
    case TUNNEL_CAUSE_HTTP_TIMEOUT:
        return "no answer to the HTTP handshake in time";
    case TUNNEL_CAUSE_HTTP_REFUSED:
        return "the HTTP handshake was refused";
    case TUNNEL_CAUSE_HTTP_VERSION:
        return "the server does not speak HTTP/1.1";
    case TUNNEL_CAUSE_SSTP:
        return "the other side broke the SSTP protocol";
    case TUNNEL_CAUSE_SSTP_ABORTED:
        return "the other side aborted the SSTP call";
    case TUNNEL_CAUSE_BINDING:
        return "the crypto binding is wrong: somebody may be in between";
    case TUNNEL_CAUSE_NEGOTIATION_TIMEOUT:
        return "the SSTP negotiation took too long";
    case TUNNEL_CAUSE_HELLO_TIMEOUT:
        return "the other side stopped answering";
    case TUNNEL_CAUSE_GARBAGE:
        return "the other side does not speak SSTP";
    case TUNNEL_CAUSE_LCP:
        return "the PPP link could not be opened";
    case TUNNEL_CAUSE_NO_AUTH_METHOD:
        return "no authentication method in common";
    case TUNNEL_CAUSE_AUTH_REFUSED:
        return "the user name or password was refused";
    case TUNNEL_CAUSE_AUTH_TIMEOUT:
        return "the authentication took too long";
    case TUNNEL_CAUSE_SERVER_UNPROVEN:
        return "the server could not prove that it knows the password";
    case TUNNEL_CAUSE_NO_NETWORK:
        return "neither IPv4 nor IPv6 could be agreed on";
    case TUNNEL_CAUSE_NO_ADDRESS:
        return "no address is free";
    }
    return "unknown cause";
}

enum tunnel_cause tunnel_cause_of_call(const struct call_event *e, uint32_t *ret_detail)
{
    switch (e->cause) {
    case CALL_CAUSE_NONE:
    case CALL_CAUSE_LOCAL:
        return TUNNEL_CAUSE_LOCAL;
    case CALL_CAUSE_PEER:
        return TUNNEL_CAUSE_PEER;
    case CALL_CAUSE_PEER_ABORT:
        *ret_detail = e->status;
        return TUNNEL_CAUSE_SSTP_ABORTED;
    case CALL_CAUSE_PROTOCOL:
    case CALL_CAUSE_NAKED:
        *ret_detail = e->status;
        return TUNNEL_CAUSE_SSTP;
    case CALL_CAUSE_BINDING:
        *ret_detail = e->check;
        return TUNNEL_CAUSE_BINDING;
    case CALL_CAUSE_NEGOTIATION_TIMEOUT:
        return TUNNEL_CAUSE_NEGOTIATION_TIMEOUT;
    case CALL_CAUSE_HELLO_TIMEOUT:
        return TUNNEL_CAUSE_HELLO_TIMEOUT;
    case CALL_CAUSE_GARBAGE:
        return TUNNEL_CAUSE_GARBAGE;
    case CALL_CAUSE_LOST:
        return TUNNEL_CAUSE_LOST;
    }
    return TUNNEL_CAUSE_LOST;
}

enum tunnel_cause tunnel_cause_of_link(const struct link_event *e, uint32_t *ret_detail)
{
    switch (e->cause) {
    case LINK_CAUSE_NONE:
    case LINK_CAUSE_LOCAL:
        return TUNNEL_CAUSE_LOCAL;
    case LINK_CAUSE_PEER:
        *ret_detail = e->has_ras_error ? e->ras_error : 0;
        return TUNNEL_CAUSE_PEER;
    case LINK_CAUSE_NO_ANSWER:
    case LINK_CAUSE_NO_CONVERGENCE:
    case LINK_CAUSE_LOOP:
    case LINK_CAUSE_RENEGOTIATION:
        *ret_detail = e->cause;
        return TUNNEL_CAUSE_LCP;
    case LINK_CAUSE_NO_AUTH:
        return TUNNEL_CAUSE_NO_AUTH_METHOD;
    case LINK_CAUSE_NO_NETWORK:
        return TUNNEL_CAUSE_NO_NETWORK;
    case LINK_CAUSE_ECHO_TIMEOUT:
        return TUNNEL_CAUSE_HELLO_TIMEOUT;
    }
    return TUNNEL_CAUSE_LCP;
}

int tunnel_ras_error(enum tunnel_cause cause, uint32_t detail)
{
    switch (cause) {
    case TUNNEL_CAUSE_AUTH_REFUSED:
        return detail && detail < 100000 ? (int)detail : 691;
    case TUNNEL_CAUSE_SERVER_UNPROVEN:
        return 778;
    case TUNNEL_CAUSE_NO_AUTH_METHOD:
        return 919;
    case TUNNEL_CAUSE_AUTH_TIMEOUT:
        return 718;
    case TUNNEL_CAUSE_NO_NETWORK:
        return 720;
    case TUNNEL_CAUSE_LCP:
        return 732;
    case TUNNEL_CAUSE_NONE:
    case TUNNEL_CAUSE_LOCAL:
    case TUNNEL_CAUSE_PEER:
    case TUNNEL_CAUSE_LOST:
    case TUNNEL_CAUSE_HTTP_TIMEOUT:
    case TUNNEL_CAUSE_HTTP_REFUSED:
    case TUNNEL_CAUSE_HTTP_VERSION:
    case TUNNEL_CAUSE_SSTP:
    case TUNNEL_CAUSE_SSTP_ABORTED:
    case TUNNEL_CAUSE_BINDING:
    case TUNNEL_CAUSE_NEGOTIATION_TIMEOUT:
    case TUNNEL_CAUSE_HELLO_TIMEOUT:
    case TUNNEL_CAUSE_GARBAGE:
    case TUNNEL_CAUSE_NO_ADDRESS:
        break;
    }
    return 0;
}
