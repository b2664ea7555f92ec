# SPDX-License-Identifier: MIT
"""Bench: the scratch folder, the servers in it and one measurement."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time

from basics import KIB, Trouble, compile_c
from servers import Nginx


class Cost:
    """What one run of one command cost; n is what it is divided by."""

    def __init__(self, line, n):
        status, wall, user, system, peak = line.split()
        self.status = int(status)
        self.wall = float(wall)
        self.user_s = float(user)
        self.system_s = float(system)
        self.peak = float(peak) / KIB           # MiB
        self.n = n
        self.summary = {}       # of fetchall, where it was asked for

    @property
    def user(self):             # us a URL
        return self.user_s * 1e6 / self.n

    @property
    def system(self):
        return self.system_s * 1e6 / self.n

    @property
    def cpu(self):
        return self.user + self.system

    @property
    def each(self):             # seconds a URL
        return self.wall / self.n

    @property
    def rate(self):             # URLs a second
        return self.n / self.wall

    def as_dict(self):
        return {"n": self.n,
                "user_us": round(self.user, 3),
                "system_us": round(self.system, 3),
                "cpu_us": round(self.cpu, 3),
                "wall_s": round(self.wall, 4),
                "peak_mib": round(self.peak, 3)}


def raise_files():
    """As many descriptors as may be, for all that is started; how many."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY or hard > 1 << 20:
        hard = 1 << 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Bench:
    """The options, the scratch folder and what was started in it."""

    def __init__(self, options, scratch):
        self.options = options
        self.scratch = scratch
        self.fetchall = options.fetchall
        self.files = raise_files()
        self.records = os.path.join(scratch, "records")
        self.state = os.path.join(scratch, "state")
        self.out = os.path.join(scratch, "out")
        # For those who cannot do without files.
        self.drop = os.path.join(scratch, "drop")
        self.stderr = os.path.join(scratch, "stderr")
        self.measure = compile_c("measure", scratch)
        self.floor = compile_c("floor", scratch, ["libcurl", "libevent_core"])
        self.grow = compile_c("grow", scratch, flags=["-shared", "-fPIC"])
        self.help = subprocess.run([self.fetchall, "--help=all"],
                                   capture_output=True, text=True).stdout
        self.lists = []
        self.server = Nginx(scratch, min(self.files, 32768))

    def say(self, text):
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K" + text)
            sys.stderr.flush()

    def has(self, option):
        """Whether fetchall knows it."""
        return option + " " in self.help.replace("\n", " ")

    def scaled(self, n):
        """n after --scale; what is few stays as it is."""
        return n if n < 100 else max(100, int(n * self.options.scale))

    def rounds(self, scenario):
        """0, 1, ...: as many as are asked for and its time allows."""
        n = self.options.rounds or scenario.rounds
        start = time.monotonic()
        for i in range(n):
            yield i
            used = time.monotonic() - start
            if scenario.seconds and used * (i + 2) / (i + 1) > \
                    scenario.seconds:
                break

    def file(self, name, line, n):
        """A file of n lines, made when first asked for; line: of a number,
        from 1."""
        path = os.path.join(self.scratch, "%s-%d" % (name, n))
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.writelines(line(i) for i in range(1, n + 1))
            self.lists.append(path)
        return path

    def fresh(self):
        """An empty folder, and nobody's writing left for the next one."""
        shutil.rmtree(self.out, ignore_errors=True)
        os.mkdir(self.out)
        os.sync()
        return self.out

    def tidy(self):
        """Lists and files are not kept from one scenario to the next."""
        for path in self.lists:
            os.unlink(path)
        self.lists = []
        shutil.rmtree(self.out, ignore_errors=True)

    def run(self, argv, n):
        """Runs a command that handles n URLs; returns its Cost."""
        result = os.path.join(self.scratch, "cost")
        with open(self.stderr, "wb") as stderr:
            process = subprocess.Popen([self.measure, result, *argv],
                                       stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL,
                                       stderr=stderr, cwd=self.scratch,
                                       env=self.environment())
        try:
            process.wait(self.options.timeout)
        except subprocess.TimeoutExpired:
            raise Trouble("longer than --timeout: " + " ".join(argv))
        finally:
            # measure's death is its command's.
            if process.returncode is None:
                process.kill()
                process.wait()
        if process.returncode != 0:
            raise Trouble("measure failed: " + self.complaint())
        with open(result) as file:
            cost = Cost(file.read(), n)
        if cost.status != 0:
            raise Trouble("exit status %d: %s\n%s" % (
                cost.status, " ".join(argv), self.complaint()))
        if "--summary=json" in argv:
            with open(self.stderr) as file:
                cost.summary = json.loads(file.read().splitlines()[-1])
        return cost

    def environment(self):
        """Nobody finds or leaves anything at home."""
        return dict(os.environ, HOME=self.scratch, TMPDIR=self.scratch)

    def complaint(self):
        with open(self.stderr, errors="replace") as file:
            return file.read()[-500:]

    def fetch(self, peer, work, n):
        """Runs a peer, and is sure that n URLs were fetched and recorded."""
        argv = peer.argv(self, work, n)
        for path in (self.state, self.state + "-wal", self.state + "-shm"):
            if os.path.exists(path):
                os.unlink(path)
        shutil.rmtree(self.drop, ignore_errors=True)
        before = self.server.requests()
        cost = self.run(argv, n)
        asked = self.server.requests() - before - 1
        if peer.for_a_time:
            cost.n = max(asked, 1)
        elif asked != n and work.counted:
            raise Trouble("%d requests for %d URLs: %s" % (
                asked, n, " ".join(argv)))
        if peer.records:
            self.check_records(n)
        return cost

    def check_records(self, n):
        found = 0
        with open(self.records, "rb") as file:
            while block := file.read(1 << 20):
                found += block.count(b"\n")
        os.unlink(self.records)
        if found not in (n, n + 1):     # a CSV has a first line
            raise Trouble("%d records for %d URLs" % (found, n))
