#!/usr/bin/env python3
"""Starts what a systemd unit starts, below a root folder, with what the unit takes away; for hosts where no systemd runs.

Usage: asunit.py UNIT ROOT [INSTANCE] [VAR=VALUE…]

Becomes the unit's ExecStart (the process keeps its id). Applied by the same kernel means that systemd uses: the bounding
set, no_new_privs, SystemCallFilter with its sets, RestrictAddressFamilies, MemoryDenyWriteExecute, RestrictNamespaces,
RestrictSUIDSGID, RestrictRealtime, LockPersonality (all seccomp), ProtectSystem, ReadWritePaths, ProtectHome, ProtectProc,
PrivateTmp, PrivateMounts, ProtectKernelTunables, ProtectKernelModules (mounts), RuntimeDirectory, LimitNOFILE, UMask, WatchdogSec, EnvironmentFile.
DevicePolicy is the nodes in /dev (systemd uses a program in the cgroup). Not applied: what concerns the host's clock,
name, log and control groups, and the key ring.
"""
import ctypes
import os
import pathlib
import re
import resource
import shlex
import struct
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, NEW_NAMESPACES = 0x20000, 0x7e020080
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 24, 38, 22
CAPS = ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
        "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN "
        "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE "
        "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE").split()
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97


def read_unit(path):
    """name -> value; a name that is set several times is joined, as systemd does for lists."""
    unit = {}
    for line in pathlib.Path(path).read_text().splitlines():
        m = re.fullmatch(r"(\w+)=(.*)", line)
        if m:
            unit[m[1]] = f"{unit[m[1]]} {m[2]}" if m[1] in unit else m[2]
    return unit


def yes(unit, name):
    return unit.get(name) in ("yes", "true", "1", "on")


# ---- seccomp ----

def expand(words):
    """The system calls that a SystemCallFilter names, its sets taken from systemd itself."""
    names = set()
    for word in words:
        if not word.startswith("@"):
            names.add(word)
            continue
        out = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True).stdout
        names |= expand(w for w in (line.strip() for line in out.splitlines()[1:]) if w and not w.startswith("#"))
    return names


def numbers():
    out = subprocess.run(["cc", "-E", "-dM", "-"], input="#include <sys/syscall.h>\n", capture_output=True, text=True, check=True)
    return {m[1]: int(m[2]) for m in re.finditer(r"#define __NR_(\w+) (\d+)", out.stdout)}


def ins(code, k, jt=0, jf=0):
    return struct.pack("=HBBI", code, jt, jf, k)


def load(offset):
    return ins(0x20, offset)


def answer(errno):
    return ins(0x06, 0x00050000 | errno)


def when(nr, body):
    """body if the call is nr."""
    n = len(body) // 8
    return load(0) + ins(0x15, nr, 0, n) + body


def deny_bits(nr, arg, mask, whole=False, errno=EPERM):
    """Refused when any (or all) bits of mask are in the argument."""
    test = ins(0x15, mask, 0, 1) if whole else ins(0x15, 0, 1, 0)
    return when(nr, load(16 + 8 * arg) + ins(0x54, mask) + test + answer(errno))


def deny_values(nr, arg, values):
    return when(nr, load(16 + 8 * arg) + b"".join(ins(0x15, v, 0, 1) + answer(EPERM) for v in values))


def only_values(nr, arg, values, errno):
    n = len(values)
    return when(nr, load(16 + 8 * arg) + b"".join(ins(0x15, v, n - i, 0) for i, v in enumerate(values)) + answer(errno))


def filter_program(unit):
    nr = numbers()
    p = load(4) + ins(0x15, AUDIT_ARCH[os.uname().machine], 1, 0) + answer(ENOSYS)
    if "RestrictAddressFamilies" in unit:
        p += only_values(nr["socket"], 0, [FAMILIES[f] for f in unit["RestrictAddressFamilies"].split()], EAFNOSUPPORT)
    if yes(unit, "MemoryDenyWriteExecute"):
        p += deny_bits(nr["mmap"], 2, 6, whole=True) + deny_bits(nr["mprotect"], 2, 4) + deny_bits(nr["pkey_mprotect"], 2, 4)
        p += deny_bits(nr["shmat"], 2, 0o100000)
    if yes(unit, "RestrictNamespaces"):
        p += deny_bits(nr["unshare"], 0, NEW_NAMESPACES) + deny_bits(nr["clone"], 0, NEW_NAMESPACES)
        p += when(nr["clone3"], answer(ENOSYS)) + when(nr["setns"], answer(EPERM))
    if yes(unit, "RestrictSUIDSGID"):
        modes = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "mkdir": 1, "mkdirat": 2, "open": 2, "openat": 3, "creat": 1}
        p += b"".join(deny_bits(nr[name], arg, 0o6000) for name, arg in modes.items() if name in nr)
    if yes(unit, "RestrictRealtime"):
        p += deny_values(nr["sched_setscheduler"], 1, [1, 2, 6])
    if yes(unit, "LockPersonality"):
        p += only_values(nr["personality"], 0, [0], EPERM)
    allowed = sorted(nr[n] for n in expand(unit["SystemCallFilter"].split()) if n in nr)
    return p + load(0) + b"".join(ins(0x15, n, 0, 1) + ins(0x06, 0x7FFF0000) for n in allowed) + answer(EPERM)


def prctl(*args):
    if LIBC.prctl(*args) != 0:
        raise OSError(ctypes.get_errno(), f"prctl{args}")


def set_filter(program):
    buf = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("@HP", len(program) // 8, ctypes.addressof(buf))
    prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(fprog, len(fprog)))


# ---- mounts ----

def mount(*args):
    subprocess.run(["mount", *map(str, args)], check=True)


def hide(path):
    if path.is_dir() and not path.is_symlink():
        mount("-t", "tmpfs", "-o", "mode=000,ro", "none", path)


def read_only(path, also_writable=()):
    mount("--bind", path, path)
    mount("-o", "remount,bind,ro", path)
    for p in also_writable:
        mount("--bind", p, p)
        mount("-o", "remount,bind,rw", p)


def make_dev(dev, allow):
    mount("-t", "tmpfs", "-o", "mode=755", "none", dev)
    for name, minor in {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}.items():
        os.mknod(dev / name, 0o666 | 0o020000, os.makedev(1, minor))
    (dev / "net").mkdir()
    if "/dev/net/tun" in allow:
        os.mknod(dev / "net/tun", 0o666 | 0o020000, os.makedev(10, 200))


def set_up_files(unit, root):
    if LIBC.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    mount("--make-rprivate", "/")
    runtime = [root / "run" / d for d in unit.get("RuntimeDirectory", "").split()]
    for d in runtime:
        d.mkdir(exist_ok=True)
        d.chmod(int(unit.get("RuntimeDirectoryMode", "0755"), 8))
    writable = runtime + [root / w.lstrip("-/") for w in unit.get("ReadWritePaths", "").split()]
    if unit.get("ProtectSystem") == "strict":
        read_only(root, [w for w in writable if w.exists()])
    elif yes(unit, "ProtectSystem"):
        mount("--bind", root, root)
        read_only(root / "usr")
    make_dev(root / "dev", unit.get("DeviceAllow", ""))
    hidepid = ["-o", f"hidepid={unit['ProtectProc']}"] if "ProtectProc" in unit else []
    mount("-t", "proc", *hidepid, "proc", root / "proc")
    if yes(unit, "ProtectKernelTunables"):
        read_only(root / "proc/sys")
    if yes(unit, "ProtectKernelModules"):
        hide(root / "usr/lib/modules")
    if yes(unit, "ProtectHome"):
        for d in ("home", "root", "run/user"):
            hide(root / d)
    if yes(unit, "PrivateTmp"):
        mount("-t", "tmpfs", "-o", "mode=1777", "none", root / "tmp")
        mount("-t", "tmpfs", "-o", "mode=1777", "none", root / "var/tmp")


# ---- the command ----

def command(unit, root, instance, env):
    if "EnvironmentFile" in unit:
        for line in (root / unit["EnvironmentFile"].lstrip("/").replace("%i", instance)).read_text().splitlines():
            if re.match(r"\w+=", line):
                name, value = line.split("=", 1)
                env[name] = value.strip("\"'")
    argv = []
    for word in shlex.split(unit["ExecStart"].replace("%i", instance)):
        m = re.fullmatch(r"\$(\w+)", word)  # alone: split at blanks; ${X}: one word
        argv += env.get(m[1], "").split() if m else [re.sub(r"\$\{(\w+)\}", lambda v: env.get(v[1], ""), word)]
    return argv


def limit_files(n):
    """What is not allowed here (no CAP_SYS_RESOURCE) becomes what is, as with systemd."""
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))
    except ValueError:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main():
    unit, root = read_unit(sys.argv[1]), pathlib.Path(sys.argv[2])
    rest = sys.argv[3:]
    instance = next((a for a in rest if "=" not in a), "")
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"}
    if "WatchdogSec" in unit:
        env |= {"WATCHDOG_USEC": str(int(unit["WatchdogSec"]) * 1000000), "WATCHDOG_PID": str(os.getpid())}
    env |= dict(a.split("=", 1) for a in rest if "=" in a)
    argv = command(unit, root, instance, env)
    program = filter_program(unit)
    set_up_files(unit, root)
    if "LimitNOFILE" in unit:
        limit_files(int(unit["LimitNOFILE"]))
    os.umask(int(unit.get("UMask", "0022"), 8))
    os.chroot(root)
    os.chdir("/")
    keep = {c.removeprefix("CAP_") for c in unit["CapabilityBoundingSet"].split()}
    for i, cap in enumerate(CAPS):
        if cap not in keep:
            prctl(PR_CAPBSET_DROP, i, 0, 0, 0)
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    set_filter(program)
    os.execve(argv[0], argv, env)


if __name__ == "__main__":
    main()
