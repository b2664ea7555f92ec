#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""crash.py [--kills N] [--urls N] [--seed N] [--parts] -- ARGUMENT...:
kills a run of fetchall with these arguments (and --continue) at random
instants, and starts it again, until it is through; see world.py for what must hold after each kill and at
the end. $FETCHALL is the program.

Half of the time that a run of the list takes goes into commits that a kill
undoes, so replies are as slow as so many kills need to fit in.
"""
import argparse
import os
import random
import sys
import tempfile

from world import Bad, Place, Run, Server, kind_of, need, path_of

CONCURRENCY = 16
SHORT, LONG = 0.05, 0.8		# when to kill, in seconds
COMMON = ["-c", str(CONCURRENCY), "--retry", "1", "--retry-delay", "20ms"]
MEDIAN = 0.5			# what half of the kills may undo at most


class Crash:
    def __init__(self, place, server, options):
        self.place, self.server, self.options = place, server, options
        self.random = random.Random(options.seed)
        self.done = set()	# settled before the run
        self.seqs = {}		# path: lines that ask for it
        for seq, i in enumerate(place.urls, 1):
            if kind_of(i) != "bad":
                self.seqs.setdefault(path_of(i), set()).add(seq)
        self.ages = []		# of the oldest reply that each kill undid
        self.requests = self.repeated = self.kills = 0

    def check_asked(self, log):
        """P2: nothing that was settled was asked for again."""
        for path, _ in log:
            self.requests += 1
            need(path not in self.seqs or self.seqs[path] - self.done,
                 f"{path} was asked for again, though it was done")

    def note_lost(self, log, run, done):
        """How long ago what will be fetched again had come."""
        lost = [left for path, left in log if left is not None and
                path in self.seqs and self.seqs[path] - done]
        self.repeated += len(lost)
        if lost:
            self.ages.append(run.killed_at - min(lost))

    def once(self, seconds):
        run = Run(self.place, [*COMMON, *self.options.arguments])
        status = run.end(seconds)
        log = self.server.take_log()
        self.check_asked(log)
        if status is None:
            self.kills += 1
            done = self.place.check_killed()
            need(self.done <= done, "what was settled is no more")
            self.note_lost(log, run, done)
            self.done = done
            return False
        need(status == 1, f"it ended with status {status}: {run.said}")
        return True

    def instant(self):
        # One in five dies before it has begun.
        if self.random.random() < 0.2:
            return self.random.uniform(0, SHORT)
        return self.random.uniform(SHORT, LONG)

    def run(self):
        for _ in range(self.options.kills):
            if self.once(self.instant()):
                break
        else:
            need(self.once(300), "it hangs")
        self.place.check_end()
        self.done = set(range(1, len(self.place.urls) + 1))
        run = Run(self.place, [*COMMON, *self.options.arguments])
        need(run.end(60) == 1, f"when all is done it says {run.said}")
        need(self.server.take_log() == [], "something is asked for when all "
             "is done")
        self.place.check_end()

    def report(self):
        self.ages.sort()
        median = self.ages[len(self.ages) // 2] if self.ages else 0
        # A fifth of a second is promised; the rest is for a busy machine. One
        # kill says little, and a disk takes its time.
        need(len(self.ages) < 20 or "--sync" in self.options.arguments or
             median <= MEDIAN, f"kills undo {median} s")
        print(f"{self.kills} kills, {self.requests} requests, "
              f"{self.server.ranges} for a part, "
              f"{self.repeated} repeated; a kill undid the last "
              f"{median * 1000:.0f} ms (median), "
              f"{max(self.ages, default=0) * 1000:.0f} ms (most)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--urls", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    # Two fifths of a second, of which half count, for each kill.
    server = Server(0.18 * options.kills * CONCURRENCY / options.urls)
    with tempfile.TemporaryDirectory(dir=os.environ.get(
            "BATS_TEST_TMPDIR")) as folder:
        crash = Crash(Place(server, range(1, options.urls + 1),
            os.path.join(folder, "run"), parts=options.parts), server, options)
        try:
            crash.run()
            crash.report()
        except (Bad, OSError, ValueError) as why:
            sys.exit(f"crash.py: after {crash.kills} kills: {why}")


if __name__ == "__main__":
    main()
