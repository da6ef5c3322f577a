/* Makes the seeds of fuzz_config_decode: the snapshots of the configurations in corpus_config_text. The bytes of a snapshot
 * change with every option, so they are made anew for each run instead of being kept: seed_config_decode OUT FILE... */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static struct config c;
    static uint8_t bytes[CONFIG_ENCODED_MAX];
    static char text[65536], path[4096];
    for (int i = 2; i < argc; i++) {
        FILE *in = fopen(argv[i], "re"), *null = fopen("/dev/null", "we");
        size_t n = in && null ? fread(text, 1, sizeof text, in) : 0;
        int r = n ? config_read_text(slice_of(text, n), "/etc/adit/fuzz.conf", &c, null, false) : 2;
        if (in)
            fclose(in);
        if (null)
            fclose(null);
        if (r != 0)
            continue; /* a seed of the other target that must be refused */
        snprintf(path, sizeof path, "%s/%d", argv[1], i);
        FILE *out = fopen(path, "we");
        if (!out)
            return 1;
        n = config_encode(&c, bytes, sizeof bytes);
        fwrite(bytes, 1, n, out);
        fclose(out);
    }
    return 0;
}
