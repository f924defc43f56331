/* SPDX-License-Identifier: MIT */
/* mpi/carry.c - see carry.h. */
#include "mpi/carry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/engine.h"

/* What one task takes along. */
typedef struct parcel {
    wf_call call;
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
    const char *label = of->call.letter->head.text;
    snprintf(text, SAID_BYTES, "rank %d%s%s: %s", of->call.rank, *label ? ", " : "", label, said);
    return status;
}

/* The task's status; text: what is to be said about it. */
static int tell(const parcel *of, const wf_letter *answer, void *result, char *text)
{
    if (!answer)
        return say(of, WEFT_EDIED, "MPI does not work any more", text);
    const wf_letter_head *h = &answer->head;
    if (h->bytes && h->bytes == of->call.letter->head.result_bytes)
        memcpy(result, answer->bytes, (size_t)h->bytes);
    return h->status ? say(of, h->status, h->text, text) : 0;
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

/* The task, as the executor begins it. */
static int carry(const void *arg, void *result)
{
    parcel *of = (parcel *)(uintptr_t)arg;
    of->result = result;
    of->task = engine()->here();
    of->call.letter->holders++;
    int err = wf_hub_call(of->call.line->hub, &of->call);
    if (!err)
        return WF_AWAY;
    of->call.letter->holders--;
    return err;
}

static bool should_stop(void *ctx)
{
    (void)ctx;
    return weft_should_stop();
}

/* The same where it has a thread that waits. */
static int carry_and_wait(const void *arg, void *result)
{
    char text[SAID_BYTES] = "";
    parcel *of = (parcel *)(uintptr_t)arg;
    int err;
    of->call.letter->holders++;
    wf_letter *answer = wf_hub_ask(&of->call, should_stop, NULL, &of->call.rank, &err);
    int status = !answer && err != WEFT_EDIED ? err : tell(of, answer, result, text);
    wf_letter_free(answer);
    return *text ? weft_fail(status, "%s", text) : status;
}

static void discard(parcel *of)
{
    wf_letter_free(of->call.letter);
    free(of);
}

static void end_parcel(void *arg)
{
    parcel *of = arg;
    wf_letter *letter = of->call.letter;
    if (of->destroy)
        of->destroy(letter->head.bytes ? letter->bytes : NULL);
    discard(of);
}

static int describe(const wf_line *line, const weft_task_spec *spec, wf_letter_head *head)
{
    if (!spec->fn2 || (spec->arg && !spec->arg_bytes))
        return -EINVAL;
    if (spec->arg_bytes > line->message_bytes || spec->result_bytes > line->message_bytes)
        return -EMSGSIZE;
    *head = (wf_letter_head){
        .kind = WF_LETTER_TASK, .bytes = spec->arg_bytes, .result_bytes = spec->result_bytes};
    snprintf(head->text, sizeof head->text, "%s", spec->label ? spec->label : "");
    return engine()->name_of((wf_image_fn *)spec->fn2, &head->fn);
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
    *of = (parcel){.call = {.letter = letter, .line = line, .answered = come_back, .stops = stops},
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
    of->call.letter->rank = rank;
    of->call.to_rank = true;
    return submit(of, executor, sends, &spec, future);
}
