# SPDX-License-Identifier: MIT
"""What was measured on what."""

import os
import subprocess
import time

from basics import find_tool


def first_line(name, *args):
    path = find_tool(name)
    if path is None:
        return "none"
    got = subprocess.run([path, *args], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    return (got.stdout.splitlines() or ["?"])[0]


def version(name, *args):
    """The first word of its first line that looks like one."""
    for word in first_line(name, *(args or ("--version",))).replace(
            "/", " ").split():
        if word.lstrip("vV")[:1].isdigit():
            return word.lstrip("vV").rstrip(",;")
    return "none"


def cpu_model():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return os.uname().machine


def os_name():
    try:
        with open("/etc/os-release") as file:
            for line in file:
                if line.startswith("PRETTY_NAME="):
                    return line.split("=", 1)[1].strip().strip('"')
    except OSError:
        pass
    return "unknown"


def file_system(path):
    got = subprocess.run(["df", "--output=fstype", path],
                         capture_output=True, text=True)
    return (got.stdout.split() or ["?"])[-1]


def describe(bench):
    peers = (("wget2", "--version"), ("wget", "--version"),
             ("aria2c", "--version"), ("ab", "-V"), ("wrk", "--version"),
             ("h2load", "--version"), ("dnsmasq", "--version"))
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": "%d x %s" % (len(os.sched_getaffinity(0)), cpu_model()),
        "system": "%s, Linux %s" % (os_name(), os.uname().release),
        "scratch": file_system(bench.scratch),
        "fetchall": version(bench.fetchall),
        "curl": version("curl"),
        "libcurl": first_line("pkg-config", "--modversion", "libcurl"),
        "libevent": first_line("pkg-config", "--modversion",
                               "libevent_core"),
        "nginx": version("nginx", "-v"),
        "peers": ", ".join("%s %s" % (name, version(name, *args))
                           for name, *args in peers),
        "load": "%.2f %.2f %.2f" % os.getloadavg(),
    }
