/* SPDX-License-Identifier: MIT */
/**
 * weft/weft.h - all of weft: a work-stealing task runtime.
 *
 *     weft_parallel_map(NULL, fn, in, sizeof *in, out, sizeof *out, n, NULL);
 *
 * pool.h      pools, and how a thread enters one          fork.h   fork and join
 * parallel.h  loops, maps, reductions, groups of calls    local.h  worker-local values
 * future.h    submit and collect                        promise.h  a future that you fulfil
 * combine.h   what comes after a future; several as one insight.h  counters, and what everybody does just now
 * executor.h  doors with limits, tasks with everything   stop.h    asking tasks to stop
 * completions.h  futures as they end                    stream.h   many items through a window
 * group.h     tasks waited for and stopped together      limit.h  at most so many of a kind at a time
 * block.h     calls that wait for something outside
 * bulk.h      many tasks, and maps, through an executor  timer.h  tasks that begin at a time
 * tune.h      what bounds a job, and what threads bring  numa.h  memory on the nodes of the machine
 *
 * Not in here: process.h, executors over worker processes, which needs something before main; future.hpp, futures in C++.
 */
#ifndef WEFT_WEFT_H
#define WEFT_WEFT_H

#include <weft/base.h>
#include <weft/block.h>
#include <weft/bulk.h>
#include <weft/combine.h>
#include <weft/completions.h>
#include <weft/executor.h>
#include <weft/fork.h>
#include <weft/future.h>
#include <weft/group.h>
#include <weft/insight.h>
#include <weft/limit.h>
#include <weft/local.h>
#include <weft/numa.h>
#include <weft/parallel.h>
#include <weft/pool.h>
#include <weft/promise.h>
#include <weft/stop.h>
#include <weft/stream.h>
#include <weft/timer.h>
#include <weft/tune.h>

#endif
