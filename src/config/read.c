/* The whole way from a file to a checked snapshot. */
#include "config/values.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file's own absolute path and its folder; the file need not exist for text from memory. */
static bool find_folder(struct build *b, const char *path)
{
    char cwd[PATH_MAX];
    if (!path[0] || !getcwd(cwd, sizeof(cwd)) || !path_join(cwd, path, b->c.path))
        return false;
    memcpy(b->folder, b->c.path, sizeof(b->folder));
    char *slash = strrchr(b->folder, '/');
    *(slash == b->folder ? slash + 1 : slash) = '\0';
    return true;
}

static int finish(struct build *b, struct config *ret_c, bool check_files)
{
    values_defaults(b);
    values_apply(b);
    values_check(b);
    if (check_files)
        values_check_host(b);
    if (b->r->errors)
        return 2;
    *ret_c = b->c;
    return 0;
}

static int read_text(struct slice text, const char *path, const char *own_interface, struct config *ret_c,
                     void *err_file, bool check_files)
{
    struct reader r = { .path = path, .err = err_file };
    struct build *b = calloc(1, sizeof(*b));
    int result = 2;
    if (!b) {
        complain(&r, 0, "out of memory");
    } else {
        b->r = &r;
        b->own_interface = own_interface;
        if (!find_folder(b, path))
            complain(&r, 0, "the path of the file is too long");
        else if (parse_text(&r, text))
            result = finish(b, ret_c, check_files);
    }
    reader_done(&r);
    free(b);
    return result;
}

int config_read_text(struct slice text, const char *path, struct config *ret_c, void *err_file, bool check_files)
{
    return read_text(text, path, "", ret_c, err_file, check_files);
}

/* The file's bytes, malloc'd; NULL after a complaint. */
static uint8_t *slurp(struct reader *r, size_t *ret_n)
{
    struct stat st;
    uint8_t *buf = NULL;
    size_t n = 0;
    ssize_t got = 0;
    int fd = open(r->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT) {
        complain(r, 0, "there is no such file; name the configuration with --config FILE");
    } else if (fd < 0 || fstat(fd, &st) < 0) {
        complain(r, 0, "%s", strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        complain(r, 0, "not a file");
    } else if (!(buf = malloc(CONFIG_FILE_MAX + 1))) {
        complain(r, 0, "out of memory");
    } else {
        while (n <= CONFIG_FILE_MAX && (got = read(fd, buf + n, CONFIG_FILE_MAX + 1 - n)) > 0)
            n += (size_t)got;
        if (got < 0)
            complain(r, 0, "%s", strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    if (r->errors) {
        free(buf);
        return NULL;
    }
    *ret_n = n;
    return buf;
}

static int read_file(const char *path, const char *own_interface, struct config *ret_c, void *err_file,
                     bool check_files)
{
    struct reader r = { .path = path, .err = err_file };
    size_t n = 0;
    uint8_t *buf = slurp(&r, &n);
    if (!buf)
        return 2;
    int result = read_text(slice_of(buf, n), path, own_interface, ret_c, err_file, check_files);
    free(buf);
    return result;
}

int config_read(const char *path, struct config *ret_c, void *err_file, bool check_files)
{
    return read_file(path, "", ret_c, err_file, check_files);
}

int config_reread(const char *path, const char *own_interface, struct config *ret_c, void *err_file)
{
    return read_file(path, own_interface, ret_c, err_file, true);
}
