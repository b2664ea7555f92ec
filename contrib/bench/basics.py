# SPDX-License-Identifier: MIT
"""What every part of the bench needs: trouble, tools, medians."""

import os
import shutil
import statistics
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

# Where Debian keeps what is not named like its package.
PACKAGES = {"aria2c": "aria2", "ab": "apache2-utils",
            "h2load": "nghttp2-client", "dnsmasq": "dnsmasq-base",
            "xargs": "findutils", "unshare": "util-linux",
            "aiohttp": "python3-aiohttp"}


class Trouble(Exception):
    """Why nothing can be measured, in words for the user."""


class Missing(Exception):
    """Why one scenario cannot be measured here: it is left out."""


def find_tool(name):
    return shutil.which(name, path=os.environ.get("PATH", "") +
                        ":/usr/sbin:/sbin")


def tool(name):
    path = find_tool(name)
    if path is None:
        raise Missing("%s is not installed (Debian's package %s)" % (
            name, PACKAGES.get(name, name)))
    return path


def with_parent(argv):
    """argv, so that it ends with this script even when that is killed."""
    setpriv = find_tool("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *argv] if setpriv else argv


def compile_c(name, scratch, packages=(), flags=()):
    flags = list(flags)
    if packages:
        got = subprocess.run([tool("pkg-config"), "--cflags", "--libs",
                              *packages], capture_output=True, text=True)
        if got.returncode != 0:
            raise Trouble(got.stderr.strip())
        flags += got.stdout.split()
    out = os.path.join(scratch, name)
    cc = os.environ.get("CC", "cc").split()
    got = subprocess.run([*cc, "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall",
                          "-o", out, os.path.join(HERE, name + ".c"), *flags],
                         capture_output=True, text=True)
    if got.returncode != 0:
        raise Trouble("%s.c does not compile:\n%s" % (name, got.stderr))
    return out


def median(values):
    return statistics.median(list(values))
