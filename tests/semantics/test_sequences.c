/* SPDX-License-Identifier: MIT */
/* test_sequences.c - random sequences of calls against the model in sequence.h.
 *
 *   semantics_sequences [SEED]        with a seed: that sequence alone, and its calls
 *
 * - WEFT_TEST_SEED is where the seeds begin (1), WEFT_TEST_SEQUENCES how many there are (2,000; 400 with more than
 *   three workers), WEFT_TEST_WORKERS how many workers the pools have.
 * - A wrong answer prints the calls so far and the seed, and breaks off. Where nothing moves for a minute, too.
 * - No Criterion, so that it runs under ThreadSanitizer.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sequence.h"

#ifdef WEFT_FUZZ

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte: 0, 1 or 2 workers; none most of the time, for then everything is determined. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size)
        sequence_run(data + 1, size - 1, data[0] % 16 > 1 ? 0 : 1 + data[0] % 16);
    return 0;
}

#else

static long number(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text && *text ? atol(text) : otherwise;
}

static void *watch(void *arg)
{
    long before = -1, now;
    (void)arg;
    while ((now = atomic_load(&sequence_calls)) != before) {
        before = now;
        sleep(60);
    }
    fprintf(stderr, "nothing moves\n");
    sequence_show();
    abort();
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void run_seed(int workers)
{
    uint8_t data[700];
    uint64_t state = (uint64_t)atomic_load(&sequence_seed);
    size_t size = 20 + next_random(&state) % (sizeof data - 20);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(next_random(&state) >> 32);
    sequence_run(data, size, workers);
}

int main(int argc, char **argv)
{
    int workers = (int)number("WEFT_TEST_WORKERS", 2);
    long first = argc > 1 ? atol(argv[1]) : number("WEFT_TEST_SEED", 1);
    long n = argc > 1 ? 1 : number("WEFT_TEST_SEQUENCES", workers > 3 ? 400 : 2000);
    pthread_t watcher;
    if (pthread_create(&watcher, NULL, watch, NULL) || pthread_detach(watcher))
        return 1;
    fprintf(stderr, "seeds %ld to %ld, %d workers\n", first, first + n - 1, workers);
    for (long i = 0; i < n; i++) {
        atomic_store(&sequence_seed, first + i);
        run_seed(workers);
    }
    printf("%ld calls\n%ld passed, 0 failed\n", atomic_load(&sequence_calls), n);
    return 0;
}

#endif
