/* The inside of the leases from LANs, shared by lan.c and lan_book.c. */
#ifndef ADIT_AAA_LAN_PARTS_H
#define ADIT_AAA_LAN_PARTS_H

#include "aaa/lan.h"
#include "session/dhcp_client.h"

enum { LAN_USER = 64, LAN_CALL = 40 };

struct lan_entry {
    uint32_t slot; /* in the book */
    char link[LAN_NAME];
    uint64_t user_hash;
    uint16_t number; /* of this user's leases on the link */
    bool started;    /* the client runs; else its link is not there: c.lease is what the book says */
    bool orphan;     /* of the book, and no session has said yet that it has it */
    bool up;         /* the host knows the address */
    bool waiting;    /* an answer is owed */
    uint32_t worker;
    uint64_t session;
    char call[LAN_CALL], user[LAN_USER]; /* for the log; cut */
    struct dhcp_client c;
};

/* What stands in the book; NULL: the place is free. `wall` and `now` are the same moment. */
void lan_record_put(const struct lan_entry *e, uint64_t wall, msec now, uint8_t record[LAN_RECORD]);
/* ERR_MISSING: the place is free; ERR_VALUE: it is no record, or older than its lease is long. */
int lan_record_get(struct slice record, uint64_t wall, msec now, struct lan_entry *ret_e) MUST_CHECK;

#endif
