/* SPDX-License-Identifier: MIT */
/*
 * weft_info - shows a machine, and a pool on it: where its workers sit, and at whom each looks for work first.
 *
 * - As a person asks ("why four workers?") and as a script does (--json); or a picture of it. It asks with public calls,
 *   what any program may ask of its own pool; a machine that nobody owns comes from hwloc (--topology).
 * - It is installed, as weft-info, wherever the examples are built: a tool for who runs programs that use weft.
 * - The parts: info.h, what is shown; info_box.c, the machine; info_text.c, info_json.c (with the names in JSON), info_svg.c.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "info.h"
#include "job.h"

static const char help[] =
    "usage: weft-info [options]\n"
    "Shows this machine, and the pool that weft makes on it by default: places, binding, limits and where "
    "each\n"
    "comes from, and in which order each worker looks for work at the others.\n"
    "\n"
    "      --text            as text, to standard output: the default\n"
    "      --json            the same for programs: weft, pool, workers, machine, parts, description; names "
    "in\n"
    "                        pool and workers are those of weft_pool_info and weft_worker_info "
    "(weft/pool.h)\n"
    "      --svg FILE        a picture; with --text or --json both\n"
    "      --workers N       so many workers; 0: as many as WEFT_WORKERS or else the machine says (0)\n"
    "      --topology WHAT   another machine: an XML file of lstopo, or a synthetic description as in\n"
    "                        'package:2 [numa] l3:1 core:4 pu:2'\n"
    "      --help            this text\n"
    "\n"
    "Exit status: 0 shown; 1 the output could not be written; 2 wrong arguments or no pool: nothing was "
    "shown.\n";

struct options {
    bool text, json;
    const char *svg, *topology;
    int workers;
};

static struct options parse(int argc, char **argv)
{
    static const struct option known[] = {
        {"text", 0, NULL, 't'},    {"json", 0, NULL, 'j'}, {"svg", 1, NULL, 's'}, {"topology", 1, NULL, 'm'},
        {"workers", 1, NULL, 'w'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct options o = {0};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 't')
            o.text = true;
        else if (c == 'j')
            o.json = true;
        else if (c == 's')
            o.svg = optarg;
        else if (c == 'm')
            o.topology = optarg;
        else if (c == 'w')
            o.workers = (int)job_number("workers", optarg, 0, WEFT_WORKERS_MAX);
        else if (c == 'h')
            exit(fputs(help, stdout) < 0 || fflush(stdout) ? 1 : 0);
        else
            exit(2); /* getopt said why */
    }
    if (optind < argc)
        job_die("'%s' is no option; --help tells more", argv[optind]);
    if (o.text && o.json)
        job_die("--text and --json are both for standard output");
    o.text = o.text || (!o.json && !o.svg);
    return o;
}

/* ---- the machine ---- */

static int describe(hwloc_topology_t t, const char *what)
{
    if (!what)
        return 0;
    unsetenv("HWLOC_THISSYSTEM"); /* another machine, whatever it says */
    return access(what, F_OK) ? hwloc_topology_set_synthetic(t, what) : hwloc_topology_set_xml(t, what);
}

/* As the library looks at it: no devices, and without moving this thread. */
static hwloc_topology_t load(const char *what)
{
    hwloc_topology_t t;
    if (hwloc_topology_init(&t))
        job_die("hwloc: %s", strerror(errno));
    if (describe(t, what))
        job_die("--topology: '%s' is neither a file that hwloc reads nor a synthetic description", what);
    if (hwloc_topology_set_io_types_filter(t, HWLOC_TYPE_FILTER_KEEP_NONE) ||
        hwloc_topology_set_flags(t, HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING) || hwloc_topology_load(t))
        job_die("%s: hwloc cannot load it", what ? what : "this machine");
    return t;
}

/* ---- the output ---- */

/* path: NULL is standard output. 0, or 1 when not all of it has arrived. */
static int show(const char *path, void (*write)(FILE *out, const struct info *info), const struct info *info)
{
    errno = 0;
    FILE *out = path ? fopen(path, "we") : stdout;
    if (out)
        write(out, info);
    bool failed = !out || ferror(out) || fflush(out);
    if (failed)
        fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, path ? path : "standard output",
                strerror(errno));
    if (out && path)
        fclose(out);
    return failed;
}

int main(int argc, char **argv)
{
    struct options o = parse(argc, argv);
    hwloc_topology_t topology = load(o.topology);
    weft_pool *pool;
    int err = weft_pool_create(
        &pool, WEFT_POOL_CONFIG(.workers = o.workers, .topology = o.topology ? topology : NULL));
    if (err)
        job_die("%s", weft_strerror(err));
    struct info info;
    info_init(&info, pool, topology);
    int failed = 0;
    if (o.text || o.json)
        failed = show(NULL, o.json ? info_write_json : info_write_text, &info);
    if (o.svg)
        failed |= show(o.svg, info_write_svg, &info);
    info_fini(&info);
    weft_pool_destroy(pool);
    hwloc_topology_destroy(topology);
    return failed;
}
