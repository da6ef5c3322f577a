/* What the converters of values.c and values_net.c share. Inside of src/config. */
#ifndef ADIT_CONFIG_VALUES_PARTS_H
#define ADIT_CONFIG_VALUES_PARTS_H

#include "config/values.h"

/* Says that the value of this setting is wrong. */
void value_wrong(struct build *b, const struct entry *e, const char *words);
/* The text fits: its caller has looked. */
void value_copy(char *to, size_t cap, const char *text);
/* Decimal digits only; false on anything else or beyond 10^12. */
bool value_digits(const char *s, size_t n, uint64_t *ret);
bool value_bool(struct build *b, const struct entry *e, bool *to);
/* One address that a client could reach; a complaint else. */
bool value_address(struct build *b, const struct entry *e, struct prefix *ret);
void value_add_address(struct build *b, const struct entry *e, struct prefix *to, unsigned *n, unsigned cap);

/* values_net.c: titles of pool, group and user; settings of networks. */
void begin_pool(struct build *b, const struct entry *e);
void begin_group(struct build *b, const struct entry *e);
void begin_user(struct build *b, const struct entry *e);
/* Where an option of such a block lives; NULL: it is of none of them. */
void *value_place(struct build *b, const struct option *o);
/* False: the option is of another kind. */
bool set_net_value(struct build *b, const struct entry *e, void *to);
/* Names of pools and groups into their numbers, once all are known. */
void values_resolve(struct build *b);

/* check_net.c: between pools; of user blocks; against the networks that the host has. */
void check_pools(struct build *b);
void check_users(struct build *b);
void check_host_nets(struct build *b);
/* The interfaces that pools lease on are there. */
void check_host_links(struct build *b);

#endif
