/* Lets one operation on files below a folder fail: loaded into the program in front of the C library.
 *   MEKONG_FAULT_ROOT  the folder
 *   MEKONG_FAULT_ON    which operation: write, fsync, rename, open (that may make a file), or reopen (of one that
 *                      is there, or is looked for)
 *   MEKONG_FAULT_AT    which one of these, from 1; 0: none
 *   MEKONG_FAULT_KIND  ENOSPC, EIO, EACCES, EMFILE, SHORT (half of a write, the rest later), or FULL (half of a
 *                      write, then the disk is full: this write's rest and the next ones)
 *   MEKONG_FAULT_TOLD  a file outside of it: how many there were of each in this order, and how many failed */
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

enum { WRITE, FSYNC, RENAME, OPEN, REOPEN, OPERATIONS };
static const char *const names[OPERATIONS] = {"write", "fsync", "rename", "open", "reopen"};
static atomic_long counted[OPERATIONS];
static atomic_long failed;
/* Writes that a full disk refuses before somebody makes room. */
enum { REFUSALS = 40 };
static atomic_long refused;
static long fails_at;
static char root[4096], kind[16], told[4096], on[16];

static void keep(char *into, size_t size, const char *name) {
    const char *value = getenv(name);
    snprintf(into, size, "%s", value ? value : "");
}

__attribute__((constructor)) static void begin(void) {
    char at[32];
    keep(root, sizeof root, "MEKONG_FAULT_ROOT");
    keep(kind, sizeof kind, "MEKONG_FAULT_KIND");
    keep(told, sizeof told, "MEKONG_FAULT_TOLD");
    keep(on, sizeof on, "MEKONG_FAULT_ON");
    keep(at, sizeof at, "MEKONG_FAULT_AT");
    fails_at = atol(at);
}

__attribute__((destructor)) static void end(void) {
    FILE *out = fopen(told, "w");
    if (out) {
        for (int one = 0; one < OPERATIONS; one++) fprintf(out, "%ld ", (long)counted[one]);
        fprintf(out, "%ld\n", (long)failed);
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

/* Whether this operation is the one; of a disk that is full then, each write for a while. */
static int falls(int operation) {
    if (operation == WRITE && !strcmp(kind, "FULL") && atomic_load(&failed) && atomic_load(&refused) < REFUSALS) {
        atomic_fetch_add(&counted[operation], 1);
        atomic_fetch_add(&refused, 1);
        return 1;
    }
    if (atomic_fetch_add(&counted[operation], 1) + 1 != fails_at || strcmp(on, names[operation])) return 0;
    atomic_fetch_add(&failed, 1);
    return 1;
}

static int broken(void) {
    errno = !strcmp(kind, "ENOSPC")   ? ENOSPC
            : !strcmp(kind, "FULL")   ? ENOSPC
            : !strcmp(kind, "EACCES") ? EACCES
            : !strcmp(kind, "EMFILE") ? EMFILE
                                      : EIO;
    return -1;
}

/* Which operation an opening with these flags is. */
static int opening(int flags) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? OPEN : REOPEN;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPENS(name)                                                       \
    int name(const char *path, int flags, ...) {                          \
        va_list more;                                                     \
        va_start(more, flags);                                            \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; \
        va_end(more);                                                     \
        if (below(path) && falls(opening(flags))) return broken();        \
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
        if (below(path) && falls(opening(flags))) return broken();        \
        return REAL(name)(folder, path, flags, mode);                     \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

/* Whether a write that falls is taken in part. */
static int in_part(void) {
    return !strcmp(kind, "SHORT") || (!strcmp(kind, "FULL") && !atomic_load(&refused));
}

ssize_t write(int fd, const void *bytes, size_t size) {
    if (is_ours(fd) && falls(WRITE)) {
        if (!in_part()) return broken();
        size -= size / 2; /* one byte cannot be written short */
    }
    return REAL(write)(fd, bytes, size);
}

#define WRITES_AT(name, place)                                            \
    ssize_t name(int fd, const void *bytes, size_t size, place at) {      \
        if (is_ours(fd) && falls(WRITE)) {                              \
            if (!in_part()) return broken();                              \
            size -= size / 2;                                             \
        }                                                                 \
        return REAL(name)(fd, bytes, size, at);                           \
    }
WRITES_AT(pwrite, off_t)
WRITES_AT(pwrite64, off64_t)

int fsync(int fd) { return is_ours(fd) && falls(FSYNC) ? broken() : REAL(fsync)(fd); }
int fdatasync(int fd) { return is_ours(fd) && falls(FSYNC) ? broken() : REAL(fdatasync)(fd); }

int rename(const char *from, const char *to) {
    return below(to) && falls(RENAME) ? broken() : REAL(rename)(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
    return below(to) && falls(RENAME) ? broken() : REAL(renameat)(a, from, b, to);
}
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    return below(to) && falls(RENAME) ? broken() : REAL(renameat2)(a, from, b, to, flags);
}
