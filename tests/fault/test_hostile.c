/* SPDX-License-Identifier: MIT */
/*
 * test_hostile.c [SEED] - a worker that writes anything anywhere into the memory that it shares with the program.
 *
 * - One task leaves a child behind that goes on writing at random, while the worker takes calls and answers them, and the
 *   program asks and reads.
 * - One never returns and answers in the worker's place: in time, with the right number, and with bytes at random in the
 *   answer and in all that lies around it.
 * - A map's function leaves a thread behind that writes at random where that map's items lie, in its message: their number,
 *   their statuses, their outputs, which are packed, of any length that the worker says.
 * - Another one leaves a thread behind that writes, while the items of maps lie in blocks, into all that it shares of calls, and
 *   into a block: what lies there, and the head in front.
 * What comes of the calls is not said; that the program stays in bounds is (AddressSanitizer), that each call ends, and that
 * texts do, that no item is unpacked twice, nor from bytes that are not the program's own by then, and that a block is where it
 * was, and as large, also to be given back. Another executor is not affected.
 */
#include "blocks.h"
#include "os/spawn.h"
#include "proc/blocks.h"
#include "proc/channel.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { ROUNDS = 8, CALLS = 64, ITEMS = 40, MAPS = 60, BLOCK_MAPS = 4, BLOCK_ITEM = 1024 };

/* ---- the hostile side ---------------------------------------------------------------------------- */

/* Where the memory around that address begins and ends. */
static size_t find_memory(const void *inside, unsigned char **begin)
{
    uintptr_t from, to, wanted = (uintptr_t)inside;
    char line[512];
    size_t bytes = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && !bytes && fgets(line, sizeof line, maps))
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2 && wanted >= from && wanted < to)
            bytes = to - from;
    if (maps)
        (void)fclose(maps);
    *begin = (unsigned char *)(bytes ? from : 0);
    return bytes;
}

static uint64_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 24;
}

/* Mostly where the words are, in the first page, and the slots, in the first three: small numbers, all bits, bits at random, text without an end. */
static void scribble(volatile unsigned char *memory, size_t bytes, uint64_t *state)
{
    static const size_t near[] = {1024, 1024, 1024, 12288, 12288};
    uint64_t way = next(state) % 6;
    size_t reach = way < 5 ? near[way] : bytes, at = next(state) % (reach / 4) * 4;
    volatile uint32_t *word = (volatile uint32_t *)(memory + at);
    switch (next(state) % 5) {
    case 0:
        *word = (uint32_t)(next(state) % 64);
        break;
    case 1:
        *word = UINT32_MAX;
        break;
    case 2:
        for (size_t i = at; i < at + 512 && i < bytes; i++)
            memory[i] = 'x';
        break;
    default:
        *word = (uint32_t)next(state);
    }
}

/* A child goes on when the worker has answered. */
static void leave_behind(unsigned char *memory, size_t bytes, uint64_t state)
{
    int begun[2];
    char word = 0;
    pid_t worker = getpid();
    if (pipe(begun))
        return;
    if (fork() == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != worker) /* killed before: its time was over */
            _exit(1);
        for (uint64_t i = 0;; i++) {
            scribble(memory, bytes, &state);
            if (i == 100 && write(begun[1], &word, 1) != 1)
                _exit(1);
        }
    }
    (void)close(begun[1]);
    while (read(begun[0], &word, 1) < 0 && errno == EINTR)
        ;
    (void)close(begun[0]);
}

/* The call that brought it here is the second one of its worker, after the one to begin. */
static void answer_at_random(unsigned char *memory, size_t bytes, uint64_t state)
{
    wf_channel channel = {.shared = (struct wf_shared *)(void *)memory, .bytes = bytes, .number = 2};
    for (;;) {
        wf_answer answer = {.status = (int)next(&state)};
        for (uint64_t i = next(&state) % 4; i; i--)
            scribble(memory, bytes, &state);
        for (size_t i = 0; i < sizeof answer.said; i++)
            answer.said[i] = (char)(1 + next(&state) % 255);
        wf_channel_answer(&channel, &answer);
        wf_channel_next(&channel);
    }
}

/* Where the items lie that are run just now: a small message has a page. */
static _Atomic(unsigned char *) message;

static void *spoil(void *seed)
{
    uint64_t state = (uint64_t)(uintptr_t)seed;
    for (;;) {
        uint32_t any = (uint32_t)next(&state);
        uint32_t words[] = {any % 64, any, UINT32_MAX, any % 64};
        memcpy(message + next(&state) % 1024 * 4, &words[any % 4], 4);
        for (volatile int i = 0; i < 100; i++)
            ;
    }
    return NULL;
}

/* What sanitizers say of the worker, which spoils its own memory as well. */
static void be_quiet(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0)
        (void)dup2(null, 2);
}

static int spoils(void *out, const void *in, void *ctx)
{
    static bool spoiling;
    pthread_t thread;
    message = (unsigned char *)((uintptr_t)in & ~(uintptr_t)4095);
    if (!spoiling)
        be_quiet();
    if (!spoiling)
        spoiling = pthread_create(&thread, NULL, spoil, (void *)(uintptr_t)getpid()) == 0;
    *(int *)out = 2 * *(const int *)in;
    return spoiling ? ctx != NULL : 99;
}

/* What a worker shares with the program: what there is of calls, and a block, with its head in front, which nobody has given it. */
static struct {
    unsigned char *calls, *block;
    size_t calls_bytes, block_bytes;
    wf_block_head head;
} prey;

/* The head is now and then as it should be: else the block is soon nobody's. */
static void *hunt(void *seed)
{
    uint64_t state = (uint64_t)(uintptr_t)seed;
    for (;;) {
        if (next(&state) % 16 == 0)
            scribble(prey.calls, prey.calls_bytes, &state);
        scribble(prey.block, prey.block_bytes, &state);
        uint64_t words[] = {next(&state) % 3, next(&state) >> next(&state) % 40};
        if (next(&state) % 2)
            memcpy(prey.block, &prey.head, sizeof prey.head);
        else
            memcpy(prey.block + words[0] * sizeof *words, &words[1], sizeof *words);
        for (volatile int i = 0; i < 200; i++)
            ;
    }
    return NULL;
}

/* As the first function of each worker. */
static int finds_prey(const void *arg)
{
    const part *p = arg;
    prey.calls_bytes = find_memory(arg, &prey.calls);
    prey.block_bytes = 4096 + p->bytes;
    prey.block = mmap(NULL, prey.block_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, WF_SPAWN_BLOCKS_FD,
                      (off_t)p->ref.block_);
    prey.head = (wf_block_head){p->ref.program_, p->ref.block_, p->bytes};
    return prey.calls_bytes && prey.block != MAP_FAILED ? 0 : 99;
}

static int copies(void *out, const void *in, void *ctx)
{
    static bool hunting;
    pthread_t thread;
    if (!hunting) {
        be_quiet();
        hunting = pthread_create(&thread, NULL, hunt, (void *)(uintptr_t)getpid()) == 0;
    }
    memcpy(out, in, BLOCK_ITEM);
    return hunting ? ctx != NULL : 99;
}

typedef struct hostility {
    uint64_t seed;
    int leaves, stays;
} hostility;

static int is_hostile(const void *arg, void *result)
{
    hostility h = *(const hostility *)arg;
    unsigned char *memory;
    size_t bytes = find_memory(arg, &memory);
    if (!bytes)
        return 99;
    if (h.stays)
        answer_at_random(memory, bytes, h.seed);
    if (h.leaves)
        leave_behind(memory, bytes, h.seed);
    *(int *)result = 1;
    return 0;
}

/* ---- the program --------------------------------------------------------------------------------- */

static int strange; /* calls that ended otherwise than they should */
static int heads;   /* of blocks that a map has left spoiled */

static void check_call(weft_executor *e, uint64_t seed, int call)
{
    int terms[2] = {call, 1}, status = 0;
    hostility h = {.seed = seed * 1000 + (uint64_t)call, .leaves = !(seed % 2), .stays = seed % 2};
    weft_future *future = call % 16 ? submit(e, add, terms, sizeof terms, sizeof(int))
                                    : submit(e, is_hostile, &h, sizeof h, sizeof(int));
    CHECK(weft_future_get(future, &status) == 0, "seed %" PRIu64 ", call %d: it ends", seed, call);
    CHECK(status != 99, "seed %" PRIu64 ": it has found the memory", seed);
    CHECK(strlen(weft_future_error(future)) < 256, "seed %" PRIu64 ", call %d: so does the text", seed, call);
    const int *sum = weft_future_result(future);
    strange += status || (call % 16 && sum && *sum != call + 1);
    weft_future_release(future);
}

static void check_right(weft_executor *e, uint64_t seed)
{
    int terms[2] = {40, 2};
    outcome o = run(e, add, terms, sizeof terms, sizeof(int));
    CHECK(o.status == 0 && o.number == 42, "seed %" PRIu64 ": a good worker: %d, %s", seed, o.number,
          o.error);
}

/* ---- maps ---------------------------------------------------------------------------------------- */

/* As many bytes as its number. */
static size_t pack(const void *value, void *to, size_t room)
{
    size_t bytes = (size_t)(*(const int *)value % 100);
    if (bytes <= room)
        memset(to, (int)bytes, bytes);
    return bytes;
}

static int unpacked;   /* of a map */
static size_t longest; /* of all of them */

static int unpack(void *value, const void *from, size_t bytes)
{
    const unsigned char *byte = from;
    unsigned sum = 0, again = 0;
    for (size_t i = 0; i < bytes; i++)
        sum += byte[i];
    for (size_t i = 0; i < bytes; i++)
        again += byte[i];
    CHECK(sum == again, "bytes change while they are read");
    *(int *)value = (int)sum;
    unpacked++;
    longest = bytes > longest ? bytes : longest;
    return 0;
}

/* What spoiled items there were. */
static int check_map(weft_executor *e, uint64_t seed, int number)
{
    static const weft_codec codec = {.pack = pack, .unpack = unpack};
    int in[ITEMS], out[ITEMS] = {0}, status[ITEMS], unset = 0, spoiled = 0;
    for (int i = 0; i < ITEMS; i++) {
        in[i] = i;
        status[i] = INT_MIN;
    }
    unpacked = 0;
    int err =
        weft_executor_map(e, spoils, in, sizeof *in, out, sizeof *out, ITEMS,
                          WEFT_MAP_CONFIG(.status = status, .on_error = WEFT_COLLECT, .out_codec = &codec));
    for (int i = 0; i < ITEMS; i++) {
        unset += status[i] == INT_MIN;
        spoiled += status[i] || out[i] != 2 * i % 100 * (2 * i % 100);
    }
    CHECK((err == 0 || err == WEFT_EITEM) && unset == 0,
          "seed %" PRIu64 ", map %d: %d, %d of its items are open", seed, number, err, unset);
    CHECK(unpacked <= ITEMS && longest <= 4096, "seed %" PRIu64 ", map %d: %d items of up to %zu bytes", seed,
          number, unpacked, longest);
    return spoiled;
}

static void check_maps(uint64_t seed)
{
    int spoiled = 0;
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = 65536,
                                                  .time_limit_ns = 10000000, .grace_ns = 10000000));
    for (int number = 0; number < MAPS; number++)
        spoiled += check_map(e, seed, number);
    CHECK(spoiled > 0 && spoiled < MAPS * ITEMS, "seed %" PRIu64 ": %d items were spoiled", seed, spoiled);
    CHECK(weft_executor_destroy(e) == 0, "seed %" PRIu64 ": destroyed", seed);
}

/* ---- blocks -------------------------------------------------------------------------------------- */

/* With items that nobody has to look at in front of the statuses, and behind them. */
static void check_block_map(weft_executor *e, uint64_t seed, const char *in, char *out)
{
    int status[3 * ITEMS], unset = 0, others = 0;
    for (int i = 0; i < 3 * ITEMS; i++)
        status[i] = INT_MIN;
    int err = weft_executor_map(e, copies, in, BLOCK_ITEM, out, BLOCK_ITEM, ITEMS,
                                WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status + ITEMS));
    for (int i = 0; i < ITEMS; i++) {
        unset += status[ITEMS + i] == INT_MIN;
        others += status[i] != INT_MIN || status[2 * ITEMS + i] != INT_MIN;
    }
    CHECK((err == 0 || err == WEFT_EITEM) && unset == 0 && others == 0,
          "seed %" PRIu64 ", a map in blocks: %d, %d are open, %d are no items", seed, err, unset, others);
}

/* As the program has made it, whatever its head says. */
static void check_block(uint64_t seed, char *block, const weft_shared_ref *before)
{
    const size_t bytes = ITEMS * BLOCK_ITEM;
    weft_shared_ref ref = ref_of(block + bytes - 1), behind;
    void *place = NULL;
    CHECK(ref.block_ == before->block_ && ref.program_ == before->program_ && ref.offset_ == bytes - 1,
          "seed %" PRIu64 ": a name is as it was", seed);
    CHECK(weft_shared_at(before, bytes, &place) == 0 && place == block, "seed %" PRIu64 ": and finds it",
          seed);
    CHECK(weft_shared_at(before, bytes + 1, &place) == -EINVAL, "seed %" PRIu64 ": a byte too many", seed);
    CHECK(weft_shared_ref_of(block + bytes, &behind) == -EINVAL || behind.block_ != ref.block_,
          "seed %" PRIu64 ": a place behind it", seed);
}

static weft_executor *make_hunters(const part *block)
{
    return make(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = 65536, .time_limit_ns = 10000000,
                                      .grace_ns = 10000000, .start = finds_prey, .start_arg = block,
                                      .start_bytes = sizeof *block, .tasks_each = 8));
}

static void check_blocks(uint64_t seed)
{
    const size_t bytes = ITEMS * BLOCK_ITEM;
    int wrong = 0;
    char *in = alloc(bytes), *block = alloc(bytes), *behind = alloc(bytes);
    const part all = {.ref = ref_of(block), .bytes = bytes};
    wf_block_head *head = (wf_block_head *)(void *)(block - 4096), before = *head;
    weft_executor *e = make_hunters(&all);
    memset(behind, 7, bytes);
    for (int map = 0; map < BLOCK_MAPS; map++) {
        check_block_map(e, seed, in, block);
        heads += memcmp(head, &before, sizeof before) != 0;
        check_block(seed, block, &all.ref);
        *head = before;
    }
    CHECK(weft_executor_destroy(e) == 0, "seed %" PRIu64 ": destroyed", seed);
    release(block);
    for (size_t i = 0; i < bytes; i++)
        wrong += behind[i] != 7;
    CHECK(wrong == 0, "seed %" PRIu64 ": of the block behind %d bytes are others", seed, wrong);
    release(behind);
    release(in);
}

static void check_round(uint64_t seed)
{
    weft_executor *hostile = make(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = 65536,
                                                        .time_limit_ns = 10000000, .grace_ns = 10000000));
    weft_executor *good = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    for (int call = 0; call < CALLS; call++)
        check_call(hostile, seed, call);
    check_right(good, seed);
    CHECK(weft_executor_destroy(hostile) == 0, "seed %" PRIu64 ": destroyed", seed);
    CHECK(weft_executor_destroy(good) == 0, "destroyed");
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, rounds = argc > 1 ? 1 : ROUNDS;
    tally_watch(360);
    for (uint64_t seed = first; seed < first + rounds; seed++) {
        check_round(seed);
        if (seed % 3 == first % 3)
            check_maps(seed);
        check_blocks(seed);
    }
    CHECK(strange > 0, "of all calls none was disturbed");
    CHECK(heads > 0, "of all blocks none was spoiled");
    return tally_end();
}
