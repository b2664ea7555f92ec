# SPDX-License-Identifier: MIT
"""Tables of costs, and the limits below them.

costs is what every function here is about: a dict of lists of Cost, one list
for each name, one Cost for each round.
"""

from basics import median

NOISE = 0.15            # spread of the first peer's CPU time that is too much


# --- figures of costs

def cpu(costs, name):
    return median(cost.cpu for cost in costs[name])


def wall(costs, name):
    return median(cost.wall for cost in costs[name])


def peak(costs, name):
    return median(cost.peak for cost in costs[name])


def rate(costs, name):
    return median(cost.rate for cost in costs[name])


def lag(costs, name):
    """The loop's lag, p99 in ms; -1: it was not sampled."""
    all_lags = [cost.summary.get("loop_lag") for cost in costs[name]]
    return -1 if None in all_lags else 1e3 * median(
        each["p99"] for each in all_lags)


def ratio(costs, name, other, of="cpu"):
    """Of an attribute of Cost, round by round; the middle one."""
    return median(getattr(a, of) / getattr(b, of)
                  for a, b in zip(costs[name], costs[other]))


def noise(costs):
    """How much the first one's CPU time varied between rounds."""
    values = [cost.cpu for cost in next(iter(costs.values()))]
    return (max(values) - min(values)) / median(values)


# --- limits

class Limit:
    """A bound the project has set itself: a value of costs and how far it
    may go; names: whose costs it needs."""

    def __init__(self, text, value, bound, unit="", names=(), least=False):
        self.text = text
        self.value = value
        self.bound = bound
        self.unit = unit
        self.names = names
        self.least = least

    def check(self, costs):
        """Prints how it is held; returns the same for JSON."""
        missing = [name for name in self.names if name not in costs]
        if missing:
            print("  not measured: %s (without %s)" % (
                self.text, ", ".join(missing)))
            return {"text": self.text, "held": None}
        value = self.value(costs)
        held = value >= self.bound if self.least else value <= self.bound
        word = "at least" if self.least else "at most"
        print("  %s: %s %.2f%s, %s %.2f%s" % (
            "held" if held else "MISSED", self.text, value, self.unit, word,
            self.bound, self.unit))
        return {"text": self.text, "value": round(value, 4),
                word.replace(" ", "_"): self.bound,
                "unit": self.unit.strip(), "held": held}


def cpu_ratio(name, other, bound):
    return Limit("CPU of %s / %s" % (name, other),
                 lambda costs: ratio(costs, name, other), bound,
                 names=(name, other))


def wall_ratio(name, other, bound):
    """Of the wall time for each URL."""
    return Limit("wall time of %s / %s" % (name, other),
                 lambda costs: ratio(costs, name, other, "each"), bound,
                 names=(name, other))


def peak_limit(name, bound):
    return Limit("peak memory of " + name, lambda costs: peak(costs, name),
                 bound, " MiB", names=(name,))


def peak_growth(long, short, bound):
    return Limit("peak memory of %s minus that of %s" % (long, short),
                 lambda costs: peak(costs, long) - peak(costs, short), bound,
                 " MiB", names=(long, short))


def check_all(limits, costs):
    return [limit.check(costs) for limit in limits]


# --- columns: a title, what stands below it, how wide it is at least

class Column:
    def __init__(self, title, text, width=0):
        self.title = title
        self.text = text        # function of costs and a name
        self.width = max(width, len(title))


def number(title, value, form="%.2f", width=0):
    return Column(title, lambda costs, name: form % value(costs, name), width)


def of(what, how):
    """A function for number(): how (min, max) over the rounds of an
    attribute of Cost."""
    return lambda costs, name: how(getattr(cost, what)
                                   for cost in costs[name])


def spread(title, what, form="%.2f"):
    """Three columns: median, least and most."""
    return [number(title + ": median", of(what, median), form),
            number("min", of(what, min), form, 7),
            number("max", of(what, max), form, 7)]


def in_thousands(title, value):
    return Column(title, lambda costs, name: format(
        round(value(costs, name)), ","), 8)


def print_table(costs, columns):
    rows = {name: [column.text(costs, name) for column in columns]
            for name in costs}
    wide = max(len(name) for name in costs) + 3
    widths = [max(column.width, *(len(row[i]) for row in rows.values()))
              for i, column in enumerate(columns)]

    def line(start, cells):
        print("%-*s %s" % (wide, start, "  ".join(
            "%*s" % cell for cell in zip(widths, cells))))

    line("", [column.title for column in columns])
    for name, row in rows.items():
        line("  " + name, row)


def print_head(scenario, *facts):
    print("\n%s: %s" % (scenario.name, scenario.brief))
    print(", ".join(facts))


def say_noise(costs):
    """True: it was too noisy, and that was said."""
    if len(next(iter(costs.values()))) == 1:
        print("  one round: whether it was noisy is not known")
    if noise(costs) <= NOISE:
        return False
    print("  NOISY: the CPU time of %s varied by %.0f %%; measure again on "
          "a quiet machine" % (next(iter(costs)), 100 * noise(costs)))
    return True
