# SPDX-License-Identifier: MIT
"""Work: URLs of one kind, in the forms in which programs want their lists.

A Work is used in a with statement, which ends the server it may have of its
own.
"""

import functools
import os
import random
import subprocess

from basics import KIB, MIB, Missing, find_tool
from servers import ADDRESSES, Dnsmasq, Origin


class Work:
    """URLs made from their numbers, all of them good."""

    counted = True      # nginx counts how many were asked for
    cacert = None       # what to verify with
    for_fetchall = ()   # more arguments

    def __init__(self, bench, name, url):
        self.bench = bench
        self.name = name
        self.url = url          # function of a number
        self.literal = self     # the same without names

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def wrap(self, argv):
        """The command as it is to be run when it is not fetchall."""
        return argv

    def list(self, n):
        return self.bench.file(self.name, lambda i: self.url(i) + "\n", n)

    def curl_config(self, n, output="/dev/null"):
        """For curl -K: the only form of a list that it reads. %d in output
        is the URL's number."""
        return self.bench.file(
            self.name + "-curl" + ("-files" if "%" in output else ""),
            lambda i: 'url = "%s"\noutput = "%s"\n' % (
                self.url(i), output.replace("%d", str(i))), n)

    def aria2_input(self, n):
        """For aria2c -i; files are named after their numbers."""
        return self.bench.file(
            self.name + "-aria2",
            lambda i: "%s\n out=%d\n" % (self.url(i), i), n)


def one_host(bench):
    """Different URLs, all of them the 1 KiB file."""
    return Work(bench, "list", lambda i: "%s/1k?%d" % (bench.server.url, i))


def file_of(name):
    """The same with another file."""
    def make(bench):
        return Work(bench, name, lambda i: "%s/%s?%d" % (
            bench.server.url, name, i))
    return make


def nothing(bench):
    """URLs that nobody fetches."""
    work = Work(bench, "unfetched",
                lambda i: "http://127.0.0.1:9/%d/index.html" % i)
    work.counted = False
    return work


def strangers(bench):
    """URLs that nobody fetches, of as many hosts."""
    work = Work(bench, "strangers",
                lambda i: "http://www.host-%d.test/index.html" % i)
    work.counted = False
    return work


def copies(bench):
    """10 KiB of words, the same for each URL, and a name of its own."""
    bench.server.put("10k", words(10 * KIB))
    return Work(bench, "copies", lambda i: "%s/copy/10k/%06d.html" % (
        bench.server.url, i))


def different(kib, most):
    """Words that differ from URL to URL, of at most so many URLs."""
    def make(bench):
        folder = "different-%d" % kib
        text = words(max(kib * KIB, 8 * MIB))
        for i in range(1, bench.scaled(most) + 1):
            at = i * 4099 % len(text)
            bench.server.put("%s/%06d.html" % (folder, i),
                             (text[at:] + text[:at])[:kib * KIB])
        return Work(bench, folder, lambda i: "%s/%s/%06d.html" % (
            bench.server.url, folder, i))
    return make


@functools.cache
def words(size):
    """Text that packs about as pages do, also where zstd looks far back."""
    chance = random.Random(1)
    known = ["".join(chance.choices("etaoinshrdlucmfwypvbgk",
                                    k=chance.randint(2, 9)))
             for _ in range(4000)]
    block = min(size, 8 * MIB)
    text = " ".join(chance.choices(known, k=block // 3)).encode()[:block]
    return text * (size // block)


def large(gib):
    """Bodies of so many GiB (less with --scale), holes in a file."""
    def make(bench):
        name = "big/%dg" % gib
        bench.server.put_sparse(name, large_size(bench, gib))
        return Work(bench, "large-%d" % gib, lambda i: "%s/%s?%d" % (
            bench.server.url, name, i))
    return make


def large_size(bench, gib):
    """In bytes, whole MiB."""
    return max(16, int(gib * 1024 * min(bench.options.scale, 1))) << 20


class Tls(Work):
    """The 1 KiB file over TLS, verified."""

    def __init__(self, bench, name, base):
        super().__init__(bench, name, lambda i: "%s/1k?%d" % (base, i))
        self.cacert = bench.server.cacert
        self.for_fetchall = ("--cacert", str(self.cacert))
        if self.cacert is None:
            raise Missing("openssl is not installed, which makes nginx's "
                          "certificate")


def tls_keep(bench):
    return Tls(bench, "tls-keep", bench.server.tls_keep)


def tls_http2(bench):
    return Tls(bench, "tls-http2", bench.server.tls_http2)


def tls_close(bench):
    return Tls(bench, "tls-close", bench.server.tls_close)


class Hosts(Work):
    """As many hosts as URLs, known to a name server of their own."""

    def __init__(self, bench):
        super().__init__(bench, "hosts", lambda i: (
            "http://h%d.a%d.bench:%d/1k" % (i, i % len(ADDRESSES),
                                            bench.server.port)))
        self.dns = Dnsmasq(bench)
        self.for_fetchall = ("--dns-servers", "%s:%d" % (
            self.dns.address, self.dns.port))
        self.literal = Work(bench, "addresses", lambda i: (
            "http://%s:%d/1k?%d" % (ADDRESSES[i % len(ADDRESSES)],
                                    bench.server.port, i)))

    def __exit__(self, *args):
        self.dns.stop()

    def wrap(self, argv):
        """In a mount namespace that has another resolv.conf."""
        return [find_tool("unshare"), "-m", "sh", "-c",
                'mount --bind "$0" /etc/resolv.conf && exec "$@"',
                self.dns.resolv_conf, *argv]


def can_have_resolv_conf(bench):
    """Missing: no mount namespace, so no resolv.conf for the peers."""
    unshare = find_tool("unshare")
    empty = os.path.join(bench.scratch, "empty")
    with open(empty, "w"):
        pass
    if unshare is None or os.geteuid() != 0 or subprocess.run(
            [unshare, "-m", "mount", "--bind", empty, "/etc/resolv.conf"],
            capture_output=True).returncode != 0:
        raise Missing("no resolv.conf of their own without root and a mount "
                      "namespace")


class Late(Work):
    """Replies that take their time, 100 bytes each."""

    counted = False

    def __init__(self, bench, ms):
        self.origin = Origin(bench)
        super().__init__(
            bench, "late-%d-%s" % (ms, self.origin.url.split(":")[-1]),
            lambda i: "%s/delay/%d/%d" % (self.origin.url, ms, i))

    def __exit__(self, *args):
        self.origin.stop()
