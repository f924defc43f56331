#!/bin/sh
# SPDX-License-Identifier: MIT
# Users' programs under ThreadSanitizer against an ordinary libweft: no false report, and their own races are seen.
#
#   tests/user/run_tsan_user.sh BUILD
#
# - BUILD holds an uninstrumented libweft.so. Each compiler that has a sanitizer runtime builds each program.
# - Clean: ends with 0 and without a report. With a planted race: ThreadSanitizer ends it with 66.
set -u
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
build=${1:?usage: run_tsan_user.sh BUILD}
library=$(find "$build" -name libweft.so | head -n 1)
[ -n "$library" ] || { echo "no libweft.so in $build" && exit 1; }
if nm -D "$library" | grep -q '__tsan_func_entry'; then
    echo "$library is instrumented: this test is about ordinary ones" && exit 1
fi
library=$(dirname "$library")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# gcc 12's and clang 14's shadow memory needs a layout that some kernels' randomisation breaks.
layout=
setarch "$(uname -m)" -R true 2>/dev/null && layout="setarch $(uname -m) -R"

result() { # STATUS TEXT
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    [ "$1" -eq 0 ] || { echo "FAILED: $2" && sed 's/^/    /' "$work/out" | head -n 60; }
}

# compile PROGRAM COMPILER SOURCE OPTION...
compile() {
    program=$1 compiler=$2 source=$3
    shift 3
    "$compiler" "$@" -g -O1 -fsanitize=thread -pthread -I "$include" -I "$build/include" -o "$work/$program" \
        "$here/$source" -L "$library" -Wl,-rpath,"$library" -lweft >"$work/out" 2>&1
}

# run PROGRAM: its exit status; what it printed is in $work/out
run() {
    TSAN_OPTIONS="exitcode=66 halt_on_error=0 atexit_sleep_ms=100" $layout timeout 200 "$work/$1" >"$work/out" 2>&1
}

reported() { grep -q 'WARNING: ThreadSanitizer' "$work/out"; }

clean_run() { run "$1" && ! reported; }

race_found() {
    run "$1"
    [ $? -eq 66 ] && grep -q 'ThreadSanitizer: data race' "$work/out"
}

# both COMPILER SOURCE OPTION...
both() {
    compiler=$1 source=$2
    shift 2
    compile clean "$compiler" "$source" "$@" && clean_run clean
    result $? "$compiler $source: a clean program"
    compile planted "$compiler" "$source" "$@" -DPLANT_RACE && race_found planted
    result $? "$compiler $source: a planted race"
}

# alone COMPILER SOURCE OPTION...: of a program without a race to plant
alone() {
    compiler=$1 source=$2
    shift 2
    compile clean "$compiler" "$source" "$@" && clean_run clean
    result $? "$compiler $source: a clean program"
}

has_runtime() { # COMPILER LANGUAGE
    echo 'int main(void) { return 0; }' |
        "$1" -x "$2" -fsanitize=thread -o "$work/probe" - >/dev/null 2>&1 && $layout "$work/probe" >/dev/null 2>&1
}

# try both|alone COMPILER LANGUAGE SOURCE OPTION...
try() {
    if has_runtime "$2" "$3"; then
        how=$1 compiler=$2
        shift 3
        $how "$compiler" "$@"
    else
        echo "skipped: $4 with $2: no ThreadSanitizer runtime"
        skipped=$((skipped + 1))
    fi
}

for compiler in gcc clang; do try both $compiler c tsan_user.c -std=c11; done
for compiler in g++ clang++; do try both $compiler c++ tsan_user_cpp.cpp -std=c++17; done
for compiler in g++ clang++; do try alone $compiler c++ future_hpp.cpp -std=c++17 "$here/future_hpp_ends.cpp"; done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] || exit 1
[ "$passed" -gt 0 ] || exit 77
