/* What loop.c lends to chan.c: the receive buffer that all channels of a loop share. Not for others. */
#ifndef ADIT_LOOP_LOOP_IMPL_H
#define ADIT_LOOP_LOOP_IMPL_H

#include "loop/loop.h"

/* IMSG_MAX bytes, valid during one callback; NULL: out of memory. */
uint8_t *loop_msg_buf(struct loop *l);

#endif
