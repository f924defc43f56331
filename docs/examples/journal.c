/* SPDX-License-Identifier: MIT */
/* journal.c - see journal.h. Numbers are as this machine has them: another kind of machine does not know the magic. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MAGIC 0x314C4E524A544657u

struct header {
    uint64_t magic, data_bytes, options, input;
};

struct record {
    uint64_t hash, index; /* hash: of index and data */
    unsigned char data[JOURNAL_DATA_MAX];
};

uint64_t journal_hash(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ byte[i]) * 0x100000001B3u;
    return hash;
}

static size_t record_bytes(const struct journal *journal)
{
    return offsetof(struct record, data) + journal->data_bytes;
}

static uint64_t record_hash(const struct journal *journal, const struct record *record)
{
    return journal_hash(JOURNAL_HASH, &record->index, record_bytes(journal) - offsetof(struct record, index));
}

static int fail(struct journal *journal, const char *error)
{
    journal->error = error;
    return -1;
}

/* All of it by one write: a full disk may take a part, which is a torn record then. */
static int put(struct journal *journal, const void *data, size_t bytes)
{
    ssize_t done = write(journal->fd, data, bytes);
    if (done == (ssize_t)bytes)
        return 0;
    return fail(journal, done < 0 ? strerror(errno) : "the disk is full");
}

/* A new file, or what is left of a header that was being written, becomes a journal. */
static int begin(struct journal *journal, const struct header *wanted, const void *found, size_t bytes)
{
    if (memcmp(found, wanted, bytes) != 0)
        return fail(journal, "not a journal of this program");
    if (ftruncate(journal->fd, 0))
        return fail(journal, strerror(errno));
    return put(journal, wanted, sizeof *wanted);
}

static int check_header(struct journal *journal, const struct header *wanted)
{
    struct header found;
    ssize_t got = read(journal->fd, &found, sizeof found);
    if (got < 0)
        return fail(journal, strerror(errno));
    if ((size_t)got < sizeof found)
        return begin(journal, wanted, &found, (size_t)got);
    if (found.magic != wanted->magic || found.data_bytes != wanted->data_bytes)
        return fail(journal, "not a journal of this program");
    if (found.options != wanted->options)
        return fail(journal, "it was begun with other options");
    if (found.input != wanted->input)
        return fail(journal, "it was begun for other input: a name, size or time of change is not the same");
    return 0;
}

/* The records up to the first one that is torn; that and what is behind it is dropped. */
static int take_all(struct journal *journal, int (*take)(uint64_t, const void *, void *), void *ctx)
{
    struct record record;
    off_t end = sizeof(struct header);
    ssize_t bytes = (ssize_t)record_bytes(journal), got;
    while ((got = pread(journal->fd, &record, (size_t)bytes, end)) == bytes) {
        if (record.hash != record_hash(journal, &record) || take(record.index, record.data, ctx))
            break;
        end += bytes;
    }
    if (got < 0 || ftruncate(journal->fd, end))
        return fail(journal, strerror(errno));
    return 0;
}

int journal_open(struct journal *journal, const char *path, const struct journal_job *job, size_t data_bytes,
                 int (*take)(uint64_t index, const void *data, void *ctx), void *ctx)
{
    struct header header = {MAGIC, data_bytes, job->options, job->input};
    journal->data_bytes = data_bytes;
    journal->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (journal->fd < 0)
        return fail(journal, strerror(errno));
    int err = flock(journal->fd, LOCK_EX | LOCK_NB);
    if (err)
        fail(journal, errno == EWOULDBLOCK ? "another process has it" : strerror(errno));
    if (err || check_header(journal, &header) || take_all(journal, take, ctx)) {
        journal_close(journal);
        return -1;
    }
    return 0;
}

int journal_add(struct journal *journal, uint64_t index, const void *data)
{
    struct record record = {.index = index};
    if (journal->fd < 0)
        return 0;
    memcpy(record.data, data, journal->data_bytes);
    record.hash = record_hash(journal, &record);
    return put(journal, &record, record_bytes(journal));
}

int journal_sync(struct journal *journal)
{
    if (journal->fd >= 0 && fdatasync(journal->fd))
        return fail(journal, strerror(errno));
    return 0;
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
}
