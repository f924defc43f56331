/* SPDX-License-Identifier: MIT */
/* mpi/handout.c - see handout.h. */
#include "mpi/handout.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <weft/mpi.h>

#define AT_ONCE ((size_t)1 << 24)

/* Written when no task of the call that has them has begun, or all have ended. */
static struct {
    pthread_mutex_t lock; /* of `held` */
    bool held;
    const void *at;
    size_t bytes;
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool hold(bool wanted)
{
    pthread_mutex_lock(&shared.lock);
    bool was = shared.held;
    shared.held = wanted;
    pthread_mutex_unlock(&shared.lock);
    return was;
}

int wf_handout_init(wf_handout *handout, const void *own, size_t bytes)
{
    *handout = (wf_handout){.bytes = bytes};
    if (hold(true))
        return -EBUSY;
    handout->held = true;
    handout->copy = own ? NULL : malloc(bytes);
    shared.at = own ? own : handout->copy;
    shared.bytes = bytes;
    return shared.at ? 0 : -ENOMEM;
}

int wf_handout_send(const wf_handout *handout, const void *own, MPI_Comm comm, int root)
{
    /* MPI's argument is for both directions; where the bytes are sent from they are read */
    unsigned char *at = handout->copy ? handout->copy : (void *)(uintptr_t)own;
    for (size_t i = 0, count; i < handout->bytes; i += count) {
        count = handout->bytes - i < AT_ONCE ? handout->bytes - i : AT_ONCE;
        if (MPI_Bcast(at + i, (int)count, MPI_BYTE, root, comm) != MPI_SUCCESS)
            return -EIO;
    }
    return 0;
}

void wf_handout_fini(wf_handout *handout, bool stays)
{
    if (!handout->held)
        return;
    if (!stays) {
        shared.at = NULL;
        shared.bytes = 0;
    }
    free(handout->copy);
    (void)hold(false);
    handout->held = false;
}

const void *weft_mpi_shared(size_t *bytes)
{
    if (bytes)
        *bytes = shared.bytes;
    return shared.at;
}
