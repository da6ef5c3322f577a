/* What may pass from a session to the host: the anti-spoofing check and the refusal of broadcast and multicast.
 *
 * Pure judgement over one packet; the counters are the caller's. The other direction needs no gate: the table of owners
 * (owner.h) finds the session by the destination, and the tunnel sends only what it may. */
#ifndef ADIT_DP_GATE_H
#define ADIT_DP_GATE_H

#include "base/prefix.h"
#include "dp/buf.h"
#include "dp/drops.h"

/* The networks of the pools: their last addresses are broadcasts on the tunnel interface (RFC 919 7, RFC 922 7). */
struct gate_nets {
    const struct prefix *nets;
    unsigned n;
};

/* DROP_NONE: may pass. `own`: the prefixes of the session that sent the packet. */
enum drop gate_from_session(const struct packet *p, const struct prefix *own, unsigned n_own,
                            const struct gate_nets *nets);

#endif
