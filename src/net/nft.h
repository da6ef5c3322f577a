/* Tables of nftables that are ours, through libnftables. Private to this layer; nat.h is the public part. */
#ifndef ADIT_NET_NFT_H
#define ADIT_NET_NFT_H

#include "base/err.h"

/* Stands in every table that we make; a table of our name without it is somebody else's. */
#define NFT_COMMENT "adit: made at start, deleted at the end"

enum nft_owner { NFT_ABSENT, NFT_OURS, NFT_FOREIGN };

/* Runs commands in the language of nft(8), all or none. `what` names the work in the failure's text. */
int nft_run(const char *commands, const char *what, char err[256]) MUST_CHECK;
/* The table in the language of nft(8); free() it. NULL: not there, or no memory. */
char *nft_table_text(const char *table) MUST_CHECK;
/* All tables, without elements of sets, as libnftables-json(5) says; free() it. NULL: it cannot be had. */
char *nft_ruleset_json(void) MUST_CHECK;
/* Looks at "inet adit_<interface>"; ERR_VALUE: not such a name. Returns an enum nft_owner. */
int nft_table_owner(const char *table, char err[256]) MUST_CHECK;

#endif
