/* OpenSSL's errors in words that say what happened, and whose fault it was. */
#include "tls/tls_impl.h"

struct reason {
    int code;
    int err;
    bool show_first; /* how the peer began says more than we can */
    const char *text;
};

static const struct reason reasons[] = {
    { SSL_R_HTTP_REQUEST, ERR_VERSION, true, "the peer spoke plain HTTP where TLS is expected" },
    { SSL_R_HTTPS_PROXY_REQUEST, ERR_VERSION, true, "the peer took this for a web proxy" },
    { SSL_R_WRONG_VERSION_NUMBER, ERR_VERSION, true, "the peer does not speak TLS" },
    { SSL_R_WRONG_SSL_VERSION, ERR_VERSION, true, "the peer does not speak TLS" },
    { SSL_R_UNKNOWN_PROTOCOL, ERR_VERSION, true, "the peer does not speak TLS" },
    { SSL_R_UNSUPPORTED_PROTOCOL, ERR_VERSION, false, "the peer offers no TLS version from 1.2 on" },
    { SSL_R_VERSION_TOO_LOW, ERR_VERSION, false, "the peer offers no TLS version from 1.2 on" },
    { SSL_R_NO_PROTOCOLS_AVAILABLE, ERR_SYSTEM, false, "this system's OpenSSL settings allow neither TLS 1.2 nor 1.3" },
    { SSL_R_NO_SHARED_CIPHER, ERR_VERSION, false, "the peer and we have no cipher suite in common" },
    { SSL_R_NO_SUITABLE_KEY_SHARE, ERR_VERSION, false, "the peer and we have no key exchange group in common" },
    { SSL_R_NO_SHARED_GROUPS, ERR_VERSION, false, "the peer and we have no key exchange group in common" },
    { SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, ERR_VERSION, false,
      "the peer takes no signature that the certificate's key can make" },
    { SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, ERR_VERSION, false,
      "the peer takes no signature that the certificate's key can make" },
    { SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, ERR_VERSION, false,
      "the peer lacks secure renegotiation (RFC 5746): its TLS is out of date" },
    { SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, ERR_SECURITY, false, "a record was damaged or forged on the way" },
    { SSL_R_DIGEST_CHECK_FAILED, ERR_SECURITY, false, "the handshake was changed on the way" },
    { SSL_R_BAD_SIGNATURE, ERR_SECURITY, false, "the peer could not prove that it has the certificate's key" },
    { SSL_R_CERTIFICATE_VERIFY_FAILED, ERR_SECURITY, false, "the certificate was not accepted" },
    { SSL_R_PACKET_LENGTH_TOO_LONG, ERR_LENGTH, false, "the peer sent a record that is too long" },
    { SSL_R_ENCRYPTED_LENGTH_TOO_LONG, ERR_LENGTH, false, "the peer sent a record that is too long" },
    { SSL_R_DATA_LENGTH_TOO_LONG, ERR_LENGTH, false, "the peer sent a record that is too long" },
    { SSL_R_UNEXPECTED_MESSAGE, ERR_STATE, false, "the peer sent a handshake message out of turn" },
    { SSL_R_UNEXPECTED_RECORD, ERR_STATE, false, "the peer sent a record out of turn" },
    { SSL_R_NO_RENEGOTIATION, ERR_STATE, false, "the peer wanted to renegotiate, which is not done here" },
};

/* RFC 8446 6.2: what a peer may mean by its alert. */
static const struct {
    int alert;
    const char *hint;
} hints[] = {
    { 40, "it found nothing in common with us" },
    { 42, "it could not read our certificate" },
    { 43, "it does not take certificates of this kind" },
    { 44, "it knows our certificate as revoked" },
    { 45, "for it our certificate has expired; compare the clocks" },
    { 46, "it did not accept our certificate" },
    { 48, "it does not trust the issuer of our certificate" },
    { 70, "it speaks no TLS version that we do" },
    { 112, "it has no certificate for the name that was dialled" },
};

static int alert_text(int alert, struct text *out)
{
    text_str(out, "the peer ended it with the TLS alert \"");
    text_str(out, SSL_alert_desc_string_long(alert));
    text_str(out, "\"");
    for (unsigned i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].alert == alert) {
            text_str(out, ": ");
            text_str(out, hints[i].hint);
        }
    return ERR_REFUSED;
}

int tls_reason(unsigned long code, struct slice first, struct text *out)
{
    int reason = ERR_GET_REASON(code);
    if (reason == ERR_R_MALLOC_FAILURE) {
        text_str(out, "out of memory");
        return ERR_NOMEM;
    }
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
        return alert_text(reason - SSL_AD_REASON_OFFSET, out);
    for (unsigned i = 0; ERR_GET_LIB(code) == ERR_LIB_SSL && i < sizeof reasons / sizeof reasons[0]; i++) {
        const struct reason *r = &reasons[i];
        if (r->code != reason)
            continue;
        text_str(out, r->text);
        if (r->show_first && first.n) {
            text_str(out, "; it began with \"");
            text_escaped(out, first);
            text_str(out, "\"");
        }
        return r->err;
    }
    const char *s = ERR_reason_error_string(code);
    text_str(out, "the peer broke the TLS protocol: ");
    text_str(out, s ? s : "no reason known");
    return ERR_VALUE;
}
