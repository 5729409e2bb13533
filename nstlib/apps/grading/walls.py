"""Walls around a process that runs a stranger's lines: how much it may take, and what it may touch.

``Limits`` hold on every POSIX system. On Linux two more walls are built, without any right of an administrator: *seccomp*
refuses calls of the system (new processes, sockets, signals to others, changes of rights and clocks), *Landlock* all files
that are not named. What holds is not believed but tried, by ``tried``, in a process behind the same walls.
"""

from __future__ import annotations

import ctypes
import os
import platform
import site
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nstlib import course

# Calls of the system that no answer needs, with their numbers on x86-64 and on ARM64 (-1: there is none).
REFUSED = """
prctl 157 167 socket 41 198 connect 42 203 bind 49 200 fork 57 -1 vfork 58 -1 execve 59 221 execveat 322 281
shmget 29 194 semget 64 190 msgget 68 186 mq_open 240 180 ptrace 101 117 process_vm_readv 310 270
process_vm_writev 311 271 process_madvise 440 440 pidfd_open 434 434 pidfd_getfd 438 438 pidfd_send_signal 424 424
rt_sigqueueinfo 129 138 rt_tgsigqueueinfo 297 240 chmod 90 -1 fchmod 91 52 fchmodat 268 53 fchmodat2 452 452
chown 92 -1 fchown 93 55 lchown 94 -1 fchownat 260 54 utime 132 -1 utimes 235 -1 futimesat 261 -1 utimensat 280 88
mknod 133 -1 mknodat 259 33 setxattr 188 5 lsetxattr 189 6 fsetxattr 190 7 removexattr 197 14 lremovexattr 198 15
fremovexattr 199 16 setrlimit 160 164 prlimit64 302 261 setpriority 141 140 sched_setscheduler 144 119
sched_setparam 142 118 sched_setattr 314 274 ioprio_set 251 30 mount 165 40 umount2 166 39 pivot_root 155 41
chroot 161 51 unshare 272 97 setns 308 268 open_tree 428 428 move_mount 429 429 fsopen 430 430 fsconfig 431 431
fsmount 432 432 fspick 433 433 mount_setattr 442 442 swapon 167 224 swapoff 168 225 reboot 169 142
sethostname 170 161 setdomainname 171 162 iopl 172 -1 ioperm 173 -1 init_module 175 105 finit_module 313 273
delete_module 176 106 kexec_load 246 104 kexec_file_load 320 294 settimeofday 164 170 clock_settime 227 112
adjtimex 159 171 clock_adjtime 305 266 add_key 248 217 request_key 249 218 keyctl 250 219 perf_event_open 298 241
bpf 321 280 userfaultfd 323 282 open_by_handle_at 304 265 io_uring_setup 425 425 io_uring_enter 426 426
io_uring_register 427 427
"""
SECRET = ("nstlib", "nstlib/check", "solutions", "book", "tests")  # folders that answers must not see
SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/dev/null", "/dev/urandom")
SIGNALS = "kill 62 129 tkill 200 130 tgkill 234 131"  # allowed at oneself
_CLONE, _CLONE3 = (56, 220), 435
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_PERM, _NOSYS = 1, 38
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3


@dataclass(frozen=True)
class Limits:
    """What the lines of one exercise may take: seconds, also of all processors together, and megabytes beyond the start."""

    seconds: float = 20.0
    memory: int = 2048


def close_in(limits: Limits) -> None:
    """Build the walls around this process, for good."""
    import resource

    allowed = memory_in_use() + limits.memory * 2**20
    seconds = int(limits.seconds) + 10  # a limit in real time, which the judge keeps, comes first
    for name, most in (("CPU", seconds), ("AS", allowed), ("FSIZE", 0), ("CORE", 0), ("NOFILE", 64)):
        with suppress(OSError, ValueError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(1, 9, 0, 0, 0)  # it ends with whoever started it, also if that was killed
        libc.prctl(38, 1, 0, 0, 0)  # no new privileges: from here on no program can give back what is taken
        _landlock(libc, readable())
        _seccomp(libc)


def readable() -> list[Path]:
    """Return what a worker may read: Python, installed packages but this one, the course's pictures and weights."""
    packages = [
        path for path in (*site.getsitepackages(), *sys.path) if path.endswith(("site-packages", "dist-packages"))
    ]
    python = [os.path.dirname(os.__file__), os.path.join(sys.base_prefix, "lib"), *packages]
    data = [course.IMAGES, os.environ.get("NST_MODELS") or course.MODELS]
    found = {Path(path).resolve() for path in (*SYSTEM, *python, *data)}
    return [part for path in sorted(found) if path.exists() for part in _without_answers(path)]


def _without_answers(path: Path) -> Iterator[Path]:
    """Yield a path; of one that holds answers its parts, where that is so again theirs, without the answers."""
    secret = [course.ROOT / name for name in SECRET]
    if any(path.is_relative_to(one) for one in secret):
        return
    if any(one.is_relative_to(path) for one in secret):
        for part in sorted(path.iterdir()):
            yield from _without_answers(part)
    else:
        yield path


def memory_in_use() -> int:
    """Return how many bytes this process has mapped, as RLIMIT_AS counts them; many where that is not told."""
    import resource

    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return 2**33


def _landlock(libc: ctypes.CDLL, paths: Iterable[Path]) -> None:
    """Let this process read what lies below these paths, and touch no other file."""
    version = libc.syscall(444, None, 0, 1)
    if version < 1:
        return
    everything = (1 << (13 + (version >= 2) + (version >= 3))) - 1 | ((1 << 15) if version >= 5 else 0)
    rules = struct.pack("QQQ", everything, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    ruleset = libc.syscall(444, rules, 8 if version < 4 else 16 if version < 6 else 24, 0)
    if ruleset < 0:
        return
    for path in paths:
        with suppress(OSError):
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            may = _READ_FILE | _READ_DIR | 1 if path.is_dir() else _READ_FILE
            libc.syscall(445, ruleset, 1, struct.pack("=Qi", may, opened), 0)
            os.close(opened)
    libc.syscall(446, ruleset, 0)
    os.close(ruleset)


def _seccomp(libc: ctypes.CDLL) -> None:
    """Refuse calls of the system that no answer needs."""
    if platform.machine() not in _MACHINES:
        return
    column, machine = _MACHINES[platform.machine()]
    program = _program(column, machine, os.getpid())
    raw = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    libc.prctl(22, 2, struct.pack("HxxxxxxQ", len(program), ctypes.addressof(raw)), 0, 0)


def _program(column: int, machine: int, own: int) -> list[tuple[int, int, int, int]]:
    """Return the filter, step by step: load a word, compare it and jump, answer."""
    load, equal, above, bits, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    refused = _numbers(REFUSED, column)
    steps = [(load, 0, 0, 4), (equal, 1, 0, machine), (answer, 0, 0, _KILL), (load, 0, 0, 0)]
    if column == 0:
        steps += [(above, 0, 1, 0x40000000), (answer, 0, 0, _ERROR | _PERM)]  # the other calling convention of x86-64
    for number in refused:
        steps += [(equal, 0, 1, number), (answer, 0, 0, _ERROR | _PERM)]
    steps += [(equal, 0, 1, _CLONE3), (answer, 0, 0, _ERROR | _NOSYS)]  # whoever gets this answer takes clone
    steps += [(equal, 0, 4, _CLONE[column]), (load, 0, 0, 16), (bits, 1, 0, 0x10000)]  # a thread is no process
    steps += [(answer, 0, 0, _ERROR | _PERM), (answer, 0, 0, _ALLOW)]
    for number in _numbers(SIGNALS, column):
        steps += [(equal, 0, 4, number), (load, 0, 0, 16), (equal, 1, 0, own)]
        steps += [(answer, 0, 0, _ERROR | _PERM), (answer, 0, 0, _ALLOW)]
    return [*steps, (answer, 0, 0, _ALLOW)]


def _numbers(table: str, column: int) -> list[int]:
    words = table.split()
    return [int(words[k + 1 + column]) for k in range(0, len(words), 3) if words[k + 1 + column] != "-1"]


def tried() -> dict[str, bool]:
    """Return which walls stand around this process, by running against each of them."""
    import signal
    import socket

    return {
        "it starts no process": _fails(_fork),
        "it reaches no network": _fails(lambda: socket.socket().close()),
        "it signals no other process": _fails(lambda: os.kill(os.getppid(), signal.SIGCONT)),
        "it reads neither solutions nor the course's own answers": all(
            _fails(lambda folder=folder: os.scandir(course.ROOT / folder).close()) for folder in SECRET
        ),
        "it reads no other file of this user": all(
            _fails(lambda folder=folder: os.scandir(folder).close()) for folder in ("/", course.ROOT)
        ),
        "it writes no file": _fails(lambda: Path("tried.txt").write_text("x")),
        "it gets no more memory than it is given": _fails(lambda: bytearray(64 * 2**30)),
    }


def _fork() -> None:
    if (process := os.fork()) == 0:
        os._exit(0)
    os.waitpid(process, 0)


def _fails(attempt: object) -> bool:
    try:
        attempt()
    except (OSError, MemoryError):
        return True
    return False
