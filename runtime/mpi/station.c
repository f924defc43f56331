/* SPDX-License-Identifier: MIT */
/* mpi/station.c - see station.h. */
#include "mpi/station.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/parallel.h>

#include "base/atomic.h"
#include "mpi/values.h"
#include "proc/engine.h"

/* A letter's task. */
typedef struct wf_job {
    struct wf_job *next, **before, *next_ended;
    wf_station *station;
    wf_letter *letter, *answer;
    weft_future *future;
    weft_future *task; /* the same, of who runs it */
    uint32_t stop;     /* no further item starts */
    wf_image_fn *fn;
    wf_values *values; /* of items that have hooks, or NULL */
} wf_job;

/* ---- in a worker --------------------------------------------------------------------------------- */

static int call_item(const void *ctx, void *out, const void *in)
{
    const wf_job *job = ctx;
    if (job->letter->head.kind == WF_LETTER_VALUE)
        return ((int (*)(const void *, void *))job->fn)(in, out);
    if (job->letter->head.in_first)
        return ((int (*)(const void *, void *, void *))job->fn)(in, out, NULL);
    return ((weft_item_fn *)job->fn)(out, in, NULL);
}

/* One has it: the worker that comes to it, or the thread that gives it back. What the worker leaves travels under lock. */
static bool claim(wf_item_end *end, uint32_t fate)
{
    uint32_t left = WF_ITEM_LEFT;
    return wf_cas_relaxed(&end->fate, &left, fate); /* under lock, as said, but the exchange itself */
}

/* Where an item lies as it is, or is to; NULL: there is none, or it does not. */
static void *place(unsigned char *at, bool there, size_t i, uint64_t size)
{
    return there ? at + i * size : NULL;
}

static int run_claimed(const wf_job *job, size_t i)
{
    const wf_letter_head *h = &job->letter->head;
    unsigned char *from = job->letter->bytes + (h->hooks ? sizeof(wf_value_hooks) : 0);
    unsigned char *to = job->answer->bytes + wf_items_out_at(h->count);
    const void *in = place(from, h->has_in && !(h->hooks & WF_HOOKS_IN), i, h->in_size);
    void *out = place(to, h->has_out && !(h->hooks & WF_HOOKS_OUT), i, h->out_size);
    return job->values ? wf_values_run(job->values, i, call_item, job, in, out) : call_item(job, out, in);
}

static void run_item(wf_job *job, size_t i)
{
    wf_item_end *end = (wf_item_end *)(void *)job->answer->bytes + i;
    if (job->values && !wf_values_reserve(job->values)) {
        (void)claim(end, WF_ITEM_GIVEN);
        return;
    }
    if (!claim(end, WF_ITEM_RAN)) {
        if (job->values)
            wf_values_unreserve(job->values);
        return;
    }
    end->status = run_claimed(job, i);
    if (end->status && job->letter->head.fail_fast)
        wf_store_relaxed(&job->stop, 1u); /* hint: a few more items may start */
}

typedef struct stretch {
    wf_job *job;
    size_t begin, end;
} stretch;

static void run_stretch(void *arg)
{
    const stretch *s = arg;
    wf_job *job = s->job;
    for (size_t i = s->begin; i < s->end && !wf_load_relaxed(&job->stop); i++) { /* hint */
        if (weft_should_stop())
            wf_store_relaxed(&job->stop, 1u); /* hint */
        else
            run_item(job, i);
    }
}

/* A weft_range_fn. In whatever thread, an item is a part of the letter's task: it hears whether to stop. */
static void run_items(size_t begin, size_t end, void *ctx)
{
    stretch s = {.job = ctx, .begin = begin, .end = end};
    weft_engine_(WEFT_VERSION_STRING)->part(s.job->task, run_stretch, &s);
}

static int run_start(const wf_job *job)
{
    const wf_letter *l = job->letter;
    return ((int (*)(void *))job->fn)(l->head.bytes ? job->letter->bytes : NULL);
}

static int run_task(const wf_job *job)
{
    const wf_letter *l = job->letter;
    int (*fn)(const void *arg, void *result) = (int (*)(const void *, void *))job->fn;
    return fn(l->head.bytes ? l->bytes : NULL, job->answer->head.bytes ? job->answer->bytes : NULL);
}

static int run_value(const wf_job *job)
{
    wf_item_end *end = (wf_item_end *)(void *)job->answer->bytes;
    (void)wf_values_reserve(job->values); /* for one there is room */
    end->fate = WF_ITEM_RAN;
    return end->status = run_claimed(job, 0);
}

static int run_letter(wf_job *job)
{
    uint32_t kind = job->letter->head.kind;
    return kind == WF_LETTER_TASK    ? run_task(job)
           : kind == WF_LETTER_START ? run_start(job)
           : kind == WF_LETTER_VALUE ? run_value(job)
                                     : weft_parallel_for(NULL, 0, job->letter->head.count, run_items, job);
}

/* The answer has what the future would say. */
static int run(void *arg)
{
    wf_job *job = arg;
    wf_letter_head *h = &job->answer->head;
    h->ran = 1;
    job->task = weft_engine_(WEFT_VERSION_STRING)->here();
    h->status = run_letter(job);
    if (h->status) {
        const char *said = weft_engine_(WEFT_VERSION_STRING)->said();
        snprintf(h->text, sizeof h->text, "%s", said ? said : weft_strerror(h->status));
    }
    return h->status;
}

/* W2 */
static void leave(void *arg)
{
    wf_job *job = arg;
    wf_station *s = job->station;
    pthread_mutex_lock(&s->lock);
    job->next_ended = s->ended;
    s->ended = job;
    wf_bell_ring(&s->bell);
    pthread_mutex_unlock(&s->lock);
}

/* ---- answers ------------------------------------------------------------------------------------- */

static void discard(wf_job *job)
{
    *job->before = job->next;
    if (job->next)
        job->next->before = job->before;
    wf_letter_free(job->letter);
    wf_values_free(job->values);
    free(job);
}

/* Nobody changes the ends any more. */
static void add_results(wf_job *job)
{
    size_t count = (size_t)job->letter->head.count;
    wf_letter *whole = wf_values_answer(job->values, job->answer, count);
    if (whole) {
        job->answer = whole;
        return;
    }
    wf_item_end *end = (wf_item_end *)(void *)job->answer->bytes;
    for (size_t i = 0; i < count; i++)
        if (end[i].fate == WF_ITEM_RAN && !end[i].status)
            end[i].status = -ENOMEM;
}

/* T3 */
static void answer(wf_job *job)
{
    if (job->values)
        add_results(job);
    wf_letter_head *h = &job->answer->head;
    if (!h->ran) {
        h->status = -ECANCELED;
        snprintf(h->text, sizeof h->text, "%s", weft_strerror(h->status));
    }
    weft_future_release(job->future);
    wf_wire_send(&job->station->wire, job->answer);
    discard(job);
}

/* It will not run: the letter goes back as its own answer, which needs no memory. */
static void refuse(wf_station *s, wf_letter *letter, int status, const char *why)
{
    letter->head.kind = WF_LETTER_ANSWER;
    letter->head.bytes = 0;
    letter->head.status = status;
    letter->head.ran = 0;
    snprintf(letter->head.text, sizeof letter->head.text, "%s", why ? why : weft_strerror(status));
    wf_wire_send(&s->wire, letter);
}

/* ---- letters ------------------------------------------------------------------------------------- */

static wf_letter *make_answer(const wf_letter *letter)
{
    const wf_letter_head *h = &letter->head;
    size_t out = h->hooks & WF_HOOKS_OUT ? 0 : (size_t)(h->count * h->out_size);
    bool of_items = h->kind == WF_LETTER_ITEMS || h->kind == WF_LETTER_VALUE;
    size_t bytes = of_items ? wf_items_out_at(h->count) + out : h->result_bytes;
    wf_letter *a = wf_letter_new(bytes);
    if (!a)
        return NULL;
    memset(a->bytes, 0, bytes);
    a->head.kind = WF_LETTER_ANSWER;
    a->head.number = h->number;
    a->rank = letter->rank;
    return a;
}

static wf_job *make_job(wf_station *s, wf_letter *letter, wf_image_fn *fn)
{
    wf_job *job = malloc(sizeof *job);
    wf_letter *a = job ? make_answer(letter) : NULL;
    if (!a) {
        free(job);
        return NULL;
    }
    *job =
        (wf_job){.next = s->jobs, .before = &s->jobs, .station = s, .letter = letter, .answer = a, .fn = fn};
    if (s->jobs)
        s->jobs->before = &job->next;
    s->jobs = job;
    return job;
}

static void refuse_unknown(wf_station *s, wf_letter *letter)
{
    char why[96] = "the function is in a program or library that is not loaded there, and has no name";
    const char *name = weft_engine_(WEFT_VERSION_STRING)->text(&letter->head.fn);
    if (name)
        snprintf(why, sizeof why, "no function is registered there as '%s'", name);
    refuse(s, letter, -ENOENT, why);
}

static void begin(wf_station *s, wf_letter *letter)
{
    wf_image_fn *fn = weft_engine_(WEFT_VERSION_STRING)->find(&letter->head.fn);
    if (!fn) {
        refuse_unknown(s, letter);
        return;
    }
    wf_values *values = NULL;
    int err = letter->head.kind >= WF_LETTER_VALUE && letter->head.hooks ? wf_values_new(&values, letter) : 0;
    wf_job *job = err ? NULL : make_job(s, letter, fn);
    if (!job) {
        wf_values_free(values);
        refuse(s, letter, err ? err : -ENOMEM,
               err == -ENOENT ? "a hook of the items is not in the program there, and has no name" : NULL);
        return;
    }
    job->values = values;
    const weft_task_spec spec = {.size = sizeof spec,
                                 .fn = run,
                                 .arg = job,
                                 .destroy = leave,
                                 .label = *letter->head.text ? letter->head.text : NULL};
    err = weft_submit_task(s->executor, &spec, &job->future);
    if (!err)
        return;
    wf_letter_free(job->answer);
    job->letter = NULL;
    discard(job);
    refuse(s, letter, err, NULL);
}

static void stop(const wf_station *s, uint64_t number)
{
    for (const wf_job *job = s->jobs; job; job = job->next)
        if (job->letter->head.number == number)
            (void)weft_future_cancel(job->future);
}

/* How many, and to `list` which. Not in a row, every second of them if both ranks have as many workers: so what goes and what
 * stays is as heavy, wherever the heavy ones are. The last one goes: who is here has something to do. */
static size_t give_back(const wf_job *job, const wf_wish *wish, size_t left, uint64_t *list)
{
    wf_item_end *end = (wf_item_end *)(void *)job->answer->bytes;
    uint64_t all = wish->workers + wish->others, due = wish->workers;
    size_t given = 0;
    for (size_t i = job->letter->head.count; i-- && left;) {
        if (wf_load_relaxed(&end[i].fate) != WF_ITEM_LEFT) /* re-checked by the claim */
            continue;
        left--;
        due += wish->others;
        if (due < all)
            continue;
        due -= all;
        if (claim(&end[i], WF_ITEM_GIVEN))
            list[given++] = i;
    }
    return given;
}

static size_t count_left(const wf_job *job)
{
    const wf_item_end *end = (const wf_item_end *)(const void *)job->answer->bytes;
    size_t left = 0;
    for (size_t i = 0; i < job->letter->head.count; i++)
        left += wf_load_relaxed(&end[i].fate) == WF_ITEM_LEFT; /* hint */
    return left;
}

static bool is_given(const wf_job *job)
{
    const wf_item_end *end = (const wf_item_end *)(const void *)job->answer->bytes;
    size_t i = 0;
    while (i < job->letter->head.count &&
           wf_load_relaxed(&end[i].fate) == WF_ITEM_GIVEN) /* hint: it stays so */
        i++;
    return i == job->letter->head.count;
}

static const wf_job *find(const wf_station *s, uint64_t number)
{
    const wf_job *job = s->jobs;
    while (job && job->letter->head.number != number)
        job = job->next;
    return job;
}

/* Without memory for the answer, or anything to give, the letter goes back as its own, and lists nothing. Its status says if it is
 * of use to ask again: a short letter may have overtaken the long one that it is about. A task that has nothing left is
 * answered now: it may be behind others that take long, and who waits for it has more to send. */
static void give(wf_station *s, wf_letter *letter)
{
    wf_wish wish;
    memcpy(&wish, letter->bytes, sizeof wish);
    const wf_job *job = find(s, letter->head.number);
    size_t left = job && !wf_load_relaxed(&job->stop) ? count_left(job) : 0; /* hint */
    wf_letter *list = left ? wf_letter_new(left * sizeof(uint64_t)) : NULL;
    letter->head.bytes = 0;
    letter->head.status = !job ? -ENOENT : left && !list ? -ENOMEM : 0;
    if (list) {
        list->head.number = letter->head.number;
        list->rank = letter->rank;
        list->head.bytes = sizeof(uint64_t) * give_back(job, &wish, left, (uint64_t *)(void *)list->bytes);
        wf_letter_free(letter);
        letter = list;
    }
    letter->head.kind = WF_LETTER_GIVEN;
    wf_wire_send(&s->wire, letter);
    if (list && is_given(job))
        (void)weft_future_cancel(job->future);
}

static void obey(wf_station *s, wf_letter *letter)
{
    uint32_t kind = letter->head.kind;
    if (kind <= WF_LETTER_ITEMS) {
        begin(s, letter);
        return;
    }
    if (kind == WF_LETTER_GIVE) {
        give(s, letter);
        return;
    }
    if (kind == WF_LETTER_STOP)
        stop(s, letter->head.number);
    else if (kind == WF_LETTER_END)
        s->leaves = true;
    wf_letter_free(letter);
}

/* ---- the thread ---------------------------------------------------------------------------------- */

static bool receive_all(wf_station *s)
{
    wf_letter *letter;
    bool any = false;
    while ((letter = wf_wire_receive(&s->wire)) != NULL) {
        obey(s, letter);
        any = true;
    }
    if (any)
        wf_wire_flush(&s->wire); /* refusals, items given back */
    return any;
}

static bool answer_all(wf_station *s)
{
    pthread_mutex_lock(&s->lock);
    wf_job *ended = s->ended;
    s->ended = NULL;
    wf_bell_may_nap(&s->bell, !ended);
    pthread_mutex_unlock(&s->lock);
    bool any = ended;
    for (wf_job *next; ended; ended = next) {
        next = ended->next_ended;
        answer(ended);
    }
    if (any)
        wf_wire_flush(&s->wire);
    return any;
}

/* MPI is broken: what runs is asked to stop, and waited for. */
static int give_up(wf_station *s)
{
    for (const wf_job *job = s->jobs; job; job = job->next)
        (void)weft_future_cancel(job->future);
    while (s->jobs)
        if (!answer_all(s))
            wf_bell_rest(&s->bell, -1);
    return -EIO;
}

int wf_station_run(wf_station *s)
{
    while (!s->leaves || s->jobs || wf_wire_busy(&s->wire)) {
        bool any = answer_all(s);
        any |= receive_all(s);
        if (*s->wire.said)
            return give_up(s);
        if (any)
            wf_bell_stir(&s->bell);
        else
            wf_bell_rest(&s->bell, wf_wire_busy(&s->wire) ? WF_BELL_SHORT_NS : WF_BELL_LONG_NS);
    }
    return 0;
}

int wf_station_init(wf_station *s, MPI_Comm comm, weft_pool *pool)
{
    *s = (wf_station){.leaves = false};
    int err = wf_wire_init(&s->wire, comm);
    if (!err)
        err = weft_pool_executor(pool, &s->executor);
    if (!err)
        err = wf_bell_init(&s->bell);
    if (!err)
        pthread_mutex_init(&s->lock, NULL);
    return err;
}

void wf_station_fini(wf_station *s)
{
    wf_wire_fini(&s->wire);
    wf_bell_fini(&s->bell);
    pthread_mutex_destroy(&s->lock);
}
