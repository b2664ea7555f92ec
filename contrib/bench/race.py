# SPDX-License-Identifier: MIT
"""Race: programs that do the same work, in turns, and the table of it."""

from basics import Missing, Trouble, median
from tables import (check_all, in_thousands, noise, number, of, print_head,
                    print_table, rate, ratio, say_noise, spread)
from work import one_host


class Scenario:
    """A name, a line about it, and run(), which returns a dict of results.

    The dict goes into --json as it is, with the text that was printed left
    out. "limits" is a list of what Limit.check() made, "noisy" whether it
    should be measured again. seconds: after which no round begins.
    """

    rounds = 5
    seconds = None

    def __init__(self, name, brief, rounds=None, seconds=None):
        self.name = name
        self.brief = brief
        self.rounds = rounds or self.rounds
        self.seconds = seconds

    def here(self, bench, peers):
        """Those of the peers that can run here; says who cannot."""
        found, missing = [], {}
        for peer in peers:
            try:
                peer.check(bench)
                found.append(peer)
            except Missing as why:
                missing[peer.name] = str(why)
        if not found:
            raise Missing("; ".join(missing.values()))
        self.left_out = missing
        return found

    def say_left_out(self):
        for name, why in self.left_out.items():
            print("  left out: %s: %s" % (name, why.splitlines()[0]))


class Race(Scenario):
    """Peers in turns; the first is the one that others are measured by.

    work: function of the bench. unit and weight: what costs are divided by,
    and how many of these a URL is, as a number or a function of the bench.
    warm: how many URLs each fetches beforehand. columns: of the table.
    """

    def __init__(self, name, brief, peers, limits=(), urls=100000,
                 work=one_host, unit="URL", weight=1, warm=1000, columns=None,
                 against=(), **how):
        super().__init__(name, brief, **how)
        self.peers = peers
        self.limits = limits
        self.urls = urls
        self.work = work
        self.unit = unit
        self.weight = weight
        self.warm = warm
        self.columns = columns
        self.against = against  # whom else than the first to divide by

    def run(self, bench):
        peers = self.here(bench, self.peers)
        costs = {peer.name: [] for peer in peers}
        with self.work(bench) as work:
            for peer in peers if self.warm else ():
                self.measure(bench, work, peer, min(
                    self.warm, peer.size(bench, self.urls)))
            for i in bench.rounds(self):
                # Who comes first changes, so that drift is nobody's alone.
                at = i % len(peers)
                for peer in peers[at:] + peers[:at]:
                    bench.say("%s: round %d, %s" % (
                        self.name, i + 1, peer.name))
                    self.take_turn(bench, work, peer, costs)
        bench.say("")
        return self.report(bench, costs)

    def take_turn(self, bench, work, peer, costs):
        """A peer that fails is out of the race; fetchall may not fail."""
        if peer.name not in costs:
            return
        try:
            costs[peer.name].append(self.measure(
                bench, work, peer, peer.size(bench, self.urls)))
        except Trouble as why:
            if peer.ours:
                raise
            del costs[peer.name]
            self.left_out[peer.name] = str(why)

    def measure(self, bench, work, peer, n):
        cost = bench.fetch(peer, work, n)
        cost.n *= self.weight(bench) if callable(self.weight) else self.weight
        return cost

    def report(self, bench, costs):
        rounds = len(next(iter(costs.values())))
        print_head(self, *self.facts(bench), "%d rounds" % rounds)
        print_table(costs, self.columns or race_columns(
            self.unit, self.others(costs), sizes(costs)))
        self.say_left_out()
        noisy = say_noise(costs)
        return {"rounds": rounds, "noise": round(noise(costs), 4),
                "noisy": noisy, "left_out": self.left_out,
                "limits": check_all(self.limits, costs),
                "peers": {name: [cost.as_dict() for cost in costs[name]]
                          for name in costs}}

    def facts(self, bench):
        sizes = {peer.size(bench, self.urls) for peer in self.peers
                 if peer.part == 1 and not peer.for_a_time}
        return ["%s URLs" % format(sizes.pop(), ",")] \
            if len(sizes) == 1 else []

    def others(self, costs):
        """Whom the table divides by."""
        return list(dict.fromkeys(
            name for name in [next(iter(costs)), *self.against]
            if name in costs))


def sizes(costs):
    """The different numbers that were fetched."""
    return {cost.n for all_costs in costs.values() for cost in all_costs}


def race_columns(unit, others, sizes):
    def column(other):
        who, which = (other.split(None, 1) + [""])[:2]
        title = "CPU/" + (which if who == "fetchall" else who)
        return number(title, lambda costs, name: ratio(costs, name, other))

    counted = [in_thousands(unit + "s", of("n", median))] \
        if len(sizes) > 1 else []
    return [*counted, *spread("CPU us/" + unit, "cpu"),
            number("user", of("user", median), width=7),
            number("system", of("system", median), width=7),
            number("wall s", of("wall", median), width=7),
            in_thousands(unit + "/s", rate),
            number("MiB", of("peak", median), "%.1f", 6),
            *[column(other) for other in others]]


def wall_columns(*more):
    """For races about wall time."""
    return [*spread("wall s", "wall"),
            number("CPU us/URL", of("cpu", median)), *more]


def memory_columns(unit="line"):
    """For races about memory."""
    return [in_thousands(unit + "s", of("n", median)),
            *spread("peak MiB", "peak"),
            number("CPU us/" + unit, of("cpu", median)),
            in_thousands(unit + "s/s", rate)]
