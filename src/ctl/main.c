/* aditctl: the administrator's tool. It keeps the users' database, whether the server runs or not, and asks and tells the
 * running server over its socket. */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const char help[] = "Usage: aditctl [--config FILE] VERB\n"
                           "\n"
                           "  status [--watch]        how the server is\n"
                           "  sessions [--watch]      who is connected\n"
                           "  session ID              all about one of them\n"
                           "  disconnect ID [--reason TEXT]\n"
                           "  disconnect --user NAME [--reason TEXT]\n"
                           "                          end a session, or all of a user's\n"
                           "  drain                   no new connections; the server ends with its last session\n"
                           "  reload                  read the configuration again\n"
                           "  upgrade                 become the program that is installed now; sessions stay\n"
                           "  log-level LEVEL         error, warning, notice, info or debug\n"
                           "\n"
                           "  user add NAME [NETWORKS] [--pap-only | --reversible]\n"
                           "                          add a user\n"
                           "  user set NAME NETWORKS  change --ip, --ipv6, --group, --routed; \"none\" takes away\n"
                           "  user passwd NAME [--pap-only | --reversible]\n"
                           "                          give a user another password\n"
                           "  user del NAME           delete a user and end his sessions\n"
                           "  user list               list all users\n"
                           "  user lock NAME          end the user's sessions and refuse him from now on\n"
                           "  user unlock NAME        and no longer\n"
                           "\n"
                           "  -c, --config FILE       configuration of the server (/etc/adit/aditd.conf)\n"
                           "      --socket PATH       the server's socket, in place of the configuration's\n"
                           "      --json              print what the server said, as JSON\n"
                           "      --ip ADDRESS        give the user this address always, and one session at a time\n"
                           "      --ipv6 NET          the same for a /64, or an address of a shared one\n"
                           "      --group NAME        put the user into a group of the configuration\n"
                           "      --routed NET,...    networks behind the user's client\n"
                           "      --pap-only          store a slow hash only: for PAP\n"
                           "      --reversible        store the password itself as well: for CHAP\n"
                           "  -h, --help              this text\n"
                           "      --version           the version\n"
                           "\n"
                           "The password is asked for on the terminal, or read from standard input when that is none.\n"
                           "Exit status: 0 done, 1 failed, 2 bad usage or configuration.\n";

int fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("aditctl: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return CTL_FAILED;
}

int main(int argc, char **argv)
{
    struct request q;
    static struct config c;
    /* Passwords pass through this process. */
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    int result = args_parse(argc, argv, &q);
    if (result != CTL_OK)
        return result;
    if (q.help || q.version) {
        fputs(q.help ? help : "aditctl " ADIT_VERSION "\n", stdout);
        return CTL_OK;
    }
    if (q.socket && verb_is_live(q.verb))
        return run_live(&q, q.socket);
    if (config_read(q.config, &c, stderr, false) != 0)
        return CTL_USAGE;
    if (verb_is_live(q.verb))
        return run_live(&q, c.control);
    return run_verb(&q, &c);
}
