/* Are other firewalls of the host in the way of clients? Said at the start, after a reload, and when it changes: Docker and the
 * like may come up after us. See net/foreign.h. */
#include "server/host_parts.h"

#include "events/events.h"
#include "net/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DROPS = 8 };

/* What an administrator would type. */
static const char *try_this(const struct foreign_drop *d, const char *interface, unsigned family, char text[256])
{
    const char *six = family == 6 ? "6" : "";
    switch (d->kind) {
    case FOREIGN_DOCKER:
        snprintf(text, 256,
                 "ip%stables -I DOCKER-USER -i %.15s -j ACCEPT; ip%stables -I DOCKER-USER -o %.15s -j ACCEPT", six,
                 interface, six, interface);
        break;
    case FOREIGN_UFW:
        snprintf(text, 256, "ufw route allow in on %.15s", interface);
        break;
    case FOREIGN_FIREWALLD:
        snprintf(text, 256, "firewall-cmd --permanent --zone=trusted --add-interface=%.15s && firewall-cmd --reload",
                 interface);
        break;
    case FOREIGN_OTHER:
        snprintf(text, 256, "nft insert rule %.79s %.63s iifname %.15s accept", d->table, d->chain, interface);
        break;
    }
    return text;
}

/* A name for what was found: said again only if it is another one. FNV-1a. */
static uint64_t mix(uint64_t sum, const char *s)
{
    for (; *s; s++)
        sum = (sum ^ (uint8_t)*s) * 0x100000001b3u;
    return sum;
}

static void tell(const struct foreign_drop *d, const struct config *c, unsigned family)
{
    char text[256], priority[16];
    snprintf(priority, sizeof(priority), "%d", d->priority);
    event(EV_FORWARD_BLOCKED, NULL, F_TEXT("table", d->table), F_TEXT("chain", d->chain), F_TEXT("hook", d->hook),
          F_TEXT("priority", priority), F_TEXT("family", family == 6 ? "IPv6" : "IPv4"), F_TEXT("cause", d->why),
          F_TEXT("try", try_this(d, c->interface, family, text)));
}

/* One packet a family stands for all: pools differ in their source alone. */
static unsigned look(const struct host *h, const struct config *c, unsigned family, const char *ruleset,
                     struct foreign_drop found[DROPS])
{
    struct foreign_packet p = { .in = c->interface, .out = family == 6 ? h->outer6 : h->outer };
    char own[32];
    for (unsigned i = 0; i < h->n_nets && !p.from.family; i++)
        if (h->nets[i].family == family)
            p.from = h->nets[i];
    snprintf(own, sizeof(own), "adit_%s", c->interface);
    int n = p.from.family ? foreign_find(ruleset, own, &p, found, DROPS) : 0;
    return n > 0 ? (unsigned)n : 0;
}

void host_look_foreign(struct host *h, const struct config *c, bool again)
{
    struct foreign_drop found[2][DROPS];
    unsigned n[2] = { 0, 0 };
    uint64_t sum = 0;
    char *ruleset = foreign_ruleset();
    if (!ruleset)
        return; /* another time */
    for (unsigned k = 0; k < 2; k++) {
        n[k] = look(h, c, k ? 6 : 4, ruleset, found[k]);
        for (unsigned i = 0; i < n[k]; i++)
            sum = mix(mix(mix(sum + k + 1, found[k][i].table), found[k][i].chain), found[k][i].why);
    }
    free(ruleset);
    if (sum == h->foreign && !again)
        return;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < n[k]; i++)
            tell(&found[k][i], c, k ? 6 : 4);
    if (sum == 0 && h->foreign)
        event(EV_FORWARD_FREE, NULL, F_TEXT("interface", c->interface));
    h->foreign = sum;
}
