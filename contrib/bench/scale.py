# SPDX-License-Identifier: MIT
"""The group "scale": where other programs have cliffs.

Their times together are below a quarter of an hour.
"""

from basics import MIB
from first import FirstRequest
from peers import (ab, aiohttp, aria2c, curl, fetchall, floor, h2load, wget,
                   wget2, wrk, xargs_curl)
from race import Race, memory_columns
from tables import (Limit, cpu, cpu_ratio, peak, peak_growth, peak_limit, rate,
                    wall, wall_ratio)
from work import (Hosts, Late, can_have_resolv_conf, large, large_size,
                  nothing, strangers, tls_close, tls_http2, tls_keep)

JSON = ("--json",)
SLOW = 10000            # replies under way at once


def curl_z(**how):
    """It takes 300 at once and no more."""
    return curl("-Z", "-Z", "--parallel-max", "100", **how)


def at_once(n):
    return fetchall("-c %d" % n, "-c", str(n), *JSON)


def hosts(n):
    return fetchall("%s hosts" % format(n, ","), "-c", "100", *JSON, n=n)


def named(*peers):
    """They need a resolv.conf of their own."""
    for peer in peers:
        peer.needs = (*peer.needs, can_have_resolv_conf)
    return list(peers)


def fresh(**how):
    return floor("--fresh", "-c", "100", **how)


def kib_each(costs):
    """Memory of a connection: of 10,000 less that of 100."""
    more = peak(costs, "fetchall -c 10000") - peak(costs, "fetchall -c 100")
    return more * 1024 / (SLOW - 100)


ONE_HOST = [
    # Many short rounds: what a machine's neighbours do changes by the second.
    Race("one-host-peers", "one host, keep-alive, 100 at once",
         [floor("-c", "100"), fetchall("--json", "-c", "100", *JSON),
          fetchall("2 loops", "-c", "100", "--async-loops", "2", *JSON,
                   option="--async-loops"), curl_z(), wget2(100)],
         [cpu_ratio("fetchall --json", "floor -c 100", 1.25),
          cpu_ratio("fetchall --json", "curl -Z", 0.65),
          cpu_ratio("fetchall --json", "wget2 100", 1.3),
          wall_ratio("fetchall 2 loops", "wget2 100", 1)],
         urls=50000, rounds=11, warm=100, seconds=90,
         against=["curl -Z", "wget2 100"]),
    Race("one-host-others", "the same, beside who does it another way",
         [fetchall("--json", "-c", "100", *JSON), aria2c(100, part=0.1),
          aiohttp(100, part=0.2), xargs_curl(100, part=0.02), ab(100),
          wrk(100, 2), h2load(100, "--h1")],
         urls=50000, rounds=2, warm=100, seconds=30),
    Race("connections", "one host, keep-alive, more and more at once",
         [at_once(100), at_once(10), at_once(1000), at_once(3000),
          at_once(5000), floor("-c", "3000"), wget2(1000, part=0.2),
          aiohttp(1000, part=0.1), h2load(3000, "--h1"), ab(3000)],
         [cpu_ratio("fetchall -c 3000", "fetchall -c 100", 1.7)],
         urls=50000, rounds=3, warm=0, seconds=90),
]

HOSTS = [
    Race("hosts", "one URL of each host, names from dnsmasq, 100 at once",
         [hosts(5000), hosts(1000), hosts(20000), hosts(50000),
          hosts(100000)],
         [cpu_ratio("fetchall 50,000 hosts", "fetchall 5,000 hosts", 1.2),
          peak_growth("fetchall 50,000 hosts", "fetchall 5,000 hosts", 12)],
         rounds=3, warm=0, seconds=100, work=Hosts),
    Race("hosts-peers", "20,000 hosts, one URL of each, 100 at once",
         [hosts(20000), fresh(), *named(curl_z(), wget2(100), aria2c(
             100, part=0.1), aiohttp(100, part=0.1), xargs_curl(
                 100, part=0.02))],
         [cpu_ratio("fetchall 20,000 hosts", "curl -Z", 0.35),
          cpu_ratio("fetchall 20,000 hosts", "wget2 100", 0.8)],
         urls=20000, rounds=3, warm=0, seconds=140, work=Hosts,
         against=["curl -Z", "wget2 100"]),
]

LATE = Race("slow", "10,000 replies after a second each, all at once",
            [fetchall("-c 10000", "-c", "10000", "--format=none", n=SLOW),
             fetchall("-c 100", "-c", "100", "--format=none", n=100),
             floor("-c", "10000", n=SLOW), ab(10000, n=SLOW),
             h2load(10000, "--h1", n=SLOW), aiohttp(10000, n=SLOW)],
            [Limit("wall time of fetchall -c 10000",
                   lambda costs: wall(costs, "fetchall -c 10000"), 3, " s"),
             Limit("memory of a connection", kib_each, 30, " KiB")],
            urls=SLOW, rounds=3, warm=0, seconds=60,
            work=lambda bench: Late(bench, 1000))

TLS = [
    Race("tls-new", "a new verified TLS connection for each URL, 100 at once",
         [fresh(), fetchall("--json", "-c", "100", *JSON),
          curl_z(part=0.1), wget2(100, part=0.1), aria2c(100, part=0.1),
          aiohttp(100, part=0.5), ab(100), wrk(100, 1)],
         [Limit("CPU of a new connection",
                lambda costs: cpu(costs, "fetchall --json") / 1000, 1.3,
                " ms")],
         urls=3000, rounds=3, warm=0, seconds=80, work=tls_close),
    Race("tls-keep", "verified TLS, keep-alive, 100 at once",
         [floor("-c", "100"), fetchall("--json", "-c", "100", *JSON),
          curl_z(), wget2(100), aiohttp(100, part=0.2), ab(100), wrk(100, 1),
          h2load(100, "--h1")],
         urls=30000, rounds=3, warm=0, seconds=50, work=tls_keep),
    Race("http2", "HTTP/2 over TLS, 100 at once",
         [fetchall("--http2", "-c", "100", "--http2", *JSON,
                   option="--http2"),
          curl("--http2 -Z", "--http2", "-Z", "--parallel-max", "100"),
          wget2(100), h2load(4, "-m", "25")],
         urls=30000, rounds=3, warm=0, seconds=40, work=tls_http2),
]

BODIES = Race("large-bodies", "four bodies of 1 GiB, one at a time, dropped",
              [fetchall("-c 1", "-c", "1", *JSON), curl("-o /dev/null"),
               floor("-c", "1"), wget2(1), wget("wget"), aiohttp(1, n=1)],
              [Limit("throughput of fetchall / curl", lambda costs: (
                  rate(costs, "fetchall -c 1") / rate(
                      costs, "curl -o /dev/null")), 0.9, least=True,
                  names=("fetchall -c 1", "curl -o /dev/null"))],
              urls=4, rounds=3, warm=0, seconds=80, work=large(1),
              unit="MiB", weight=lambda bench: large_size(bench, 1) // MIB)

LISTS = [
    Race("list", "a list of 10,000,000 lines, nothing fetched",
         [fetchall("--dry-run", "--dry-run", n=10000000),
          fetchall("--no-fetch", "--no-fetch", "--post=sleep:0",
                   "--pool=inline", "--format=none", n=1000000)],
         [Limit("lines/s of --dry-run",
                lambda costs: rate(costs, "fetchall --dry-run"), 500000,
                least=True),
          peak_limit("fetchall --dry-run", 64),
          peak_limit("fetchall --no-fetch", 64)],
         rounds=2, warm=0, seconds=70, work=nothing, unit="line",
         columns=memory_columns()),
    Race("list-hosts", "the same, and each line names another host",
         [fetchall("--dry-run", "--dry-run", n=3000000)],
         [Limit("lines/s of --dry-run",
                lambda costs: rate(costs, "fetchall --dry-run"), 500000,
                least=True),
          peak_limit("fetchall --dry-run", 64)],
         rounds=2, warm=0, seconds=20, work=strangers, unit="line",
         columns=memory_columns()),
    FirstRequest("first-request", "how soon a long list's first request "
                 "comes",
                 [fetchall("--json", *JSON, n=10000000),
                  curl_z(n=100000), wget2(100, n=1000000),
                  aria2c(100, n=100000)],
                 "fetchall --json", 100, rounds=3, seconds=50),
]

GROUP = [*ONE_HOST, *HOSTS, LATE, *TLS, BODIES, *LISTS]
