/* SPDX-License-Identifier: MIT */
/* bench/futures/tbb.cpp - a flow graph: a chain of continue_nodes, each fed by the one before; made, run and gone. */
#include "../common_tbb.h"
#include "futures.h"

#include <deque>
#include <tbb/flow_graph.h>

using message = tbb::flow::continue_msg;
using node = tbb::flow::continue_node<message>;

static long chain(long hops)
{
    tbb::flow::graph graph;
    std::deque<node> nodes;
    long ended = 0; /* handed from node to node */
    for (long i = 0; i < hops; i++) {
        nodes.emplace_back(graph, [&ended](const message &m) {
            ended++;
            return m;
        });
        if (i)
            tbb::flow::make_edge(nodes[static_cast<std::size_t>(i) - 1], nodes.back());
    }
    futures_chain_made = bench_now();
    nodes.front().try_put(message());
    graph.wait_for_all();
    return ended;
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb tbb(b);
    const futures_api api = {"", chain, nullptr, nullptr, nullptr, nullptr};
    return tbb.arena.execute([&] { return futures_measure_chain(&b, &api); });
}
