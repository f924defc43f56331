/* SPDX-License-Identifier: MIT */
/*
 * mpi/letter.h - what ranks send each other: a head, which says what is meant, and bytes behind it.
 *
 *   TASK, ITEMS   to a serving rank: fn, and its argument, or `count` items          answered once, by its number
 *   START         the same of a weft_mpi_config.start and its argument
 *   VALUE         a TASK that has hooks (mpi/values.h): its argument is one item
 *   STOP          the call of that number should stop; may come before it, and then says nothing
 *   GIVE          to a serving rank: a wf_wish: some of the items of that number which have not begun are to come back
 *   GIVEN         to the submitting rank: places in that letter, 64 bits each; they are no longer this rank's. May be none, by
 *                 its status not now, or none any more; may come behind the ANSWER, which says the same of them
 *   ANSWER        to the submitting rank: status, what was said, result; of items, and VALUE: count wf_item_end, then their results
 *   END           to a serving rank: that was all
 *   BATCH         `count` letters, each with as much of its head as its kind needs
 * All ranks run the same program on machines of the same kind: heads are sent as they lie in memory.
 */
#ifndef WF_MPI_LETTER_H
#define WF_MPI_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/image.h"

#define WF_LETTER_TEXT 256

/* Up to ITEMS they are answered. */
enum wf_letter_kind {
    WF_LETTER_TASK,
    WF_LETTER_START,
    WF_LETTER_VALUE,
    WF_LETTER_ITEMS,
    WF_LETTER_STOP,
    WF_LETTER_GIVE,
    WF_LETTER_GIVEN,
    WF_LETTER_ANSWER,
    WF_LETTER_END,
    WF_LETTER_BATCH
};

typedef struct wf_letter_head {
    uint32_t kind;
    int32_t status;  /* of an answer */
    uint64_t number; /* of the call */
    uint64_t bytes;  /* behind the head */
    uint64_t result_bytes;
    uint32_t text_bytes;               /* in a batch; 0: none */
    uint32_t ran;                      /* of an answer: 1: the function was called */
    wf_image_name fn;                  /* not of an answer */
    uint64_t count, in_size, out_size; /* of items, as what follows */
    uint32_t fail_fast, has_in, has_out, in_first;
    uint32_t hooks, unused;    /* mpi/values.h; 0: items are bytes, and the next one nothing */
    uint64_t most;             /* bytes of a packed value */
    char text[WF_LETTER_TEXT]; /* label, or what was said; empty: none */
} wf_letter_head;

typedef struct wf_letter {
    struct wf_letter *next;
    int rank; /* to whom, or from whom */
    bool comes;
    unsigned holders;                 /* who has it still: its maker, while it is sent the wire */
    size_t done;                      /* of a batch: what was taken out */
    const void *body;                 /* what is sent behind the head, in place; NULL: bytes */
    _Alignas(16) wf_letter_head head; /* from here on it is sent */
    _Alignas(16) unsigned char bytes[];
} wf_letter;

/* What became of an item. */
enum wf_item_fate { WF_ITEM_LEFT, WF_ITEM_RAN, WF_ITEM_GIVEN };

typedef struct wf_item_end {
    int32_t status;
    uint32_t fate;
} wf_item_end;

/* Who asks for items: workers of the rank that has them, and of the one that has nothing to do. */
typedef struct wf_wish {
    uint64_t workers, others;
} wf_wish;

/* Of a body at least so many bytes, which go alone: shorter ones are sooner copied, and sent together. */
#define WF_LETTER_BODY 8192
#define WF_LETTER_HEAD (offsetof(wf_letter, bytes) - offsetof(wf_letter, head))

static inline size_t wf_items_out_at(size_t count)
{
    return (count * sizeof(wf_item_end) + 15) & ~(size_t)15;
}

#endif
