# SPDX-License-Identifier: MIT
"""The ordered atomic operations of the library's sources, with what their comments say; for mutate and memory_order.

- An operation is known by its file, function and text, not by its line: lists of them stay true when lines move.
  The second one of the same text in a function is called `text #2`.
- Its words are the verbs of runtime/base/atomic.h; in public headers, the compiler's builtins.
- Tags and where a comment may stand: tests/lint/order_pairs.
"""

import importlib.machinery
import importlib.util
import pathlib
import re
import sys
from collections import namedtuple

LINT = pathlib.Path(__file__).resolve().parents[1] / "lint"
sys.path.insert(0, str(LINT))
import lintlib

ORDERS = ("relaxed", "acquire", "release", "acq_rel", "seq_cst")
VERB = re.compile(r"\bwf_(load|store|exchange|cas|add|sub|and|or|fence)_(relaxed|acquire|release|acq_rel|seq_cst)\s*\(")
BUILTIN = re.compile(r"\b__atomic_(\w+?)(?:_n)?\s*\(")
BUILTIN_ORDER = re.compile(r"__ATOMIC_(RELAXED|ACQUIRE|RELEASE|ACQ_REL|SEQ_CST)")
TAGS = re.compile(r"\bpair ([A-Z]+[0-9]+(?:, [A-Z]+[0-9]+)*)")
# As the checker calls them.
KINDS = {"load": "load", "store": "store", "cas": "exchange", "compare_exchange": "exchange", "fence": "fence"}
SIGNAL_FENCE = "signal_fence"
BLIND = "does not compare"

# kind: load, store, change (any other read-modify-write), exchange (compares), fence. macro: the one it stands in.
Operation = namedtuple("Operation", "file function text kind order first last macro pairs")
Pair = namedtuple("Pair", "tag says")


def order_pairs():
    path = str(LINT / "order_pairs")
    loader = importlib.machinery.SourceFileLoader("order_pairs", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("order_pairs", loader))
    loader.exec_module(module)
    return module


PLACES = order_pairs()


def call_at(text, start):
    """The end of the call whose bracket opens first behind start."""
    depth = 0
    for at in range(text.index("(", start), len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at + 1
    return len(text)


def macros(lines):
    """The name of the macro that each line belongs to, or None."""
    inside, names = None, []
    for line in lines:
        begins = re.match(r"\s*#\s*define\s+(\w+)", line)
        if begins:
            inside = begins[1]
        names.append(inside)
        if not line.rstrip().endswith("\\"):
            inside = None
    return names


def functions(codes):
    """The name of the function that each line belongs to: from its line `{` to its line `}`, and its head."""
    names, head, inside = [None] * len(codes), [], None
    for at, code in enumerate(codes):
        if code == "{" and not inside:
            found = re.search(r"(\w+)\s*\((?!\()", re.sub(r"__attribute__\s*\(\(.*?\)\)", "", " ".join(head)))
            inside = found[1] if found else None
        names[at] = inside
        if code == "}":
            inside, head = None, []
        elif not inside:
            head = [] if not code.strip() or code.rstrip().endswith(";") else head + [code]
    return names


def pairs_of(comments):
    """[Pair] of a comment: each tag with the clause behind it."""
    text = re.sub(r"/\*|\*/|^\s*\*", " ", "\n".join(comments), flags=re.M)
    text = re.sub(r"\s+", " ", text)
    found = list(TAGS.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    out = []
    for match, end in zip(found, ends):
        says = text[match.end() : end].strip(" .;:")
        out += [Pair(tag, says) for tag in match[1].split(", ") if says or tag not in (pair.tag for pair in out)]
    return out


def said(lines, at):
    """What stands behind the operation; if that has no tag, what stands above."""
    return pairs_of(PLACES.behind(lines, at)) or pairs_of(PLACES.above(lines, at))


def found_in(code):
    """(start, end, kind, order) of each operation in a source's code."""
    for match in VERB.finditer(code):
        yield match.start(), call_at(code, match.start()), KINDS.get(match[1], "change"), match[2]
    for match in BUILTIN.finditer(code):
        end = call_at(code, match.start())
        order = BUILTIN_ORDER.search(code, match.start(), end)
        if order and match[1] != SIGNAL_FENCE:
            yield match.start(), end, KINDS.get(match[1].replace("thread_", ""), "change"), order[1].lower()


def of_text(name, text):
    """All operations of a source, relaxed ones too."""
    lines = lintlib.split(text)
    codes = [line.code for line in lines]
    code = "\n".join(codes)
    in_macro, in_function, seen = macros(text.split("\n")), functions(codes), {}
    for start, end, kind, order in sorted(found_in(code)):
        first, last = code.count("\n", 0, start), code.count("\n", 0, end)
        function = in_macro[first] or in_function[first] or "?"
        words = re.sub(r"\s+", " ", code[start:end])
        number = seen[function, words] = seen.get((function, words), 0) + 1
        words += f" #{number}" if number > 1 else ""
        yield Operation(name, function, words, kind, order, first + 1, last + 1, in_macro[first], said(lines, first))


def of_tree(tree):
    """All operations of the library."""
    names = [n for n in tree.sources("runtime", "include/weft") if n != PLACES.DEFINITIONS]
    found = [operation for name in names for operation in of_text(name, tree.text(name))]
    if not found:
        raise lintlib.Unusable(f"{tree.root}: no atomic operation in runtime/ or include/weft")
    return found


def weaker(operation):
    """Orders that are one step weaker."""
    if operation.order in ("acquire", "release"):
        return ["relaxed"]
    if operation.order == "acq_rel":
        return ["acquire", "release"]
    if operation.order == "seq_cst":
        return [{"load": "acquire", "store": "release"}.get(operation.kind, "acq_rel")]
    return []


def mutations(operation):
    """[what is done] to an ordered operation, or to a compare-exchange of any order."""
    blind = [BLIND] if operation.kind == "exchange" else []
    return [f"{operation.order} -> {order}" for order in weaker(operation)] + blind


def key(operation):
    return operation.file, operation.function, operation.text
