/* Whether the limit on unread bytes stands in the way; see intake.h. */
#include "dp/intake.h"

bool intake_read(struct intake *i, uint32_t n, msec now)
{
    if (i->free)
        return false;
    if (!i->since || now - i->since > 4 * INTAKE_SPAN) { /* a pause belongs to no span */
        i->since = now;
        i->bytes = 0;
    }
    i->bytes = n < UINT32_MAX - i->bytes ? i->bytes + n : UINT32_MAX;
    return now - i->since >= INTAKE_SPAN;
}

bool intake_judge(struct intake *i, uint32_t min_rtt, msec now)
{
    uint64_t span = now > i->since ? now - i->since : 1;
    uint64_t under_way = i->bytes * (uint64_t)min_rtt / (span * 1000);
    bool near = !i->free && min_rtt >= INTAKE_SHORT && i->bytes >= INTAKE_LEAST && under_way >= INTAKE_NEAR;
    i->free |= near;
    i->bytes = 0;
    i->since = now;
    return near;
}
