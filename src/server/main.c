/* aditd: the server's one binary. Without --role it is master; the roles are the same file, started by master. */
#include "events/events.h"
#include "priv/proc.h"
#include "server/admin_role.h"
#include "server/authd.h"
#include "server/master.h"
#include "server/upgrade.h"
#include "server/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ADIT_VERSION
#define ADIT_VERSION "0.1.0"
#endif
#define DEFAULT_CONFIG "/etc/adit/aditd.conf"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_BAD_USAGE = 2 };

static const char usage[] =
    "usage: aditd [-c FILE] [--check]\n"
    "\n"
    "  -c, --config FILE  configuration (default " DEFAULT_CONFIG ")\n"
    "      --check        check the configuration and the files that it names, and exit\n"
    "      --help         show this and exit\n"
    "      --version      show the version and exit\n"
    "\n"
    "SIGTERM and SIGINT end all sessions properly and put the host back as it was.\n"
    "Exit status: 0 success, 1 failed, 2 bad usage or configuration. See aditd(8), aditd.conf(5).\n";

static int bad_usage(const char *what, const char *arg)
{
    fprintf(stderr, "aditd: %s %s\n\n%s", what, arg, usage);
    return EXIT_BAD_USAGE;
}

/* Not told in the usage: master starts its roles this way. They need the channel that comes with it. */
static int run_role(const char *role, int argc, char **argv)
{
    if (!proc_has_channel())
        return bad_usage("aditd starts its roles itself", role);
    if (strcmp(role, "worker") == 0)
        return worker_main(argc, argv);
    if (strcmp(role, "authd") == 0)
        return authd_main(argc, argv);
    if (strcmp(role, "admin") == 0)
        return admin_main(argc, argv);
    if (strcmp(role, "look") == 0)
        return look_main();
    return bad_usage("there is no role", role);
}

static int serve(const char *path, bool check_only, const char *argv0)
{
    static struct config c;
    int r = config_read(path, &c, stderr, true);
    if (r != 0)
        return EXIT_BAD_USAGE;
    if (check_only) {
        printf("%s: good\n", path);
        return EXIT_OK;
    }
    events_init("master", EVENT_INFO);
    if (geteuid() != 0) {
        event(EV_START_FAILED, NULL, F_TEXT("cause", "aditd must be started as root; it drops what it does not need"));
        return EXIT_FAILED;
    }
    return master_main(&c, argv0);
}

/* Nor this: a master becomes another program with it (server/upgrade.c). */
static int resume(const char *number)
{
    char *end;
    long fd = strtol(number, &end, 10);
    if (end == number || *end || fd < 3 || fd > 1 << 20)
        return bad_usage("unknown argument", "--resume");
    events_init("master", EVENT_INFO);
    return master_adopt((int)fd);
}

int main(int argc, char **argv)
{
    const char *path = DEFAULT_CONFIG;
    bool check_only = false;
    if (argc > 1 && strncmp(argv[1], "--role=", 7) == 0)
        return run_role(argv[1] + 7, argc, argv);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0) {
            if (++i == argc)
                return bad_usage("a file must follow", argv[i - 1]);
            path = argv[i];
        } else if (strcmp(argv[i], "--resume") == 0 && i + 1 < argc) {
            return resume(argv[i + 1]);
        } else if (strcmp(argv[i], "--check") == 0) {
            check_only = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return EXIT_OK;
        } else if (strcmp(argv[i], "--version") == 0) {
            puts("aditd " ADIT_VERSION);
            return EXIT_OK;
        } else {
            return bad_usage("unknown argument", argv[i]);
        }
    }
    return serve(path, check_only, argv[0]);
}
