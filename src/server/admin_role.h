/* admin: the role behind the administration's socket. It knows nothing by itself: it asks master and workers. */
#ifndef ADIT_SERVER_ADMIN_ROLE_H
#define ADIT_SERVER_ADMIN_ROLE_H

/* The role's main: an unprivileged user, an empty root folder, no network; serves until master says stop. Exit status. */
int admin_main(int argc, char **argv);

#endif
