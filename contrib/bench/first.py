# SPDX-License-Identifier: MIT
"""FirstRequest: how long a program reads its list before it does anything."""

import socket
import subprocess
import time

from basics import Trouble, median
from race import Scenario
from tables import (Limit, check_all, in_thousands, number, of, print_head,
                    print_table, spread)
from work import Work


class First:
    """What there is to know when the first connection has come."""

    def __init__(self, wall_s, peak_mib, lines):
        self.ms = wall_s * 1000
        self.peak = peak_mib
        self.lines = lines

    def as_dict(self):
        return {"lines": self.lines, "ms": round(self.ms, 2),
                "peak_mib": round(self.peak, 3)}


def peak_of(pid):
    """VmHWM in MiB."""
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0


class FirstRequest(Scenario):
    """Peers, each with a list of its own length, and how long it takes until
    the list's server sees a connection. Nothing is answered: they are ended
    then."""

    def __init__(self, name, brief, peers, ours, at_most, **how):
        super().__init__(name, brief, **how)
        self.peers = peers
        self.limits = [Limit("first request of " + ours,
                             lambda costs: median(cost.ms for cost in
                                                  costs[ours]),
                             at_most, " ms", names=(ours,))]

    def run(self, bench):
        peers = self.here(bench, self.peers)
        firsts = {peer.name: [] for peer in peers}
        with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
            server.settimeout(bench.options.timeout)
            work = Work(bench, "first", lambda i: (
                "http://127.0.0.1:%d/%d" % (server.getsockname()[1], i)))
            for _ in bench.rounds(self):
                for peer in peers:
                    n = peer.size(bench, 0)
                    bench.say("%s: %s" % (self.name, peer.name))
                    firsts[peer.name].append(First(
                        *self.first(server, peer.argv(bench, work, n)), n))
        bench.say("")
        return self.report(firsts)

    def first(self, server, argv):
        """Seconds and MiB; the process and its connections are gone."""
        start = time.monotonic()
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            server.accept()[0].close()
            return time.monotonic() - start, peak_of(process.pid)
        except TimeoutError:
            raise Trouble("no request within --timeout: " + " ".join(argv))
        finally:
            process.kill()
            process.wait()
            drain(server)

    def report(self, firsts):
        print_head(self, "%d rounds" % len(next(iter(firsts.values()))))
        print_table(firsts, [
            in_thousands("lines", of("lines", median)),
            *spread("ms", "ms", "%.1f"),
            number("MiB by then", of("peak", median), "%.1f")])
        self.say_left_out()
        return {"left_out": self.left_out, "noisy": False,
                "limits": check_all(self.limits, firsts),
                "peers": {name: [first.as_dict() for first in firsts[name]]
                          for name in firsts}}


def drain(server):
    """Takes what an ended process has left in the queue of connections."""
    timeout = server.gettimeout()
    server.settimeout(0)
    try:
        while True:
            server.accept()[0].close()
    except BlockingIOError:
        server.settimeout(timeout)
