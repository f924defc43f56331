/* SPDX-License-Identifier: MIT */
/* mpi/greeting.c - see greeting.h. */
#include "mpi/greeting.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <weft/base.h>

#include "proc/engine.h"

int wf_sentence_say(const wf_sentence *to, int status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (to->bytes)
        vsnprintf(to->text, to->bytes, format, list);
    va_end(list);
    return status;
}

int wf_card_fill(wf_card *card)
{
    const struct weft_engine_table_ *engine = weft_engine_(WEFT_VERSION_STRING);
    wf_image_fn *entry = (wf_image_fn *)getauxval(AT_ENTRY);
    if (gethostname(card->host, sizeof card->host - 1))
        snprintf(card->host, sizeof card->host, "?");
    int err = engine->name_of((wf_image_fn *)weft_engine_, &card->library);
    if (!err)
        err = engine->name_of((wf_image_fn *)wf_card_fill, &card->face);
    if (!err)
        err = engine->name_of(entry, &card->program);
    if (err)
        snprintf(card->said, sizeof card->said, "the program, libweft or libweft-mpi has no build-id");
    wf_image_name name;
    card->names = engine->name_at(0, &name);
    return err;
}

/* The beginning of a build-id. */
static const char *short_id(const wf_image_name *name, char text[static 17])
{
    for (int i = 0; i < 8; i++)
        snprintf(text + 2 * (size_t)i, 3, "%02x", name->id[i]);
    return text;
}

static bool other_program(const wf_card *a, const wf_card *c)
{
    return memcmp(&a->program, &c->program, sizeof a->program);
}

static int differ(const wf_card *a, const wf_card *c, int rank, bool named, const wf_sentence *to)
{
    char here[17], there[17];
    if (memcmp(&a->library, &c->library, sizeof a->library) || memcmp(&a->face, &c->face, sizeof a->face))
        return wf_sentence_say(to, -ELIBBAD,
                               "rank %d (%s) has loaded another libweft or libweft-mpi than rank 0 (%s)",
                               rank, c->host, a->host);
    if (!named && other_program(a, c))
        return wf_sentence_say(
            to, -ELIBBAD,
            "rank %d (%s) runs another program than rank 0 (%s): its build-id begins with %s, not %s", rank,
            c->host, a->host, short_id(&c->program, there), short_id(&a->program, here));
    return 0;
}

static const char *level_name(int level)
{
    return level >= MPI_THREAD_MULTIPLE     ? "MPI_THREAD_MULTIPLE"
           : level >= MPI_THREAD_SERIALIZED ? "MPI_THREAD_SERIALIZED"
           : level >= MPI_THREAD_FUNNELED   ? "MPI_THREAD_FUNNELED"
                                            : "MPI_THREAD_SINGLE";
}

static int look(const wf_card *cards, int rank, const wf_sentence *to)
{
    const wf_card *a = &cards[0], *c = &cards[rank];
    if (c->err)
        return wf_sentence_say(to, c->err, "rank %d (%s): %s", rank, c->host,
                               *c->said ? c->said : weft_strerror(c->err));
    if (c->root != a->root)
        return wf_sentence_say(to, -EINVAL, "rank %d says that rank %d submits, rank 0 that rank %d does",
                               rank, c->root, a->root);
    if (c->level < c->level_wanted)
        return wf_sentence_say(to, -ENOTSUP, "rank %d: MPI was initialised with %s, %s is needed", rank,
                               level_name(c->level), level_name(c->level_wanted));
    return differ(a, c, rank, cards[a->root].names, to);
}

int wf_greeting_agree(MPI_Comm comm, wf_card *cards, int ranks, int rank, const wf_sentence *to)
{
    wf_card mine = cards[rank];
    int err = 0;
    if (MPI_Allgather(&mine, sizeof mine, MPI_BYTE, cards, sizeof mine, MPI_BYTE, comm) != MPI_SUCCESS)
        return wf_sentence_say(to, -EIO, "MPI_Allgather failed");
    for (int r = 0; r < ranks && !err; r++)
        err = look(cards, r, to);
    return err;
}

/* ---- the second round ---------------------------------------------------------------------------- */

/* The submitting rank shows one name after the other; `unknown` is the first that is not known here. Behind the last: zeros. */
static int look_up_names(MPI_Comm comm, bool shows, int root, wf_image_name *unknown)
{
    const struct weft_engine_table_ *engine = weft_engine_(WEFT_VERSION_STRING);
    for (size_t i = 0;; i++) {
        wf_image_name name = {.offset = 0};
        if (shows)
            (void)engine->name_at(i, &name);
        if (MPI_Bcast(&name, sizeof name, MPI_BYTE, root, comm) != MPI_SUCCESS)
            return -EIO;
        if (!name.offset)
            return 0;
        if (!unknown->offset && !engine->find(&name))
            *unknown = name;
    }
}

static int look_again(const wf_card *cards, int rank, const wf_ready *ready, const wf_sentence *to)
{
    const wf_card *c = &cards[rank], *root = &cards[c->root];
    if (ready->err)
        return wf_sentence_say(to, ready->err, "rank %d (%s): %s", rank, c->host, weft_strerror(ready->err));
    if (ready->answered)
        return wf_sentence_say(to, -ECANCELED, "rank %d (%s): start answered %d", rank, c->host,
                               ready->answered);
    if (ready->unknown.offset)
        return wf_sentence_say(to, -ELIBBAD,
                               "rank %d (%s) has no function registered as '%s', which rank %d (%s) has%s",
                               rank, c->host, (const char *)ready->unknown.id, c->root, root->host,
                               other_program(root, c) ? "; it runs another program" : "");
    return 0;
}

static int gather(MPI_Comm comm, const wf_card *cards, int ranks, const wf_ready *mine, const wf_sentence *to)
{
    wf_ready *all = calloc((size_t)ranks, sizeof *all);
    int err = 0, none = !all, any = 0;
    /* who has no memory for the answers says so before they come */
    if (MPI_Allreduce(&none, &any, 1, MPI_INT, MPI_MAX, comm) != MPI_SUCCESS || any)
        err = wf_sentence_say(to, -ENOMEM, "a rank has no memory");
    else if (MPI_Allgather(mine, sizeof *mine, MPI_BYTE, all, sizeof *mine, MPI_BYTE, comm) != MPI_SUCCESS)
        err = -EIO;
    for (int r = 0; r < ranks && !err; r++)
        err = look_again(cards, r, &all[r], to);
    free(all);
    return err;
}

int wf_greeting_all(MPI_Comm comm, const wf_card *cards, int ranks, int err, const wf_sentence *to)
{
    const wf_ready mine = {.err = err};
    return gather(comm, cards, ranks, &mine, to);
}

int wf_greeting_start(MPI_Comm comm, const wf_card *cards, int ranks, int rank, wf_ready ready,
                      const wf_sentence *to)
{
    int root = cards[rank].root;
    int err = look_up_names(comm, rank == root, root, &ready.unknown);
    return err ? err : gather(comm, cards, ranks, &ready, to);
}
