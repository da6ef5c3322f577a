/* Kernel settings: files below /proc/sys. */
#include "net/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "net/text.h"

static int sysctl_open(const char *path, int flags)
{
    char full[512];

    if (path[0] == '/' || path[0] == 0 || strstr(path, "..") || !net_print(full, sizeof(full), "/proc/sys/%s", path))
        return ERR_VALUE;
    int fd = open(full, flags | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? ERR_MISSING : ERR_SYSTEM;
    return fd;
}

int sysctl_read(const char *path, char *dst, size_t cap)
{
    int fd = sysctl_open(path, O_RDONLY);

    if (fd < 0)
        return fd;
    if (cap < 2) {
        close(fd);
        return ERR_NOBUF;
    }
    ssize_t n = read(fd, dst, cap - 1);
    close(fd);
    if (n < 0)
        return ERR_SYSTEM;
    while (n > 0 && dst[n - 1] == '\n')
        n--;
    dst[n] = 0;
    return 0;
}

int sysctl_write(const char *path, const char *value)
{
    int fd = sysctl_open(path, O_WRONLY);
    size_t n = strlen(value);

    if (fd < 0)
        return fd;
    ssize_t put = write(fd, value, n);
    close(fd);
    return put == (ssize_t)n ? 0 : ERR_SYSTEM;
}
