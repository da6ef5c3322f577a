/* The role "look": the new program, started once by the old master before it takes over. It reads the state, the
 * configuration and the certificate as it would then, says whether it could, and ends. It changes nothing. */
#include "server/state.h"
#include "server/upgrade.h"

#include "events/events.h"
#include "priv/proc.h"

#include <stdio.h>
#include <string.h>

#ifndef ADIT_VERSION
#define ADIT_VERSION "0.1.0"
#endif

static bool look(struct master *m, char words[512])
{
    static struct config c; /* large, and one thread */
    char first[256];
    int r = state_read(LOOK_STATE_FD, m);
    if (r == ERR_VERSION) {
        snprintf(words, 512,
                 "the processes of the running server (version %s) and those of the new program (version %s) do not "
                 "understand each other: the server must be restarted",
                 m->upgrade.from, ADIT_VERSION);
    } else if (r < 0) {
        snprintf(words, 512,
                 "the new program does not understand the running server's state (%s): it must be restarted",
                 err_str(r));
    } else if (!reload_read(m, &c, first)) {
        snprintf(words, 512, "the new program cannot use the configuration: %s", first);
    } else if (!cert_files_read(&c, &m->cert)) {
        snprintf(words, 512, "the new program cannot use the certificate %.400s; the log says why",
                 c.certificate.chain);
    } else {
        snprintf(words, 512, "%s", ADIT_VERSION);
        return true;
    }
    return false;
}

int look_main(void)
{
    static struct master m;
    static struct config none;
    char words[512];
    events_init("look", EVENT_WARNING);
    master_parts_init(&m, &none);
    bool good = look(&m, words);
    struct imsg said = { .type = good ? LOOK_GOOD : LOOK_BAD, .body = slice_str(words) };
    int r = imsg_send(PROC_CHANNEL_FD, &said);
    cert_files_free(&m.cert);
    return good && r == 0 ? 0 : 1;
}
