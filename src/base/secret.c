/* Wiping and constant-time comparison; see secret.h. */
#include "base/secret.h"

#include <string.h>

void secret_wipe(void *p, size_t n)
{
    if (n == 0)
        return;
    memset(p, 0, n);
    /* The barrier claims to read p, so the memset before it must happen. */
    __asm__ __volatile__("" : : "r"(p) : "memory");
}

bool secret_eq(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = (const volatile uint8_t *)a;
    const volatile uint8_t *y = (const volatile uint8_t *)b;
    unsigned diff = 0;
    for (size_t i = 0; i < n; i++)
        diff |= (unsigned)(x[i] ^ y[i]);
    return diff == 0;
}
