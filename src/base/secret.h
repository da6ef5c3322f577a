/* Secrets: wiped so that the compiler cannot leave it out, compared in constant time. */
#ifndef ADIT_BASE_SECRET_H
#define ADIT_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void secret_wipe(void *p, size_t n);

/* Equal? Takes the same time whatever the bytes are; n is public. */
bool secret_eq(const void *a, const void *b, size_t n);

#endif
