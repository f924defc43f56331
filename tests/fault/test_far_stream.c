/* SPDX-License-Identifier: MIT */
/*
 * test_far_stream.c - streams and groups over worker processes: a death is one item's, results come in order or as they are
 * ready, what is stopped stops, and an executor that goes leaves no consumer waiting.
 */
#include "far_streams.h"
#include "processes.h"

#include <stdatomic.h>
#include <weft/group.h>

enum { FULL = 64 };

/* ---- what items do ------------------------------------------------------------------------------- */

static int dies_of_sevens(const void *in, void *out, void *ctx)
{
    int kill_signal = SIGKILL;
    if (*(const int *)in % 100 == 7)
        (void)raises(&kill_signal, NULL);
    return triple(in, out, ctx);
}

static void test_deaths(weft_executor *e)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        weft_stream_config config = of_array(e, dies_of_sevens);
        config.unordered = unordered;
        seen t = run_all(config);
        CHECK(t.end == WEFT_EEND && t.died == 10 && t.right == ITEMS - 10, "%d died, %d right", t.died,
              t.right);
    }
}

/* ---- ends ---------------------------------------------------------------------------------------- */

static int refuses(const void *arg)
{
    (void)arg;
    return 42;
}

static void test_broken(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .start = refuses));
    seen t = run_all(of_array(e, triple));
    CHECK(t.end == WEFT_EEND && t.others == ITEMS, "%d, %d are cancelled", t.end, t.others);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

/* ---- groups -------------------------------------------------------------------------------------- */

static int plain(void *arg)
{
    (void)arg;
    return 0;
}

static void test_group(weft_executor *e)
{
    weft_group *group = NULL;
    weft_future *futures[FULL];
    int right = 0, status = 1;
    CHECK(weft_group_create(&group, WEFT_GROUP_CONFIG(.executor = e)) == 0, "created");
    for (int i = 0; i < FULL; i++) {
        int terms[2] = {i, 1};
        weft_task_spec spec = spec_of(add, terms, sizeof terms, sizeof(int));
        CHECK(weft_group_submit_task(group, &spec, &futures[i]) == 0, "submitted");
    }
    CHECK(weft_group_submit(group, plain, NULL) == -EINVAL, "a function of this process");
    CHECK(weft_group_wait(group, WEFT_FOREVER, &status) == 0 && status == 0, "waited: %d", status);
    for (int i = 0; i < FULL; i++) {
        const int *sum = weft_future_result(futures[i]);
        right += sum && *sum == i + 1;
        weft_future_release(futures[i]);
    }
    CHECK(right == FULL, "%d are right", right);
    CHECK(weft_group_destroy(group) == 0, "destroyed");
}

/* One dies, and the others are asked to stop: also the one that runs in another process. */
static void test_group_stops(weft_executor *e)
{
    weft_group *group = NULL;
    int kill_signal = SIGKILL, status = 0;
    CHECK(weft_group_create(&group, WEFT_GROUP_CONFIG(.executor = e, .on_error = WEFT_STOP_OTHERS)) == 0,
          "created");
    weft_task_spec sleeper = spec_of(sleeps, NULL, 0, 0),
                   dies = spec_of(raises, &kill_signal, sizeof kill_signal, 0);
    weft_future *sleeping = NULL;
    CHECK(weft_group_submit_task(group, &sleeper, &sleeping) == 0 &&
              weft_group_submit_task(group, &dies, NULL) == 0,
          "submitted");
    CHECK(weft_group_wait(group, WEFT_FOREVER, &status) == 0 && status == WEFT_EDIED, "status %d", status);
    CHECK(strstr(weft_group_error_text(group), "SIGKILL"), "%s", weft_group_error_text(group));
    check_stopped(sleeping, "with its group");
    CHECK(weft_group_destroy(group) == 0, "destroyed");
}

int main(void)
{
    tally_watch(360);
    fill_input();
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2, .grace_ns = 20000000));
    test_streams(e);
    test_deaths(e);
    test_group(e);
    test_group_stops(e);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    test_executor_goes(make(WEFT_PROCESSES_CONFIG(.processes = 2)));
    test_broken();
    return tally_end();
}
