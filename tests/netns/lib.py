"""What the tests with real processes share: namespaces, a server, clients, cases; all of it gone on any exit.

A test script makes a `World`, which owns uniquely named network namespaces, a scratch folder and every process that it
starts; leaving it (also by an exception or a signal) ends those processes by pid and removes the namespaces. Traffic stays
inside: addresses are 198.18.0.0/15, 10.x and fd00:18::/32.

    with World() as w:
        net = w.triangle()            # client - server - outside
        srv = Server(w, net.server); srv.start()
        with case("ping"):
            ...
    finish()
"""
import atexit
import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve()
ONLY = sys.argv[2:]  # names of cases to run; empty: all
_failed = _ran = 0
_worlds = []


class Failure(AssertionError):
    pass


def need(condition, words):
    """An assertion that says what it saw."""
    if not condition:
        raise Failure(words)


@contextlib.contextmanager
def case(name, *logs):
    """One test case: prints `ok NAME`, or `not ok NAME` with the reason and the ends of the logs given."""
    global _failed, _ran
    _ran += 1
    start = time.monotonic()
    try:
        yield
        print(f"ok {name} ({time.monotonic() - start:.1f} s)", flush=True)
    except Exception as e:  # noqa: BLE001  a case may fail in any way, the others go on
        _failed += 1
        print(f"not ok {name}: {type(e).__name__}: {e}", flush=True)
        if not isinstance(e, Failure):
            traceback.print_exc(file=sys.stdout)
        for log in logs:
            text = log.text() if hasattr(log, "text") else str(log)
            print("    | " + "\n    | ".join(text.splitlines()[-40:]), flush=True)


def wanted(name):
    return not ONLY or name in ONLY


def finish():
    """Leaves with the right status; a script that ran no case has failed."""
    if not _ran:
        print("not ok nothing-ran")
    sys.exit(1 if _failed or not _ran else 0)


def _on_signal(signo, frame):
    sys.exit(128 + signo)


for _s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(_s, _on_signal)


def until(what, limit=30.0, words="", step=0.05):
    """Waits until what() is true; returns its value. It looks once more after the limit: we may be what stood still."""
    end = time.monotonic() + limit
    while True:
        late = time.monotonic() > end
        v = what()
        if v:
            return v
        if late:
            raise Failure(f"not within {limit} s: {words() if callable(words) else words or what}")
        time.sleep(step)


def gone(*pids):
    """Has each of them ended? One that nobody has waited for yet has."""
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX":
                return False
    return True


class Proc:
    """A process of ours in a namespace, its output in a file."""

    def __init__(self, world, ns, cmd, name, env=None, stdin=None):
        self.world, self.name = world, name
        self.path = world.dir / f"{name}.{len(world.procs)}.log"
        with open(self.path, "wb") as out:
            self.p = subprocess.Popen(world.into(ns, cmd), stdout=out, stderr=subprocess.STDOUT,
                                      stdin=stdin or subprocess.DEVNULL, env={**os.environ, **(env or {})},
                                      start_new_session=True)
        self.pid = self.p.pid
        world.procs.append(self)

    def text(self):
        """What it has written; of a process that runs whole lines only, since a line may be seen half written."""
        ended = self.p.poll() is not None
        text = self.path.read_text(errors="replace")
        return text if ended else text[:text.rfind("\n") + 1]

    def wait_for(self, pattern, limit=30.0):
        """Until a line of the log matches; fails at once if the process ends before."""
        def look():
            m = re.search(pattern, self.text(), re.M)
            if m:
                return m
            if self.p.poll() is not None:
                m = re.search(pattern, self.text(), re.M)
                if m:
                    return m
                raise Failure(f"{self.name} ended with {self.p.returncode} before {pattern!r}:\n{self.text()[-2000:]}")
            return None
        return until(look, limit, f"{pattern!r} in the log of {self.name}")

    def wait(self, limit=30.0):
        """Its exit status."""
        try:
            return self.p.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {limit} s") from None

    def signal(self, signo):
        if self.p.poll() is None:
            self.p.send_signal(signo)

    def stop(self, limit=30.0):
        self.signal(signal.SIGTERM)
        return self.wait(limit)

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def children(self):
        """pid -> command line of the processes that it has started."""
        found = {}
        for d in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                stat = (d / "stat").read_text()
                if int(stat.rsplit(")", 1)[1].split()[1]) == self.pid:
                    found[int(d.name)] = (d / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        return found


class World:
    def __init__(self):
        self.tag = f"adt{os.getpid()}"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="adit-test."))
        self.names, self.procs = [], []

    def __enter__(self):
        if os.geteuid() != 0:
            print("not ok needs-root: these tests make network namespaces")
            sys.exit(1)
        _worlds.append(self)
        return self

    def __exit__(self, *exc):
        self.close()
        return False

    def close(self):
        for p in reversed(self.procs):
            if p.p.poll() is None:
                p.p.terminate()
        for p in reversed(self.procs):
            if p.p.poll() is None:
                try:
                    p.p.wait(12)
                except subprocess.TimeoutExpired:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(p.pid, signal.SIGKILL)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        p.p.wait(10)
        for n in self.names:
            subprocess.run(["ip", "netns", "del", n], capture_output=True)
            shutil.rmtree(f"/etc/netns/{n}", ignore_errors=True)
        self.names = []
        shutil.rmtree(self.dir, ignore_errors=True)
        if self in _worlds:
            _worlds.remove(self)

    def ns(self, name):
        """A new namespace, with loopback up and IPv6 without duplicate address detection."""
        full = f"{self.tag}{name}"
        subprocess.run(["ip", "netns", "add", full], check=True)
        self.names.append(full)
        # One of its own: a client that replaced the machine's would take it from every other namespace too.
        self.resolv(full, "nameserver 198.18.99.99\n")
        self.sh(full, "ip link set lo up; sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 "
                      "net.ipv4.ping_group_range='0 2147483647'")
        return full

    def resolv(self, ns, text):
        """The resolv.conf that processes in this namespace see."""
        d = pathlib.Path(f"/etc/netns/{ns}")
        d.mkdir(parents=True, exist_ok=True)
        (d / "resolv.conf").write_text(text)

    def into(self, ns, cmd):
        return (["ip", "netns", "exec", ns] if ns else []) + [str(c) for c in cmd]

    def run(self, ns, cmd, limit=60, check=True, stdin=None):
        r = subprocess.run(self.into(ns, cmd), capture_output=True, text=True, timeout=limit, input=stdin, errors="replace")
        if check and r.returncode:
            raise Failure(f"{' '.join(map(str, cmd))}: status {r.returncode}: {(r.stdout + r.stderr)[-800:]}")
        return r

    def sh(self, ns, script, limit=60, check=True):
        return self.run(ns, ["sh", "-c", script], limit, check)

    def spawn(self, ns, cmd, name, **kw):
        return Proc(self, ns, cmd, name, **kw)

    def link(self, a, b, net, dev_a, dev_b, mtu=1500):
        """A veth pair with 198.18.NET.1 / fd00:18:NET::1 at a and .2 / ::2 at b."""
        self.sh(None, f"ip link add {dev_a} netns {a} mtu {mtu} type veth peer name {dev_b} netns {b} mtu {mtu}")
        for ns, dev, i in ((a, dev_a, 1), (b, dev_b, 2)):
            self.sh(ns, f"ip link set {dev} up; ip addr add 198.18.{net}.{i}/24 dev {dev}; "
                        f"ip -6 addr add fd00:18:{net}::{i}/64 dev {dev} nodad")
        for ns, dev in ((a, dev_a), (b, dev_b)):
            self.linked(ns, dev)

    def long_link(self, a, b, net, dev_a, dev_b, ms, mtu=1500):
        """A path of 198.18.NET.1 at a and .2 at b on which packets take so many milliseconds each way."""
        self.spawn(None, [BUILD / "bench/tunpass", "-o", "-d", ms, a, dev_a, b, dev_b], "path").wait_for("^ready")
        for ns, dev, i in ((a, dev_a, 1), (b, dev_b, 2)):
            self.sh(ns, f"ip link set {dev} mtu {mtu} txqueuelen 10000 up; ip addr add 198.18.{net}.{i}/24 dev {dev}")

    def linked(self, ns, dev):
        """Until it is up. The kernel says a little later that there is a carrier, and only then takes a link-local address."""
        until(lambda: self.sh(ns, f"[ $(cat /sys/class/net/{dev}/operstate) = up ] || exit 1; "
                                  f"[ -e /proc/sys/net/ipv6/conf/{dev} ] || exit 0; "
                                  f"ip -6 addr show dev {dev} scope link | grep inet6 | grep -qv tentative",
                              check=False).returncode == 0, words=f"{dev} is up")

    def triangle(self):
        """client (198.18.1.2) - server (198.18.1.1, 198.18.2.1) - outside (198.18.2.2, web and names)."""
        t = Triangle()
        t.server, t.client, t.outside = self.ns("s"), self.ns("c"), self.ns("o")
        self.link(t.server, t.client, 1, "in0", "eth0")
        self.link(t.server, t.outside, 2, "out0", "eth0")
        self.sh(t.server, "ip route add default via 198.18.2.2; ip -6 route add default via fd00:18:2::2")
        self.sh(t.client, "ip route add default via 198.18.1.1")
        self.resolv(t.server, "nameserver 198.18.2.2\n")
        return t


class Triangle:
    server = client = outside = None
    address, address6 = "198.18.1.1", "fd00:18:1::1"


def certificate(folder, names, days=30, eku="serverAuth", start=None, end=None, key="ec", stem="server"):
    """A self-signed certificate; returns (chain, key). `start`/`end` as openssl ca dates for expired ones."""
    san = ",".join(("IP:" if re.fullmatch(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:]*", n) else "DNS:") + n for n in names)
    pem, keyf = pathlib.Path(folder) / f"{stem}.pem", pathlib.Path(folder) / f"{stem}.key"
    algo = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] if key == "ec" else [f"rsa:{key}"]
    cmd = ["openssl", "req", "-x509", "-newkey", *algo, "-nodes", "-keyout", str(keyf), "-out", str(pem), "-days", str(days),
           "-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={san}", "-addext", "basicConstraints=critical,CA:FALSE"]
    if eku:
        cmd += ["-addext", f"extendedKeyUsage={eku}"]
    subprocess.run(cmd, check=True, capture_output=True)
    if start or end:  # openssl req cannot set the dates: sign the same key again
        ca = pathlib.Path(folder) / f"{stem}.ca"
        ca.mkdir()
        (ca / "index.txt").write_text("")
        (ca / "serial").write_text("01\n")
        (ca / "cnf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={ca}/index.txt\nserial={ca}/serial\nnew_certs_dir={ca}\n"
                                "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
                                f"[e]\nsubjectAltName={san}\nextendedKeyUsage={eku}\nbasicConstraints=critical,CA:FALSE\n")
        csr = ca / "csr"
        subprocess.run(["openssl", "req", "-new", "-key", str(keyf), "-subj", f"/CN={names[0]}", "-out", str(csr)], check=True,
                       capture_output=True)
        subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-config", str(ca / "cnf"), "-extensions", "e", "-keyfile",
                        str(keyf), "-in", str(csr), "-out", str(pem), "-notext", "-startdate", start or "20200101000000Z",
                        "-enddate", end or "20400101000000Z"], check=True, capture_output=True)
    return pem, keyf


def pin(pem):
    """sha256//BASE64 of the certificate's public key."""
    sh = f"openssl x509 -in {pem} -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"
    return "sha256//" + subprocess.run(["sh", "-c", sh], check=True, capture_output=True, text=True).stdout.strip()


class Server:
    """aditd in a namespace, with a certificate, a configuration and users of its own."""

    def __init__(self, world, ns, name="aditd", pool="10.80.0.0/24", methods=None, cert=None, extra="", listens=None,
                 interface="adit0", nat=True, dns='{"system"}', port=443, pools=None, program=None):
        self.program = program or BUILD / "src/server/aditd"
        self.world, self.ns, self.name, self.interface = world, ns, name, interface
        self.dir = world.dir / name
        self.dir.mkdir(mode=0o700)
        self.pem, self.key = cert or certificate(self.dir, ["vpn.test", "198.18.1.1", "fd00:18:1::1"])
        listens = listens or [f"0.0.0.0:{port}", f"[::]:{port}"]
        self.conf = self.dir / "aditd.conf"
        lines = [f'listen "{a}" {{}}' for a in listens]
        lines += [f'certificate "vpn.test" {{ chain = "{self.pem}"  key = "{self.key}" }}', 'users = "users/users.db"',
                  pools or f'pool "default" {{ ipv4 = "{pool}" }}', f"dns = {dns}", f'interface = "{interface}"',
                  f"nat = {'true' if nat else 'false'}", 'state_dir = "state"']
        if methods:
            lines.append("auth { methods = {" + ", ".join(f'"{m}"' for m in methods) + "} }")
        self.conf.write_text("\n".join(lines) + "\n" + extra + "\n" + os.environ.get("ADIT_TEST_CONF", "") + "\n")
        self.proc = None

    def ctl(self, *args, stdin=None, check=True):
        return self.world.run(None, [BUILD / "src/ctl/aditctl", "--config", self.conf, *args], check=check, stdin=stdin)

    def user(self, name, password, *options):
        self.ctl("user", "add", name, *options, stdin=password + "\n")

    def start(self, wait=True):
        self.proc = self.world.spawn(self.ns, [self.program, "-c", self.conf], self.name)
        if wait:
            self.proc.wait_for(r" STARTED ")
        return self.proc

    def stop(self, limit=30):
        code = self.proc.stop(limit)
        need(code == 0, f"aditd ended with {code}:\n{self.proc.text()[-1500:]}")

    def text(self):
        return self.proc.text() if self.proc else ""

    def sessions(self):
        return len(re.findall(r" SESSION_UP ", self.text())) - len(re.findall(r" SESSION_DOWN ", self.text()))


def steered(server):
    """How many prefixes the steering map of a running server holds; None where it steers nothing."""
    call = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine)
    found = None
    for info in pathlib.Path(f"/proc/{server.proc.pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            found = found or re.search(r"^map_id:\s*(\d+)", info.read_text(), re.M)
    if not call or not found:
        return None

    def bpf(command, *words):
        attr = b"".join(struct.pack("Q", x) for x in words).ljust(128, b"\0")
        return libc.syscall(call, command, ctypes.create_string_buffer(attr, 128), 128)

    libc = ctypes.CDLL(None, use_errno=True)
    fd = bpf(14, int(found.group(1)))  # BPF_MAP_GET_FD_BY_ID
    need(fd >= 0, f"the steering map: {os.strerror(ctypes.get_errno())}")
    key, following, n = ctypes.create_string_buffer(20), ctypes.create_string_buffer(20), 0
    while bpf(4, fd, ctypes.addressof(key) if n else 0, ctypes.addressof(following)) == 0:  # BPF_MAP_GET_NEXT_KEY
        ctypes.memmove(key, following, 20)
        n += 1
    os.close(fd)
    return n


class Variable:
    """A global variable of a running process of ours (the programs of tests/tools): 64-bit words, read and written from outside."""

    def __init__(self, pid, name):
        exe = os.readlink(f"/proc/{pid}/exe")
        out = subprocess.run(["sh", "-c", f"nm {exe}; readelf -h {exe}"], capture_output=True, text=True, check=True).stdout
        maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
        base = int(re.search(rf"^(\w+)-\S+ \S+ 00000000 .*{re.escape(exe)}", maps, re.M)[1], 16) if "DYN (" in out else 0
        self.at = base + int(re.search(rf"^(\w+) [BD] {name}$", out, re.M)[1], 16)
        self.mem = open(f"/proc/{pid}/mem", "r+b", buffering=0)

    def write(self, *words):
        os.pwrite(self.mem.fileno(), struct.pack(f"<{len(words)}q", *words), self.at)

    def read(self, n):
        return struct.unpack(f"<{n}q", os.pread(self.mem.fileno(), 8 * n, self.at))


class Client:
    """adit in a namespace."""

    def __init__(self, world, ns, server="198.18.1.1", user="alice", password="wonderland", ca=None, options=(), name="adit",
                 under=()):
        """`under`: a command that runs the one behind it, such as a shell that prepares its surroundings."""
        self.under = list(under)
        self.world, self.ns, self.server, self.user, self.name = world, ns, server, user, name
        self.options, self.ca = list(options) + os.environ.get("ADIT_TEST_OPTIONS", "").split(), ca
        self.pw = world.dir / f"{name}.{len(world.procs)}.{time.monotonic_ns()}.pw"
        self.pw.write_text(password + "\n")
        self.proc = None

    def start(self, wait=True):
        cmd = [*self.under, BUILD / "src/client/adit", "connect", "-v", "--user", self.user, "--password-file", self.pw, "--state-dir",
               self.world.dir / f"state-{self.ns}", *(["--ca", self.ca] if self.ca else []), *self.options, self.server]
        self.proc = self.world.spawn(self.ns, cmd, self.name)
        if wait:
            self.proc.wait_for(r" CLIENT_INTERFACE_UP ", 40)
        return self

    def address(self):
        return re.search(r"CLIENT_INTERFACE_UP .*?address=([0-9.]+)", self.text()).group(1)

    def code(self, limit=40):
        return self.proc.wait(limit)

    def stop(self, limit=30):
        return self.proc.stop(limit)

    def text(self):
        return self.proc.text() if self.proc else ""


def host_state(world, ns):
    """What a host looks like, for comparing before and after: links, addresses, routes, rules, sysctls, nftables."""
    show = ("ip -o link | sed 's/^[0-9]*: //; s/ qlen.*//' | sort; ip -o -4 addr | sed 's/^[0-9]*: //' | sort; "
            "ip -o -6 addr | sed 's/^[0-9]*: //' | sort; ip route show table all | sort; ip -6 route show table all | "
            "sed 's/ pref medium//; s/ expires [0-9]*sec//' | sort; ip rule; nft list ruleset; "
            "grep -r . /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/*/forwarding; "
            "cat /etc/resolv.conf; ls -la /etc/resolv.conf | cut -d' ' -f1")
    return world.sh(ns, show).stdout


def lossless(ping, forgiven=lambda: 0):
    """Ends a ping (one that names its answers: no -q) after some more of them; none was lost up to the last that is answered, or
    no more than somebody else has lost."""
    def seen():
        return {int(n) for n in re.findall(r"icmp_seq=(\d+) (?:ttl|hop)", ping.text())}
    before = max(seen(), default=0)
    until(lambda: max(seen(), default=0) > before + 5, 30, lambda: f"answers: {ping.text()[-300:]}")

    def missing():
        return sorted(set(range(1, max(seen()) + 1)) - seen())
    until(lambda: len(missing()) <= forgiven(), 30, lambda: f"lost: {missing()} of {max(seen())}")
    ping.signal(signal.SIGTERM)
    ping.wait()


def pings(n):
    """The beginning of a ping command of which each one must be answered. They are sent at once, since ping waits for those after
    the first answer only twice as long as that took, or for an interval."""
    return ["ping", "-c", str(n), "-l", str(n), "-i", "20", "-W", "20"]


def background(fn, *args):
    t = threading.Thread(target=fn, args=args, daemon=True)
    t.start()
    return t


@atexit.register
def _close_all():
    for w in list(_worlds):
        w.close()
