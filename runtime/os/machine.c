/* SPDX-License-Identifier: MIT */
/* os/machine.c - see machine.h. */
#include "os/machine.h"

#include <errno.h>
#include <hwloc.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/numbers.h"
#include "os/memory.h"

/* ---- the mask ---------------------------------------------------------------------------------- */

typedef struct cpus {
    cpu_set_t *set; /* NULL: everything */
    size_t bytes;
} cpus;

/* The affinity mask of the calling thread, however many CPUs the kernel was built for. */
static int ask_mask(cpus *mask)
{
    for (size_t count = 1024; count <= 1 << 20; count *= 2) {
        mask->bytes = CPU_ALLOC_SIZE(count);
        mask->set = wf_alloc(mask->bytes);
        if (!mask->set || sched_getaffinity(0, mask->bytes, mask->set) == 0)
            break;
        wf_free(mask->set);
        mask->set = NULL;
        if (errno != EINVAL)
            break;
    }
    return mask->set ? 0 : -ENOMEM;
}

static int count_of(const cpus *mask)
{
    return CPU_COUNT_S(mask->bytes, mask->set);
}

static bool allows(const cpus *allowed, size_t cpu)
{
    return !allowed->set || CPU_ISSET_S(cpu, allowed->bytes, allowed->set);
}

/* ---- the process's own topology ---------------------------------------------------------------- */

/* Loaded once and kept: hwloc's own memory, shared by all pools of the process. */
static hwloc_topology_t own_topology;

/* Without it hwloc finds nothing and says so on stderr. */
static const char sysfs[] = "/sys/devices/system/cpu";

/* hwloc's variables name files to read and plugins to load: with raised privileges that is not for whoever
 * set the environment to decide. */
static bool misled(void)
{
    bool named = false;
    for (char **entry = environ; entry && *entry; entry++)
        named |= strncmp(*entry, "HWLOC_", 6) == 0;
    return named && getauxval(AT_SECURE);
}

static int set_up(hwloc_topology_t t)
{
    if (hwloc_topology_set_io_types_filter(t, HWLOC_TYPE_FILTER_KEEP_NONE) ||
        hwloc_topology_set_icache_types_filter(t, HWLOC_TYPE_FILTER_KEEP_NONE))
        return -1;
    return hwloc_topology_set_flags(t, HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING);
}

static void load(void)
{
    hwloc_topology_t t;
    if (access(sysfs, F_OK) || misled() || hwloc_topology_init(&t))
        return;
    if (set_up(t) || hwloc_topology_load(t))
        hwloc_topology_destroy(t);
    else
        own_topology = t;
}

static hwloc_topology_t loaded(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return own_topology;
}

/* ---- from hwloc's tree ------------------------------------------------------------------------- */

/* The node whose memory is the PU's own: the first one on its way to the root. Nodes without CPUs are nobody's. */
static hwloc_obj_t node_of(hwloc_obj_t pu)
{
    for (hwloc_obj_t above = pu; above; above = above->parent)
        for (hwloc_obj_t m = above->memory_first_child; m; m = m->next_sibling) {
            hwloc_obj_t node = m;
            while (node && node->type != HWLOC_OBJ_NUMANODE) /* behind a memory-side cache */
                node = node->memory_first_child;
            if (node && node->cpuset && hwloc_bitmap_isset(node->cpuset, pu->os_index))
                return node;
        }
    return NULL;
}

static uint64_t share(hwloc_topology_t t, hwloc_obj_t pu, hwloc_obj_type_t type, uint64_t otherwise)
{
    hwloc_obj_t object = hwloc_get_ancestor_obj_by_type(t, type, pu);
    return object ? object->gp_index : otherwise;
}

/* hwloc's rank of a kind of cores; -1: there is no such kind, or they could not be ranked. */
static int rank_of_kind(hwloc_topology_t t, int kind)
{
    int rank = -1;
    if (kind >= 0)
        (void)hwloc_cpukinds_get_info(t, (unsigned)kind, NULL, &rank, NULL, NULL, 0);
    return rank;
}

static void describe(wf_pu *pu, hwloc_topology_t t, hwloc_obj_t object, int nodes)
{
    hwloc_obj_t node = node_of(object);
    uint64_t *shares = pu->shares;
    pu->os_index = (int)object->os_index;
    pu->core_rank = rank_of_kind(t, hwloc_cpukinds_get_by_cpuset(t, object->cpuset, 0));
    pu->node = node ? (int)node->os_index : -1;
    shares[WF_SAME_CORE] = share(t, object, HWLOC_OBJ_CORE, object->gp_index);
    shares[WF_SAME_L2] = share(t, object, HWLOC_OBJ_L2CACHE, shares[WF_SAME_CORE]);
    shares[WF_SAME_CACHE] = share(t, object, HWLOC_OBJ_L3CACHE, shares[WF_SAME_L2]);
    shares[WF_SAME_NODE] = node ? node->logical_index : (uint64_t)nodes - 1;
    shares[WF_SAME_PACKAGE] = share(t, object, HWLOC_OBJ_PACKAGE, 0);
}

/* The next PU that the topology and the mask allow. */
static hwloc_obj_t next_pu(hwloc_topology_t t, const cpus *allowed, hwloc_obj_t pu)
{
    do
        pu = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_PU, pu);
    while (pu && !(allows(allowed, pu->os_index) &&
                   hwloc_bitmap_isset(hwloc_topology_get_allowed_cpuset(t), pu->os_index)));
    return pu;
}

static int count_pus(hwloc_topology_t t, const cpus *allowed)
{
    int pus = 0;
    for (hwloc_obj_t pu = NULL; (pu = next_pu(t, allowed, pu)) != NULL;)
        pus++;
    return pus;
}

/* ---- what follows from the shares -------------------------------------------------------------- */

static bool shares_caches(const wf_pu *tree, int pus)
{
    for (int i = 1; i < pus; i++)
        if (tree[i].shares[WF_SAME_CACHE] == tree[i - 1].shares[WF_SAME_CACHE] &&
            tree[i].shares[WF_SAME_CORE] != tree[i - 1].shares[WF_SAME_CORE])
            return true;
    return false;
}

/* In the order of the tree what shares something is together. */
static int number_domains(wf_pu *tree, int pus)
{
    bool by_cache = shares_caches(tree, pus);
    tree[0].domain = 0;
    for (int i = 1; i < pus; i++) {
        const wf_pu *last = &tree[i - 1];
        bool same = tree[i].shares[WF_SAME_NODE] == last->shares[WF_SAME_NODE] &&
                    (!by_cache || tree[i].shares[WF_SAME_CACHE] == last->shares[WF_SAME_CACHE]);
        tree[i].domain = last->domain + !same;
    }
    return tree[pus - 1].domain + 1;
}

/* One PU of each core first: fewer workers than PUs then have cores of their own. */
static void spread_cores(wf_pu *out, const wf_pu *tree, int pus)
{
    for (int turn = 0, found = 0; found < pus; turn++)
        for (int i = 0, of_core = 0; i < pus; i++) {
            bool first = i == 0 || tree[i].shares[WF_SAME_CORE] != tree[i - 1].shares[WF_SAME_CORE];
            of_core = first ? 0 : of_core + 1;
            if (of_core == turn)
                out[found++] = tree[i];
        }
}

/* The machine has these PUs, in this order of the tree. */
static void arrange(wf_machine *machine, wf_pu *tree, int pus)
{
    for (int i = 0; i < pus; i++)
        tree[i].tree = i;
    machine->pus = pus;
    machine->domains = number_domains(tree, pus);
    spread_cores(machine->pu, tree, pus);
}

/* Latencies between nodes by their numbers; one that is not known is the longest. */
static uint64_t latency(const struct hwloc_distances_s *matrix, int from, int to)
{
    unsigned row = UINT_MAX, column = UINT_MAX;
    if (from == to || !matrix)
        return from != to;
    for (unsigned i = 0; i < matrix->nbobjs; i++) {
        if (matrix->objs[i] && (int)matrix->objs[i]->logical_index == from)
            row = i;
        if (matrix->objs[i] && (int)matrix->objs[i]->logical_index == to)
            column = i;
    }
    if (row == UINT_MAX || column == UINT_MAX)
        return UINT64_MAX;
    return matrix->values[row * matrix->nbobjs + column] + 1;
}

static void rank_row(uint16_t *nearer, const uint64_t *row, int nodes)
{
    for (int to = 0; to < nodes; to++)
        for (int other = 0; other < nodes; other++)
            nearer[to] = (uint16_t)(nearer[to] + (row[other] < row[to]));
}

static int rank_nodes(wf_machine *machine, const struct hwloc_distances_s *matrix)
{
    int nodes = machine->nodes;
    uint64_t *row = wf_alloc((size_t)nodes * sizeof *row);
    if (!row)
        return -ENOMEM;
    for (int from = 0; from < nodes; from++) {
        for (int to = 0; to < nodes; to++)
            row[to] = latency(matrix, from, to);
        rank_row(&machine->nearer[from * nodes], row, nodes);
    }
    wf_free(row);
    return 0;
}

/* ---- making one -------------------------------------------------------------------------------- */

static wf_machine *new_machine(enum wf_source source, int pus, int nodes, const cpus *mask)
{
    size_t pu_bytes = (size_t)pus * sizeof(wf_pu);
    wf_machine *machine =
        wf_alloc(sizeof *machine + pu_bytes + (size_t)nodes * (size_t)nodes * sizeof *machine->nearer);
    if (!machine)
        return NULL;
    machine->source = source;
    machine->pus = pus;
    machine->domains = 1;
    machine->nodes = nodes;
    machine->mask_pus = count_of(mask);
    machine->cpus_bytes = mask->bytes;
    machine->nearer = (uint16_t *)(void *)&machine->pu[pus];
    return machine;
}

static void cover_all_pus(wf_machine *machine)
{
    for (int i = 0; i < machine->pus; i++) {
        size_t bytes = CPU_ALLOC_SIZE((size_t)machine->pu[i].os_index + 1);
        if (machine->cpus_bytes < bytes)
            machine->cpus_bytes = bytes;
    }
}

/* `tree`: room for the PUs in the order of the tree. */
static int fill(wf_machine *machine, wf_pu *tree, hwloc_topology_t t, const cpus *allowed,
                const struct hwloc_distances_s *matrix)
{
    hwloc_obj_t object = NULL;
    for (int i = 0; i < machine->pus && (object = next_pu(t, allowed, object)) != NULL; i++)
        describe(&tree[i], t, object, machine->nodes);
    machine->core_kinds = rank_of_kind(t, hwloc_cpukinds_get_nr(t, 0) - 1) + 1;
    arrange(machine, tree, machine->pus);
    cover_all_pus(machine);
    return rank_nodes(machine, matrix);
}

static int build(wf_machine **made, enum wf_source source, hwloc_topology_t t, const cpus *allowed,
                 const cpus *mask, const struct hwloc_distances_s *matrix)
{
    int pus = count_pus(t, allowed), nodes = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_NUMANODE) + 1;
    if (!pus)
        return -EINVAL;
    wf_machine *machine = new_machine(source, pus, nodes, mask);
    wf_pu *tree = wf_alloc((size_t)pus * sizeof *tree);
    int err = machine && tree ? fill(machine, tree, t, allowed, matrix) : -ENOMEM;
    wf_free(tree);
    if (err)
        wf_free(machine);
    else
        *made = machine;
    return err;
}

/* The PUs of `t` that are allowed; `mask`: the one that the thread has. */
static int from_hwloc(wf_machine **made, enum wf_source source, hwloc_topology_t t, const cpus *allowed,
                      const cpus *mask)
{
    struct hwloc_distances_s *matrix = NULL;
    unsigned matrices = 1;
    /* Refused for a topology that is not loaded; one that the caller forgot to load must not be read. */
    if (hwloc_distances_get_by_type(t, HWLOC_OBJ_NUMANODE, &matrices, &matrix,
                                    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0))
        return errno == ENOMEM ? -ENOMEM : -EINVAL;
    int err = build(made, source, t, allowed, mask, matrices ? matrix : NULL);
    if (matrices && matrix)
        hwloc_distances_release(t, matrix);
    if (!err)
        (*made)->here = hwloc_topology_is_thissystem(t);
    return err;
}

static int from_mask(wf_machine **made, const cpus *mask)
{
    int pus = count_of(mask), found = 0;
    wf_machine *machine = new_machine(WF_MASK, pus, 1, mask);
    if (!machine)
        return -ENOMEM;
    for (size_t cpu = 0; found < pus; cpu++)
        if (allows(mask, cpu)) {
            wf_pu *pu = &machine->pu[found];
            pu->os_index = (int)cpu;
            pu->tree = found;
            pu->core_rank = pu->node = -1;
            pu->shares[WF_SAME_CORE] = pu->shares[WF_SAME_L2] = (uint64_t)found++;
        }
    machine->here = true;
    *made = machine;
    return 0;
}

/* Fewer PUs than the mask has: hwloc looks at another machine or at a part of this one. */
static bool covers(hwloc_topology_t t, const cpus *mask)
{
    return t && hwloc_topology_is_thissystem(t) && count_pus(t, mask) == count_of(mask);
}

wf_machine *wf_machine_detect(bool ask_hwloc)
{
    wf_machine *machine = NULL;
    cpus mask;
    if (ask_mask(&mask))
        return NULL;
    hwloc_topology_t t = ask_hwloc ? loaded() : NULL;
    int err = covers(t, &mask) ? from_hwloc(&machine, WF_HWLOC, t, &mask, &mask) : from_mask(&machine, &mask);
    wf_free(mask.set);
    return err ? NULL : machine;
}

int wf_machine_given(wf_machine **machine, void *topology)
{
    static const cpus everything = {NULL, 0};
    cpus mask;
    if (hwloc_topology_abi_check(topology))
        return -EINVAL;
    int err = ask_mask(&mask);
    if (err)
        return err;
    bool here = hwloc_topology_is_thissystem(topology);
    err = from_hwloc(machine, WF_HOST, topology, here ? &mask : &everything, &mask);
    wf_free(mask.set);
    return err;
}

static int imagine(hwloc_topology_t t, enum wf_source source, const char *text)
{
    int err = source == WF_XML ? hwloc_topology_set_xml(t, text) : hwloc_topology_set_synthetic(t, text);
    return err || set_up(t) || hwloc_topology_load(t) ? -EINVAL : 0;
}

int wf_machine_imagined(wf_machine **machine, enum wf_source source, const char *text,
                        const cpu_set_t *allowed, size_t bytes)
{
    hwloc_topology_t t;
    cpus wanted = {(cpu_set_t *)allowed, bytes}, mask;
    int err = ask_mask(&mask);
    if (err)
        return err;
    if (hwloc_topology_init(&t)) {
        wf_free(mask.set);
        return -ENOMEM;
    }
    err = imagine(t, source, text);
    if (!err)
        err = from_hwloc(machine, source, t, &wanted, &mask);
    if (!err)
        (*machine)->here = false; /* whatever HWLOC_THISSYSTEM claims */
    hwloc_topology_destroy(t);
    wf_free(mask.set);
    return err;
}

/* ---- a part of it ------------------------------------------------------------------------------ */

bool wf_machine_has(const wf_machine *machine, const wf_pu *pu, const wf_part *part)
{
    bool frugal = pu->core_rank >= 0 && pu->core_rank < machine->core_kinds - 1;
    return (!part->cpus || wf_numbers_have(part->cpus, pu->os_index)) &&
           (!part->nodes || wf_numbers_have(part->nodes, pu->node)) &&
           (part->core_kind == WF_CORES_ALL || frugal == (part->core_kind == WF_CORES_EFFICIENCY));
}

/* The PUs of the part, in the order of the tree; how many. */
static int pick(wf_pu *tree, const wf_machine *machine, const wf_part *part)
{
    int found = 0;
    for (int i = 0; i < machine->pus; i++)
        tree[machine->pu[i].tree] = machine->pu[i];
    for (int i = 0; i < machine->pus; i++)
        if (wf_machine_has(machine, &tree[i], part))
            tree[found++] = tree[i];
    return found;
}

int wf_machine_confine(wf_machine *machine, const wf_part *part)
{
    int whole = machine->pus;
    wf_pu *tree = wf_alloc((size_t)whole * sizeof *tree);
    if (!tree)
        return -ENOMEM;
    int pus = pick(tree, machine, part);
    if (pus) {
        arrange(machine, tree, pus);
        machine->whole = whole;
    }
    wf_free(tree);
    return pus ? 0 : -ENODEV;
}

/* ---- asking ------------------------------------------------------------------------------------ */

enum wf_distance wf_distance(const wf_pu *a, const wf_pu *b)
{
    for (int d = WF_SAME_CORE; d < WF_SAME_MACHINE; d++)
        if (a->shares[d] == b->shares[d])
            return (enum wf_distance)d;
    return WF_SAME_MACHINE;
}

unsigned wf_machine_step(const wf_machine *machine, int from, int to)
{
    const wf_pu *a = &machine->pu[from], *b = &machine->pu[to];
    uint64_t nodes = (uint64_t)machine->nodes;
    unsigned nearer = machine->nearer[a->shares[WF_SAME_NODE] * nodes + b->shares[WF_SAME_NODE]];
    return (unsigned)wf_distance(a, b) * (unsigned)nodes + nearer;
}

unsigned wf_machine_steps(const wf_machine *machine)
{
    return (WF_SAME_MACHINE + 1) * (unsigned)machine->nodes;
}

void wf_machine_cpus(const wf_machine *machine, int pu, bool domain, cpu_set_t *set)
{
    int first = domain ? 0 : pu, end = domain ? machine->pus : pu + 1;
    for (int i = first; i < end; i++)
        if (machine->pu[i].domain == machine->pu[pu].domain)
            CPU_SET_S((size_t)machine->pu[i].os_index, machine->cpus_bytes, set);
}
