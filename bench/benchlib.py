"""What the benchmarks share: options, pairs of namespaces with a tunnel between them (Adit and its peers), tables.

A script says `opt = options(__doc__, runs=9, …)`; then, within `with BenchWorld(opt) as w`, makes routes. A Route is a
server's namespace, one or more clients' namespaces with an outer link each, and a tunnel with one session a client; all
routes in every namespace say `congctl` CC (opt.cc). What is compared is measured in turns (`interleave`), so that a noisy
minute hits all alike. Numbers are of this machine and this run: compare ratios, not figures.

A benchmark ends early, with the rounds that it has, when its --budget of seconds is over or somebody ends it (Ctrl-C, TERM);
with --results FILE its targets and figures are also written there, a line of JSON each (bench/all makes its table of them).

CPUs: everything that is measured runs in scheduling groups of its own that come before other work of the machine
(`favour`). On a machine that compiled something meanwhile this was what steadied: a spread of 4 % instead of 300 %. With
that, pinning (--pin sides: a server's namespace on CPU 0, a client's on CPU 1, as if they were two machines) did not narrow
the spread and cost every candidate 15 to 40 %, because the load then shares its side's core; so it is not the default.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import statistics
import sys
import time

_argv = sys.argv[1:]
sys.argv = [sys.argv[0]]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/netns"))
import lib  # noqa: E402
from lib import Client, Failure, Server, World, need, until  # noqa: E402,F401

BUILD = None
OUTER, PASSWORD = 1500, "wonderland"


def options(doc, *extra, **defaults):
    """The command line. Keywords give the defaults of what every benchmark takes; `extra` are (flag, type, default, help)."""
    global BUILD
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build", nargs="?", default=str(lib.ROOT / "build"), metavar="BUILD_DIR")
    p.add_argument("--runs", type=int, default=defaults.get("runs", 9), help="interleaved runs (default %(default)s)")
    p.add_argument("--seconds", type=float, default=defaults.get("seconds", 2), help="of each measurement (default %(default)s)")
    p.add_argument("--only", default="", help="candidates, with commas between")
    p.add_argument("--cc", choices=["cubic", "bbr"], default="cubic", help="congestion control, inside and outside (default %(default)s)")
    p.add_argument("--budget", type=float, default=0, help="seconds after which no new measurement is begun (default: none)")
    p.add_argument("--results", default="", help="file that targets and figures are added to")
    p.add_argument("--background", action="store_true", help="give way to all other work, instead of going before it")
    p.add_argument("--delay", type=int, default=0, help="ms each way of the outer link (default: a cable's)")
    p.add_argument("--pin", choices=["sides", "none"], default="none", help="CPUs (default %(default)s)")
    for flag, kind, default, words in extra:
        p.add_argument(flag, type=kind, default=default, help=f"{words} (default %(default)s)")
    opt = p.parse_args(_argv)
    BUILD = lib.BUILD = pathlib.Path(opt.build).resolve()
    need((BUILD / "bench/pump").exists(), f"{BUILD} is not built")
    opt.only = [o for o in opt.only.split(",") if o]
    Record.file, Record.bench, Record.cc = opt.results, pathlib.Path(sys.argv[0]).name, opt.cc
    Time.background = opt.background
    Time.end = Time.begun + opt.budget if opt.budget else None
    return opt


class Time:
    """When the benchmark has to be at its end; `over` also when somebody wants it to end."""

    begun, end, over, background = time.monotonic(), None, False, False

    @classmethod
    def left(cls):
        return 0 if cls.over else 1e9 if cls.end is None else cls.end - time.monotonic()


class Record:
    """Where the lines for bench/all go."""

    file, bench, cc, failed = "", "", "", 0

    @classmethod
    def add(cls, **fields):
        if cls.file:
            with open(cls.file, "a") as f:
                f.write(json.dumps({"bench": cls.bench, "cc": cls.cc, "at": int(time.time()), **fields}) + "\n")


def favour(pid="self"):
    """All that is measured runs before other work of the machine: nice values count within a session only (autogroups)."""
    with contextlib.suppress(OSError):
        pathlib.Path(f"/proc/{pid}/autogroup").write_text("19" if Time.background else "-15")


class BenchWorld(World):
    """A World whose processes stay on the CPU of their side."""

    def __init__(self, opt):
        super().__init__()
        self.opt, self.cpu = opt, {}
        favour()
        os.chmod(self.dir, 0o711)  # ocserv's workers reach their socket

    def into(self, ns, cmd):
        pin = ["taskset", "-c", str(self.cpu[ns])] if ns in self.cpu else []
        return super().into(ns, pin + [str(c) for c in cmd])

    def spawn(self, ns, cmd, name, **kw):
        p = super().spawn(ns, cmd, name, **kw)
        favour(p.pid)
        return p

    def side(self, name, cpu):
        ns = self.ns(name)
        if self.opt.pin == "sides":
            self.cpu[ns] = cpu
        return ns

    def link(self, a, b, net, dev_a, dev_b, mtu=OUTER):
        if self.opt.delay:
            self.long_link(a, b, net, dev_a, dev_b, self.opt.delay, mtu)
        else:
            super().link(a, b, net, dev_a, dev_b, mtu)

    # Several loads at once begin together: starting a process in a namespace takes long enough to spoil a sum.
    def gate(self):
        self.gates = getattr(self, "gates", 0) + 1
        return self.dir / f"gate{self.gates}"

    def behind(self, gate, cmd):
        return ["sh", "-c", 'while [ ! -e "$0" ]; do sleep 0.01; done; exec "$@"', gate, *cmd] if gate else cmd

    def open(self, gate):
        if gate:
            time.sleep(0.3)
            gate.touch()

    def spawn_ready(self, ns, cmd, name, **kw):
        p = self.spawn(ns, cmd, name, **kw)
        p.wait_for("^ready")
        return p


class Route:
    """A server's namespace and `clients` clients' with a link each; subclasses put a tunnel between them in up()."""

    label, inner = "", None  # inner: the server's address inside

    def __init__(self, world, name, clients=1, mtu=1400):
        self.w, self.name, self.mtu, self.n = world, name, mtu, clients
        self.cc = world.opt.cc
        self.s = world.side(name + "s", 0)
        self.c = [world.side(f"{name}c{i}", 1) for i in range(clients)]
        for i, ns in enumerate(self.c):
            world.link(self.s, ns, i + 1, f"eth{i}", "eth0", mtu=OUTER)
            world.sh(self.s, f"ip route replace 198.18.{i + 1}.0/24 dev eth{i} congctl {self.cc}")
            world.sh(ns, f"ip route replace 198.18.{i + 1}.0/24 dev eth0 congctl {self.cc}")
        self.dir = world.dir / f"{name}-cert"
        self.dir.mkdir()
        self.pem, self.key = lib.certificate(self.dir, ["vpn.test"] + [self.outer(i) for i in range(clients)])
        self.inners, self.iperf = [], []

    def outer(self, i):
        return f"198.18.{i + 1}.1"

    def device(self, i, server_dev, client_dev, address):
        """Session i is up: MTU (what it agreed on itself, if that is less), routes with their congestion control, one ping."""
        agreed = int(self.w.sh(self.c[i], f"cat /sys/class/net/{client_dev}/mtu").stdout) if self.kind == "adit" else self.mtu
        mtu = f"ip link set {{}} mtu {min(self.mtu, agreed)};"
        self.w.sh(self.s, f"{mtu.format(server_dev)} ip route replace {address}/32 dev {server_dev} congctl {self.cc}")
        self.w.sh(self.c[i], f"{mtu.format(client_dev)} ip route replace {self.inner}/32 dev {client_dev} congctl {self.cc}")
        self.w.sh(self.c[i], f"ping -c 2 -i 0.2 -W 2 {self.inner}")
        self.inners.append(address)

    def bulk(self, reverse, seconds, streams=1, clients=1):
        """bit/s of `streams` TCP streams in each of the first `clients` sessions; reverse: from the server."""
        gate = self.w.gate() if clients > 1 else None
        runs = [self.load(reverse, seconds, streams, i, gate) for i in range(clients)]
        self.w.open(gate)
        return sum(self.rate(p, seconds) for p in runs)

    def load(self, reverse, seconds, streams=1, i=0, gate=None):
        if len(self.iperf) <= i:
            p = self.w.spawn(self.s, ["iperf3", "-s", "--forceflush", "-B", self.inner, "-p", 5201 + i], "iperf")
            p.wait_for("listening")
            self.iperf.append(p)
        return self.w.spawn(self.c[i], self.w.behind(gate, ["iperf3", "-c", self.inner, "-p", 5201 + i, "-t", seconds, "-P",
                                                            streams, "-J", *(["-R"] if reverse else [])]), "load")

    def rate(self, proc, seconds):
        need(proc.wait(seconds + 30) == 0, f"{self.label}: iperf3: {proc.text()[-300:]}")
        return json.loads(proc.text())["end"]["sum_received"]["bits_per_second"]


class Adit(Route):
    kind, label, extra = "adit", "adit + aditd", ""

    def up(self):
        self.inner = "10.80.0.1"
        self.server = Server(self.w, self.s, f"{self.name}-aditd", cert=(self.pem, self.key), nat=False, dns='{"198.18.1.1"}',
                             listens=["0.0.0.0:443"], extra=self.extra)
        self.server.user("alice", PASSWORD)
        self.server.start()
        self.clients = []
        for i, ns in enumerate(self.c):
            cli = Client(self.w, ns, server=self.outer(i), ca=self.pem, options=["--route", "10.80.0.1/32", "--no-dns"],
                         name=f"{self.name}-adit{i}").start()
            self.clients.append(cli)
            self.device(i, "adit0", "sstp0", cli.address())


class Ocserv(Route):
    kind, label = "ocserv", "ocserv + openconnect (TLS)"

    def up(self):
        d, self.inner = self.dir, "10.81.0.1"
        self.w.sh(None, f"printf '{PASSWORD}\\n{PASSWORD}\\n' | ocpasswd -c {d}/passwd alice")
        (d / "conf").write_text(
            f'auth = "plain[passwd={d}/passwd]"\ntcp-port = 443\nrun-as-user = nobody\nrun-as-group = nogroup\n'
            f"socket-file = {d}/sock\nserver-cert = {self.pem}\nserver-key = {self.key}\nisolate-workers = false\n"
            f"max-clients = 64\nmax-same-clients = 64\ndevice = ocs\nipv4-network = 10.81.0.0\nipv4-netmask = 255.255.255.0\n"
            f"pid-file = {d}/pid\nmtu = {max(self.mtu + 100, 1500)}\nkeepalive = 300\ntry-mtu-discovery = false\nuse-occtl = false\ndpd = 60\n"
            f'tls-priorities = "NORMAL:-CIPHER-ALL:+AES-128-GCM"\n')
        self.server = self.w.spawn(self.s, ["ocserv", "-f", "-c", d / "conf"], "ocserv")
        until(lambda: self.w.sh(self.s, "ss -ltn | grep -q :443", check=False).returncode == 0, 10, self.server.text)
        (d / "script").write_text("#!/bin/sh\n[ \"$reason\" = connect ] && ip link set $TUNDEV mtu %d up && "
                                  "ip addr add $INTERNAL_IP4_ADDRESS/32 dev $TUNDEV\nexit 0\n" % self.mtu)
        os.chmod(d / "script", 0o755)
        (d / "pw").write_text(PASSWORD + "\n")
        for i, ns in enumerate(self.c):
            with open(d / "pw", "rb") as stdin:
                p = self.w.spawn(ns, ["openconnect", "--protocol=anyconnect", "--no-dtls", f"--mtu={max(self.mtu + 100, 1500)}",
                                      f"--base-mtu={max(self.mtu + 200, 1600)}",
                                      "--passwd-on-stdin", "--user=alice", "--servercert", "pin-sha256:" + lib.pin(self.pem)[8:],
                                      "--interface=oc0", "--script", d / "script", f"https://{self.outer(i)}"],
                                 "openconnect", stdin=stdin)
            addr = until(lambda ns=ns: self.w.sh(ns, "ip -o -4 addr show dev oc0 2>/dev/null | awk '{print $4}'", check=False)
                         .stdout.strip().split("/")[0], 15, p.text)
            dev = until(lambda a=addr: self.w.sh(self.s, f"ip -o -4 addr | grep 'peer {a}/' | awk '{{print $2}}'").stdout.strip(), 5)
            self.device(i, dev, "oc0", addr)


class Openvpn(Route):
    kind, label = "openvpn", "OpenVPN (TCP, AES-128-GCM)"

    def up(self):
        d, self.inner = self.dir, "10.82.0.1"
        pem2, key2 = lib.certificate(d, ["client.test"], eku="clientAuth", stem="client")
        common = ["--dev", "ovpn0", "--dev-type", "tun", "--cipher", "AES-128-GCM", "--data-ciphers", "AES-128-GCM", "--tun-mtu", self.mtu,
                  "--verb", "1", "--sndbuf", "0", "--rcvbuf", "0", "--tls-version-min", "1.3"]
        fp = {p: self.w.sh(None, f"openssl x509 -in {p} -noout -fingerprint -sha256 | cut -d= -f2").stdout.strip()
              for p in (self.pem, pem2)}
        self.w.spawn(self.s, ["openvpn", "--proto", "tcp-server", "--port", "443", "--dh", "none", "--cert", self.pem, "--key", self.key,
                              "--peer-fingerprint", fp[pem2], "--server", "10.82.0.0", "255.255.255.0", "--topology", "subnet",
                              "--duplicate-cn", *common], "openvpn-s").wait_for("Initialization Sequence Completed", 20)
        for i, ns in enumerate(self.c):
            p = self.w.spawn(ns, ["openvpn", "--client", "--proto", "tcp-client", "--remote", self.outer(i), "443", "--cert", pem2,
                                  "--key", key2, "--peer-fingerprint", fp[self.pem], "--nobind", *common], "openvpn-c")
            p.wait_for("Initialization Sequence Completed", 20)
            addr = self.w.sh(ns, "ip -o -4 addr show dev ovpn0 | awk '{print $4}'").stdout.strip().split("/")[0]
            self.device(i, "ovpn0", "ovpn0", addr)


class Wireguard(Route):
    kind, label = "wireguard", "wireguard-go (UDP)"

    def go(self, ns, dev, address, script):
        """The control socket lies in /run/wireguard under the interface's name: names are unique."""
        p = self.w.spawn(ns, ["wireguard-go", "-f", dev], f"wg-{dev}", env={"WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1",
                                                                           "LOG_LEVEL": "error"})
        until(lambda: os.path.exists(f"/run/wireguard/{dev}.sock"), 10, p.text)
        self.w.sh(ns, f"{script}; ip addr add {address} dev {dev}; ip link set {dev} mtu {self.mtu} up")

    def up(self):
        d, self.inner, tag = self.dir, "10.84.0.1", f"wg{os.getpid() % 100000}{self.n}"
        pair = lambda n: self.w.sh(None, f"umask 077; wg genkey | tee {d}/{n}.key | wg pubkey").stdout.strip()  # noqa: E731
        server, clients = pair("s"), [pair(f"c{i}") for i in range(self.n)]
        peers = " ".join(f"peer {k} allowed-ips 10.84.0.{i + 2}/32" for i, k in enumerate(clients))
        self.go(self.s, tag + "s", "10.84.0.1/32", f"wg set {tag}s listen-port 51820 private-key {d}/s.key {peers}")
        for i, ns in enumerate(self.c):
            dev = f"{tag}c{i}"
            self.go(ns, dev, f"10.84.0.{i + 2}/32", f"wg set {dev} private-key {d}/c{i}.key peer {server} allowed-ips 10.84.0.1/32 "
                                                    f"endpoint {self.outer(i)}:51820")
            self.device(i, tag + "s", dev, f"10.84.0.{i + 2}")


class Tunpass(Route):
    kind, label, flags = "tunpass", "tunpass (no TLS)", ()

    def up(self):
        self.inner = "10.83.0.1"
        for i, ns in enumerate(self.c):
            self.w.spawn_ready(None, [BUILD / "bench/tunpass", *self.flags, self.s, f"tp{i}", ns, "tp0"], "tunpass")
            self.w.sh(self.s, f"ip link set tp{i} mtu {self.mtu} up; ip addr add 10.83.0.1 peer 10.83.0.{i + 2} dev tp{i}")
            self.w.sh(ns, f"ip link set tp0 mtu {self.mtu} up; ip addr add 10.83.0.{i + 2} peer 10.83.0.1 dev tp0")
            self.device(i, f"tp{i}", "tp0", f"10.83.0.{i + 2}")


class TunpassOffload(Tunpass):
    kind, label, flags = "tunpass-o", "tunpass, TSO and USO", ("-o",)


class Link(Route):
    """No tunnel: the outer link itself, which shows how calm the machine is."""

    kind, label, inner = "link", "the outer link alone", "198.18.1.1"

    def up(self):
        self.inners = ["198.18.1.2"]


class Pump(Route):
    kind, label = "pump", "bare TLS pump"

    def up(self):
        pass

    def bulk(self, reverse, seconds, streams=1, clients=1):
        """The same connection both ways but for who sends; one a session, whatever the streams."""
        sinks, sources = [], []
        for i in range(clients):
            src, dst, addr = (self.s, self.c[i], f"198.18.{i + 1}.2") if reverse else (self.c[i], self.s, self.outer(i))
            sinks.append(self.w.spawn_ready(dst, [BUILD / "bench/pump", "recv", addr, "4443", self.pem, self.key], "pump"))
            sources.append((src, addr))
        gate = self.w.gate() if clients > 1 else None
        runs = [self.w.spawn(src, self.w.behind(gate, [BUILD / "bench/pump", "send", addr, "4443", seconds]), "pump")
                for src, addr in sources]
        self.w.open(gate)
        need(all(p.wait(seconds + 20) == 0 for p in runs + sinks), "pump: " + sinks[0].text())
        return sum(int(total) * 8 / float(took) for total, took in (p.text().split()[1:3] for p in sinks))


CANDIDATES = {k.kind: k for k in (Adit, Ocserv, Openvpn, Wireguard, Link, Pump, Tunpass, TunpassOffload)}


def chosen(opt, *names):
    return [CANDIDATES[n] for n in names if not opt.only or n in opt.only]


def go_up(routes):
    """Brings them up; those that do not come up are told and left out."""
    good = []
    for r in routes:
        try:
            r.up()
            print(f"# {r.label} is up", flush=True)
            good.append(r)
        except Failure as e:
            Record.failed += 1
            print(f"# {r.label} does not come up: {e}", flush=True)
    return good


def one(values, key, job):
    """A measurement that fails is told, and makes the benchmark fail in the end; the others go on."""
    try:
        values.append(job())
    except Failure as e:
        Record.failed += 1
        print(f"# {key} failed: {e}", flush=True)
    time.sleep(0.1)


def interleave(runs, jobs, words="round", share=1.0):
    """jobs: {key: function}. Each round calls all of them once; returns {key: [value, …]}, without keys that have none. Ends
    when `share` of the time that is left now is used up."""
    found, stop = {k: [] for k in jobs}, time.monotonic() + Time.left() * share
    try:
        for i in range(runs):
            start = time.monotonic()
            for k, job in jobs.items():
                if time.monotonic() > stop or Time.over:
                    raise TimeoutError
                one(found[k], k, job)
            print(f"# {words} {i + 1} of {runs} ({time.monotonic() - start:.0f} s)", flush=True)
    except TimeoutError:
        print(f"# {words} {i + 1} of {runs} was not finished: time is over", flush=True)
    except (SystemExit, KeyboardInterrupt):
        Time.over = True
        print(f"# {words} {i + 1} of {runs} was not finished: ended from outside", flush=True)
    return {k: v for k, v in found.items() if v}


def median(values):
    return statistics.median(values)


def spread(values, scale=1.0, digits=3):
    """Median, lowest, highest as one cell."""
    v = [x / scale for x in values]
    return f"{median(v):10.{digits}f} {min(v):10.{digits}f} {max(v):10.{digits}f}"


HEAD = f"{'median':>10} {'lowest':>10} {'highest':>10}"


def verdict(words, value, limit, at_least=True, unit="", runs=None):
    """One target of the project's issue on speed, and whether this run meets it. A figure, not a test."""
    met = value >= limit if at_least else value <= limit
    Record.add(words=words, value=value, limit=limit, at_least=at_least, unit=unit, met=met, runs=runs)
    print(f"  {'met    ' if met else 'not met'}  {words}: {value:.2f}{unit}, wanted {'at least' if at_least else 'at most'} {limit:g}{unit}")


def figure(words, values, scale=1.0, unit=""):
    """Something that was measured, for the table of bench/all: median and spread."""
    v = [x / scale for x in values]
    Record.add(words=words, value=median(v), low=min(v), high=max(v), unit=unit, runs=len(v))


def about(opt, what):
    what += f"; {2 * opt.delay} ms of round trip outside" if opt.delay else ""
    cpus = "server's side on CPU 0, client's on CPU 1" if opt.pin == "sides" else "no CPU pinned"
    print(f"{what}; {opt.cc} inside and outside; {cpus}; {opt.runs} interleaved runs", flush=True)


def main(fn):
    try:
        fn()
    except Failure as e:
        print(f"bench: {e}", file=sys.stderr)
        sys.exit(1)
    if Record.failed:
        print(f"bench: {Record.failed} measurements failed (see above)", file=sys.stderr)
    sys.exit(1 if Record.failed else 0)
