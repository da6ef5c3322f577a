/* See files.h. */
#include "server/files.h"

#include "base/secret.h"
#include "events/events.h"
#include "priv/imsg.h"
#include "tls/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CERT_MAX = 28000 }; /* each; both go into one message (IMSG_MAX) */

static bool complain(enum event_id id, const char *file, const char *cause)
{
    event(id, NULL, F_TEXT("file", file), F_TEXT("cause", cause));
    return false;
}

/* A whole small file. NULL: errno says why; EFBIG: larger than CERT_MAX. */
static uint8_t *read_file(const char *path, size_t *ret_n)
{
    uint8_t *buf = malloc(CERT_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t n = 0;
    ssize_t k = fd < 0 || !buf ? -1 : 1;
    while (k > 0 && n <= CERT_MAX) {
        k = read(fd, buf + n, CERT_MAX + 1 - n);
        if (k > 0)
            n += (size_t)k;
    }
    int e = n > CERT_MAX ? EFBIG : errno;
    if (fd >= 0)
        close(fd);
    if (k < 0 || n > CERT_MAX) {
        free(buf);
        errno = e;
        return NULL;
    }
    *ret_n = n;
    return buf;
}

/* The hash is what a pin, and the page behind the SSTP URL, are compared with. */
static void tell_loaded(const struct config *c, struct tls_ctx *ctx)
{
    struct tls_cert_hash hash;
    tls_ctx_hash(ctx, &hash);
    event(EV_CERTIFICATE_LOADED, NULL, F_TEXT("certificate", c->certificate.name),
          F_TEXT("chain", c->certificate.chain), F_HEX("sha256", slice_of(hash.sha256, sizeof(hash.sha256))));
    if (tls_ctx_warning(ctx)[0])
        event(EV_CERTIFICATE_UNFIT, NULL, F_TEXT("certificate", c->certificate.name),
              F_TEXT("cause", tls_ctx_warning(ctx)));
}

static bool check(const struct config *c, const struct cert_files *f)
{
    char err[TLS_ERR_TEXT];
    struct tls_ctx *ctx = tls_ctx_server(slice_of(f->chain, f->chain_len), slice_of(f->key, f->key_len), err);
    if (!ctx)
        return complain(EV_NO_USABLE_CERTIFICATE, c->certificate.chain, err);
    tell_loaded(c, ctx);
    tls_ctx_free(ctx);
    return true;
}

bool cert_files_read(const struct config *c, struct cert_files *ret_f)
{
    struct cert_files f = { 0 };
    bool good = false;
    f.chain = read_file(c->certificate.chain, &f.chain_len);
    if (!f.chain) {
        complain(EV_CERTIFICATE_MISSING, c->certificate.chain, strerror(errno));
    } else {
        f.key = read_file(c->certificate.key, &f.key_len);
        good = f.key ? check(c, &f) : complain(EV_CERTIFICATE_MISSING, c->certificate.key, strerror(errno));
    }
    if (good)
        *ret_f = f;
    else
        cert_files_free(&f);
    return good;
}

void cert_files_free(struct cert_files *f)
{
    if (f->key)
        secret_wipe(f->key, f->key_len);
    free(f->chain);
    free(f->key);
    *f = (struct cert_files){ 0 };
}

/* The database and what SQLite keeps beside it: made by root (aditctl), read and written by authd. Links are left alone. */
static void give_to(int folder, const char *base, const struct passwd *pw)
{
    static const char *const tails[] = { "", "-journal", "-wal", "-shm" };
    for (unsigned i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        char name[CONFIG_PATH + 16];
        struct stat st;
        snprintf(name, sizeof(name), "%s%s", base, tails[i]);
        if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
            st.st_nlink == 1 && fchownat(folder, name, pw->pw_uid, pw->pw_gid, AT_SYMLINK_NOFOLLOW) < 0)
            complain(EV_STORE_NOT_OPENED, name, strerror(errno));
    }
}

/* May the user search the folder? (After the chroot it is his root; what is above it does not matter.) */
static bool searchable(const struct stat *st, const struct passwd *pw)
{
    if (st->st_uid == pw->pw_uid)
        return st->st_mode & S_IXUSR;
    return st->st_gid == pw->pw_gid ? st->st_mode & S_IXGRP : st->st_mode & S_IXOTH;
}

int users_folder_open(const struct config *c, const char *user)
{
    char folder[CONFIG_PATH];
    struct stat st;
    const char *slash = strrchr(c->users, '/');
    const struct passwd *pw = getpwnam(user);
    snprintf(folder, sizeof(folder), "%.*s", slash && slash != c->users ? (int)(slash - c->users) : 1,
             slash ? c->users : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || !pw) {
        complain(EV_STORE_NOT_OPENED, folder, pw ? strerror(errno) : "the user is gone");
    } else if (!searchable(&st, pw)) {
        event(EV_STORE_NOT_OPENED, NULL, F_TEXT("folder", folder), F_TEXT("user", user),
              F_TEXT("cause", "the user may not search this folder; give the database a folder that belongs to him"));
    } else {
        give_to(fd, slash ? slash + 1 : c->users, pw);
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return ERR_SYSTEM;
}

const char *roles_user(const struct config *c)
{
    if (getpwnam(c->user))
        return c->user;
    const char *other = getpwnam("nobody") ? "nobody" : NULL;
    event(EV_NO_USER, NULL, F_TEXT("user", c->user), F_TEXT("instead", other ? other : "none"));
    return other;
}
