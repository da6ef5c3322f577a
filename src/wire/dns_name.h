/* Domain names in lists, as DHCP, DHCPv6 and router advertisements carry them: labels with lengths (RFC 1035 3.1),
 * compressed only where DHCP allows it (RFC 3397). No resolver: nothing is asked or looked up here.
 *
 * A name becomes text that is safe to hand to a program: letters, digits, hyphens, underscores and dots, no label
 * that begins with a hyphen, no dot at the end. */
#ifndef ADIT_WIRE_DNS_NAME_H
#define ADIT_WIRE_DNS_NAME_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum {
    DNS_NAME_TEXT = 254, /* with its NUL: 253 characters make 255 bytes on the wire (RFC 1035 2.3.4) */
    DNS_NAME_LABEL = 63,
    DNS_NAMES_MAX = 16, /* in one list */
};

struct dns_name {
    char text[DNS_NAME_TEXT];
};

/* Is the text a name as described above (and not empty)? */
bool dns_name_ok(const char *text);

/* Takes one name off `r`. Compression pointers count from the beginning of `whole`, which must end where `r` ends;
 * with an empty `whole` they are refused. The root gives an empty text. Returns 0 or
 *   ERR_TRUNCATED  the bytes end inside the name;
 *   ERR_LENGTH     longer than a name may be;
 *   ERR_VALUE      a character that is not allowed, a label type that is not defined, a pointer that does not go back.
 * `r` and `ret_name` are untouched on failure. */
int dns_name_read(struct rd *r, struct slice whole, struct dns_name *ret_name) MUST_CHECK;

/* A list of names that fills `bytes`: RFC 8415 10 (not compressed), or RFC 3397 2 (compressed). The first `max` are
 * kept, the others only checked. Errors as above; ERR_MISSING for an empty list, ERR_VALUE for the root in it. */
int dns_names_read(struct slice bytes, bool compressed, struct dns_name *names, unsigned max,
                   unsigned *ret_n) MUST_CHECK;

/* Writes one name, not compressed; the writer goes bad if the text is not dns_name_ok() or does not fit. */
void dns_name_put(struct wr *w, const char *text);

/* Writes a list with suffixes shared by pointers, which count from where the writer stands now (RFC 3397 2).
 * Bad if n > DNS_NAMES_MAX. */
void dns_names_put_compressed(struct wr *w, const struct dns_name *names, unsigned n);

#endif
