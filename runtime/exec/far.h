/* SPDX-License-Identifier: MIT */
/*
 * exec/far.h - executors whose tasks run in other processes (proc/processes.h): what is asked of them from here.
 *
 * A far executor takes bytes. A task that has them goes there by `submit`; items of a map or of a stream are shown to it as
 * wf_items, some at a time, by who holds a lane of the executor (exec/lanes.h) and waits until they have ended.
 *
 * While a task is there, a thread may wait for it here, inside its function; or, where the engine `sends`, none does:
 *   A1 its function hands it over and answers WF_AWAY; then it may have ended   A2 it runs still: it has its ticket and its lane,
 *   is asked to stop, is waited for   A3 wf_task_comes_back, by any thread: it ends as if its function had answered that
 * Who begins them is whoever made it possible: who submits, or who brought the end of another one (exec/queued.h). No thread
 * of the pool is needed.
 */
#ifndef WF_EXEC_FAR_H
#define WF_EXEC_FAR_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <weft/bulk.h>

#define WF_AWAY INT_MIN /* what the function of a task answers that it has handed over */

/* Of a task that runs elsewhere, in its record. */
typedef struct wf_away {
    uint8_t lane; /* that shows its label, from 1; 0: none */
} wf_away;

/* How their function is called: as a weft_item_fn, as a stream's, as fn2 of a task, which is one item. */
enum wf_items_form { WF_ITEMS_OF_MAP, WF_ITEMS_OF_STREAM, WF_ITEMS_OF_TASK };

/* Items by their numbers, and who has them. */
typedef struct wf_items {
    void (*fn)(void);
    enum wf_items_form form;
    const char *label;
    bool has_in, has_out;
    bool fail_fast; /* behind one that failed none is begun there */
    size_t in_size, out_size;
    /* They are these arrays, of so many items: who can may use them in place, and `ended` gets no out. NULL: they are none. */
    const void *in_array;
    void *out_array;
    size_t count;
    /* Hooks for their bytes, which then are not used in place; an output is unpacked into `out`, and `ended` gets none. NULL: they
     * are bytes. */
    const weft_codec *in_codec, *out_codec;
    const void *(*in)(const struct wf_items *items, size_t i);
    void *(*out)(const struct wf_items *items, size_t i);
    /* Once for each that was come to. out: what it became; NULL: nothing. Neither it nor `in` is called after it. */
    void (*ended)(struct wf_items *items, size_t i, int status, const void *out);
    /* Or, of one that was not come to, though one behind it was. */
    void (*skipped)(struct wf_items *items, size_t i);
    bool (*stopped)(const struct wf_items *items); /* NULL: never */
} wf_items;

typedef struct wf_far {
    int (*submit)(struct wf_far *far, weft_executor *executor, const weft_task_spec *spec,
                  weft_future **future);
    /* 0, or why they cannot run there. */
    int (*check)(struct wf_far *far, const wf_items *items);
    /* In a lane: runs them, without a unit in order; the first that was not come to, as it was stopped, or end. */
    size_t (*run)(struct wf_far *far, wf_items *items, size_t begin, size_t end);
    void (*gone)(struct wf_far *far);
    /* Of one that sends: is the calling thread the one that brings what comes back? It cannot wait for that. NULL: none is. */
    bool (*brings)(const struct wf_far *far);
    int64_t chunk_ns; /* so many items of a stream go there at once as last so long */
    bool here;  /* tasks run in this process, as those of any executor: it is only told when it is gone */
    bool sends; /* no thread waits for its tasks; then it has no start hook */
    size_t
        width; /* so many pieces of a map, chunks of a stream, at the same time; 0: as many as the limit lets */
    size_t unit; /* items: no piece is smaller, but the last one. 0: 1 */
} wf_far;

#endif
