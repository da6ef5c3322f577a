/* The adapters for the PPP link; see ppp_kind.c for what scripts may say to them. */
#ifndef ADIT_TESTS_PPP_KIND_H
#define ADIT_TESTS_PPP_KIND_H

#include "scenario.h"

extern const struct scenario_kind ppp_client_kind;
extern const struct scenario_kind ppp_server_kind;

#endif
