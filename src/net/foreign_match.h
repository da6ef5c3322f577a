/* Does a match of a foreign rule hold for the packet in mind? Private to foreign.c. */
#ifndef ADIT_NET_FOREIGN_MATCH_H
#define ADIT_NET_FOREIGN_MATCH_H

#include "net/foreign.h"

#include <jansson.h>

enum sure { SURE_NO, SURE_YES, UNSURE };

/* left: what is looked at, as libnftables-json(5) has it; right: a value, a list, a set. */
enum sure foreign_value(const struct foreign_packet *p, const json_t *left, const json_t *right);
/* A "match" with its operator. */
enum sure foreign_match(const struct foreign_packet *p, const json_t *match);

#endif
