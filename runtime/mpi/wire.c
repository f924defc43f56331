/* SPDX-License-Identifier: MIT */
/* mpi/wire.c - see wire.h. */
#include "mpi/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG 1
#define AT_ONCE 16 /* letters that are probed for in one look */
#define BATCH_BYTES \
    3600 /* with its head a message that MPI sends at once: 4096 in shared memory, 64 KiB over TCP */
#define BATCHED_BYTES 1024 /* what is longer goes by itself */

wf_letter *wf_letter_new(size_t bytes)
{
    wf_letter *letter = malloc(sizeof *letter + bytes);
    if (!letter)
        return NULL;
    memset(letter, 0, offsetof(wf_letter, head.text) + 1);
    letter->holders = 1;
    letter->head.bytes = bytes;
    return letter;
}

void wf_letter_free(wf_letter *letter)
{
    if (letter && !--letter->holders)
        free(letter);
}

/* True: it worked. Errors of this communicator are returned, whatever the program has chosen for its own. */
static bool fine(wf_wire *wire, int code)
{
    char text[MPI_MAX_ERROR_STRING];
    int length;
    if (code == MPI_SUCCESS)
        return true;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS)
        snprintf(text, sizeof text, "error %d", code);
    snprintf(wire->said, sizeof wire->said, "MPI: %.200s", text);
    return false;
}

/* ---- on the way ---------------------------------------------------------------------------------- */

static bool grow(wf_wire *wire)
{
    int room = wire->room ? 2 * wire->room : 64;
    MPI_Request *request = realloc(wire->request, (size_t)room * sizeof *request);
    wire->request = request ? request : wire->request;
    wf_letter **letter = realloc(wire->letter, (size_t)room * sizeof(wf_letter *));
    wire->letter = letter ? letter : wire->letter;
    int *done = realloc(wire->done, (size_t)room * sizeof *done);
    wire->done = done ? done : wire->done;
    if (request && letter && done)
        wire->room = room;
    return wire->count < wire->room;
}

static bool has_room(wf_wire *wire)
{
    return wire->count < wire->room || grow(wire);
}

static void append(wf_letter **first, wf_letter **last, wf_letter *letter)
{
    letter->next = NULL;
    if (*first)
        (*last)->next = letter;
    else
        *first = letter;
    *last = letter;
}

static wf_letter *take(wf_letter **first)
{
    wf_letter *letter = *first;
    if (letter)
        *first = letter->next;
    return letter;
}

static void over(wf_wire *wire, wf_letter *letter)
{
    if (letter->comes)
        append(&wire->come, &wire->last_come, letter);
    else
        wf_letter_free(letter);
}

/* Short ones are often over at once. */
static void started(wf_wire *wire, wf_letter *letter, MPI_Request request)
{
    int done = 0;
    if (!fine(wire, MPI_Test(&request, &done, MPI_STATUS_IGNORE)))
        return;
    if (done) {
        over(wire, letter);
        return;
    }
    wire->request[wire->count] = request;
    wire->letter[wire->count++] = letter;
}

static void remove_done(wf_wire *wire)
{
    int kept = 0;
    for (int i = 0; i < wire->count; i++)
        if (wire->request[i] != MPI_REQUEST_NULL) {
            wire->request[kept] = wire->request[i];
            wire->letter[kept++] = wire->letter[i];
        }
    wire->count = kept;
}

static void look(wf_wire *wire)
{
    int ended = 0;
    if (!wire->count ||
        !fine(wire, MPI_Testsome(wire->count, wire->request, &ended, wire->done, MPI_STATUSES_IGNORE)))
        return;
    for (int i = 0; i < ended; i++)
        over(wire, wire->letter[wire->done[i]]);
    if (ended > 0)
        remove_done(wire);
}

/* ---- batches ------------------------------------------------------------------------------------- */

/* Of the head, as far as its kind needs it; then the text, then the bytes, and room up to the next. */
static size_t head_bytes(uint32_t kind)
{
    return kind == WF_LETTER_TASK || kind == WF_LETTER_START    ? offsetof(wf_letter_head, count)
           : kind == WF_LETTER_ITEMS || kind == WF_LETTER_VALUE ? offsetof(wf_letter_head, text)
                                                                : offsetof(wf_letter_head, fn);
}

static size_t packed_bytes(const wf_letter_head *h)
{
    return (head_bytes(h->kind) + h->text_bytes + h->bytes + 7) & ~(size_t)7;
}

static wf_letter *open_for(wf_wire *wire, int rank)
{
    wf_letter **open = &wire->open[rank];
    if (*open || !(*open = wf_letter_new(BATCH_BYTES)))
        return *open;
    (*open)->head.kind = WF_LETTER_BATCH;
    (*open)->head.bytes = 0;
    (*open)->rank = rank;
    wire->opened++;
    return *open;
}

static void pack(wf_letter *batch, const wf_letter *letter)
{
    const wf_letter_head *h = &letter->head;
    size_t head = head_bytes(h->kind);
    unsigned char *at = batch->bytes + batch->head.bytes;
    memcpy(at, h, head);
    memcpy(at + head, h->text, h->text_bytes);
    memcpy(at + head + h->text_bytes, letter->bytes, h->bytes);
    batch->head.bytes += packed_bytes(h);
    batch->head.count++;
}

/* The next of a batch; NULL: no memory just now. */
static wf_letter *unpack(wf_letter *batch)
{
    wf_letter_head h;
    const unsigned char *at = batch->bytes + batch->done;
    memcpy(&h, at, offsetof(wf_letter_head, fn));
    wf_letter *letter = wf_letter_new((size_t)h.bytes);
    if (!letter)
        return NULL;
    size_t head = head_bytes(h.kind);
    letter->rank = batch->rank;
    memcpy(&letter->head, at, head);
    memcpy(letter->head.text, at + head, h.text_bytes);
    memcpy(letter->bytes, at + head + h.text_bytes, h.bytes);
    batch->done += packed_bytes(&h);
    return letter;
}

/* ---- letters ------------------------------------------------------------------------------------- */

/* A head, and a body that lies elsewhere. */
static int type_of(const wf_letter *letter, MPI_Datatype *type)
{
    int bytes[2] = {(int)WF_LETTER_HEAD, (int)letter->head.bytes};
    MPI_Aint at[2];
    int code = MPI_Get_address(&letter->head, &at[0]);
    if (code == MPI_SUCCESS)
        code = MPI_Get_address(letter->body, &at[1]);
    if (code == MPI_SUCCESS)
        code = MPI_Type_create_hindexed(2, bytes, at, MPI_BYTE, type);
    return code == MPI_SUCCESS ? MPI_Type_commit(type) : code;
}

/* MPI keeps the type while it needs it. */
static int send_parts(wf_wire *wire, const wf_letter *letter, MPI_Request *request)
{
    MPI_Datatype type;
    int code = type_of(letter, &type);
    if (code != MPI_SUCCESS)
        return code;
    code = MPI_Isend(MPI_BOTTOM, 1, type, letter->rank, TAG, wire->comm, request);
    (void)MPI_Type_free(&type);
    return code;
}

/* With room for it. */
static void send(wf_wire *wire, wf_letter *letter)
{
    MPI_Request request;
    int bytes = (int)(WF_LETTER_HEAD + letter->head.bytes);
    int code = letter->body
                   ? send_parts(wire, letter, &request)
                   : MPI_Isend(&letter->head, bytes, MPI_BYTE, letter->rank, TAG, wire->comm, &request);
    if (fine(wire, code))
        started(wire, letter, request);
}

static void send_kept(wf_wire *wire)
{
    while (wire->kept && !*wire->said && has_room(wire))
        send(wire, take(&wire->kept));
}

static void post(wf_wire *wire, wf_letter *letter)
{
    letter->comes = false;
    append(&wire->kept, &wire->last_kept, letter);
    send_kept(wire);
}

static void close_batch(wf_wire *wire, int rank)
{
    wf_letter *batch = wire->open[rank];
    if (!batch)
        return;
    wire->open[rank] = NULL;
    wire->opened--;
    post(wire, batch);
}

void wf_wire_flush(wf_wire *wire)
{
    for (int rank = 0; wire->opened; rank++)
        close_batch(wire, rank);
}

void wf_wire_send(wf_wire *wire, wf_letter *letter)
{
    wf_letter_head *h = &letter->head;
    wf_letter *batch = wire->open[letter->rank];
    h->text_bytes = *h->text ? (uint32_t)strlen(h->text) + 1 : 0;
    size_t bytes = packed_bytes(h);
    if (batch && batch->head.bytes + bytes > BATCH_BYTES)
        close_batch(wire, letter->rank);
    if (bytes > BATCHED_BYTES || !(batch = open_for(wire, letter->rank))) {
        post(wire, letter);
        return;
    }
    pack(batch, letter);
    wf_letter_free(letter);
}

/* Is there one that can be received now? */
static bool probe(wf_wire *wire)
{
    MPI_Status status;
    int there = 0;
    if (wire->probed != MPI_MESSAGE_NULL)
        return true;
    if (!fine(wire, MPI_Improbe(MPI_ANY_SOURCE, TAG, wire->comm, &there, &wire->probed, &status)) || !there)
        return false;
    wire->probed_rank = status.MPI_SOURCE;
    return fine(wire, MPI_Get_count(&status, MPI_BYTE, &wire->probed_bytes));
}

/* False: no memory just now. */
static bool accept(wf_wire *wire)
{
    MPI_Request request;
    wf_letter *letter = has_room(wire) ? wf_letter_new((size_t)wire->probed_bytes - WF_LETTER_HEAD) : NULL;
    if (!letter)
        return false;
    letter->comes = true;
    letter->rank = wire->probed_rank;
    if (fine(wire, MPI_Imrecv(&letter->head, wire->probed_bytes, MPI_BYTE, &wire->probed, &request)))
        started(wire, letter, request);
    return true;
}

static wf_letter *unpack_first(wf_wire *wire)
{
    wf_letter *batch = wire->come, *letter = unpack(batch);
    if (letter && batch->done >= batch->head.bytes)
        wf_letter_free(take(&wire->come));
    return letter;
}

wf_letter *wf_wire_receive(wf_wire *wire)
{
    if (!wire->come && !*wire->said) {
        send_kept(wire);
        look(wire);
        for (int i = 0; i < AT_ONCE && probe(wire) && accept(wire); i++)
            ;
    }
    wf_letter *first = wire->come;
    return first && first->head.kind == WF_LETTER_BATCH ? unpack_first(wire) : take(&wire->come);
}

bool wf_wire_busy(const wf_wire *wire)
{
    return wire->count > 0 || wire->come || wire->kept || wire->opened || wire->probed != MPI_MESSAGE_NULL;
}

int wf_wire_init(wf_wire *wire, MPI_Comm comm)
{
    *wire = (wf_wire){.comm = comm, .probed = MPI_MESSAGE_NULL};
    if (MPI_Comm_size(comm, &wire->ranks) != MPI_SUCCESS)
        return -EIO;
    wire->open = calloc((size_t)wire->ranks, sizeof(wf_letter *));
    return wire->open ? 0 : -ENOMEM;
}

void wf_wire_fini(wf_wire *wire)
{
    while (wire->come)
        wf_letter_free(take(&wire->come));
    while (wire->kept)
        wf_letter_free(take(&wire->kept));
    for (int rank = 0; wire->open && rank < wire->ranks; rank++)
        wf_letter_free(wire->open[rank]);
    free(wire->open);
    free(wire->request);
    free(wire->letter);
    free(wire->done);
}
