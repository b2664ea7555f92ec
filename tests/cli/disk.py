#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""disk.py mount OUTPUT...|limit: a run whose outputs meet the end of the disk,
again and again, and which goes on each time with twice as much. See world.py
for what must hold in between and at the end. $FETCHALL is the program.

mount: OUTPUT (state, results, a, out) alone is on a file system of its own; it
takes a mount namespace. limit: no file may be larger than so much.
"""
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile

from world import Bad, Place, Run, Server, kind_of, need

COMMON = ["-c", "4", "--retry", "1", "--retry-delay", "20ms"]
KIB = 1024
FIRST = {"state": 16 * KIB, "results": 16 * KIB, "a": 64 * KIB,
         "out": 512 * KIB}
MOST = 64 << 20


class Disk:
    """Of the run's outputs, `small` is on it; None: it is a limit."""

    def __init__(self, place, small):
        self.place, self.small = place, small
        self.size = FIRST[small] if small else 16 * KIB
        self.path = os.path.join(place.folder, "small")
        if small:
            os.mkdir(self.path)
            self.mount()

    def mount(self, *options):
        options = ",".join([f"size={self.size}", *options])
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none",
                        self.path], check=True)

    def limit(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.size))

    def grow(self):
        self.size *= 2
        need(self.size <= MOST, "it never is enough")
        if self.small:
            self.mount("remount")

    def run(self):
        run = Run(self.place, COMMON, begin=None if self.small else
                  self.limit)
        return run.end(60), run.said

    def check_read_only(self):
        self.mount("remount", "ro")
        status, said = self.run()
        need(status == 3 and b"Read-only file system" in said,
             f"read-only: status {status}: {said}")
        self.place.check_killed()
        self.mount("remount", "rw")

    def fill(self):
        """How often it was full."""
        # SQLite forgets which error of its file's it was.
        says = (b"No space left on device" if self.small else
                b"File too large|state: disk I/O error")
        full = 0
        while True:
            status, said = self.run()
            if status == 1:
                return full
            full += 1
            need(status == 3 and re.search(says, said), f"status {status}: {said}")
            self.place.check_killed()
            if self.small:
                self.check_read_only()
            self.grow()


def check(server, small, folder):
    # A body that is larger than any file may be is one that has failed.
    urls = [i for i in range(1, 200) if small or kind_of(i) != "big"]
    server.forget()
    disk = Disk(Place(server, urls, folder, small), small)
    full = disk.fill()
    disk.place.check_end()
    need(full >= 2, f"it was full {full} times only")
    print(f"{small or 'limit'}: {full} times, {disk.size // KIB} KiB at last")
    if small:
        subprocess.run(["umount", disk.path], check=True)


def main(command, *outputs):
    server = Server()
    for small in outputs if command == "mount" else [None]:
        with tempfile.TemporaryDirectory(dir=os.environ.get(
                "BATS_TEST_TMPDIR")) as folder:
            try:
                check(server, small, os.path.join(folder, "run"))
            except (Bad, OSError, ValueError) as why:
                sys.exit(f"disk.py: {small or 'limit'}: {why}")


if __name__ == "__main__":
    main(*sys.argv[1:])
