/* Walks record headers (type, version, length) and, in handshake records, message headers (type, length). */
#include "tls/hello_guard.h"

enum { REC_CHANGE_CIPHER = 20, REC_HANDSHAKE = 22 };

/* One byte of a handshake record's contents. */
static int in_message(struct hello_guard *g, uint8_t b)
{
    if (g->msg_left) {
        g->msg_left--;
        return 0;
    }
    g->msg_head[g->n_msg++] = b;
    if (g->n_msg < sizeof g->msg_head)
        return 0;
    g->n_msg = 0;
    g->msg_left = (uint32_t)g->msg_head[1] << 16 | (uint32_t)g->msg_head[2] << 8 | g->msg_head[3];
    return g->msg_left > HELLO_MAX ? ERR_LENGTH : 0;
}

static void in_record_head(struct hello_guard *g, uint8_t b)
{
    g->rec_head[g->n_rec++] = b;
    if (g->n_rec == sizeof g->rec_head)
        g->rec_left = (uint32_t)g->rec_head[3] << 8 | g->rec_head[4];
}

int hello_guard(struct hello_guard *g, const uint8_t *p, size_t n, bool tls13)
{
    for (size_t i = 0; i < n && !g->off; i++) {
        if (g->n_rec < sizeof g->rec_head) {
            in_record_head(g, p[i]);
        } else {
            g->rec_left--;
            if (g->rec_head[0] == REC_HANDSHAKE && in_message(g, p[i]))
                return ERR_LENGTH;
        }
        if (g->n_rec < sizeof g->rec_head || g->rec_left)
            continue;
        g->n_rec = 0;
        if (g->rec_head[0] == REC_CHANGE_CIPHER && !tls13)
            g->off = true;
    }
    return 0;
}
