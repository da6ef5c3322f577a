/* From causes to words and exit statuses; see outcome.h. */
#include "client/outcome.h"

#include "events/events.h"
#include "wire/sstp_msg.h"

static const char *const checks[] = {
    [BINDING_OK] = "none",
    [BINDING_MISSING] = "binding missing",
    [BINDING_REPEATED] = "binding repeated",
    [BINDING_HASH_PROTOCOL] = "hash protocol",
    [BINDING_NONCE] = "nonce",
    [BINDING_CERTIFICATE] = "certificate hash",
    [BINDING_MAC] = "compound MAC",
};

static enum exit_code auth_failed(const struct outcome *o, const struct tunnel_event *ev, const char *cause)
{
    event(EV_CLIENT_AUTH_FAILED, o->call, F_TEXT("server", o->server), F_TEXT("cause", cause),
          F_NUM("error", ev->detail), F_TEXT("meaning", event_ras_text(ev->detail)), F_BYTES("words", ev->text));
    return EXIT_AUTH;
}

static enum exit_code refused(const struct outcome *o, enum event_id id, const struct tunnel_event *ev,
                              const char *cause)
{
    event_emit(id, o->call,
               (const struct event_field[]){ F_TEXT("server", o->server),
                                             F_TEXT("cause", cause),
                                             F_NUM("detail", ev->detail),
                                             F_BYTES("words", ev->text),
                                             { .kind = FIELD_END } });
    return EXIT_REFUSED;
}

static enum exit_code network(const struct outcome *o, enum event_id id, const char *cause)
{
    event_emit(
        id, o->call,
        (const struct event_field[]){ F_TEXT("server", o->server), F_TEXT("cause", cause), { .kind = FIELD_END } });
    return EXIT_NETWORK;
}

static enum exit_code binding(const struct outcome *o, const struct tunnel_event *ev, const struct tls_cert_hash *leaf)
{
    const char *check = ev->detail < sizeof checks / sizeof checks[0] ? checks[ev->detail] : "unknown";
    event(EV_SECURITY_CHECK_FAILED, o->call, F_TEXT("check", check),
          F_HEX("sha1", slice_of(leaf->sha1, sizeof leaf->sha1)),
          F_HEX("sha256", slice_of(leaf->sha256, sizeof leaf->sha256)));
    return EXIT_CERTIFICATE;
}

enum exit_code outcome_tunnel(const struct outcome *o, const struct tunnel_event *ev, const struct tls_cert_hash *leaf)
{
    const char *cause = tunnel_cause_text(ev->cause);
    switch (ev->cause) {
    case TUNNEL_CAUSE_NONE:
    case TUNNEL_CAUSE_LOCAL:
        event(EV_CLIENT_DISCONNECTED, o->call, F_TEXT("cause", cause));
        return EXIT_OK;
    case TUNNEL_CAUSE_PEER:
        event(EV_CLIENT_DISCONNECTED, o->call, F_TEXT("cause", cause), F_NUM("error", ev->detail),
              F_TEXT("meaning", event_ras_text(ev->detail)));
        return EXIT_REFUSED;
    case TUNNEL_CAUSE_LOST:
        return o->was_up ? network(o, EV_CLIENT_LOST, cause) : network(o, EV_CLIENT_NO_RESPONSE, cause);
    case TUNNEL_CAUSE_HTTP_TIMEOUT:
        return network(o, EV_CLIENT_NO_RESPONSE, cause);
    case TUNNEL_CAUSE_NEGOTIATION_TIMEOUT:
        network(o, EV_SSTP_NEGOTIATION_FAILED, cause);
        return EXIT_NETWORK;
    case TUNNEL_CAUSE_HELLO_TIMEOUT:
        return network(o, EV_CLIENT_LOST, cause);
    case TUNNEL_CAUSE_HTTP_VERSION:
        return refused(o, EV_CLIENT_NOT_HTTP11, ev, cause);
    case TUNNEL_CAUSE_HTTP_REFUSED:
        return refused(o, EV_CLIENT_HTTP_REFUSED, ev, cause);
    case TUNNEL_CAUSE_SSTP_ABORTED:
        /* [MS-SSTP] 3.3.5.2.3: the server names the crypto binding when it refuses ours. */
        if (ev->attrib == SSTP_ATTRIB_CRYPTO_BINDING) {
            event(EV_SECURITY_CHECK_FAILED, o->call, F_TEXT("check", "refused by the server"),
                  F_HEX("sha1", slice_of(leaf->sha1, sizeof leaf->sha1)),
                  F_HEX("sha256", slice_of(leaf->sha256, sizeof leaf->sha256)));
            return EXIT_CERTIFICATE;
        }
        return refused(o, EV_SSTP_NEGOTIATION_FAILED, ev, cause);
    case TUNNEL_CAUSE_SSTP:
    case TUNNEL_CAUSE_GARBAGE:
    case TUNNEL_CAUSE_LCP:
    case TUNNEL_CAUSE_NO_NETWORK:
    case TUNNEL_CAUSE_NO_ADDRESS:
        return refused(o, EV_SSTP_NEGOTIATION_FAILED, ev, cause);
    case TUNNEL_CAUSE_BINDING:
        return binding(o, ev, leaf);
    case TUNNEL_CAUSE_NO_AUTH_METHOD:
    case TUNNEL_CAUSE_AUTH_REFUSED:
    case TUNNEL_CAUSE_AUTH_TIMEOUT:
        return auth_failed(o, ev, cause);
    case TUNNEL_CAUSE_SERVER_UNPROVEN:
        event(EV_CLIENT_UNPROVEN, o->call, F_TEXT("server", o->server));
        return EXIT_AUTH;
    }
    return EXIT_FAILED;
}

/* The specific event first: it says what to do. Event 1 follows, as on Windows. */
static void say_untrusted(const struct outcome *o, const struct tls *t)
{
    static const enum event_id ids[] = {
        [TLS_FAIL_UNTRUSTED] = EV_CLIENT_UNTRUSTED,     [TLS_FAIL_NAME] = EV_CLIENT_WRONG_NAME,
        [TLS_FAIL_DATES] = EV_CLIENT_CERTIFICATE_DATES, [TLS_FAIL_EKU] = EV_CLIENT_CERTIFICATE_EKU,
        [TLS_FAIL_PIN] = EV_CLIENT_WRONG_PIN,
    };
    event_emit(ids[tls_fail(t)], o->call,
               (const struct event_field[]){ F_TEXT("server", o->server),
                                             F_TEXT("certificate", tls_fail_text(t)),
                                             F_TEXT("pin", tls_peer_pin(t)),
                                             { .kind = FIELD_END } });
}

enum exit_code outcome_tls(const struct outcome *o, const struct tls *t, const char *text)
{
    enum tls_fail f = t ? tls_fail(t) : TLS_FAIL_NONE;
    bool trust = f != TLS_FAIL_NONE && f != TLS_FAIL_PROTOCOL;
    if (trust)
        say_untrusted(o, t);
    const char *why = trust ? "the certificate of the server was not accepted" : text;
    network(o, o->was_up ? EV_CLIENT_LOST : EV_CLIENT_REQUEST_NOT_SENT, why);
    return trust ? EXIT_CERTIFICATE : EXIT_NETWORK;
}

enum exit_code outcome_lost(const struct outcome *o, const char *text)
{
    return network(o, o->was_up ? EV_CLIENT_LOST : EV_CLIENT_REQUEST_NOT_SENT, text);
}
