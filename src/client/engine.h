/* The engine: the process that talks to the network and can do nothing else. TLS, HTTP, SSTP and PPP run here,
 * under an own user, in an empty root, with the TUN queue that the parent hands over. */
#ifndef ADIT_CLIENT_ENGINE_H
#define ADIT_CLIENT_ENGINE_H

/* The role's main; `user` is whom to become, `sandbox` the mode of its filter. Returns an exit status. */
int engine_main(const char *user, const char *sandbox);

#endif
