/* Tables of nftables that are ours, through libnftables. */
#include "net/nft.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <string.h>

#include "net/text.h"

/* Runs `commands`; returns libnftables' context with both outputs kept, or NULL. *ret_failed: it was refused. */
static struct nft_ctx *run(const char *commands, unsigned flags, bool *ret_failed)
{
    struct nft_ctx *n = nft_ctx_new(NFT_CTX_DEFAULT);

    if (!n)
        return NULL;
    nft_ctx_buffer_output(n);
    nft_ctx_buffer_error(n);
    nft_ctx_output_set_flags(n, flags);
    *ret_failed = nft_run_cmd_from_buffer(n, commands) != 0;
    return n;
}

int nft_run(const char *commands, const char *what, char err[256])
{
    bool failed = false;
    struct nft_ctx *n = run(commands, 0, &failed);

    if (!n)
        return net_fail(err, ERR_NOMEM, "cannot %s: nftables does not start", what);
    if (failed) {
        const char *why = nft_ctx_get_error_buffer(n);
        int len = (int)strcspn(why, "\n"); /* the first line says it, the rest points into the command */
        net_fail(err, ERR_SYSTEM, "cannot %s: nftables: %.*s", what, len, why);
    }
    nft_ctx_free(n);
    return failed ? ERR_SYSTEM : 0;
}

int nft_table_owner(const char *table, char err[256])
{
    static const char start[] = "inet adit_";
    char command[64];
    bool failed = false;
    int owner;

    if (strncmp(table, start, sizeof(start) - 1) != 0 || !net_name_ok(table + sizeof(start) - 1) ||
        !net_print(command, sizeof(command), "list table %s", table))
        return net_fail(err, ERR_VALUE, "'%.40s' is not a table of ours", table);
    struct nft_ctx *n = run(command, 0, &failed);
    if (!n)
        return net_fail(err, ERR_NOMEM, "cannot look for table %s: nftables does not start", table);
    if (!failed) {
        owner = strstr(nft_ctx_get_output_buffer(n), "comment \"" NFT_COMMENT "\"") ? NFT_OURS : NFT_FOREIGN;
    } else if (strstr(nft_ctx_get_error_buffer(n), strerror(ENOENT))) {
        owner = NFT_ABSENT;
    } else {
        const char *why = nft_ctx_get_error_buffer(n);
        owner =
            net_fail(err, ERR_SYSTEM, "cannot look for table %s: nftables: %.*s", table, (int)strcspn(why, "\n"), why);
    }
    nft_ctx_free(n);
    return owner;
}

char *nft_ruleset_json(void)
{
    bool failed = false;
    struct nft_ctx *n = run("list ruleset", NFT_CTX_OUTPUT_TERSE | NFT_CTX_OUTPUT_JSON, &failed);
    char *text = n && !failed ? strdup(nft_ctx_get_output_buffer(n)) : NULL;
    if (n)
        nft_ctx_free(n);
    return text;
}

char *nft_table_text(const char *table)
{
    char command[64];
    bool failed = false;
    struct nft_ctx *n = net_print(command, sizeof(command), "list table %s", table)
                            ? run(command, NFT_CTX_OUTPUT_TERSE, &failed)
                            : NULL;
    char *text = n && !failed ? strdup(nft_ctx_get_output_buffer(n)) : NULL;
    if (n)
        nft_ctx_free(n);
    return text;
}
