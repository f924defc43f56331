# SPDX-License-Identifier: MIT
"""The harness programs: their scenarios, the places that each executes, and the operations of the source at these.

- A place is the return address of a call that -fsanitize=thread inserted; `--reach` prints those that a scenario
  executed, with kind and order. addr2line names the source line of each: the innermost function inlined there. An
  operation that was inlined in several functions has several places, which are mutated together.
- An operation inside a macro of include/weft has the line of the macro's use, in the harness. Its function is one that
  the macro made, *_weft_*_: it is the macro operation of the same kind and order, of which there must be one.
"""

import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
from collections import namedtuple

import operations
from operations import lintlib

MACRO_MADE = re.compile(r"_weft_\w*_$")
LINE = re.compile(r"(?:bound (\d+)|unbounded),.*? (\d+) executions, +([\d.]+) s, +\d+/s: (.*)$", re.M)
PLACE = re.compile(r"^  reach ([0-9a-f]+) (\w+) (\w+)$", re.M)
UNSAID = re.compile(r"^(?:  reach .*|\d+ passed, \d+ failed)\n", re.M)
# Failures that tell of the checker's limits, not of the code.
LIMITS = re.compile(r"not all seen in time|for the checker|is not the same when it runs again")
ATOMIC = ("load", "store", "change", "exchange", "fence")
UNBOUNDED = 1000
FIRST_BOUNDS = (1, 2)
STARVED = 10  # so much longer than its processor time may a program take on a busy machine
CHEAP_SECONDS = 0.1  # a scenario this short needs no smaller bound first
MAPPING_SECONDS = 600
SCENARIO_SECONDS = 600  # without a mutation, and for what noticed one last time

# state: passed, failed, or limit: not all seen. bound: as the program printed it. text: what failed. printed: but for places.
Outcome = namedtuple("Outcome", "state bound executions text places seconds printed")
Place = namedtuple("Place", "address kind order")
# A scenario at a bound, and what it does without a mutation.
Run = namedtuple("Run", "program scenario bound full seconds addresses")
Frame = namedtuple("Frame", "function file line")


def called(path):
    return os.path.basename(path).removeprefix("model_")


def judged(text, status):
    """(state, bound, executions, what failed, processor's seconds) of a scenario's output."""
    found = LINE.search(text)
    if not found:
        why = f"ended by signal {-status}" if status < 0 else f"ended with {status}: {text.strip()[-120:]}"
        return "failed", None, 0, why, 0.0
    bound, executions, seconds, result = int(found[1] or UNBOUNDED), int(found[2]), float(found[3]), found[4]
    if status == 0:
        return "passed", bound, executions, "", seconds
    state = "limit" if LIMITS.search(result) else "failed"
    return state, bound, executions, result.removeprefix("FAILED: "), seconds


def execute(path, scenario, bound, seconds, options=()):
    """Runs one scenario, for some of the processor's seconds at most; bound None: its own."""
    command = [path, "--seconds", str(seconds), *options]
    command += ["--bound", str(bound)] if bound is not None else []
    try:
        done = subprocess.run([*command, scenario], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=STARVED * seconds + 10, check=False)
    except subprocess.TimeoutExpired:
        return Outcome("limit", bound, 0, "hangs", [], seconds, "")
    state, real_bound, executions, why, used = judged(done.stdout, done.returncode)
    places = [Place(int(address, 16), kind, order) for address, kind, order in PLACE.findall(done.stdout)]
    return Outcome(state, real_bound, executions, why, places, used, UNSAID.sub("", done.stdout))


def scenarios_of(path):
    done = subprocess.run([path, "--list"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def frames_of(path, addresses):
    """{address: [Frame]}, the innermost first."""
    asked = "".join(f"0x{address - 1:x}\n" for address in addresses)
    done = lintlib.run(["addr2line", "-a", "-f", "-i", "-e", path], input=asked, timeout=MAPPING_SECONDS)
    found, lines, frames = {}, iter(done.stdout.splitlines()), None
    for line in lines:
        if line.startswith("0x"):
            frames = found[int(line, 16) + 1] = []
            continue
        file, _, number = next(lines).rpartition(":")
        frames.append(Frame(line.split(".")[0], os.path.realpath(file), int(re.sub(r"\D.*", "", number) or 0)))
    return found


class Program:
    """A harness, and which places of it are which operation."""

    def __init__(self, path):
        self.path = path
        self.name = called(path)
        self.runs = []     # [Run]
        self.places = {}   # {address: Place}
        self.frames = {}   # {address: [Frame]}
        self.failures = []
        self.of_operation = {}  # {operations.key(): {address}}

    def try_scenario(self, scenario):
        """Without a mutation: at its own bound and, if that takes long, at smaller ones. What was printed at its own."""
        full = execute(self.path, scenario, None, SCENARIO_SECONDS, ["--reach"])
        if full.state != "passed":
            self.failures.append(f"{self.name} {scenario}: {full.text} without a mutation")
            return full.printed
        self._keep(scenario, full, full.bound, True)
        for bound in FIRST_BOUNDS:
            if bound < full.bound and full.seconds > CHEAP_SECONDS:
                less = execute(self.path, scenario, bound, SCENARIO_SECONDS, ["--quiet", "--reach"])
                if less.state == "passed":  # a scenario that is to find something may need its bound
                    self._keep(scenario, less, bound, False)
        return full.printed

    def _keep(self, scenario, outcome, bound, full):
        addresses = frozenset(place.address for place in outcome.places)
        self.runs.append(Run(self, scenario, bound, full, outcome.seconds, addresses))
        self.places.update((place.address, place) for place in outcome.places)

    # What the scenarios do without a mutation stays true as long as the program does: kept beside it.

    def _memory(self):
        return pathlib.Path(f"{self.path}.reached.json")

    def _is(self):
        return hashlib.sha256(pathlib.Path(self.path).read_bytes()).hexdigest()

    def remember(self):
        runs = [[r.scenario, r.bound, r.full, r.seconds, sorted(r.addresses)] for r in self.runs]
        kept = {"program": self._is(), "runs": runs, "places": list(self.places.values())}
        if not self.failures:
            self._memory().write_text(json.dumps(kept), encoding="utf-8")

    def recall(self):
        """False: the program is new, or a scenario failed."""
        kept = json.loads(self._memory().read_text(encoding="utf-8")) if self._memory().is_file() else {}
        if kept.get("program") != self._is():
            return False
        self.runs = [Run(self, *run[:4], frozenset(run[4])) for run in kept["runs"]]
        self.places = {place[0]: Place(*place) for place in kept["places"]}
        return True

    def map(self, root, known):
        """Gives each place that is an ordered operation of the library its operation."""
        self.frames = frames_of(self.path, sorted(self.places))
        for address, place in self.places.items():
            if place.kind in ATOMIC and (place.order != "relaxed" or place.kind == "exchange"):
                self._map_place(root, known, place, self.frames[address][0])

    def _map_place(self, root, known, place, frame):
        file = os.path.relpath(frame.file, root)
        same = [o for o in known if (o.kind, o.order) == (place.kind, place.order)]
        if file.startswith(("runtime/", "include/weft/")):
            found = [o for o in same if o.file == file and o.first <= frame.line <= o.last]
            found = [o for o in found if o.first == frame.line] or found
        elif MACRO_MADE.search(frame.function):
            found = [o for o in same if o.macro and o.file.startswith("include/weft/")]
        else:
            return
        if len(found) == 1:
            self.of_operation.setdefault(operations.key(found[0]), set()).add(place.address)
        else:
            what = f"{file}:{frame.line} {frame.function}(): {place.kind} {place.order}"
            self.failures.append(f"{self.name} {place.address:x}: {len(found)} operations of the source fit {what}")

    def reaching(self, addresses):
        return [run for run in self.runs if run.addresses & addresses] if addresses else []

    def inside(self, root, file, function):
        """Places in a function, also where it was inlined; if nothing in it has one, in its file."""
        path = os.path.realpath(os.path.join(root, file))
        near = {a: [f.function for f in frames if f.file == path] for a, frames in self.frames.items()}
        return {a for a, inner in near.items() if function in inner} or {a for a, inner in near.items() if inner}


class Relinker:
    """A source's object made anew from other text, and harness programs with it."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        path = os.path.join(build, "compile_commands.json")
        self.commands = json.loads(pathlib.Path(path).read_text(encoding="utf-8")) if os.path.isfile(path) else []

    def _command_of(self, target, file):
        """The compiler's call for a source in a target, and the source."""
        for entry in self.commands:
            if target in entry["command"] and entry["file"].endswith(file):
                return shlex.split(entry["command"]), os.path.join(entry["directory"], entry["file"])
        return None, None

    def _path(self, *names):
        return os.path.join(self.folder, ".".join(names))

    def _compile(self, command, text, name):
        """The object."""
        pathlib.Path(self._path(name, "c")).write_text(text, encoding="utf-8")
        words, out = list(command), []
        while words:
            word = words.pop(0)
            if word in ("-o", "-MF", "-MQ", "-c"):
                words.pop(0)
            elif word != "-MD":
                out.append(word)
        out += ["-w", "-c", self._path(name, "c"), "-o", self._path(name, "o")]
        done = lintlib.run(out, cwd=self.build)
        if done.returncode:
            raise lintlib.Unusable(f"{name} does not compile: {done.stderr.strip()}")
        return self._path(name, "o")

    def compile(self, file, text, name):
        command, _ = self._command_of("model_library", "/" + file)
        if not command:
            raise lintlib.Unusable(f"{file} is not in the model's library")
        return self._compile(command, text, name)

    def _harness(self, program, file, name):
        """The object of a harness that includes the source itself, (old, new); else None."""
        base = os.path.basename(program.path)
        command, source = self._command_of(f"{base}.p", base + ".c")
        text = pathlib.Path(source).read_text(encoding="utf-8") if source else ""
        included = re.compile(r'^(\s*#\s*include\s*)"[^"\n]*' + re.escape(file) + '"', re.M)
        if not included.search(text):
            return None
        text = included.sub(lambda found: f'{found[1]}"{self._path(name, "c")}"', text)
        return command[command.index("-o") + 1], self._compile(command, text, f"{name}.{base}")

    def link(self, program, file, name):
        """The program with what compile() made under that name."""
        target = os.path.relpath(program.path, self.build)
        done = lintlib.run(["ninja", "-C", self.build, "-t", "commands", target])
        command, path = shlex.split(done.stdout.strip().split("\n")[-1]), self._path(name, program.name)
        harness, at = self._harness(program, file, name), command.index("-o")
        if harness:
            command[at + 1] = path
            command = [harness[1] if word == harness[0] else word for word in command]
        else:  # its symbols are there before the library's own object is looked at
            command[at + 1 : at + 2] = [path, self._path(name, "o")]
        done = lintlib.run(command, cwd=self.build)
        if done.returncode:
            raise lintlib.Unusable(f"{name}: cannot link {program.name}: {done.stderr.strip()}")
        return path
