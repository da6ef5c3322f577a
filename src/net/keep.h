/* Replacing a file of the host and putting it back: the original is kept beside the journal. Private to this layer.
 *
 * A symbolic link is replaced as the link that it is and put back as such; what it points to is never touched. A file
 * that cannot be renamed over, because it is bind-mounted, is rewritten in place. */
#ifndef ADIT_NET_KEEP_H
#define ADIT_NET_KEEP_H

#include "net/undo.h"

enum { KEEP_FILE_MAX = 65536, KEEP_DIGEST = 40 };

/* A digest of the bytes as text. It tells our own file from an edited one; it protects from nobody. */
void keep_digest(struct slice bytes, char text[KEEP_DIGEST]);
/* Reads a whole file (at most KEEP_FILE_MAX - 1) into dst, with a NUL. Returns its length; ERR_MISSING, ERR_NOBUF,
 * ERR_SYSTEM. */
long keep_read(const char *path, char dst[KEEP_FILE_MAX]) MUST_CHECK;
/* Keeps the original, notes it, then puts `contents` there (mode 0644). */
int keep_replace(struct undo *u, const char *path, struct slice contents, char err[256]) MUST_CHECK;

enum keep_result { KEEP_BACK, KEEP_NOT_OURS, KEEP_FAILED };

/* Puts the kept copy back if `path` still is what we wrote, and removes the copy. `copy` "": there was no file. */
enum keep_result keep_restore(const char *path, const char *copy, const char *digest, char err[256]);

#endif
