/* The PPP link as a fuzz target, either role: the input is a list of operations (see operate()). */
#ifndef ADIT_TESTS_FUZZ_LINK_H
#define ADIT_TESTS_FUZZ_LINK_H

#include "ppp/link.h"

int fuzz_link(enum link_role role, const uint8_t *data, size_t size);

#endif
