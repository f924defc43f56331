/* SPDX-License-Identifier: MIT */
/* mpi/carry.c - see carry.h. */
#include "mpi/carry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mpi/values.h"
#include "proc/engine.h"

/* What one task takes along. */
typedef struct parcel {
    wf_call call;
    wf_letter *letter; /* its argument, as that is: what is sent, unless it has hooks */
    const weft_codec *arg_codec, *result_codec;
    void (*destroy)(void *arg);
    weft_future *task; /* while it is away */
    void *result;
} parcel;

#define SAID_BYTES (WF_LETTER_TEXT + 300)

static const struct weft_engine_table_ *engine(void)
{
    return weft_engine_(WEFT_VERSION_STRING);
}

static int say(const parcel *of, int status, const char *said, char *text)
{
    const char *label = of->letter->head.text;
    snprintf(text, SAID_BYTES, "rank %d%s%s: %s", of->call.rank, *label ? ", " : "", label, said);
    return status;
}

/* The task's status; text: what is to be said about it. */
static int tell(const parcel *of, const wf_letter *answer, void *result, char *text)
{
    if (!answer)
        return say(of, WEFT_EDIED, "MPI does not work any more", text);
    const wf_letter_head *h = &answer->head, *asked = &of->letter->head;
    int status = 0;
    if (asked->kind == WF_LETTER_VALUE)
        status = wf_value_read(answer, of->result_codec, result, (size_t)asked->result_bytes);
    else if (h->bytes && h->bytes == asked->result_bytes)
        memcpy(result, answer->bytes, (size_t)h->bytes);
    if (h->status)
        return say(of, h->status, h->text, text);
    return status ? say(of, status, weft_strerror(status), text) : 0;
}

/* wf_call.answered */
static void come_back(wf_call *call, wf_letter *answer)
{
    char text[SAID_BYTES] = "";
    const parcel *of = (const parcel *)(void *)call;
    int status = tell(of, answer, of->result, text);
    wf_letter_free(answer);
    engine()->comes_back(of->task, status, text);
}

/* wf_call.stops */
static bool stops(const wf_call *call)
{
    return engine()->should_stop(((const parcel *)(const void *)call)->task);
}

/* What is sent, with a holder more; the caller's until the hub has it. */
static int address(parcel *of)
{
    int err = 0;
    of->call.letter = of->letter;
    if (of->letter->head.kind == WF_LETTER_VALUE)
        of->call.letter = wf_value_letter(of->letter, of->arg_codec, of->result_codec, &err);
    else
        of->letter->holders++;
    return err;
}

/* The task, as the executor begins it. */
static int carry(const void *arg, void *result)
{
    parcel *of = (parcel *)(uintptr_t)arg;
    of->result = result;
    of->task = engine()->here();
    int err = address(of);
    if (err)
        return err;
    err = wf_hub_call(of->call.line->hub, &of->call);
    if (!err)
        return WF_AWAY;
    wf_letter_free(of->call.letter);
    return err;
}

/* ---- where it has a thread that waits ------------------------------------------------------------ */

/* A call in that one's stack. */
typedef struct visit {
    wf_call call;
    bool told;
    wf_letter *answer;
    pthread_cond_t came;
} visit;

static void came(wf_call *call, wf_letter *answer)
{
    visit *v = (visit *)(void *)call;
    wf_hub *hub = call->line->hub;
    pthread_mutex_lock(&hub->lock);
    v->answer = answer;
    v->told = true;
    pthread_cond_signal(&v->came);
    pthread_mutex_unlock(&hub->lock);
}

static void await(visit *v)
{
    wf_hub *hub = v->call.line->hub;
    pthread_cond_init(&v->came, NULL);
    pthread_mutex_lock(&hub->lock);
    while (!v->told) {
        if (wf_hub_await(hub, &v->came) || v->told)
            continue;
        pthread_mutex_unlock(&hub->lock);
        bool stops = weft_should_stop();
        pthread_mutex_lock(&hub->lock);
        if (stops && !v->told)
            wf_hub_stop(hub, &v->call);
    }
    pthread_mutex_unlock(&hub->lock);
    pthread_cond_destroy(&v->came);
}

/* As carry. */
static int carry_and_wait(const void *arg, void *result)
{
    char text[SAID_BYTES] = "";
    parcel *of = (parcel *)(uintptr_t)arg;
    int err = address(of);
    if (err)
        return err;
    visit v = {.call = of->call};
    v.call.answered = came;
    v.call.stops = NULL;
    err = wf_hub_call(of->call.line->hub, &v.call);
    if (err)
        wf_letter_free(v.call.letter);
    else
        await(&v);
    if (err && err != WEFT_EDIED)
        return err;
    of->call.rank = v.call.rank;
    int status = tell(of, v.answer, result, text);
    wf_letter_free(v.answer);
    return *text ? weft_fail(status, "%s", text) : status;
}

/* ---- its life ------------------------------------------------------------------------------------ */

static void discard(parcel *of)
{
    wf_letter_free(of->letter);
    free(of);
}

static void end_parcel(void *arg)
{
    parcel *of = arg;
    wf_letter *letter = of->letter;
    if (of->destroy)
        of->destroy(letter->head.bytes ? letter->bytes : NULL);
    discard(of);
}

/* As one item: what is not packed has to fit with the hooks. */
static int describe_value(const wf_line *line, const weft_task_spec *spec, wf_letter_head *head)
{
    wf_value_hooks hooks;
    size_t most = line->message_bytes, room = most < sizeof hooks + 64 ? 0 : most - sizeof hooks - 64;
    if (!room || (!spec->arg_codec && spec->arg_bytes > room) ||
        (!spec->result_codec && spec->result_bytes > room))
        return -EMSGSIZE;
    head->kind = WF_LETTER_VALUE;
    head->count = 1;
    head->in_size = spec->arg_bytes;
    head->out_size = spec->result_bytes;
    head->has_in = spec->arg_bytes != 0;
    head->has_out = spec->result_bytes != 0;
    head->most = wf_value_most(most);
    return wf_value_hooks_of(spec->arg_codec, spec->result_codec, &hooks, &head->hooks);
}

static int describe(const wf_line *line, const weft_task_spec *spec, wf_letter_head *head)
{
    bool has_hooks = spec->arg_codec || spec->result_codec;
    if (!spec->fn2 || (spec->arg && !spec->arg_bytes))
        return -EINVAL;
    if (!has_hooks && (spec->arg_bytes > line->message_bytes || spec->result_bytes > line->message_bytes))
        return -EMSGSIZE;
    *head = (wf_letter_head){
        .kind = WF_LETTER_TASK, .bytes = spec->arg_bytes, .result_bytes = spec->result_bytes};
    snprintf(head->text, sizeof head->text, "%s", spec->label ? spec->label : "");
    int err = has_hooks ? describe_value(line, spec, head) : 0;
    return err ? err : engine()->name_of((wf_image_fn *)spec->fn2, &head->fn);
}

static parcel *pack(wf_line *line, const wf_letter_head *head, const weft_task_spec *spec)
{
    parcel *of = malloc(sizeof *of);
    wf_letter *letter = of ? wf_letter_new(spec->arg_bytes) : NULL;
    if (!letter) {
        free(of);
        return NULL;
    }
    letter->head = *head;
    if (spec->arg_bytes)
        memcpy(letter->bytes, spec->arg, spec->arg_bytes);
    *of = (parcel){.call = {.line = line, .answered = come_back, .stops = stops},
                   .letter = letter,
                   .arg_codec = spec->arg_codec,
                   .result_codec = spec->result_codec,
                   .destroy = spec->destroy};
    return of;
}

static int submit(parcel *of, weft_executor *executor, bool sends, const weft_task_spec *spec,
                  weft_future **future)
{
    weft_task_spec here = *spec;
    here.fn2 = sends ? carry : carry_and_wait;
    here.arg = of;
    here.arg_bytes = 0;
    here.destroy = end_parcel;
    int err = (sends ? engine()->submit_away : engine()->submit)(executor, &here, future);
    if (err)
        discard(of);
    return err;
}

int wf_carry_submit(wf_line *line, weft_executor *executor, bool sends, const weft_task_spec *spec,
                    weft_future **future)
{
    wf_letter_head head;
    int err = describe(line, spec, &head);
    if (err)
        return err;
    parcel *of = pack(line, &head, spec);
    return of ? submit(of, executor, sends, spec, future) : -ENOMEM;
}

int wf_carry_start(wf_line *line, weft_executor *executor, bool sends, int rank,
                   const weft_mpi_config *config, weft_future **future)
{
    const weft_task_spec spec = {.size = sizeof spec,
                                 .fn2 = (int (*)(const void *, void *))(void (*)(void))config->start,
                                 .arg = config->start_arg,
                                 .arg_bytes = config->start_bytes,
                                 .label = "start"};
    wf_letter_head head;
    int err = describe(line, &spec, &head);
    if (err)
        return err;
    head.kind = WF_LETTER_START;
    parcel *of = pack(line, &head, &spec);
    if (!of)
        return -ENOMEM;
    of->letter->rank = rank;
    of->call.to_rank = true;
    return submit(of, executor, sends, &spec, future);
}
