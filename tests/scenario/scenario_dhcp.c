/* Runs the scripts of dhcp/ against the DHCP client. */
#include "dhcp_kind.h"
#include "tls/prim_host.h"

int main(int argc, char **argv)
{
    static const struct scenario_kind *const kinds[] = { &dhcp_client_kind };
    return scenario_main(argc, argv, kinds, 1, &prim_host);
}
