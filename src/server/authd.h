/* authd: judges who may come in, gives addresses, and keeps the book of sessions. */
#ifndef ADIT_SERVER_AUTHD_H
#define ADIT_SERVER_AUTHD_H

enum { AUTHD_FOLDER_FD = 4 }; /* the folder of the users' database, opened by master before rights are dropped */

/* The role's main: chroots into the folder, then serves until master says stop. Exit status. */
int authd_main(int argc, char **argv);

#endif
