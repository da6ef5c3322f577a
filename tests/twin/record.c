/* Writes the seed corpora of fuzz_tunnel_client and fuzz_tunnel_server: what one end hears in whole sessions of the
 * twins. With the same dice the recorded bytes authenticate again. Not a test; run by hand when the protocol side
 * changes: twin_record tests/fuzz/session */
#include <stdio.h>
#include <stdlib.h>

#include "twin.h"

enum { SEED = 42 };

static struct twin w;
static struct tape heard[2];

static void save(const char *root, const char *role, const char *name, const struct tape *t)
{
    char path[512];
    snprintf(path, sizeof path, "%s/corpus_tunnel_%s/%s", root, role, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(t->bytes, 1, t->n, f) != t->n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
    printf("%s: %zu bytes\n", path, t->n);
}

static void session(const char *root, enum auth_method method, const char *name, bool wrong)
{
    twin_init(&w, method, SEED);
    for (unsigned i = 0; i < 2; i++) {
        heard[i].bytes[0] = (uint8_t)method;
        heard[i].n = 1;
    }
    w.client.tape = &heard[0];
    w.server.tape = &heard[1];
    if (wrong)
        w.client_conf.password = slice_str("wrong horse");
    twin_start(&w);
    twin_run(&w, 3000);
    if (!wrong) {
        twin_send(&w, &w.client, 4, 60);
        twin_send(&w, &w.server, 4, 60);
        twin_run(&w, 130000); /* echoes */
        tunnel_close(method & 1 ? &w.client.t : &w.server.t, TUNNEL_CAUSE_LOCAL, 0, w.now);
        struct tape *t = &heard[method & 1 ? 0 : 1];
        t->bytes[t->n++] = TAPE_CLOSE;
    }
    twin_run(&w, 20000);
    save(root, "client", name, &heard[0]);
    save(root, "server", name, &heard[1]);
    twin_done(&w);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: twin_record tests/fuzz/session\n");
        return 2;
    }
    for (int m = AUTH_PAP; m < AUTH_METHODS; m++) {
        char name[32];
        session(argv[1], (enum auth_method)m, auth_method_name((enum auth_method)m), false);
        snprintf(name, sizeof name, "%s-refused", auth_method_name((enum auth_method)m));
        session(argv[1], (enum auth_method)m, name, true);
    }
    return 0;
}
