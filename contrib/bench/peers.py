# SPDX-License-Identifier: MIT
"""Who is measured: fetchall, the floor, and the programs beside it.

Each is called as somebody who knows it would call it for this work: no files
of its user's, no progress, bodies dropped unless they are what is measured.
"""

import os
import subprocess
import sys

from basics import HERE, Missing, find_tool, tool


class Peer:
    """A command and how to call it for n URLs of a work.

    argv: function of the bench, the work and n. records: whether it writes
    bench.records. part: of a race's URLs, for those that need much longer.
    n: instead of the race's. needs: programs, or functions of the bench that
    raise Missing. option: of fetchall, that it needs. for_a_time: whether it
    stops by the clock, not after n. ours: whether its failing is ours.
    """

    def __init__(self, name, argv, records=False, needs=(), option=None,
                 part=1, n=None, for_a_time=False, ours=False):
        self.name = name
        self.argv = argv
        self.records = records
        self.needs = needs
        self.option = option
        self.part = part
        self.n = n
        self.for_a_time = for_a_time
        self.ours = ours

    def size(self, bench, urls):
        """How many URLs it is given in a race over so many."""
        if self.part < 1:
            return max(10, int(bench.scaled(urls) * self.part))
        return bench.scaled(self.n or urls)

    def check(self, bench):
        """Missing: why it cannot run here."""
        for need in self.needs:
            need(bench) if callable(need) else tool(need)
        if self.option and not bench.has(self.option):
            raise Missing("this fetchall has no " + self.option)


# --- fetchall and the floor

def floor(*args, **how):
    """It asks no name servers: addresses stand in its lists."""
    return Peer("floor " + " ".join(args), lambda bench, work, n: [
        bench.floor, *args, *trust(work, "--cacert"), work.literal.list(n)],
        ours=True, **how)


def fetchall(name, *args, **how):
    """@OUT and @STATE in the arguments are bench.out and bench.state."""
    records = "--format=none" not in args and "--dry-run" not in args

    def argv(bench, work, n):
        return [bench.fetchall, "--no-config", "--no-progress",
                *[arg.replace("@OUT", bench.out).replace("@STATE", bench.state)
                  for arg in args], *work.for_fetchall,
                *(["--results", bench.records] if records else []),
                work.list(n)]
    return Peer("fetchall " + name, argv, records, ours=True, **how)


def grown(mib, peer):
    """The peer in a process that has grown by so much before its fetches."""
    return Peer("%s, +%d MiB" % (peer.name, mib), lambda bench, work, n: [
        "env", "LD_PRELOAD=" + bench.grow, "GROW_MIB=%d" % mib,
        *peer.argv(bench, work, n)], peer.records, ours=True)


# --- downloaders

def curl(name, *args, output="/dev/null", **how):
    # -q: without the user's .curlrc.
    def argv(bench, work, n):
        return work.wrap(
            [find_tool("curl"), "-q", "-s", *args, *trust(work, "--cacert"),
             "-K", work.curl_config(n, output.replace("@OUT", bench.out))])
    return Peer("curl " + name, argv, needs=("curl",), **how)


def trust(work, option):
    return [option, work.cacert] if work.cacert else []


def wget2(threads, into=None, **how):
    def argv(bench, work, n):
        return work.wrap(
            [find_tool("wget2"), "-q", "--no-config", "--no-xattr",
             "--no-hsts", "--no-hpkp", "--no-ocsp",
             "--max-threads=%d" % threads,
             *trust(work, "--ca-certificate"),
             *(["-P", bench.out] if into else ["-O", "/dev/null"]),
             "-i", work.list(n)])
    return Peer("wget2 %d" % threads, argv, needs=("wget2",), **how)


def wget(name, *args, **how):
    """One at a time; bodies are dropped, what args ask for is kept."""
    def argv(bench, work, n):
        return work.wrap(
            [find_tool("wget"), "-q", "--no-config", "--no-hsts",
             *[arg.replace("@OUT", bench.out) for arg in args],
             "-O", "/dev/null", "-i", work.list(n)])
    return Peer(name, argv, needs=("wget",), **how)


def aria2c(at_once, into=None, **how):
    """It always writes files, each under a name of its own: with one name,
    be it a link to /dev/null, it looks for a free one again and again."""
    def argv(bench, work, n):
        return work.wrap(
            [find_tool("aria2c"), "--no-conf", "-q", "-j", str(at_once),
             "-x", "1", "-s", "1", "--file-allocation=none",
             "--auto-save-interval=0", *trust(work, "--ca-certificate"),
             "-d", bench.out if into else bench.drop,
             "-i", work.aria2_input(n)])
    return Peer("aria2c %d" % at_once, argv, needs=("aria2c",), **how)


def xargs_curl(at_once, **how):
    """A process for each URL; its memory is that of the largest."""
    return Peer("xargs -P %d curl" % at_once, lambda bench, work, n: work.wrap(
        [find_tool("xargs"), "-a", work.list(n), "-P", str(at_once),
         "-n", "1", find_tool("curl"), "-q", "-s", "-o", "/dev/null",
         *trust(work, "--cacert")]), needs=("xargs", "curl"), **how)


def aiohttp(at_once, **how):
    """Python's, in the Python that has it (aio.py)."""
    return Peer("aiohttp %d" % at_once, lambda bench, work, n: work.wrap(
        [aiohttp_python(), os.path.join(HERE, "aio.py"), str(at_once),
         work.list(n), *([work.cacert] if work.cacert else [])]),
        needs=(aiohttp_python,), **how)


def aiohttp_python(bench=None):
    """Missing: none of the Pythons here has it."""
    for python in (sys.executable, "/usr/bin/python3"):
        if os.access(python, os.X_OK) and subprocess.run(
                [python, "-c", "import aiohttp"],
                capture_output=True).returncode == 0:
            return python
    raise Missing("aiohttp is not installed (Debian's package "
                  "python3-aiohttp)")


# --- load generators: one URL again and again, nothing verified

def ab(at_once, **how):
    return Peer("ab -c %d" % at_once, lambda bench, work, n: [
        find_tool("ab"), "-q", "-k", "-n", str(n), "-c", str(at_once),
        work.url(1)], needs=("ab",), **how)


def wrk(at_once, seconds, **how):
    return Peer("wrk -c %d" % at_once, lambda bench, work, n: [
        find_tool("wrk"), "-t", "1", "-c", str(at_once), "-d",
        "%ds" % max(1, seconds * min(bench.options.scale, 1)), work.url(1)],
        needs=("wrk",), for_a_time=True, **how)


def h2load(at_once, *args, **how):
    return Peer("h2load -c %d" % at_once, lambda bench, work, n: [
        find_tool("h2load"), *args, "-n", str(n), "-c", str(at_once),
        work.url(1)], needs=("h2load",), **how)
