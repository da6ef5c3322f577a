/* A whole SSTP handshake without a network: client and server of libadit over two buffers in memory.
 *
 * What a real program does with sockets, TLS and a clock, this one does with two arrays and a counter; the calls are
 * the same, in the same order. Exit status 0 only if both ends came up, a packet went each way, and both ended well. */
#include <stdio.h>
#include <string.h>

#include <adit/adit.h>

enum { BUFFER = 65536 };

/* One direction of the connection. */
struct pipe {
    unsigned char bytes[BUFFER];
    size_t len;
};

struct end {
    const char *name;
    adit_session *session;
    struct pipe *in, *out;
    int up, down, got_packet;
    enum adit_cause cause;
};

static unsigned long long now = 1000;

/* The one user that this server knows. */
static void answer(struct end *e, const struct adit_event *ev)
{
    struct adit_user user = { .known = 0 };
    struct adit_grant grant = {
        .ipv4 = 0x0a500002, .server_ipv4 = 0x0a500001, .dns = { 0x0a500001 } /* 10.80.0.2, 10.80.0.1 */
    };
    if (ev->text_len == 5 && memcmp(ev->text, "alice", 5) == 0) {
        user.known = 1;
        user.password = "correct horse";
    }
    adit_session_answer(e->session, ev->who, &user, &grant, now);
}

static void take_events(struct end *e)
{
    struct adit_event ev;
    while (adit_session_event(e->session, &ev)) {
        switch (ev.kind) {
        case ADIT_EV_WHO:
            printf("%s: who is %.*s?\n", e->name, (int)ev.text_len, (const char *)ev.text);
            answer(e, &ev);
            break;
        case ADIT_EV_UP:
            printf("%s: up, address %08x, peer %08x, MTU %u\n", e->name, ev.our_ipv4, ev.peer_ipv4, ev.mtu);
            e->up = 1;
            break;
        case ADIT_EV_DOWN:
            printf("%s: down, %s\n", e->name, adit_cause_text(ev.cause));
            e->down = 1;
            e->cause = ev.cause;
            break;
        case ADIT_EV_AUTHENTICATED:
            printf("%s: authenticated\n", e->name);
            break;
        case ADIT_EV_CONNECTED:
            printf("%s: connected\n", e->name);
            break;
        case ADIT_EV_NONE:
        case ADIT_EV_UPGRADED:
        case ADIT_EV_IDENT:
            break;
        }
    }
}

/* Everything that one end can do now: read, deal with events, write. Returns whether anything moved. */
static int turn(struct end *e)
{
    int moved = 0;
    size_t taken;
    do {
        struct adit_packet packets[8];
        size_t n = 8;
        taken = adit_session_feed(e->session, e->in->bytes, e->in->len, packets, &n, now);
        if (n > 0 && packets[n - 1].len == 60)
            e->got_packet = 1;
        take_events(e); /* before the bytes move: events and packets borrow from them */
        memmove(e->in->bytes, e->in->bytes + taken, e->in->len - taken);
        e->in->len -= taken;
        moved |= taken > 0;
    } while (taken > 0);

    size_t n;
    while ((n = adit_session_pull(e->session, e->out->bytes + e->out->len, BUFFER - e->out->len)) > 0) {
        e->out->len += n;
        moved = 1;
    }
    return moved;
}

/* Until nothing moves; then time passes until somebody has something to do. */
static void run(struct end *a, struct end *b, unsigned long long until)
{
    while (now < until) {
        while (turn(a) | turn(b))
            ;
        uint64_t due = adit_session_due(a->session), other = adit_session_due(b->session);
        due = due < other ? due : other;
        now = due < until ? (due > now ? due : now) : until;
        adit_session_tick(a->session, now);
        adit_session_tick(b->session, now);
        take_events(a);
        take_events(b);
    }
}

static void send_packet(struct end *e)
{
    unsigned char packet[60] = { 0x45, 0, 0, 60 }, head[ADIT_HEAD_MAX];
    size_t n = adit_session_head(e->session, 4, sizeof packet, head);
    memcpy(e->out->bytes + e->out->len, head, n);
    memcpy(e->out->bytes + e->out->len + n, packet, n ? sizeof packet : 0);
    e->out->len += n ? n + sizeof packet : 0;
}

int main(void)
{
    static struct pipe up, down;
    static const char certificate[] = "stands for the DER of the certificate that TLS showed";
    struct end client = { .name = "client", .in = &down, .out = &up };
    struct end server = { .name = "server", .in = &up, .out = &down };

    adit_config *cc = adit_config_new(ADIT_CLIENT), *sc = adit_config_new(ADIT_SERVER);
    if (!cc || !sc || adit_config_host(cc, "vpn.example.com") || adit_config_user(cc, "alice", "correct horse") ||
        adit_config_certificate(cc, certificate, sizeof certificate) ||
        adit_config_certificate(sc, certificate, sizeof certificate) || adit_session_new(cc, now, &client.session) ||
        adit_session_new(sc, now, &server.session)) {
        fprintf(stderr, "could not be set up\n");
        return 1;
    }
    adit_config_free(cc);
    adit_config_free(sc);

    run(&client, &server, now + 5000);
    if (client.up && server.up) {
        send_packet(&client);
        send_packet(&server);
        run(&client, &server, now + 100);
    }
    adit_session_close(client.session, now);
    run(&client, &server, now + 10000);

    adit_session_free(client.session);
    adit_session_free(server.session);
    int good = client.up && server.up && client.got_packet && server.got_packet && client.down && server.down &&
               client.cause == ADIT_CAUSE_LOCAL && server.cause == ADIT_CAUSE_PEER;
    printf("%s\n", good ? "both ends came up and ended well" : "something went wrong");
    return good ? 0 : 1;
}
