/* SPDX-License-Identifier: MIT */
/* sequence.h - sequences of calls made from bytes, and a model that says beforehand what each may answer.
 *
 * - One thread, the driver, makes the calls that the bytes say. Bodies of tasks write down in `events` what happens: who
 *   submitted, began, left. After each call the driver reads them and checks that each was allowed just then: in turn, of
 *   a task that was ready, in a thread that might run it, by a call that may run that (waiting runs nothing unrelated).
 * - A node is *exact* if only the driver can run it: of a serial executor, or in a pool without threads, and all before
 *   it are. Its state is known after each call. Of the others the notes of their bodies, read before and after a call, bound
 *   what the call may answer.
 * - Tasks that HOLD stay in their workers until the driver opens the gate; while it is closed the driver waits with a
 *   deadline for whatever might not end.
 * - Tasks with a limit are not exact: when they have a permit is not followed. That no more run at a time is.
 * - At the end all has to add up: each task ran once or was cancelled for a reason, each argument was destroyed once.
 * To add a call: a function of a few lines beside its like, and its line in the table in sequence.c.
 */
#ifndef WEFT_TESTS_SEQUENCE_H
#define WEFT_TESTS_SEQUENCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weft/weft.h>

enum {
    NODES = 96,
    DOORS = 6,
    STOPS = 9,
    GROUPS = 2,
    SETS = 2,
    STREAMS = 2,
    LIMITS = 2,
    SERIES = 16,
    LANES = 64,
    BEFORE_MAX = 4,
    EVENTS = 8 * NODES
};
enum { TEXT = 1 << 16, ITEMS = 40, UNKNOWN = -100000, HEAVIEST = 16 };

enum node_kind { TASK, THEN, ALL, ANY, PROMISE };
/* SELF waits for its own future, UP, a child, for its parent's. */
enum body { ANSWER, FAIL, NEST, LEAVE, FIRE, POLL, HOLD, SELF, BODIES, UP = BODIES };
enum { INLINE = -1, PLAIN = 0 }; /* homes; others are doors made by weft_executor_create */

struct sequence;

struct node {
    struct sequence *of;
    int number, kind, body, home, status, n_before;
    struct node *before[BEFORE_MAX], *child, *parent;
    weft_stop *own_stop; /* of a FIRE */
    int stop;            /* the slot of its token; -1 */
    int limit;           /* the slot of its limit; -1 */
    bool destroys, copied, given, followed, alone, held;
    bool has_label;
    char label[8];
    /* what the driver holds */
    weft_future *future;
    int refs;
    weft_promise *promise;
    _Atomic(weft_future *)
        lent; /* a reference to it, for who waits for it in a body; NULL: it is not there yet */
    /* noted by its body and callbacks */
    atomic_int began, left, destroyed, told;
    int seen, submitted; /* the status before or the child's; what submitting the child answered */
    int refusal;         /* of a SELF or an UP: what its wait answered */
    int lane;            /* in which its body is; -1 */
    bool by_driver;
    /* the model: an ended state once it is known, or WEFT_PENDING */
    int state;
    bool vague;     /* ended, or ready, at a moment that nobody tells */
    bool cancelled; /* by a call that answered 0 */
    bool asked;     /* to stop, while it ran */
    bool dead;      /* exact, and may not begin any more */
    bool timed;     /* it begins later, or is cancelled with its executor */
    unsigned stamp; /* when it came into a serial queue; 0: not yet */
};

struct door {
    struct sequence *of;
    weft_executor *executor;
    int engine, when_full, stop;
    size_t queue_limit;
    bool live, closed, cancels, streamed; /* streams put tasks of their own into queues */
    int limit;
    atomic_int now; /* bodies inside, but for those that wait for a child */
    bool hooked;
    int start_fails; /* what its start hook answers */
    bool ending;     /* it is being destroyed */
    atomic_int in_lane[LANES], started[LANES], finished[LANES];
    atomic_int broke, told_broken; /* the hook has failed; so it was told */
};

/* Of a group, too. */
struct stop {
    weft_stop *stop; /* NULL: the driver has given it up */
    int parent, refs;
    bool called, fired;
    bool perhaps;  /* it may have fired: a deadline, or a task that somebody else runs */
    bool by_tasks; /* of a group whose tasks stop it when they fail */
};

struct group {
    weft_group *group; /* NULL: none */
    int home, stop, n; /* stop: the slot of its token */
    bool asked;        /* somebody can cancel a task of it, or run it before others */
    struct node *in[NODES];
};

struct set {
    weft_completions *set;
    struct node *in[NODES];
    int n;
};

struct stream {
    weft_stream *stream;
    struct sequence *of;
    int home, n, window, window_bytes, err, taken, fd;
    bool unordered, pulls, failed, over;
    int items[ITEMS];
    bool seen[ITEMS];
    atomic_int pulled, pulling, made, dropped;
    atomic_int given[ITEMS], item_dropped[ITEMS]; /* to the function; to the hook */
    int weight;                                   /* of those that were taken */
    int thrown;                                   /* taken without a place to put it */
};

struct sequence {
    const uint8_t *data;
    size_t left;
    weft_pool *pool;
    pthread_t driver;
    int workers;
    struct node node[NODES];
    struct door door[DOORS];
    struct stop stop[STOPS];
    struct set set[SETS];
    struct stream stream[STREAMS];
    struct group group[GROUPS];
    weft_limit *limit[LIMITS];
    int permits[LIMITS];
    atomic_int in_limit[LIMITS], most_in_limit[LIMITS];
    atomic_int ticks[SERIES]; /* one that runs when its series is cancelled is not waited for */
    int nodes, n_door, n_stop, n_series;
    atomic_int gate, held, broken; /* gate: 1: open */
    pthread_mutex_t lock;          /* of the next two */
    int event[EVENTS], n_events;
    int read, depth;
    unsigned stamp, call_stamp;
    /* what the call that is being made may run */
    bool target[NODES];
    bool patient;       /* it waits without a deadline */
    int may_run_all_of; /* a door */
    bool ends;          /* the pool does */
    /* for people */
    char text[TEXT];
    size_t written;
};

/* Makes the calls that the bytes say in a pool of so many workers. Breaks off, with the list of calls, at the first wrong
 * answer. */
void sequence_run(const uint8_t *data, size_t size, int workers);
/* The calls so far, of the sequence that is running: for a watchdog. */
void sequence_show(void);
extern atomic_long sequence_calls, sequence_seed;

/* ---- sequence.c ----------------------------------------------------------------------------------- */

unsigned pick(struct sequence *q, unsigned n);
void say(struct sequence *q, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void wrong(struct sequence *q, const char *where, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#define MUST(q, condition, ...)                          \
    do {                                                 \
        if (!(condition))                                \
            wrong((q), __FILE__, __LINE__, __VA_ARGS__); \
    } while (0)

/* ---- sequence_model.c ------------------------------------------------------------------------------ */

enum event { CAME = 1, BEGAN, LEFT };
void note(struct node *node, enum event event);
/* Before and after each call of the library. */
void before_call(struct sequence *q);
void after_call(struct sequence *q);
void may_need(struct sequence *q, struct node *node);
bool is_exact(const struct node *node);
bool is_ready(const struct node *node);
bool will_end(const struct node *node);
bool may_be_held(const struct node *node);
bool has_ended(const struct node *node);
bool serial(const struct sequence *q, int home);
/* Its token has fired, or may have, its door is being stopped: it need not run. */
bool is_stopped(const struct node *node);
/* No more is known of it than what its notes say. */
void make_vague(struct node *node);
bool door_is_closed(const struct sequence *q, int home);
bool door_may_be_closed(const struct sequence *q, int home);
void came(struct node *node);
void given(struct node *node);
void refused(struct node *node);
void ends(struct node *node, int state);
void stopped(struct sequence *q);

/* ---- sequence_answers.c ---------------------------------------------------------------------------- */

/* Was this answer allowed, with `left` as it was before the call? Learns from it. */
void check_state(struct node *node, int left_before, int state);
/* It ran, was asked to stop, and answered -ECANCELED. */
bool obeys(const struct node *node);
void check_status(struct node *node, int status);
/* UNKNOWN: of an any whose future nobody holds. */
int expected_status(struct node *node);
void check_end(struct node *node);

/* ---- sequence_bodies.c ----------------------------------------------------------------------------- */

struct node *new_node(struct sequence *q, int kind, int home);
struct node *any_node(struct sequence *q);
int random_status(struct sequence *q);
int node_body(void *arg);
int node_body2(const void *arg, void *result);
int node_then(weft_future *before, void *arg);
void node_destroy(void *arg);
void node_destroy_copy(void *arg);
int64_t now_ns(void);
int64_t soon(struct sequence *q);

/* ---- sequence_bulk.c: of use to others --------------------------------------------------------------- */

/* Where nobody can be refused for room, or kept waiting for it. */
int pick_free_home(struct sequence *q);
/* Does a wait for what is submitted there end? A closed gate may keep all its workers. */
bool can_wait(const struct sequence *q, int home);
/* What submitting there may answer. */
void check_err(const struct sequence *q, int home, bool closed, int err);

/* ---- sequence_lane.c: the hooks of executors --------------------------------------------------------- */

void door_error(const char *label, int status, void *ctx);
int door_start(unsigned lane, void *ctx);
void door_finish(unsigned lane, void *ctx);
/* -1: none. */
int enter_lane(struct node *node);
void leave_lane(struct node *node, int lane);
void check_lanes(struct sequence *q, struct door *door);

/* ---- sequence_stop.c: tokens, limits ------------------------------------------------------------------ */

/* The slot of one that the driver holds, or -1. */
int any_stop(struct sequence *q);
void see_who_fires(struct sequence *q);
/* Is what the library says of it possible? Learns from it. */
void check_fired(struct sequence *q, int slot, int requested);
void end_stop(struct sequence *q, struct stop *s);
void end_limit(struct sequence *q, int i);

/* ---- the calls: in the file of each line -------------------------------------------------------------- */

typedef void sequence_op(struct sequence *q);
sequence_op op_submit, op_submit_task, op_then, op_all, op_any, op_promise, op_keep;
sequence_op op_many, op_apply, op_later, op_every, op_map;
sequence_op op_group, op_group_add, op_group_stop, op_group_wait, op_group_end;
sequence_op op_get, op_wait, op_look, op_cancel, op_retain, op_release, op_wait_several, op_any_index;
sequence_op op_create, op_close, op_shutdown, op_destroy, op_inspect, op_running, op_gate;
sequence_op op_stop, op_fire, op_stop_refs, op_limit;
sequence_op op_set, op_add, op_next, op_set_left, op_set_end;
sequence_op op_stream, op_stream_next, op_stream_fd, op_stream_end;
void keep_promise(struct node *node, int how);
void release_one(struct node *node);
void end_door(struct sequence *q, int home);
void end_set(struct sequence *q, struct set *set);
void end_stream(struct sequence *q, struct stream *stream);
void end_group(struct sequence *q, struct group *g);
void end_streams_of(struct sequence *q, int home);
#endif
