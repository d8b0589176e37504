/* Lets one operation on files below a folder fail: loaded into the program in front of the C library.
 *   MEKONG_FAULT_ROOT  the folder      MEKONG_FAULT_AT  which operation, from 1; 0: none
 *   MEKONG_FAULT_KIND  ENOSPC, EIO or SHORT (half of a write, the rest later)
 *   MEKONG_FAULT_TOLD  a file outside of it: how many there were, and the name of the one that failed
 * Counted are writes, syncs, renames, and opens that may make a file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long counted;
static long fails_at;
static char root[4096], kind[16], told[4096];
static const char *_Atomic failed = "none";

static void keep(char *into, size_t size, const char *name) {
    const char *value = getenv(name);
    snprintf(into, size, "%s", value ? value : "");
}

__attribute__((constructor)) static void begin(void) {
    char at[32];
    keep(root, sizeof root, "MEKONG_FAULT_ROOT");
    keep(kind, sizeof kind, "MEKONG_FAULT_KIND");
    keep(told, sizeof told, "MEKONG_FAULT_TOLD");
    keep(at, sizeof at, "MEKONG_FAULT_AT");
    fails_at = atol(at);
}

__attribute__((destructor)) static void end(void) {
    FILE *out = fopen(told, "w");
    if (out) {
        fprintf(out, "%ld %s\n", (long)counted, failed);
        fclose(out);
    }
}

static int below(const char *path) {
    size_t length = strlen(root);
    return length && path && !strncmp(path, root, length);
}

static int is_ours(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return below(path);
}

/* Whether this operation is the one. */
static int falls(const char *name) {
    if (atomic_fetch_add(&counted, 1) + 1 != fails_at) return 0;
    failed = name;
    return 1;
}

static int broken(void) {
    errno = strcmp(kind, "ENOSPC") ? EIO : ENOSPC;
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPENS(name)                                                       \
    int name(const char *path, int flags, ...) {                          \
        va_list more;                                                     \
        va_start(more, flags);                                            \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; \
        va_end(more);                                                     \
        if ((flags & O_CREAT) && below(path) && falls("open")) return broken(); \
        return REAL(name)(path, flags, mode);                             \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                    \
    int name(int folder, const char *path, int flags, ...) {              \
        va_list more;                                                     \
        va_start(more, flags);                                            \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; \
        va_end(more);                                                     \
        if ((flags & O_CREAT) && below(path) && falls("open")) return broken(); \
        return REAL(name)(folder, path, flags, mode);                     \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

ssize_t write(int fd, const void *bytes, size_t size) {
    if (is_ours(fd) && falls("write")) {
        if (strcmp(kind, "SHORT") || size < 2) return broken();
        size /= 2;
    }
    return REAL(write)(fd, bytes, size);
}

#define WRITES_AT(name, place)                                            \
    ssize_t name(int fd, const void *bytes, size_t size, place at) {      \
        if (is_ours(fd) && falls("write")) {                              \
            if (strcmp(kind, "SHORT") || size < 2) return broken();       \
            size /= 2;                                                    \
        }                                                                 \
        return REAL(name)(fd, bytes, size, at);                           \
    }
WRITES_AT(pwrite, off_t)
WRITES_AT(pwrite64, off64_t)

int fsync(int fd) { return is_ours(fd) && falls("fsync") ? broken() : REAL(fsync)(fd); }
int fdatasync(int fd) { return is_ours(fd) && falls("fsync") ? broken() : REAL(fdatasync)(fd); }

int rename(const char *from, const char *to) {
    return below(to) && falls("rename") ? broken() : REAL(rename)(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
    return below(to) && falls("rename") ? broken() : REAL(renameat)(a, from, b, to);
}
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    return below(to) && falls("rename") ? broken() : REAL(renameat2)(a, from, b, to, flags);
}
