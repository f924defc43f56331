/* SPDX-License-Identifier: MIT */
/* sequence.c - from bytes to calls, and the end where all has to add up. */
#include "sequence.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

atomic_long sequence_calls, sequence_seed;
static struct sequence *running;

/* ---- bytes, words --------------------------------------------------------------------------------- */

unsigned pick(struct sequence *q, unsigned n)
{
    if (!q->left)
        return 0;
    q->left--;
    return *q->data++ % n;
}

void say(struct sequence *q, const char *format, ...)
{
    va_list args;
    if (q->written >= TEXT - 256)
        return;
    va_start(args, format);
    q->written += (size_t)vsnprintf(q->text + q->written, 256, format, args);
    va_end(args);
}

void sequence_show(void)
{
    if (running)
        fprintf(stderr, "seed %ld, %d workers:\n%s\n", atomic_load(&sequence_seed), running->workers,
                running->text);
}

void wrong(struct sequence *q, const char *where, int line, const char *format, ...)
{
    va_list args;
    if (atomic_exchange(&q->broken, 1))
        for (;;)
            ; /* another thread tells already */
    sequence_show();
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", where, line);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    abort();
}

/* ---- the table ------------------------------------------------------------------------------------ */

static const struct {
    sequence_op *op;
    int weight;
} table[] = {
    {op_submit, 8},    {op_submit_task, 14}, {op_then, 10},      {op_all, 4},          {op_any, 4},
    {op_promise, 5},   {op_keep, 5},         {op_get, 8},        {op_wait, 6},         {op_look, 14},
    {op_cancel, 6},    {op_retain, 3},       {op_release, 8},    {op_wait_several, 6}, {op_any_index, 2},
    {op_create, 6},    {op_close, 1},        {op_shutdown, 2},   {op_destroy, 2},      {op_inspect, 4},
    {op_running, 2},   {op_gate, 3},         {op_stop, 4},       {op_fire, 3},         {op_set, 2},
    {op_stop_refs, 3}, {op_limit, 3},        {op_stream_fd, 3},  {op_add, 6},          {op_next, 7},
    {op_set_left, 2},  {op_set_end, 1},      {op_stream, 4},     {op_stream_next, 10}, {op_stream_end, 2},
    {op_many, 5},      {op_apply, 4},        {op_later, 4},      {op_every, 1},        {op_map, 3},
    {op_group, 4},     {op_group_add, 6},    {op_group_stop, 1}, {op_group_wait, 4},   {op_group_end, 2},
};

static sequence_op *op_of(unsigned number)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (number < (unsigned)table[i].weight)
            return table[i].op;
        number -= (unsigned)table[i].weight;
    }
    return op_look;
}

static unsigned weights(void)
{
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        sum += (unsigned)table[i].weight;
    return sum;
}

/* ---- beginning, end ------------------------------------------------------------------------------- */

static struct sequence *begin(const uint8_t *data, size_t size, int workers)
{
    struct sequence *q = calloc(1, sizeof *q);
    if (!q)
        abort();
    running = q;
    *q = (struct sequence){
        .data = data, .left = size, .driver = pthread_self(), .workers = workers, .n_door = 1};
    atomic_store(&q->gate, 1);
    pthread_mutex_init(&q->lock, NULL);
    int err = weft_pool_create(&q->pool, WEFT_POOL_CONFIG(.workers = workers ? workers : WEFT_NONE, .flat = 1,
                                                          .bind = WEFT_BIND_NONE));
    MUST(q, err == 0, "pool: %s", weft_strerror(err));
    for (int i = 0; i < LIMITS; i++) {
        MUST(q, weft_limit_create(&q->limit[i], i + 1, NULL) == 0, "no limit");
        q->permits[i] = i + 1;
        atomic_store(&q->most_in_limit[i], i + 1);
    }
    q->door[PLAIN].live = true;
    MUST(q, weft_pool_executor(q->pool, &q->door[PLAIN].executor) == 0, "no plain executor");
    return q;
}

/* Nobody is kept waiting: the gate is open, promises are kept, doors end. */
static void end_all(struct sequence *q)
{
    say(q, "-- the end\n");
    atomic_store(&q->gate, 1);
    for (int i = 0; i < q->nodes; i++)
        if (q->node[i].promise)
            keep_promise(&q->node[i], i % 3);
    for (int i = 0; i < STREAMS; i++)
        end_stream(q, &q->stream[i]);
    end_group(q, &q->group[0]); /* the other outlives the doors */
    for (int i = 1; i < q->n_door; i++)
        end_door(q, i);
    end_group(q, &q->group[1]);
    for (int i = 0; i < SETS; i++)
        end_set(q, &q->set[i]);
    for (int i = 0; i < q->nodes; i += 2)
        while (q->node[i].refs)
            release_one(&q->node[i]);
    before_call(q);
    q->ends = true;
    say(q, "weft_pool_destroy\n");
    q->may_run_all_of = PLAIN;
    int err = weft_pool_destroy(q->pool);
    after_call(q);
    MUST(q, err == 0, "pool: %s", weft_strerror(err));
}

static void add_up(struct sequence *q)
{
    for (int i = 0; i < q->nodes; i++)
        check_end(&q->node[i]);
    for (int i = 0; i < q->nodes; i++) {
        while (q->node[i].refs)
            release_one(&q->node[i]);
        weft_future_release(atomic_exchange(&q->node[i].lent, NULL));
        weft_stop_release(q->node[i].own_stop);
    }
    for (int i = 0; i < q->n_stop; i++)
        end_stop(q, &q->stop[i]);
    for (int i = 0; i < LIMITS; i++)
        end_limit(q, i);
}

void sequence_run(const uint8_t *data, size_t size, int workers)
{
    struct sequence *q = begin(data, size, workers);
    unsigned sum = weights();
    while (q->left) {
        op_of(pick(q, 256) * sum / 256)(q);
        atomic_fetch_add(&sequence_calls, 1);
    }
    end_all(q);
    add_up(q);
    running = NULL;
    pthread_mutex_destroy(&q->lock);
    free(q);
}
