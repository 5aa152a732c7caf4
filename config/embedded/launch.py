"""Starts one server: tied to its parent's life and, where the caller is root, as the user `nobody`.

Run as a script (`python launch.py <signal> <parent pid> <user|-> command...`) between fork and exec, because what it
does (capabilities, the parent-death signal) belongs to the new process alone. Standard library only.

PostgreSQL refuses to run as root. `nobody` may not even look below a directory such as /root, so the server keeps
two capabilities that let it pass: ambient ones, which survive the exec (capabilities(7)). PostgreSQL's programs also
ask access(2), which ignores the capabilities of everybody but root unless a secure bit says otherwise.
"""

import ctypes
import os
import pwd
import sys
from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilityData(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def main(arguments: list[str]) -> NoReturn:
    death_signal, parent, user, *command = arguments
    is_linux = sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True)
    if user != "-":
        become(user, libc if is_linux else None)
    if is_linux:
        # After the change of user, which clears it.
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("the parent ended before the server started")
    try:
        os.execv(command[0], command)
    except PermissionError:
        sys.exit(
            f"{command[0]} cannot be reached by the user {user}, and this root has no CAP_DAC_OVERRIDE to lend. "
            "Run ./dev as an ordinary user, move the clone out of the private directory, or set DATABASE_URL."
        )


def become(user: str, libc: ctypes.CDLL | None) -> None:
    """Change to the user, keeping the right to pass closed directories where this root has it."""
    entry = pwd.getpwnam(user)
    kept = lendable_capabilities(libc) if libc else 0
    if libc and kept:
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except OSError as error:
        sys.exit(
            f"PostgreSQL does not run as root and this root may not become {user} ({error}). "
            "Run ./dev as an ordinary user, or set DATABASE_URL to a server of yours."
        )
    if libc and kept:
        raise_ambient(libc, kept)


def lendable_capabilities(libc: ctypes.CDLL) -> int:
    """The bits of the two capabilities that this process is permitted to use."""
    header = _CapabilityHeader(LINUX_CAPABILITY_VERSION_3, 0)
    data = (_CapabilityData * 2)()
    if libc.capget(ctypes.byref(header), ctypes.byref(data)) != 0:
        return 0
    return int(data[0].permitted) & (1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)


def raise_ambient(libc: ctypes.CDLL, bits: int) -> None:
    header = _CapabilityHeader(LINUX_CAPABILITY_VERSION_3, 0)
    data = (_CapabilityData * 2)(_CapabilityData(bits, bits, bits), _CapabilityData(0, 0, 0))
    libc.capset(ctypes.byref(header), ctypes.byref(data))
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if bits & 1 << capability:
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
