/* Failures in words, and the check of names. */
#include "net/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int net_fail(char err[256], enum err code, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err, 256, fmt, ap);
    va_end(ap);
    errno = saved;
    return code;
}

bool net_name_ok(const char *name)
{
    static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t n = strnlen(name, 16);

    return n > 0 && n < 16 && name[0] != '-' && name[0] != '.' && strspn(name, ok) == n;
}

bool net_print(char *dst, size_t cap, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(dst, cap, fmt, ap);
    va_end(ap);
    return n >= 0 && (size_t)n < cap;
}
