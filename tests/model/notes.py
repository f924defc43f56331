# SPDX-License-Identifier: MIT
"""The texts beside mutate: survivors.txt, rechecks.txt, kills.txt.

What a mutation is called in them: FILE :: FUNCTION :: OPERATION :: WHAT IS DONE.
"""

import re
from collections import namedtuple

from operations import lintlib

BETWEEN = " :: "
NOT_REACHED = "not reached"

# name: the four fields. `*` for function or operation: all of them, for what is not reached only.
Entry = namedtuple("Entry", "name reason line")
Recheck = namedtuple("Recheck", "file function old new why line")


def shown(name):
    return BETWEEN.join(name)


def lines_of(path):
    """(number, line) without comments and empty lines; nothing if there is no such file."""
    if path.is_file():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                yield number, line.rstrip()


def survivors(path):
    """Each entry is a name and below it, indented, why no scenario can show it."""
    found = []
    for number, line in lines_of(path):
        if line.startswith(" "):
            if not found:
                raise lintlib.Unusable(f"{path.name}:{number}: a reason without a mutation")
            found[-1] = found[-1]._replace(reason=f"{found[-1].reason} {line.strip()}".strip())
            continue
        name = tuple(line.split(BETWEEN))
        if len(name) != 4 or ("*" in name[1:3] and name[3] != NOT_REACHED):
            raise lintlib.Unusable(f"{path.name}:{number}: not FILE :: FUNCTION :: OPERATION :: WHAT IS DONE")
        found.append(Entry(name, "", number))
    for entry in found:
        if not entry.reason:
            raise lintlib.Unusable(f"{path.name}:{entry.line}: no reason")
    return found


def excuses(entry, name, what):
    """Is the entry about this mutation, or, if it was not reached, about its operation?"""
    fields = zip(entry.name, (*name[:3], what))
    return all(own in (other, "*") for own, other in fields)


def rechecks(path):
    """Blocks `@ FILE FUNCTION`, `- line` of the source, `+ line` instead, `= why it is there`."""
    found = []
    for number, line in lines_of(path):
        mark, text = line[:1], line[2:]
        if mark == "@":
            found.append(Recheck(*text.split(), [], [], "", number))
        elif mark in "-+=" and found:
            block = found[-1]
            if mark == "=":
                found[-1] = block._replace(why=f"{block.why} {text}".strip())
            else:
                (block.old if mark == "-" else block.new).append(text)
        else:
            raise lintlib.Unusable(f"{path.name}:{number}: neither @, -, + nor =")
    for block in found:
        if not block.old or not block.why:
            raise lintlib.Unusable(f"{path.name}:{block.line}: without a line to replace, or without a reason")
    return found


def name_of(block):
    operation, instead = (" ".join(line.strip() for line in lines) for lines in (block.old, block.new))
    return block.file, block.function, operation, f"becomes {instead}" if instead else "removed"


def applied(block, text, functions):
    """The source without the re-check; None unless its lines are there once, in that function."""
    lines = text.split("\n")
    wanted = [line.strip() for line in block.old]
    places = [
        at
        for at in range(len(lines) - len(wanted) + 1)
        if [line.strip() for line in lines[at : at + len(wanted)]] == wanted and functions[at] == block.function
    ]
    if len(places) != 1:
        return None
    return "\n".join([*lines[: places[0]], *block.new, *lines[places[0] + len(wanted) :]])


def kills(path):
    """{name: (program, scenario)}"""
    found = {}
    for number, line in lines_of(path):
        *name, by = line.split(BETWEEN)
        if len(name) != 4 or len(by.split()) != 2:
            raise lintlib.Unusable(f"{path.name}:{number}: not FILE :: FUNCTION :: OPERATION :: WHAT IS DONE :: BY")
        found[tuple(name)] = tuple(by.split())
    return found


KILLS_HEAD = """\
# SPDX-License-Identifier: MIT
# Which scenario fails when an operation is weakened. Written by `tests/model/mutate --write`, which begins with these.
"""


def write_kills(path, found):
    lines = [f"{shown(name)}{BETWEEN}{' '.join(by)}\n" for name, by in sorted(found.items())]
    path.write_text(KILLS_HEAD + "".join(lines), encoding="utf-8")
