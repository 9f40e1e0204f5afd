/*
 * Records what processes do to the files below one folder, so that a power loss at any moment can be replayed
 * (tests/support/faults/disk.py). Preloaded (LD_PRELOAD) into every process of a server under test.
 *
 * RECORDER_ROOT is the folder (a real path), RECORDER_LOG the log: records in one total order over all processes, for
 * each is one write to a file opened with O_APPEND. What changes a file is recorded after it happened and a sync before
 * and after, so that "written before the sync" is never claimed of a write that was only under way. A reply that
 * accepts a message is recorded before it is sent. The calls themselves are passed on unchanged.
 *
 * Not seen: stores into shared mappings. SQLite maps its -shm file only, which is rebuilt from the WAL and need not
 * survive; any other shared, writable mapping is recorded as X, which fails the replay.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_MAX 4096
#define LOG_FD_MIN 1000
#define ACCEPTED "250 2.6.0 "
#define ACCEPTED_LEN (sizeof ACCEPTED - 1)

/* One record: this header, then `length` bytes of path or data. */
struct record {
    uint32_t magic;
    char kind;
    char pad[3];
    uint32_t pid;
    uint32_t length;
    uint64_t inode;
    uint64_t a;
    uint64_t b;
};

static char root[PATH_MAX];
static size_t root_length;
static dev_t root_device;
static int log_fd = -1;
static atomic_uint_fast64_t tokens;
static atomic_bool is_tracked[FDS_MAX];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CALL(name, ...) \
    ({ \
        static __typeof__(&name) real; \
        if (!real) real = REAL(name); \
        real(__VA_ARGS__); \
    })

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("RECORDER_LOG"), *folder = getenv("RECORDER_ROOT");
    if (!path || !folder) return;
    int fd = CALL(open, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) abort();
    log_fd = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD_MIN);
    if (log_fd < 0) abort();
    close(fd);
    struct stat facts;
    if (stat(folder, &facts)) abort();
    root_device = facts.st_dev;
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
}

static void note(char kind, uint64_t inode, uint64_t a, uint64_t b, const void *data, size_t length)
{
    int saved = errno;
    struct record head = {0x534b5246, kind, {0}, (uint32_t)getpid(), (uint32_t)length, inode, a, b};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, length}};
    if (CALL(writev, log_fd, parts, 2) != (ssize_t)(sizeof head + length)) abort();
    errno = saved;
}

static int is_below(const char *path)
{
    return log_fd >= 0 && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int path_of(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

/* The absolute path; good for names without "..", and the programs under test use no others. */
static int whole(int folder, const char *path, char *out)
{
    char base[PATH_MAX];
    if (*path == '/') return snprintf(out, PATH_MAX, "%s", path) < PATH_MAX;
    if (folder == AT_FDCWD ? !getcwd(base, sizeof base) : !path_of(folder, base)) return 0;
    return snprintf(out, PATH_MAX, "%s/%s", base, path) < PATH_MAX;
}

/* A number may have gone to something else without our seeing it: a memfd is on another device. */
static int tracked(int fd, struct stat *facts)
{
    return log_fd >= 0 && fd >= 0 && fd < FDS_MAX && is_tracked[fd] && !fstat(fd, facts)
        && facts->st_dev == root_device;
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX) is_tracked[fd] = 0;
    return CALL(close, fd);
}

static uint64_t after_write(int fd, ssize_t done)
{
    off_t end = lseek(fd, 0, SEEK_CUR);
    return (uint64_t)end - (uint64_t)done;
}

static void wrote(int fd, const void *data, ssize_t done, int64_t offset)
{
    struct stat facts;
    int saved = errno;
    if (done > 0 && tracked(fd, &facts) && S_ISREG(facts.st_mode))
        note('W', facts.st_ino, offset < 0 ? after_write(fd, done) : (uint64_t)offset, 0, data, (size_t)done);
    errno = saved;
}

static void wrote_parts(int fd, const struct iovec *parts, int count, ssize_t done, int64_t offset)
{
    struct stat facts;
    if (done <= 0 || !tracked(fd, &facts) || !S_ISREG(facts.st_mode)) return;
    if (offset < 0) offset = (int64_t)after_write(fd, done);
    for (int i = 0; i < count && done > 0; i++) {
        size_t length = parts[i].iov_len < (size_t)done ? parts[i].iov_len : (size_t)done;
        note('W', facts.st_ino, (uint64_t)offset, 0, parts[i].iov_base, length);
        offset += (int64_t)length;
        done -= (ssize_t)length;
    }
}

static void answering(const void *data, size_t length)
{
    if (log_fd >= 0 && length > ACCEPTED_LEN && length < 4096 && !memcmp(data, ACCEPTED, ACCEPTED_LEN))
        note('A', 0, 0, 0, data, length);
}

/*
 * C for a file that was there too: the process that made it may not have come to say so. The disk takes the second for
 * nothing.
 */
static int opened(int fd, int flags, int existed)
{
    char path[PATH_MAX];
    struct stat facts;
    int saved = errno;
    if (log_fd < 0 || fd < 0) return fd;
    if (fd >= FDS_MAX) abort();
    is_tracked[fd] = path_of(fd, path) && is_below(path) && !fstat(fd, &facts);
    if (is_tracked[fd] && S_ISREG(facts.st_mode)) {
        if (flags & (O_DSYNC | O_SYNC) || (flags & O_TMPFILE) == O_TMPFILE) note('X', 0, 0, 0, path, strlen(path));
        if (flags & O_CREAT) note('C', facts.st_ino, 0, 0, path, strlen(path));
        if (existed && flags & O_TRUNC) note('T', facts.st_ino, 0, 0, path, strlen(path));
    }
    errno = saved;
    return fd;
}

static int exists(int folder, const char *path, int flags)
{
    struct stat facts;
    return log_fd >= 0 && flags & O_CREAT && !fstatat(folder, path, &facts, 0);
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    int existed = exists(AT_FDCWD, path, flags);
    return opened(CALL(open, path, flags, mode), flags, existed);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    int existed = exists(AT_FDCWD, path, flags);
    return opened(CALL(open64, path, flags, mode), flags, existed);
}

int openat(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    int existed = exists(folder, path, flags);
    return opened(CALL(openat, folder, path, flags, mode), flags, existed);
}

int openat64(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    int existed = exists(folder, path, flags);
    return opened(CALL(openat64, folder, path, flags, mode), flags, existed);
}

ssize_t write(int fd, const void *data, size_t length)
{
    answering(data, length);
    ssize_t done = CALL(write, fd, data, length);
    wrote(fd, data, done, -1);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
    ssize_t done = CALL(pwrite, fd, data, length, offset);
    wrote(fd, data, done, offset);
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
    ssize_t done = CALL(pwrite64, fd, data, length, offset);
    wrote(fd, data, done, offset);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (count > 0) answering(parts[0].iov_base, parts[0].iov_len);
    ssize_t done = CALL(writev, fd, parts, count);
    if (fd != log_fd) wrote_parts(fd, parts, count, done, -1);
    return done;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    ssize_t done = CALL(pwritev, fd, parts, count, offset);
    wrote_parts(fd, parts, count, done, offset);
    return done;
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    answering(data, length);
    return CALL(send, fd, data, length, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (message->msg_iovlen) answering(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
    return CALL(sendmsg, fd, message, flags);
}

static void cut(int fd, uint64_t size)
{
    struct stat facts;
    if (tracked(fd, &facts) && S_ISREG(facts.st_mode)) note('T', facts.st_ino, size, 0, "", 0);
}

int ftruncate(int fd, off_t size)
{
    int result = CALL(ftruncate, fd, size);
    if (!result) cut(fd, (uint64_t)size);
    return result;
}

int ftruncate64(int fd, off64_t size)
{
    int result = CALL(ftruncate64, fd, size);
    if (!result) cut(fd, (uint64_t)size);
    return result;
}

#define SYNCED(name, fd) \
    struct stat facts; \
    char path[PATH_MAX]; \
    int is_ours = tracked(fd, &facts) && path_of(fd, path); \
    uint64_t token = is_ours ? ++tokens : 0; \
    if (is_ours) note('S', facts.st_ino, token, S_ISDIR(facts.st_mode), path, strlen(path)); \
    int result = CALL(name, fd); \
    if (is_ours && !result) note('E', facts.st_ino, token, 0, "", 0); \
    return result;

int fsync(int fd)
{
    SYNCED(fsync, fd)
}

int fdatasync(int fd)
{
    SYNCED(fdatasync, fd)
}

static void named(char kind, int folder, const char *path, int folder2, const char *path2)
{
    char one[PATH_MAX], two[2 * PATH_MAX];
    if (log_fd < 0 || !whole(folder, path, one)) return;
    size_t length = strlen(one);
    memcpy(two, one, length + 1);
    int is_ours = is_below(one);
    if (path2) {
        if (!whole(folder2, path2, one)) return;
        is_ours |= is_below(one);
        strcpy(two + length + 1, one); /* both names, a NUL between them */
        length += 1 + strlen(one);
    }
    if (is_ours) note(kind, 0, 0, 0, two, length);
}

#define NAMED(name, kind, call, folder, path, folder2, path2) \
    int result = call; \
    if (!result) named(kind, folder, path, folder2, path2); \
    return result;

int rename(const char *old, const char *new)
{
    NAMED(rename, 'R', CALL(rename, old, new), AT_FDCWD, old, AT_FDCWD, new)
}

int renameat(int from, const char *old, int to, const char *new)
{
    NAMED(renameat, 'R', CALL(renameat, from, old, to, new), from, old, to, new)
}

int unlink(const char *path)
{
    NAMED(unlink, 'U', CALL(unlink, path), AT_FDCWD, path, 0, NULL)
}

int unlinkat(int folder, const char *path, int flags)
{
    NAMED(unlinkat, 'U', CALL(unlinkat, folder, path, flags), folder, path, 0, NULL)
}

int rmdir(const char *path)
{
    NAMED(rmdir, 'U', CALL(rmdir, path), AT_FDCWD, path, 0, NULL)
}

int mkdir(const char *path, mode_t mode)
{
    NAMED(mkdir, 'M', CALL(mkdir, path, mode), AT_FDCWD, path, 0, NULL)
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    NAMED(mkdirat, 'M', CALL(mkdirat, folder, path, mode), folder, path, 0, NULL)
}

int link(const char *old, const char *new)
{
    NAMED(link, 'X', CALL(link, old, new), AT_FDCWD, old, AT_FDCWD, new)
}

static void mapped(int fd, int protection, int flags)
{
    char path[PATH_MAX];
    struct stat facts;
    if (!(protection & PROT_WRITE) || !(flags & MAP_SHARED) || !tracked(fd, &facts) || !path_of(fd, path)) return;
    size_t length = strlen(path);
    if (length < 4 || strcmp(path + length - 4, "-shm")) note('X', 0, 0, 0, path, length);
}

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
    mapped(fd, protection, flags);
    return CALL(mmap, at, length, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int fd, off64_t offset)
{
    mapped(fd, protection, flags);
    return CALL(mmap64, at, length, protection, flags, fd, offset);
}
