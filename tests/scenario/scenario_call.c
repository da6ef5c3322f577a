/* Runs the scripts of call/ against the SSTP call. */
#include "call_kind.h"
#include "tls/prim_host.h"

int main(int argc, char **argv)
{
    static const struct scenario_kind *const kinds[] = { &call_client_kind, &call_server_kind };
    return scenario_main(argc, argv, kinds, 2, &prim_host);
}
