/* See write.h. */
#include "net/write.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, struct slice s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR)
            return ERR_SYSTEM;
        if (n > 0)
            s = slice_of(s.p + n, s.n - (size_t)n);
    }
    return 0;
}
