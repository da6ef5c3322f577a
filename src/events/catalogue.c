/* Lookups in the event catalogue, and the error numbers of Windows' remote access in words.
 *
 * No event is emitted here; see events.c. */
#include "events/events.h"

struct entry {
    unsigned id;
    enum event_level level;
    const char *symbol, *what, *todo;
};

static const struct entry *find(unsigned id)
{
    static const struct entry entries[] = {
#define X(num, sym, level, what, todo) { num, EVENT_##level, #sym, what, todo },
#include "events/catalogue.inc"
#undef X
    };
    size_t lo = 0, hi = sizeof(entries) / sizeof(entries[0]);
    while (lo < hi) { /* the numbers ascend; a test holds the catalogue to it */
        size_t mid = (lo + hi) / 2;
        if (entries[mid].id == id)
            return &entries[mid];
        if (entries[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const char *event_symbol(unsigned id)
{
    const struct entry *e = find(id);
    return e ? e->symbol : NULL;
}

const char *event_what(unsigned id)
{
    const struct entry *e = find(id);
    return e ? e->what : NULL;
}

const char *event_todo(unsigned id)
{
    const struct entry *e = find(id);
    return e ? e->todo : NULL;
}

enum event_level event_level_of(unsigned id)
{
    const struct entry *e = find(id);
    return e ? e->level : EVENT_ERROR;
}

static const char *const level_names[] = {
    [EVENT_ERROR] = "error", [EVENT_WARNING] = "warning", [EVENT_NOTICE] = "notice",
    [EVENT_INFO] = "info",   [EVENT_DEBUG] = "debug",
};

const char *event_level_name(enum event_level level)
{
    return (unsigned)level < sizeof(level_names) / sizeof(level_names[0]) ? level_names[level] : "error";
}

bool event_level_from(const char *name, enum event_level *ret)
{
    for (unsigned i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(level_names[i], name) == 0) {
            *ret = (enum event_level)i;
            return true;
        }
    }
    return false;
}

/* [CAP]: a Windows Terminate-Request carries such a number; RFC 2759 6: so does a Failure. The numbers are those of
 * Windows' raserror.h, the words are ours. */
static const struct {
    unsigned code;
    const char *text;
} ras_texts[] = {
    { 619, "the link went away while it was being set up" },
    { 628, "the connection was ended" },
    { 629, "the other side ended the connection" },
    { 631, "the user hung up" },
    { 646, "the account may not log in at this hour" },
    { 647, "the account is locked" },
    { 648, "the password has expired" },
    { 649, "the account may not dial in" },
    { 691, "user name or password is wrong, or the method is not allowed" },
    { 709, "the password could not be changed" },
    { 718, "no valid answer came during the PPP negotiation" },
    { 719, "the other side terminated PPP" },
    { 720, "no network protocol was agreed: no address could be had" },
    { 721, "the other side did not answer with PPP" },
    { 722, "an invalid PPP packet came" },
    { 731, "the protocol is not configured" },
    { 732, "the PPP negotiation does not converge" },
    { 733, "the other side rejected the network protocol" },
    { 734, "LCP was terminated; commonly no authentication method in common" },
    { 735, "the address asked for was rejected" },
    { 736, "the network protocol was terminated" },
    { 737, "the line is looped: our own packets come back" },
    { 738, "no address was assigned" },
    { 741, "the local side requires encryption" },
    { 742, "the other side does not do the required encryption" },
    { 743, "the other side requires encryption" },
    { 778, "the server could not prove that it knows the password" },
    { 798, "the client has no certificate for EAP" },
    { 800, "no kind of tunnel could be made" },
    { 812, "the policy does not allow this authentication method" },
    { 828, "the session was idle for too long" },
    { 829, "the link failed" },
    { 835, "the server's certificate is invalid" },
    { 848, "the SSTP cookie could not be set" },
    { 850, "the EAP method is not installed" },
    { 853, "the user's certificate is invalid" },
    { 857, "the EAP server's certificate is invalid" },
    { 868, "the server's name cannot be resolved" },
    { 919, "the other side refused to authenticate: no method in common" },
};

const char *event_ras_text(unsigned code)
{
    for (size_t i = 0; i < sizeof(ras_texts) / sizeof(ras_texts[0]); i++)
        if (ras_texts[i].code == code)
            return ras_texts[i].text;
    return NULL;
}
