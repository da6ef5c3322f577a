/* The shared part of every fuzz target: reports how often the target reached its goal. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t fuzz_reached_count;

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("FUZZ_REACHED_FILE");
    FILE *f = path ? fopen(path, "w") : NULL;
    if (!f)
        return;
    fprintf(f, "%llu\n", (unsigned long long)fuzz_reached_count);
    fclose(f);
}
