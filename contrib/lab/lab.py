# SPDX-License-Identifier: MIT
"""lab -- what matrix and sweep share: runs, their figures, tables, pictures.

An experiment is a table of cells; a cell is one way of doing a workload. The
cells of a table are measured in turns, so that a machine that gets slower or
busier does so for all of them, and one that fails says so in its place. The
figures come from fetchall's own summary (--summary json).
"""

import argparse
import json
import os
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "bench"))
from machine import cpu_model, os_name

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
NOISE = 0.2             # spread of a cell's wall times that gets a mark
DELAY_MS = 50           # of every reply
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
           "#777777")


class Trouble(Exception):
    """Why nothing can be measured, in words for the user."""


class Failure(Exception):
    """Why one run gave no figures."""


def tool(name):
    path = shutil.which(name)
    if path is None:
        raise Trouble(name + " is needed and not installed")
    return path


# --- workloads

class Workload:
    """What is done to each of n URLs: fetched, or worked on, or both."""

    def __init__(self, name, brief, n, post=None, fetched=False):
        self.name = name
        self.brief = brief
        self.n = n
        self.post = post
        self.fetched = fetched

    def args(self):
        return ([] if self.fetched else ["--no-fetch"]) + \
            (["--post", self.post] if self.post else [])

    def size(self, options):
        return max(2, int(self.n * options.scale))

    def part(self, share):
        """The same with fewer URLs."""
        return Workload(self.name, self.brief, int(self.n * share),
                        self.post, self.fetched)

    def told(self, options, args=()):
        """How many URLs, and what is done to them, for the page."""
        args = self.args() + list(args)
        return "%d URLs, %s" % (self.size(options), "`%s`" % " ".join(args)
                                if args else "no stage")


POW = "pow:7777,200000"
# As much of each as takes one CPU about half a second.
WORKLOADS = {workload.name: workload for workload in (
    Workload("pow", "CPU only, 6 ms a unit", 100, POW),
    Workload("factorial", "CPU only, 2 ms a unit", 300, "factorial:40000"),
    Workload("fib", "CPU only, 5 ms a unit", 100, "fib:50000"),
    Workload("io", "I/O only, replies after %d ms" % DELAY_MS, 60,
             fetched=True),
    Workload("both", "replies after %d ms, then pow" % DELAY_MS, 60, POW,
             fetched=True),
    Workload("wait", "work that waits instead of computing, 20 ms a unit",
             60, "sleep:20"),
)}


# --- the server and the runs

class Origin:
    """fetchall-origin on a free port of loopback."""

    def __init__(self, program):
        # --with-parent: it ends with this script even when that is killed.
        self.process = subprocess.Popen(
            [program, "--with-parent", "--port", "0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.url = None
        try:
            self.url = self.address()
        finally:
            if self.url is None:
                self.stop()

    def address(self):
        """Its first line."""
        ready = select.select([self.process.stdout], [], [], 10)[0]
        line = self.process.stdout.readline() if ready else ""
        if not line.startswith("http://"):
            raise Trouble("%s does not start: it says '%s'" % (
                self.process.args[0], line.strip()))
        return line.strip().rstrip("/")

    def stop(self):
        end(self.process)


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def names(fetchall, topic):
    """The members of a family, from the program's own list of them."""
    got = subprocess.run([fetchall, "--no-config", "--help=" + topic],
                         capture_output=True, text=True)
    found = re.findall(r"^  ([a-z][a-z0-9-]*)", got.stdout, re.MULTILINE)
    if not found:
        raise Trouble("%s --help=%s names none: %s" % (
            fetchall, topic, got.stderr.strip()))
    return found


class Cell:
    """One way of doing a workload, and what came of it in each round."""

    def __init__(self, row, column, workload, args):
        self.row = row
        self.column = column
        self.workload = workload
        self.args = args
        self.runs = []          # the summaries
        self.failure = None

    def values(self, get):
        """A figure of each round; empty where runs do not have it."""
        found = [get(run) for run in self.runs]
        return [] if self.failure or None in found else found

    def median(self, get):
        found = self.values(get)
        return statistics.median(found) if found else None

    def noisy(self):
        found = self.values(wall)
        return bool(found) and \
            max(found) - min(found) > NOISE * statistics.median(found)


def wall(run):
    return run["wall"]


def lag(run):
    return run.get("loop_lag", {}).get("p99")


def overlap(run):
    """Share of the work that was done while fetches were under way."""
    return run.get("stages", {}).get("overlap")


class Lab:
    """The options, the scratch folder and the server."""

    def __init__(self, options, scratch):
        self.options = options
        self.scratch = scratch
        self.origin = Origin(options.origin)

    def say(self, text):
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K" + text)
            sys.stderr.flush()

    def list(self, n):
        """A file of n URLs, made when first asked for."""
        path = os.path.join(self.scratch, "list-%d" % n)
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.writelines("%s/delay/%d/%d\n" % (
                    self.origin.url, DELAY_MS, i) for i in range(n))
        return path

    def run(self, cell):
        """Its summary; Failure unless all of it was done."""
        n = cell.workload.size(self.options)
        process = subprocess.Popen(
            [self.options.fetchall, "--no-config", "--no-progress",
             "--format", "none", "--summary", "json",
             *cell.workload.args(), *cell.args, self.list(n)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace")
        try:
            said = process.communicate(timeout=self.options.timeout)[1]
        except subprocess.TimeoutExpired:
            raise Failure("longer than --timeout")
        finally:
            end(process)
        return self.check(cell, n, process.returncode, said.splitlines())

    def check(self, cell, n, status, said):
        last = said[-1] if said else ""
        if status < 0:
            raise Failure("ended by signal %d" % -status)
        try:
            summary = json.loads(last)
        except ValueError:
            raise Failure("exit status %d: %s" % (status, last))
        if status != 0 or summary["ok"] != n:
            raise Failure("%d of %d URLs done, exit status %d" % (
                summary["ok"], n, status))
        if cell.workload.post and summary["stages"]["bodies"] != n:
            raise Failure("stages did %d of %d URLs" % (
                summary["stages"]["bodies"], n))
        return summary

    def measure(self, cells, where):
        """Every cell once a round; who begins changes."""
        rounds = self.options.rounds
        for i in range(rounds):
            at = i * len(cells) // rounds
            for j, cell in enumerate(cells[at:] + cells[:at]):
                if cell.failure:
                    continue
                self.say("%s, round %d of %d, %d of %d: %s %s" % (
                    where, i + 1, rounds, j + 1, len(cells), cell.row,
                    cell.column))
                try:
                    cell.runs.append(self.run(cell))
                except Failure as failure:
                    cell.failure = str(failure)
        self.say("")


# --- what was measured on what

def n_cpus():
    return len(os.sched_getaffinity(0))


def describe(options):
    versions = subprocess.run([options.fetchall, "--version"],
                              capture_output=True, text=True).stdout
    libraries = re.findall(r"\b(?:libcurl|libevent)/[^\s)]*", versions)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": "%d x %s" % (n_cpus(), cpu_model()),
        "system": "%s, Linux %s" % (os_name(), os.uname().release),
        "program": ", ".join([" ".join(versions.split()[:2]), *libraries]),
        "load": "%.2f %.2f %.2f" % os.getloadavg(),
        "runs": "%d of each; --scale %g" % (
            options.rounds, options.scale),
    }


# --- tables

def show_time(seconds):
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 0.9995 or unit == "us":
            return "%.3g %s" % (seconds * scale, unit)


def show_share(share):
    return "%.0f %%" % (100 * share)


def show_times(times):
    return "%.2fx" % times if times < 9.995 else "%.1fx" % times


class Table:
    """Cells by row and column, each told by one figure."""

    def __init__(self, cells):
        self.cells = {(cell.row, cell.column): cell for cell in cells}
        self.rows = list(dict.fromkeys(row for row, _ in self.cells))
        self.columns = list(dict.fromkeys(
            column for _, column in self.cells))

    def lines(self, head, tell, rows=None):
        """Markdown; tell(cell) is what stands in the cell's place."""
        yield "| %s | %s |" % (head, " | ".join(map(str, self.columns)))
        yield "|:---|" + "---:|" * len(self.columns)
        for row in rows or self.rows:
            yield "| %s | %s |" % (row, " | ".join(
                tell(self.cells[row, column])
                if (row, column) in self.cells else ""
                for column in self.columns))
        yield ""

    def walls(self, head, base=None):
        """Wall times, with how many times as fast as `base` each is."""
        base = base and base.median(wall)

        def tell(cell):
            if cell.failure:
                return "failed"
            median = cell.median(wall)
            return "%s%s%s" % (
                show_time(median),
                " (%s)" % show_times(base / median) if base else "",
                " ~" if cell.noisy() else "")
        return self.lines(head, tell)

    def figures(self, head, title, get, show):
        """Another figure, of the rows that have it; nothing if none has."""
        rows = [row for row in self.rows if any(
            (row, column) in self.cells and
            self.cells[row, column].median(get) is not None
            for column in self.columns)]

        def tell(cell):
            median = cell.median(get)
            return "" if median is None else show(median)
        if not rows:
            return []
        return [title, "", *self.lines(head, tell, rows)]

    def failures(self):
        found = ["- failed: %s, %s: %s" % (cell.row, cell.column,
                                           cell.failure)
                 for cell in self.cells.values() if cell.failure]
        return found + [""] if found else []


def notes(options, facts, cells):
    """What speaks against the figures, if anything does."""
    noisy = sum(cell.noisy() for cell in cells)
    load = float(facts["load"].split()[0])
    if options.rounds == 1:
        yield "NOISY: with one round nothing is known of the spread."
    elif noisy > len(cells) // 5:
        yield "NOISY: the wall times of %d of %d cells varied by more than " \
            "%.0f %% between rounds; measure again on a quiet machine." % (
                noisy, len(cells), 100 * NOISE)
    if load > n_cpus():
        yield "NOISY: the load was %.1f on %d CPUs when this began; others " \
            "used the machine." % (load, n_cpus())


def page(experiments, options, facts, cells):
    """The whole page, in Markdown."""
    lines = ["# %s: %s" % (experiments.name, experiments.brief), "",
             "Written by contrib/lab/%s. What there is to see: README in that "
             "folder." % experiments.name, ""]
    lines += ["- %s: %s" % fact for fact in facts.items()]
    for note in notes(options, facts, cells):
        lines += ["", "**%s**" % note]
    lines += ["", "Wall times are medians; ~ marks those that varied by more "
              "than %.0f %%." % (100 * NOISE), ""]
    lines += experiments.body(options)
    return "\n".join(lines).rstrip("\n") + "\n"


# --- pictures

def gnuplot_head(n_panels):
    # Two panels in a row.
    n_rows = (n_panels + 1) // 2
    return ["set terminal svg size 1000,%d dynamic noenhanced font "
            "',11' background '#ffffff'" % (340 * n_rows),
            "set multiplot layout %d,2" % n_rows,
            "set border 3", "set tics nomirror", "set bars small",
            "set grid ytics back lt 1 lc rgb '#dddddd'"]


def gnuplot_point(cell, get=wall):
    found = cell.values(get) if cell else []
    if not found:
        return "NaN NaN NaN"
    return "%.9g %.9g %.9g" % (statistics.median(found), min(found),
                               max(found))


def gnuplot_scale(cells, get):
    """Where the largest dwarfs the smallest, a linear axis hides these."""
    found = [cell.median(get) for cell in cells
             if cell.median(get) is not None]
    if not found or min(found) <= 0 or max(found) < 8 * min(found):
        return ["unset logscale y", "set yrange [0:*]"]
    return ["set logscale y", "set yrange [%g:*]" % (min(found) / 2)]


def gnuplot(script):
    """The picture that the lines of script make."""
    got = subprocess.run([tool("gnuplot"), "-d", "-"], text=True,
                         input="\n".join(script) + "\n", capture_output=True)
    if got.returncode != 0 or "</svg>" not in got.stdout:
        raise Trouble("gnuplot could not draw it: " + got.stderr.strip())
    return got.stdout


# --- the command line

def write_whole(path, text):
    with open(path + ".part", "w") as file:
        file.write(text)
    os.replace(path + ".part", path)


def parser(name, description, epilog=""):
    result = argparse.ArgumentParser(
        prog=name, description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=epilog + "\nexit status: 0 all done, 1 some runs failed or "
        "there is no picture, 2 usage,\n3 nothing could be measured, 130 "
        "interrupted")
    result.add_argument("--fetchall", metavar="FILE",
                        default=os.path.join(TOP, "build/src/fetchall"),
                        help="the program [build/src/fetchall]; measure an "
                        "optimised build")
    result.add_argument("--origin", metavar="FILE",
                        help="its server [fetchall-origin beside it]")
    result.add_argument("--out", metavar="DIR", default=".",
                        help="where %s.md and %s.svg go [.]" % (name, name))
    result.add_argument("--rounds", type=int, metavar="N", default=3,
                        help="how often each is measured [3]")
    result.add_argument("--scale", type=float, metavar="F", default=1,
                        help="length of the lists: 0.1 is a quick look [1]")
    result.add_argument("--timeout", type=float, metavar="S", default=60,
                        help="seconds that one run may take [60]")
    result.add_argument("--json", metavar="FILE",
                        help="write the summary of every single run there "
                        "too")
    return result


def choose(result, what, typed, known):
    """The ones typed, separated by commas; all when none is."""
    chosen = typed.split(",") if typed else list(known)
    for name in chosen:
        if name not in known:
            result.error("no %s '%s'; there are: %s" % (
                what, name, ", ".join(known)))
    return chosen


def check_options(result, options):
    """What both scripts ask of their options."""
    if options.scale <= 0 or options.rounds < 1 or options.timeout <= 0:
        result.error("--scale, --rounds and --timeout are above 0")
    if not os.access(options.out, os.W_OK) or not os.path.isdir(options.out):
        result.error("--out: '%s' is no folder to write to" % options.out)
    options.fetchall = os.path.abspath(options.fetchall)
    if options.origin is None:
        options.origin = os.path.join(os.path.dirname(options.fetchall),
                                      "fetchall-origin")
    for program in (options.fetchall, options.origin):
        if not os.access(program, os.X_OK) or os.path.isdir(program):
            raise Trouble("%s is no program; build it (contrib/quickstart) "
                          "or name one with --fetchall and --origin" %
                          program)


# --- the whole
#
# `experiments` below is what a script measures. It has a name and a brief;
# plan(options) returns tables by name, and once their cells are measured
# body(options) yields lines of Markdown and script() returns gnuplot's.

def measure_all(experiments, options, scratch):
    """Whether every run went well."""
    facts = describe(options)
    tables = experiments.plan(options)
    cells = [cell for table in tables.values()
             for cell in table.cells.values()]
    lab = Lab(options, scratch)
    try:
        for name, table in tables.items():
            lab.measure(list(table.cells.values()), name)
    finally:
        lab.origin.stop()
    if all(cell.failure for cell in cells):
        raise Trouble("nothing could be measured: " + cells[0].failure)
    text = page(experiments, options, facts, cells)
    sys.stdout.write(text)
    write_whole(os.path.join(options.out, experiments.name + ".md"), text)
    if options.json:
        write_whole(options.json, json.dumps({
            "machine": facts,
            "tables": {name: [{"row": cell.row, "column": cell.column,
                               "args": cell.args, "failure": cell.failure,
                               "runs": cell.runs}
                              for cell in table.cells.values()]
                       for name, table in tables.items()}},
            indent=1) + "\n")
    return not any(cell.failure for cell in cells)


def draw(experiments, options):
    path = os.path.join(options.out, experiments.name + ".svg")
    try:
        write_whole(path, gnuplot(experiments.script()))
    except Trouble as trouble:
        # The table is worth having without, but not beside an older one's.
        if os.path.exists(path):
            os.unlink(path)
        sys.stderr.write("%s: no %s: %s\n" % (experiments.name, path,
                                              trouble))
        return False
    return True


def main(experiments, result, chosen):
    """chosen(options) checks a script's own options, having the program."""
    options = result.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        check_options(result, options)
        chosen(options)
        if shutil.which("gnuplot") is None:
            sys.stderr.write("%s: gnuplot is not installed (apt-get install "
                             "gnuplot-nox): there will be no picture\n" %
                             experiments.name)
        with tempfile.TemporaryDirectory(prefix="fetchall-lab-") as scratch:
            well = measure_all(experiments, options, scratch)
        return 0 if draw(experiments, options) and well else 1
    except (Trouble, OSError) as trouble:
        sys.stderr.write("%s: %s\n" % (experiments.name, trouble))
        return 3
    except KeyboardInterrupt:
        return 130
