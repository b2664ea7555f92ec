# SPDX-License-Identifier: MIT
"""The group "disk": bodies to files and archives, records, the state."""

import filecmp
import os
import subprocess

from basics import MIB, Missing, Trouble
from machine import file_system
from peers import aria2c, curl, fetchall, wget, wget2
from race import Race
from tables import cpu_ratio, peak_limit, wall_ratio
from work import copies, different, large, large_size, words

SAVE = ("--format=none", "-O", "--output-dir", "@OUT")
ASYNC = ("-s", "async", "-c", "100", "--json")


class Saving(Race):
    """A race into a fresh folder each time, on a disk that has nothing left
    to write; what is in the folder afterwards is checked."""

    def __init__(self, *args, check, **how):
        super().__init__(*args, **how)
        self.check = check      # function of the bench and n

    def run(self, bench):
        if file_system(bench.scratch) in ("tmpfs", "ramfs"):
            raise Missing("%s is in memory; set TMPDIR to a folder on a disk" %
                          bench.scratch)
        return super().run(bench)

    def measure(self, bench, work, peer, n):
        bench.fresh()
        cost = super().measure(bench, work, peer, n)
        try:
            self.check(bench, n)
        except Trouble as why:
            raise Trouble("%s: %s" % (peer.name, why))
        return cost


def saved(bench):
    """The paths of all files in the folder."""
    return [os.path.join(folder, name)
            for folder, _, names in os.walk(bench.out) for name in names]


def check_copies(bench, n):
    """As many files as URLs, each of them the page."""
    paths = saved(bench)
    page = words(10 << 10)
    if len(paths) != n:
        raise Trouble("%d files for %d URLs" % (len(paths), n))
    for path in paths:
        with open(path, "rb") as file:
            if file.read() != page:
                raise Trouble("%s is not what was sent" % path)


def check_large(bench, n):
    paths = saved(bench)
    filecmp.clear_cache()
    if len(paths) != n or not all(filecmp.cmp(
            path, bench.server.path("big/2g"), shallow=False)
            for path in paths):
        raise Trouble("%d files for %d bodies, or not what was sent" % (
            len(paths), n))


def check_archive(bench, n):
    """As many responses as URLs, whoever packed them."""
    unpack = {".gz": ["gzip", "-dc"], ".zst": ["zstd", "-dc"],
              ".warc": ["cat"]}
    found = 0
    for path in saved(bench):
        argv = unpack.get(os.path.splitext(path)[1])
        if argv:
            with subprocess.Popen([*argv, path], stdout=subprocess.PIPE) as it:
                found += sum(line.strip() == b"WARC-Type: response"
                             for line in it.stdout)
    if found != n:
        raise Trouble("%d responses archived of %d" % (found, n))


def warc(packing, **how):
    return fetchall(
        "warc, " + packing, "-c", "100", "--format=none", "--warc-file",
        "@OUT/a", "--warc-compression", packing, option="--warc-file",
        needs=("zstd",) if packing == "zstd" else (), **how)


def wget_warc(packing, *args, **how):
    return wget("wget warc, " + packing, "--warc-file=@OUT/a",
                "--no-warc-keep-log", *args, **how)


GROUP = [
    Saving("save", "10 KiB bodies to files, 100 at once",
           [fetchall("-O", "-c", "100", *SAVE, option="--save"),
            aria2c(100, into=True, part=0.2), wget2(100, into=True),
            curl("-Z -o", "-Z", "--parallel-max", "100",
                 output="@OUT/%d.html")],
           [wall_ratio("fetchall -O", "aria2c 100", 1 / 3),
            wall_ratio("fetchall -O", "wget2 100", 1)],
           urls=50000, rounds=3, warm=0, seconds=180, work=copies,
           check=check_copies),
    Saving("save-large", "one body of 2 GiB to a file",
           [fetchall("-O", "-c", "1", *SAVE, option="--save", n=1),
            curl("-o", output="@OUT/body", n=1)],
           [wall_ratio("fetchall -O", "curl -o", 1 / 0.9),
            peak_limit("fetchall -O", 32)],
           rounds=3, warm=0, seconds=120, work=large(2), unit="MiB",
           weight=lambda bench: large_size(bench, 2) // MIB,
           check=check_large),
    Race("results", "what records and the state cost, one host, 100 at once",
         [fetchall("none", *ASYNC[:4], "--format=none"),
          fetchall("--results", *ASYNC),
          fetchall("--state", *ASYNC, "--state", "@STATE",
                   option="--state")],
         [cpu_ratio("fetchall --results", "fetchall none", 1.08),
          cpu_ratio("fetchall --state", "fetchall --results", 1.05)],
         rounds=9, seconds=120, against=["fetchall --results"]),
    Saving("archive", "10 KiB bodies into an archive; wget one at a time",
           [warc("gzip"), warc("zstd"), warc("none"),
            wget_warc("gzip", part=0.2),
            wget_warc("none", "--no-warc-compression", part=0.2)],
           urls=10000, rounds=3, warm=0, seconds=90,
           work=different(10, 10000), check=check_archive,
           against=["wget warc, gzip"]),
    Saving("archive-large", "32 MiB bodies into an archive",
           [warc("gzip", n=4), warc("zstd", n=4), warc("none", n=4),
            wget_warc("gzip", n=4),
            wget_warc("none", "--no-warc-compression", n=4)],
           rounds=3, warm=0, seconds=120, unit="MiB", weight=32,
           work=different(32 << 10, 4), check=check_archive,
           against=["wget warc, gzip"]),
]
