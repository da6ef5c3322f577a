/* Runs the scripts of tunnel/ against the whole tunnel. */
#include "tls/prim_host.h"
#include "tunnel_kind.h"

int main(int argc, char **argv)
{
    static const struct scenario_kind *const kinds[] = { &tunnel_client_kind, &tunnel_server_kind };
    return scenario_main(argc, argv, kinds, 2, &prim_host);
}
