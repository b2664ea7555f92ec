#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""faults.py [--step N] [SERIES...]: at each N-th of the calls by which a small
run of fetchall changes files (all of them: 1), it is killed, or the call
fails; strike.c does that. Then the same command is to finish the job. See
world.py for what must hold in between and at the end.

$FETCHALL is the program, $STRIKE_SO what is preloaded.
"""
import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

from world import Bad, Place, Run, Server, need

# One or more of each kind. Those that are tried again are so after the state
# was committed for the rest.
URLS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 23, 31, 37, 41, 43, 46, 47, 53, 103]
COMMON = ["-c", "4", "--retry-delay", "220ms"]
KILLS = ("before", "after", "tear")
FAILURES = ("eio", "enospc", "eio-on", "enospc-on", "edquot-on")
WORKERS = 4

# name: its options; those of the run that is struck at, if others; fates
SERIES = {
    "run": (["--retry", "1"], [], KILLS + FAILURES),
    "sync": (["--retry", "1", "--sync"], [], KILLS + FAILURES),
    "processes": (["--retry", "1", "-s", "process-pool"], [],
                  ("before", "enospc-on")),
    "retry-failed": (["--retry", "0"], ["--retry-failed"],
                     KILLS + FAILURES),
}


class Case:
    """One strike: a series' run, its N-th call, and what comes of it."""

    def __init__(self, server, series, fate, n, folder):
        self.options, self.struck, _ = SERIES[series]
        self.fate, self.n = fate, n
        self.place = Place(server, URLS, os.path.join(folder, "run"))
        self.log = os.path.join(folder, "struck")
        self.struck_at = ""

    def run(self, *arguments, **environment):
        run = Run(self.place, [*COMMON, *self.options, *arguments],
                  **environment)
        return run.end(60), run.said

    def strike(self, fate, n):
        """What became of it; False: it had no such call."""
        status, said = self.run(
            *self.struck, STRIKE=f"{fate}:{n}", STRIKE_LOG=self.log,
            LD_PRELOAD=os.environ["STRIKE_SO"])
        if not os.path.exists(self.log):
            need(status == 1, f"not struck, and status {status}: {said}")
            return False
        with open(self.log, encoding="ascii", errors="replace") as file:
            self.struck_at = file.read().strip()
        os.unlink(self.log)
        if fate in KILLS:
            need(status is None, f"no kill, and status {status}: {said}")
        elif status != 1:
            need(status == 3, f"status {status}: {said}")
            need(said.count(b"\n") >= 1, "no word about it")
        return True

    def check(self):
        """False: it is through, there is no such call."""
        if self.struck:
            need(self.run()[0] == 1, "the first run")
        if not self.strike(self.fate, self.n):
            self.place.check_end()
            return False
        self.place.check_killed(also=["results.retry"])
        # The one that goes on is struck, too, somewhere at its start.
        if self.fate in ("before", "enospc-on"):
            self.strike(self.fate, self.n * 7 % 11 + 1)
            self.place.check_killed(also=["results.retry"])
        status, said = self.run(*self.struck)
        need(status in (0, 1), f"then status {status}: {said}")
        self.place.check_end()
        return True


class Series:
    """All strikes of one fate."""

    def __init__(self, name, fate, options):
        self.name, self.fate, self.step = name, fate, options.step
        # Not the same calls with each fate.
        self.next = 1 + hash_of(name + fate) % options.step
        self.lock = threading.Lock()
        self.count, self.bad, self.over = 0, [], False

    def take(self):
        with self.lock:
            n, self.next = self.next, self.next + self.step
            return n

    def work(self):
        server = Server()
        while not self.over:
            n = self.take()
            folder = tempfile.mkdtemp(dir=os.environ.get("BATS_TEST_TMPDIR"))
            case = Case(server, self.name, self.fate, n, folder)
            server.forget()
            try:
                if not case.check():
                    self.over = True
                else:
                    self.count += 1
            except (Bad, OSError, ValueError, sqlite3.Error) as why:
                self.bad.append(f"{self.name}, {self.fate} at call "
                                f"{case.struck_at or n}: {why}")
            shutil.rmtree(folder)

    def run(self):
        with ThreadPoolExecutor(WORKERS) as pool:
            for done in [pool.submit(self.work) for _ in range(WORKERS)]:
                done.result()


def hash_of(text):
    """The same every time."""
    return sum(text.encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("series", nargs="*", default=list(SERIES))
    options = parser.parse_args()
    bad = []
    for name in options.series:
        for fate in SERIES[name][2]:
            series = Series(name, fate, options)
            series.run()
            bad += series.bad
            print(f"{name}, {fate}: {series.count} strikes, "
                  f"{len(series.bad)} bad", flush=True)
            need(series.count > 0 or series.bad, "nothing was struck")
    if bad:
        sys.exit("faults.py: " + "\n".join(bad))


if __name__ == "__main__":
    main()
