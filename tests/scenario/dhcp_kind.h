/* The adapter for the DHCP client; see dhcp_kind.c for what scripts may say to it. */
#ifndef ADIT_TESTS_DHCP_KIND_H
#define ADIT_TESTS_DHCP_KIND_H

#include "scenario.h"

extern const struct scenario_kind dhcp_client_kind;

#endif
