/* A disk that fails and a moment that kills, between a real program and the real C library.
 *
 * Loaded with LD_PRELOAD by tests alone (see `mod.rs`, which says what each variable means). Whatever changes a
 * file below WAXSEAL_FAULT_UNDER is a step: a write, a truncation, a sync, a rename, a new or a removed file.
 * Never touches a socket, a terminal or a file elsewhere.
 *
 *   program ──► write, fsync, rename … ──► [ count, maybe die ] ──► [ maybe refuse ] ──► C library
 *                                              └─ power cut: what was not synced is undone first
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The same function under both of its names, where the C library has two. */
#define ALSO(name, real) __attribute__((alias(#real))) __typeof__(real) name

/* One change that no sync has made durable yet. */
struct undo {
    struct undo *before;
    dev_t device;
    ino_t inode;
    off_t size;   /* of the file before it */
    off_t offset; /* of the bytes that were there before */
    size_t length;
    char path[PATH_MAX];
    unsigned char bytes[];
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct undo *newest;
static uint64_t steps;

/* What was asked for. */
static const char *under, *disk;
static uint64_t kill_at;
static int cuts_power;
static uint64_t dice;
static int64_t ahead; /* seconds that the clock is made to differ */

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_clock_gettime)(clockid_t, struct timespec *);

static uint64_t number(const char *name) {
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void) {
    *(void **)&real_write = dlsym(RTLD_NEXT, "write");
    *(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    *(void **)&real_writev = dlsym(RTLD_NEXT, "writev");
    *(void **)&real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
    *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    *(void **)&real_rename = dlsym(RTLD_NEXT, "rename");
    *(void **)&real_unlink = dlsym(RTLD_NEXT, "unlink");
    *(void **)&real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    *(void **)&real_open = dlsym(RTLD_NEXT, "open64");
    *(void **)&real_openat = dlsym(RTLD_NEXT, "openat64");
    *(void **)&real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    under = getenv("WAXSEAL_FAULT_UNDER");
    disk = getenv("WAXSEAL_FAULT_DISK");
    kill_at = number("WAXSEAL_FAULT_KILL");
    cuts_power = getenv("WAXSEAL_FAULT_POWER") != NULL;
    dice = number("WAXSEAL_FAULT_POWER") * 2 + 1;
    uint64_t clock = number("WAXSEAL_FAULT_CLOCK");
    if (clock) {
        struct timespec now;
        real_clock_gettime(CLOCK_REALTIME, &now);
        ahead = (int64_t)clock - now.tv_sec;
    }
}

static int is_ours(const char *path) {
    return under && strncmp(path, under, strlen(under)) == 0;
}

/* Where an open file is; 0 when it is none of ours. */
static int find(int file, char path[PATH_MAX]) {
    if (!under)
        return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    int kept = errno;
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = kept;
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_ours(path);
}

static uint64_t throw(void) {
    /* xorshift: seeded, so that a cut can be repeated. */
    dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
    return dice;
}

/* Loses what no sync has made durable: each change, or not, as the dice fall. Newest first. */
static void cut_power(void) {
    for (struct undo *one = newest; one; one = one->before) {
        if (throw() % 4 == 0)
            continue;
        int file = real_open(one->path, O_WRONLY);
        if (file < 0)
            continue;
        if (one->length && real_pwrite(file, one->bytes, one->length, one->offset) < 0)
            perror("power cut");
        if (real_ftruncate(file, one->size) < 0)
            perror("power cut");
        close(file);
    }
}

/* Counts a step; the one that was chosen is never made. Called with the turn held. */
static void step(void) {
    steps++;
    if (!kill_at || steps != kill_at)
        return;
    if (cuts_power)
        cut_power();
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Remembers what a change of `length` bytes at `offset` takes away; the whole rest of the file for a truncation. */
static void remember(int file, const char *path, off_t offset, size_t length) {
    struct stat now;
    if (!cuts_power || fstat(file, &now) != 0)
        return;
    size_t there = now.st_size > offset ? (size_t)(now.st_size - offset) : 0;
    if (there > length)
        there = length;
    struct undo *one = malloc(sizeof *one + there);
    if (!one)
        abort();
    *one = (struct undo){.before = newest, .device = now.st_dev, .inode = now.st_ino, .size = now.st_size, .offset = offset};
    snprintf(one->path, sizeof one->path, "%s", path);
    if (there) {
        /* The file may be open for writing alone. */
        int again = real_open(path, O_RDONLY);
        ssize_t got = again < 0 ? -1 : pread(again, one->bytes, there, offset);
        if (again >= 0)
            close(again);
        one->length = got > 0 ? (size_t)got : 0;
    }
    newest = one;
}

/* A sync: what it covers can no longer be lost. */
static void forget(int file) {
    struct stat now;
    if (fstat(file, &now) != 0)
        return;
    for (struct undo **one = &newest; *one;) {
        struct undo *this = *one;
        if (this->device == now.st_dev && this->inode == now.st_ino) {
            *one = this->before;
            free(this);
        } else {
            one = &this->before;
        }
    }
}

/* What the disk says to a change: 0, ENOSPC, EROFS or EIO. */
static int mood(int grows) {
    if (!disk)
        return 0;
    char word[16] = {0};
    int file = real_open(disk, O_RDONLY);
    if (file < 0)
        return 0;
    ssize_t got = read(file, word, sizeof word - 1);
    close(file);
    if (got <= 0)
        return 0;
    if (strncmp(word, "full", 4) == 0)
        return grows ? ENOSPC : 0;
    if (strncmp(word, "readonly", 8) == 0)
        return EROFS;
    return strncmp(word, "broken", 6) == 0 ? EIO : 0;
}

static int grows(int file, off_t end) {
    struct stat now;
    return fstat(file, &now) != 0 || end > now.st_size;
}

/* Everything that comes before a write; 0 when it may be made. */
static int before_write(int file, off_t offset, size_t length) {
    char path[PATH_MAX];
    if (!find(file, path))
        return 0;
    pthread_mutex_lock(&turn);
    int refused = mood(grows(file, offset + (off_t)length));
    if (!refused) {
        step();
        remember(file, path, offset, length);
    }
    pthread_mutex_unlock(&turn);
    return refused;
}

static int refuse(int why) {
    errno = why;
    return -1;
}

/* Where a plain write will put its bytes. */
static off_t place(int file) {
    struct stat now;
    int flags = fcntl(file, F_GETFL);
    if (flags >= 0 && (flags & O_APPEND) && fstat(file, &now) == 0)
        return now.st_size;
    off_t at = lseek(file, 0, SEEK_CUR);
    return at < 0 ? 0 : at;
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    int why = before_write(file, offset, length);
    return why ? refuse(why) : real_pwrite(file, bytes, length, offset);
}
ALSO(pwrite64, pwrite);

ssize_t write(int file, const void *bytes, size_t length) {
    char path[PATH_MAX];
    if (find(file, path)) {
        int why = before_write(file, place(file), length);
        if (why)
            return refuse(why);
    }
    return real_write(file, bytes, length);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (find(file, path)) {
        size_t length = 0;
        for (int i = 0; i < count; i++)
            length += parts[i].iov_len;
        int why = before_write(file, place(file), length);
        if (why)
            return refuse(why);
    }
    return real_writev(file, parts, count);
}

/* Copies inside the kernel: there are none here, so they are made by writes that are seen. */
ssize_t copy_file_range(int from, off_t *read_at, int to, off_t *write_at, size_t length, unsigned flags) {
    (void)from, (void)read_at, (void)to, (void)write_at, (void)length, (void)flags;
    return refuse(ENOSYS);
}

ssize_t sendfile(int to, int from, off_t *read_at, size_t length) {
    (void)to, (void)from, (void)read_at, (void)length;
    return refuse(ENOSYS);
}
ALSO(sendfile64, sendfile);

int ftruncate(int file, off_t length) {
    char path[PATH_MAX];
    if (find(file, path)) {
        pthread_mutex_lock(&turn);
        int why = mood(grows(file, length));
        if (!why) {
            step();
            remember(file, path, length, SIZE_MAX >> 1);
        }
        pthread_mutex_unlock(&turn);
        if (why)
            return refuse(why);
    }
    return real_ftruncate(file, length);
}
ALSO(ftruncate64, ftruncate);

static int sync_by(int file, int (*real)(int)) {
    char path[PATH_MAX];
    if (!find(file, path))
        return real(file);
    pthread_mutex_lock(&turn);
    step();
    int done = real(file);
    if (done == 0)
        forget(file);
    pthread_mutex_unlock(&turn);
    return done;
}

int fsync(int file) { return sync_by(file, real_fsync); }
int fdatasync(int file) { return sync_by(file, real_fdatasync); }

/* A change of names; taken as durable at once, as a journalling file system nearly does. */
static int names(const char *path) {
    if (!is_ours(path))
        return 0;
    pthread_mutex_lock(&turn);
    int why = mood(0);
    if (!why)
        step();
    pthread_mutex_unlock(&turn);
    return why;
}

int rename(const char *from, const char *to) {
    int why = names(from);
    if (why)
        return refuse(why);
    int done = real_rename(from, to);
    if (done == 0 && is_ours(from)) {
        pthread_mutex_lock(&turn);
        for (struct undo *one = newest; one; one = one->before)
            if (strcmp(one->path, from) == 0)
                snprintf(one->path, sizeof one->path, "%s", to);
        pthread_mutex_unlock(&turn);
    }
    return done;
}

int unlink(const char *path) {
    int why = names(path);
    return why ? refuse(why) : real_unlink(path);
}

int mkdir(const char *path, mode_t mode) {
    int why = names(path);
    return why ? refuse(why) : real_mkdir(path, mode);
}

static int opening(const char *path, int flags) {
    if (!is_ours(path))
        return 0;
    int is_new = (flags & O_CREAT) && access(path, F_OK) != 0;
    if (is_new || (flags & O_TRUNC))
        return names(path);
    if ((flags & O_ACCMODE) == O_RDONLY)
        return 0;
    pthread_mutex_lock(&turn);
    int why = mood(0);
    pthread_mutex_unlock(&turn);
    return why == EROFS ? why : 0;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    int why = opening(path, flags);
    return why ? refuse(why) : real_open(path, flags, mode);
}
ALSO(open64, open);

int openat(int folder, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    int why = path[0] == '/' ? opening(path, flags) : 0;
    return why ? refuse(why) : real_openat(folder, path, flags, mode);
}
ALSO(openat64, openat);

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = real_clock_gettime(clock, now);
    if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead;
    return done;
}
