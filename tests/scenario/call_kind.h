/* The adapters for the SSTP call; see call_kind.c for what scripts may say to them. */
#ifndef ADIT_TESTS_CALL_KIND_H
#define ADIT_TESTS_CALL_KIND_H

#include "scenario.h"

extern const struct scenario_kind call_client_kind;
extern const struct scenario_kind call_server_kind;

#endif
