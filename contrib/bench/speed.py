# SPDX-License-Identifier: MIT
"""The group "speed": what the engine, its strategies and stages cost."""

from basics import median
from peers import curl, fetchall, floor, grown
from race import Race, memory_columns, wall_columns
from tables import (Column, Limit, cpu, cpu_ratio, lag, number, of,
                    peak_growth, peak_limit, wall)
from work import Late, file_of, nothing

ASYNC = ("-s", "async", "-c", "100")
SPIN = ("-c", "100", "-j", "2", "--post=spin:1")
POOLED = ("async", "green", "thread-pool", "process-pool", "thread")


def renamed(name, peer):
    peer.name = name
    return peer


def sized(name, n, *args):
    return renamed("%s lines" % format(n, ","), fetchall(name, *args, n=n))


def strategies(at_once):
    return Race("strategies-%d" % at_once,
                "the same list by each, %d at once, no records" % at_once,
                [fetchall(name, "-s", name, "-c", str(at_once),
                          "--format=none") for name in POOLED],
                [cpu_ratio("fetchall " + name, "fetchall async", at_most)
                 for name, at_most in (("green", 1.3), ("thread-pool", 1.5),
                                       ("process-pool", 1.8),
                                       ("thread", 3.0))])


def delay(limits):
    return Race("delay", "a server that answers after 100 ms, 100 at once "
                "(ideal: 1.0 s)",
                [renamed(name, fetchall(name, "--format=none", "-s", name,
                                        "-c", "100")) for name in limits],
                [Limit("wall time of " + name,
                       lambda costs, name=name: wall(costs, name), at_most,
                       " s") for name, at_most in limits.items()],
                urls=1000, rounds=3, warm=0, columns=wall_columns(),
                work=lambda bench: Late(bench, 100))


def stages(name, brief, parts, limits, **how):
    """parts: names and fetchall's arguments."""
    def lag_text(costs, name):
        value = lag(costs, name)
        return "%.2f" % value if value >= 0 else "-"

    return Race(name, brief,
                [renamed(part, fetchall(part, "--format=none",
                                        "--summary=json", *args))
                 for part, args in parts.items()],
                limits, rounds=3, warm=0, columns=wall_columns(
                    number("MiB", of("peak", median), "%.1f", 6),
                    Column("lag p99 ms", lag_text)), **how)


FORK = fetchall("fork", "-s", "fork", "-c", "32", "--format=none")

GROUP = [
    Race("one-host", "one host, 100 at once, NDJSON to a file",
         [floor("-c", "100"), fetchall("--json", *ASYNC, "--json"),
          curl("-Z", "-Z", "--parallel-max", "100")],
         [cpu_ratio("fetchall --json", "floor -c 100", 1.5),
          cpu_ratio("fetchall --json", "curl -Z", 1.0)],
         against=["curl -Z"]),
    Race("serial", "one host, one at a time, NDJSON to a file",
         [floor("--serial"), fetchall("--json", "-s", "serial", "--json"),
          curl("-K")]),
    Race("records", "what each form of record costs, one host, 100 at once",
         [floor("-c", "100")] + [fetchall(form, *ASYNC, "--format=" + form)
                           for form in ("none", "json", "csv", "lines")]),
    strategies(20),
    strategies(64),
    strategies(100),
    Race("fork", "a process for each URL, 32 at once (goal: 800 us)",
         [fetchall("async", "-s", "async", "-c", "32", "--format=none"),
          FORK, grown(10, FORK), grown(500, FORK)],
         [cpu_ratio("fetchall fork, +500 MiB", "fetchall fork, +10 MiB",
                    1.15)],
         urls=10000, against=["fetchall fork, +10 MiB"]),
    delay(dict.fromkeys(POOLED, 1.3) | {"fork": 2.0}),
    stages("overlap", "1 ms of CPU for each body of a server that waits "
           "100 ms; 100 at once, two workers",
           {"fetched only": ("-c", "100"),
            "worked on only": (*SPIN, "--no-fetch", "--pool=thread"),
            "pool thread": (*SPIN, "--pool=thread"),
            "pool process": (*SPIN, "--pool=process"),
            "pool inline": (*SPIN, "--pool=inline")},
           [Limit("wall time of pool thread / the longer half",
                  lambda costs: wall(costs, "pool thread") / max(
                      wall(costs, "fetched only"),
                      wall(costs, "worked on only")), 1.2),
            Limit("loop lag p99, pool thread",
                  lambda costs: lag(costs, "pool thread"), 5, " ms"),
            Limit("loop lag p99, pool process",
                  lambda costs: lag(costs, "pool process"), 5, " ms")],
           urls=1000, work=lambda bench: Late(bench, 100)),
    stages("pools", "bodies of 1 MiB through sha256, 20 at once",
           {name: ("-c", "20", "--post=sha256", "--pool=" + name)
            for name in ("thread", "process", "inline")},
           [Limit("CPU of pool process / pool thread",
                  lambda costs: cpu(costs, "process") / cpu(costs, "thread"),
                  1.3)],
           urls=2000, work=file_of("1m")),
    stages("hand-over", "a stage that does nothing, nothing fetched",
           {name: ("--no-fetch", "--post=sleep:0", "--pool=" + name)
            for name in ("inline", "thread", "process")},
           [Limit("CPU of pool thread - pool inline",
                  lambda costs: cpu(costs, "thread") - cpu(costs, "inline"),
                  3, " us")],
           work=nothing),
    stages("memory-post", "bodies of 64 KiB through sha256; budget 128 MiB",
           {"sha256": (*ASYNC, "--post=sha256")},
           [peak_limit("sha256", 128 + 64)],
           urls=200000, work=file_of("64k")),
    Race("memory-fetch", "peak memory does not grow with the list",
         [sized("--json", n, *ASYNC, "--json") for n in (10000, 200000)],
         [peak_growth("200,000 lines", "10,000 lines", 4)],
         rounds=3, warm=0, columns=memory_columns()),
    Race("memory-dry", "reading a list keeps nothing of it",
         [sized("--dry-run", n, "--dry-run") for n in (1000, 1000000)],
         [peak_growth("1,000,000 lines", "1,000 lines", 2)],
         rounds=3, warm=0, columns=memory_columns(), work=nothing),
]
