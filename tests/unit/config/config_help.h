/* What the tests of src/config share: a text in, a snapshot or complaints out. */
#ifndef ADIT_TESTS_CONFIG_HELP_H
#define ADIT_TESTS_CONFIG_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/config.h"

#include <stdlib.h>

#define LISTEN "listen \"0.0.0.0:443\" {}\n"
#define CERT   "certificate \"vpn\" { chain = \"c.pem\" key = \"k.pem\" }\n"
#define POOL   "pool \"default\" { ipv4 = \"10.80.0.0/24\" }\n"
#define BASE   LISTEN CERT POOL /* three lines: what follows is line 4 */

static struct config got;
static char *complaints;

/* Reads the text as /etc/adit/t.conf; returns what config_read_text() does, complaints has what it wrote. */
static inline int read_as(const char *text, size_t n, bool files)
{
    size_t size;
    free(complaints);
    complaints = NULL;
    FILE *f = open_memstream(&complaints, &size);
    assert_non_null(f);
    memset(&got, 0xaa, sizeof(got));
    int r = config_read_text(slice_of(text, n), "/etc/adit/t.conf", &got, f, files);
    fclose(f);
    return r;
}

static inline void good(const char *text)
{
    if (read_as(text, strlen(text), false) != 0)
        fail_msg("refused: %s\n%s", text, complaints);
    assert_string_equal(complaints, "");
}

/* Refused with exactly this line (and nothing else). */
static inline void bad(const char *text, const char *want)
{
    static struct config untouched;
    char line[600];
    memset(&untouched, 0xaa, sizeof(untouched));
    assert_int_equal(read_as(text, strlen(text), false), 2);
    snprintf(line, sizeof(line), "/etc/adit/t.conf:%s\n", want);
    assert_string_equal(complaints, line);
    assert_memory_equal(&got, &untouched, sizeof(got));
}

#endif
