# SPDX-License-Identifier: MIT
"""The servers that the bench measures against; all of them are its own.

nginx serves files, fetchall-origin answers late, dnsmasq knows every name
below "bench". Each is started on free ports of loopback and ends with the
script, however that ends.
"""

import os
import socket
import subprocess
import time
import urllib.request

from basics import Missing, Trouble, find_tool, tool, with_parent

# Many hosts need many addresses: the ports of one pair of addresses are
# 28,000, and a closed connection keeps its own for a minute.
ADDRESSES = ["127.0.0.%d" % i for i in range(1, 17)]

NGINX_CONF = """\
daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{
    worker_connections {connections};
}}
http {{
    access_log off;
    default_type application/octet-stream;
    keepalive_timeout 65;
    keepalive_requests 100000000;
    client_body_temp_path {dir}/t1;
    proxy_temp_path {dir}/t2;
    fastcgi_temp_path {dir}/t3;
    uwsgi_temp_path {dir}/t4;
    scgi_temp_path {dir}/t5;
    server {{
{listen}
        root {dir}/www;
        location = /status {{
            stub_status;
        }}
        # The same file under as many names as there are to be files.
        location /copy/ {{
            rewrite ^/copy/([^/]+)/ /$1 break;
        }}
        location /big/ {{
            sendfile on;
        }}
    }}
{tls}}}
"""

# The first keeps its connections, on one port with HTTP/2, the other closes
# after each reply; neither lets a session be resumed, so that a new
# connection is a whole handshake.
TLS_CONF = """\
    ssl_certificate {dir}/cert.pem;
    ssl_certificate_key {dir}/key.pem;
    ssl_session_cache off;
    ssl_session_tickets off;
    server {{
        listen 127.0.0.1:{keep} ssl backlog=4096;
        listen 127.0.0.1:{http2} ssl http2 backlog=4096;
        root {dir}/www;
    }}
    server {{
        listen 127.0.0.1:{close} ssl backlog=4096;
        keepalive_timeout 0;
        root {dir}/www;
    }}
"""

SYSTEM_CAS = "/etc/ssl/certs/ca-certificates.crt"


def free_port(address="127.0.0.1"):
    with socket.socket() as sock:
        sock.bind((address, 0))
        return sock.getsockname()[1]


def end(process):
    if process is None:
        return
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Nginx:
    """One process, files of the sizes asked for, whatever the query says."""

    def __init__(self, scratch, files):
        self.dir = os.path.join(scratch, "nginx")
        self.files = files
        self.cacert = None      # no TLS without openssl
        self.process = None
        os.makedirs(os.path.join(self.dir, "www"))
        for name, size in (("1k", 1 << 10), ("64k", 64 << 10),
                           ("1m", 1 << 20)):
            self.put(name, b"0123456789abcdef" * (size // 16))
        self.make_certificate()
        # Somebody else may take a port before nginx does.
        for _ in range(5):
            if self.start(*(free_port() for _ in range(4))):
                return
        raise Trouble("nginx does not start: " + self.log())

    def path(self, name):
        return os.path.join(self.dir, "www", name)

    def put(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data)

    def put_sparse(self, name, size):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.truncate(size)

    def make_certificate(self):
        """Its own, trusted together with those that the system trusts: a
        list of one would hide what reading a list of 140 costs."""
        openssl = find_tool("openssl")
        if openssl is None:
            return
        cert = os.path.join(self.dir, "cert.pem")
        subprocess.run([openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                        "-subj", "/CN=fetchall bench", "-addext",
                        "subjectAltName=IP:127.0.0.1,DNS:localhost",
                        "-keyout", os.path.join(self.dir, "key.pem"),
                        "-out", cert], check=True, capture_output=True)
        self.cacert = os.path.join(self.dir, "trusted.pem")
        with open(self.cacert, "w") as trusted:
            for name in (SYSTEM_CAS, cert):
                if os.path.exists(name):
                    with open(name) as file:
                        trusted.write(file.read())

    def log(self):
        with open(os.path.join(self.dir, "error.log"),
                  errors="replace") as file:
            return file.read()[-500:]

    def config(self, port, **tls_ports):
        listen = "\n".join("        listen %s:%d backlog=4096;" % (
            address, port) for address in ADDRESSES)
        tls = TLS_CONF.format(dir=self.dir, **tls_ports)
        return NGINX_CONF.format(
            dir=self.dir, listen=listen, files=self.files,
            connections=self.files - 64, tls=tls if self.cacert else "")

    def start(self, port, keep, http2, close):
        conf = os.path.join(self.dir, "nginx.conf")
        log = os.path.join(self.dir, "error.log")
        with open(conf, "w") as file:
            file.write(self.config(port, keep=keep, http2=http2,
                                   close=close))
        argv = with_parent([tool("nginx"), "-p", self.dir, "-e", log,
                            "-c", conf])
        with open(log, "w") as file:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                                            stdout=file, stderr=file)
        self.port = port
        self.url = "http://127.0.0.1:%d" % port
        self.tls_keep = "https://127.0.0.1:%d" % keep
        self.tls_http2 = "https://127.0.0.1:%d" % http2
        self.tls_close = "https://127.0.0.1:%d" % close
        started = False
        try:
            started = self.answers()
        finally:
            if not started:
                self.stop()
        return started

    def answers(self):
        until = time.monotonic() + 5
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.requests()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def requests(self):
        """How many requests it has answered; this one counts too."""
        with urllib.request.urlopen(self.url + "/status", timeout=5) as reply:
            return int(reply.read().split()[9])

    def stop(self):
        end(self.process)
        self.process = None


class Origin:
    """fetchall-origin, which answers /delay/MS after MS milliseconds."""

    def __init__(self, bench):
        program = os.path.join(os.path.dirname(bench.fetchall),
                               "fetchall-origin")
        port_file = os.path.join(bench.scratch, "port")
        if not os.access(program, os.X_OK):
            raise Missing("%s is no program" % program)
        self.process = subprocess.Popen(
            [program, "--port", "0", "--port-file", port_file,
             "--with-parent"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL)
        until = time.monotonic() + 5
        while not os.path.exists(port_file):
            if time.monotonic() > until or self.process.poll() is not None:
                self.stop()
                raise Trouble("fetchall-origin does not start")
            time.sleep(0.02)
        with open(port_file) as file:
            self.url = "http://127.0.0.1:%d" % int(file.read())
        os.unlink(port_file)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Dnsmasq:
    """Answers for every name below bench: hN.aI.bench is ADDRESSES[I].

    Programs that read resolv.conf cannot be given a port, so that root gets
    port 53 of a loopback address that nobody uses, and a resolv.conf of
    theirs (Names.wrap in work.py).
    """

    def __init__(self, bench):
        program = tool("dnsmasq")
        root = os.geteuid() == 0
        self.address = "127.53.%d.%d" % (os.getpid() >> 8 & 255,
                                         os.getpid() & 255) \
            if root else "127.0.0.1"
        self.port = 53 if root else free_port()
        self.resolv_conf = os.path.join(bench.scratch, "resolv.conf")
        with open(self.resolv_conf, "w") as file:
            file.write("nameserver %s\n" % self.address)
        argv = [program, "--keep-in-foreground", "--conf-file=/dev/null",
                "--pid-file=", "--no-resolv", "--no-hosts", "--local=/bench/",
                "--bind-interfaces", "--listen-address=" + self.address,
                "--port=%d" % self.port, "--local-ttl=300"]
        if root:    # another user would not end with this script
            argv += ["--user=root", "--group=root"]
        argv += ["--address=/a%d.bench/%s" % (i, address)
                 for i, address in enumerate(ADDRESSES)]
        self.process = subprocess.Popen(
            with_parent(argv), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not self.answers():
            self.stop()
            raise Missing("dnsmasq does not start on %s, port %d" % (
                self.address, self.port))

    def answers(self):
        """It takes TCP connections once it takes questions."""
        until = time.monotonic() + 5
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection((self.address, self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def stop(self):
        end(self.process)
