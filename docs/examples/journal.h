/* SPDX-License-Identifier: MIT */
/*
 * journal.h - what a long job has done so far, in a file: after a crash it goes on from there.
 *
 * The file is a header and records of one size, each written by one write(2) and each with a checksum. A program that is
 * killed leaves at most one torn record, the last: it is dropped when the journal is opened again. Records are safe from a
 * crash of the machine, too, after journal_sync. One process at a time has a journal, and one thread of it.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#define JOURNAL_DATA_MAX 1000 /* bytes of a record's data */

struct journal {
    int fd; /* below 0: there is none, and nothing is kept */
    size_t data_bytes;
    const char *error; /* why a function failed */
};

/* What a journal has to have been begun for; another one is refused. Numbers, of which equal jobs have equal ones. */
struct journal_job {
    uint64_t options, input;
};

/* Goes on with the journal at `path`, or begins it. For each record that it holds calls take(index, data, ctx), which
 * answers 0, or -1: no such index, and the journal ends before this record. 0; or -1. */
int journal_open(struct journal *journal, const char *path, const struct journal_job *job, size_t data_bytes,
                 int (*take)(uint64_t index, const void *data, void *ctx), void *ctx);

/* Adds a record: 0; or -1. */
int journal_add(struct journal *journal, uint64_t index, const void *data);

/* 0 when all that was added is on the disk; or -1. */
int journal_sync(struct journal *journal);

void journal_close(struct journal *journal);

/* A hash of what was hashed before and so many bytes more: FNV-1a (Fowler, Noll, Vo). Starts from JOURNAL_HASH. */
#define JOURNAL_HASH 0xCBF29CE484222325u
uint64_t journal_hash(uint64_t hash, const void *data, size_t bytes);

#endif
