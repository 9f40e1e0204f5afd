/*
 * A file system that a test takes away: preloaded (LD_PRELOAD) into every process of a server, each call that would
 * change anything below the folder FAILING_ROOT (a real path) fails with the errno that stands in the file FAILING_ERRNO
 * (a 32-bit number, mapped; 0 lets everything through). Reading works. It is what a kernel does that remounts a broken
 * disk read-only (EROFS, also for files that are open for writing, which `mount -o remount,ro` refuses) or that can
 * write no more (EIO).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const int32_t nothing;
static volatile const int32_t *failing = &nothing;
static const char *root;
static size_t root_length;

__attribute__((constructor)) static void map_errno(void)
{
    const char *path = getenv("FAILING_ERRNO");
    root = getenv("FAILING_ROOT");
    if (!path || !root) return;
    root_length = strlen(root);
    int fd = ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED) failing = mapped;
    close(fd);
}

static int below(const char *path)
{
    return *failing && path && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int below_fd(int fd)
{
    char link[64], path[PATH_MAX];
    struct stat facts;
    if (!*failing || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_IF(condition) \
    do { \
        if (condition) { \
            errno = *failing; \
            return -1; \
        } \
    } while (0)
#define CHANGES(flags) (((flags) & O_ACCMODE) != O_RDONLY || ((flags) & (O_CREAT | O_TRUNC)))
#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        FAIL_IF(CHANGES(flags) && below(path)); \
        return REAL(name)(path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) \
    { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        FAIL_IF(CHANGES(flags) && below(path)); \
        return REAL(name)(folder, path, flags, mode); \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int mkdir(const char *path, mode_t mode)
{
    FAIL_IF(below(path));
    return REAL(mkdir)(path, mode);
}

int unlink(const char *path)
{
    FAIL_IF(below(path));
    return REAL(unlink)(path);
}

int rename(const char *from, const char *to)
{
    FAIL_IF(below(to));
    return REAL(rename)(from, to);
}

#define TRUNCATE(name, size_type) \
    int name(int fd, size_type size) \
    { \
        FAIL_IF(below_fd(fd)); \
        return REAL(name)(fd, size); \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

ssize_t write(int fd, const void *data, size_t length)
{
    FAIL_IF(below_fd(fd));
    return REAL(write)(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
    FAIL_IF(below_fd(fd));
    return REAL(pwrite)(fd, data, length, at);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    FAIL_IF(below_fd(fd));
    return REAL(pwrite64)(fd, data, length, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    FAIL_IF(below_fd(fd));
    return REAL(writev)(fd, parts, count);
}
