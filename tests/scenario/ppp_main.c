/* Runs the scripts of ppp_link/ against the PPP link. */
#include "ppp_kind.h"

int main(int argc, char **argv)
{
    static const struct scenario_kind *const kinds[] = { &ppp_client_kind, &ppp_server_kind };
    return scenario_main(argc, argv, kinds, 2, NULL);
}
