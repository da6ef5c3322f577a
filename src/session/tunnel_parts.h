/* What the files of the tunnel share among themselves; nobody else includes this.
 *
 * tunnel.c       the verbs, the order in which the parts are drained, beginning and end of a call
 * tunnel_link.c  what the PPP link reports: network protocols, MTU
 * tunnel_server.c, tunnel_client.c  the authentication phase of each role
 * tunnel_data.c  the data path: walking over frames, headers of packets to send
 * tunnel_text.c  names, defaults, and how causes of the parts are called outside */
#ifndef ADIT_SESSION_TUNNEL_PARTS_H
#define ADIT_SESSION_TUNNEL_PARTS_H

#include "session/tunnel.h"

/* Moves what the parts have to send into t->out. Called after every verb of a part, so that messages leave in the
 * order in which they were made, whichever part made them. */
void tunnel_collect(struct tunnel *t);
/* Drains the parts until an outward event waits or none has anything to say. */
void tunnel_pump(struct tunnel *t);
/* The outward event, empty but for its kind, to be filled in. Only while the slot is free. */
struct tunnel_event *tunnel_emit(struct tunnel *t, enum tunnel_ev_kind kind);
/* Remembers why the call ends. The first cause wins; returns whether this was it. */
bool tunnel_blame(struct tunnel *t, enum tunnel_cause cause, uint32_t detail);
void tunnel_blame_text(struct tunnel *t, struct slice text);
/* The orderly end, from our side: PPP Terminate, then Call Disconnect. */
void tunnel_end(struct tunnel *t, enum tunnel_cause cause, uint32_t detail);
/* Call Disconnect; the link is over. */
void tunnel_hang_up(struct tunnel *t);
void tunnel_auth_off(struct tunnel *t);

/* LCP is open. */
void tunnel_auth_start(struct tunnel *t, struct lcp_auth agreed);
/* The authentication is over, well: binding key to the call, addresses to the link. Wipes `hlak`. */
void tunnel_authenticated(struct tunnel *t, uint8_t hlak[HLAK_LEN], const struct link_net *net);
/* Handles one event of the link; false: it had none. */
bool tunnel_link_step(struct tunnel *t);
void tunnel_report_up(struct tunnel *t);
/* The longest packet of this family (4 or 6) that fits the peer's MRU and an SSTP packet, given the PPP header in use,
 * which is left in `head`. */
size_t tunnel_fits(const struct tunnel *t, int family, uint8_t head[4], size_t *ret_head_len);

void tunnel_server_start(struct tunnel *t);
bool tunnel_server_step(struct tunnel *t);
void tunnel_client_start(struct tunnel *t);
bool tunnel_client_step(struct tunnel *t);

/* How LCP names a method; proto 0 for none. */
struct lcp_auth tunnel_lcp_auth(enum auth_method m);
/* The parts' causes in the words of tunnel.h. */
enum tunnel_cause tunnel_cause_of_call(const struct call_event *e, uint32_t *ret_detail);
enum tunnel_cause tunnel_cause_of_link(const struct link_event *e, uint32_t *ret_detail);
/* The RAS error number that our client puts into its Terminate-Request ([CAP]); 0 is "the user hung up". */
int tunnel_ras_error(enum tunnel_cause cause, uint32_t detail);

#endif
