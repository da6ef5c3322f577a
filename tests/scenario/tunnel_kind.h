/* The adapters for the tunnel; see tunnel_kind.c for what scripts may say to them. */
#ifndef ADIT_TESTS_TUNNEL_KIND_H
#define ADIT_TESTS_TUNNEL_KIND_H

#include "scenario.h"

extern const struct scenario_kind tunnel_client_kind;
extern const struct scenario_kind tunnel_server_kind;

#endif
