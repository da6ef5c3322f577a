/* An allocator that says no once: linked into aditd_failing and adit_failing, never into what is installed.
 *
 * It counts the allocations of the whole process, libraries and all, while `failalloc.at` is not 0, and gives NULL to that one.
 * tests/netns/39-memory writes `at` from outside (/proc/PID/mem); a process that is too young for that finds its orders
 * in the file beside its program: `ROLE AT`, as in `engine 17` (`parent` has no --role). A crash says where it was. */
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own, for such as us. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

struct failalloc {
    atomic_long at;    /* which one fails; 0: none, and nothing is counted */
    atomic_long count; /* so many were asked for */
    atomic_long failed;
    _Atomic(void *) who; /* asked for the one that failed */
};
extern struct failalloc failalloc;
struct failalloc failalloc;

static int fails(void *who)
{
    long at = atomic_load_explicit(&failalloc.at, memory_order_relaxed);
    if (at == 0 || atomic_fetch_add(&failalloc.count, 1) + 1 != at)
        return 0;
    atomic_store(&failalloc.who, who);
    atomic_fetch_add(&failalloc.failed, 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return n && fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

void *reallocarray(void *p, size_t n, size_t size)
{
    size_t all;
    if (__builtin_mul_overflow(n, size, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, all);
}

void *memalign(size_t align, size_t n)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(align, n);
}

int posix_memalign(void **ret, size_t align, size_t n)
{
    void *p = fails(__builtin_return_address(0)) ? NULL : __libc_memalign(align, n);
    if (p)
        *ret = p;
    return p ? 0 : ENOMEM;
}

static void on_crash(int signo)
{
    void *frames[64];
    static const char text[] = "failalloc: a crash\n";
    int n = backtrace(frames, 64);
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    backtrace_symbols_fd(frames, n, STDERR_FILENO);
    signal(signo, SIG_DFL);
    raise(signo);
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
    void *one[1];
    char path[512], role[32];
    long at;
    (void)backtrace(one, 1); /* loads what it needs now */
    signal(SIGSEGV, on_crash);
    signal(SIGABRT, on_crash);
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 8);
    memcpy(path + (n > 0 ? n : 0), ".orders", 8);
    FILE *f = n > 0 ? fopen(path, "re") : NULL;
    if (f && fscanf(f, "%31s %ld", role, &at) == 2) {
        const char *own = argc > 1 && strncmp(argv[1], "--role=", 7) == 0 ? argv[1] + 7 : "parent";
        if (strcmp(own, role) == 0)
            failalloc.at = at;
    }
    if (f)
        fclose(f);
}
