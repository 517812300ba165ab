"""The Windows functions that Python does not offer, declared once. Nothing is decided here.

A handle is an int. A failed call raises OSError with the system's text, unless its docstring says otherwise.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from ctypes import wintypes

assert sys.platform == "win32"

CREATE_SUSPENDED = 0x00000004
CTRL_C, CTRL_BREAK, CTRL_CLOSE, CTRL_LOGOFF, CTRL_SHUTDOWN = 0, 1, 2, 5, 6
STANDARD_INPUT, STANDARD_OUTPUT = -10, -11
ENABLE_VIRTUAL_TERMINAL_PROCESSING = 0x0004

_BASIC_ACCOUNTING_INFORMATION = 1
_EXTENDED_LIMIT_INFORMATION = 9
_KILL_ON_JOB_CLOSE = 0x2000
#: SYNCHRONIZE, PROCESS_SUSPEND_RESUME, PROCESS_SET_QUOTA and PROCESS_TERMINATE: wait, resume, and give to a job.
_PROCESS_ACCESS = 0x00100000 | 0x0800 | 0x0100 | 0x0001
_SYNCHRONIZE = 0x00100000
_INFINITE = 0xFFFFFFFF

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_ntdll = ctypes.WinDLL("ntdll")

#: Called by the console, on a thread of its own, with one of the CTRL_ numbers. True: no further handler is called.
ConsoleHandler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("per_process_user_time", wintypes.LARGE_INTEGER),
        ("per_job_user_time", wintypes.LARGE_INTEGER),
        ("flags", wintypes.DWORD),
        ("minimum_working_set", ctypes.c_size_t),
        ("maximum_working_set", ctypes.c_size_t),
        ("active_processes", wintypes.DWORD),
        ("affinity", ctypes.c_size_t),
        ("priority_class", wintypes.DWORD),
        ("scheduling_class", wintypes.DWORD),
    )


class _ExtendedLimits(ctypes.Structure):
    _fields_ = (
        ("basic", _BasicLimits),
        ("io_counters", ctypes.c_ulonglong * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )


class _Accounting(ctypes.Structure):
    _fields_ = (
        ("times", wintypes.LARGE_INTEGER * 4),
        ("page_faults", wintypes.DWORD),
        ("processes_ever", wintypes.DWORD),
        ("active_processes", wintypes.DWORD),
        ("terminated_processes", wintypes.DWORD),
    )


def _declare(name: str, result: type | None, *arguments: type) -> None:
    function = getattr(_kernel32, name)
    function.restype, function.argtypes = result, arguments


_declare("CreateJobObjectW", wintypes.HANDLE, ctypes.c_void_p, wintypes.LPCWSTR)
_declare("SetInformationJobObject", wintypes.BOOL, wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)
_declare(
    "QueryInformationJobObject",
    wintypes.BOOL,
    wintypes.HANDLE,
    ctypes.c_int,
    ctypes.c_void_p,
    wintypes.DWORD,
    ctypes.c_void_p,
)
_declare("AssignProcessToJobObject", wintypes.BOOL, wintypes.HANDLE, wintypes.HANDLE)
_declare("TerminateJobObject", wintypes.BOOL, wintypes.HANDLE, wintypes.UINT)
_declare("OpenProcess", wintypes.HANDLE, wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
_declare("WaitForSingleObject", wintypes.DWORD, wintypes.HANDLE, wintypes.DWORD)
_declare("CloseHandle", wintypes.BOOL, wintypes.HANDLE)
_declare("GenerateConsoleCtrlEvent", wintypes.BOOL, wintypes.DWORD, wintypes.DWORD)
_declare("SetConsoleCtrlHandler", wintypes.BOOL, ConsoleHandler, wintypes.BOOL)
_declare("GetStdHandle", wintypes.HANDLE, wintypes.DWORD)
_declare("GetConsoleMode", wintypes.BOOL, wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
_declare("SetConsoleMode", wintypes.BOOL, wintypes.HANDLE, wintypes.DWORD)
_declare("GetSystemDirectoryW", wintypes.UINT, wintypes.LPWSTR, wintypes.UINT)
_declare("GetDriveTypeW", wintypes.UINT, wintypes.LPCWSTR)
_declare(
    "GetVolumeInformationW",
    wintypes.BOOL,
    wintypes.LPCWSTR,
    *(wintypes.LPWSTR, wintypes.DWORD),  # its label
    *(ctypes.c_void_p,) * 3,  # its serial number, the longest name, flags
    *(wintypes.LPWSTR, wintypes.DWORD),  # its file system
)
_declare("GetEnvironmentStringsW", ctypes.c_void_p)
_declare("FreeEnvironmentStringsW", wintypes.BOOL, ctypes.c_void_p)
_ntdll.NtResumeProcess.restype, _ntdll.NtResumeProcess.argtypes = ctypes.c_long, (wintypes.HANDLE,)


def create_job() -> int:
    """Create a job object. Its processes end when its last handle is closed, also by the end of this process."""
    job = _handle(_kernel32.CreateJobObjectW(None, None))
    limits = _ExtendedLimits()
    limits.basic.flags = _KILL_ON_JOB_CLOSE
    _check(
        _kernel32.SetInformationJobObject(job, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits))
    )
    return job


def assign_to_job(job: int, process: int) -> None:
    _check(_kernel32.AssignProcessToJobObject(job, process))


def active_processes(job: int) -> int:
    """Return the number of processes of ``job`` that have not ended."""
    facts = _Accounting()
    _check(
        _kernel32.QueryInformationJobObject(
            job, _BASIC_ACCOUNTING_INFORMATION, ctypes.byref(facts), ctypes.sizeof(facts), None
        )
    )
    return int(facts.active_processes)


def terminate_job(job: int, exit_code: int) -> None:
    """End every process of ``job`` with ``exit_code``. Does not wait for it."""
    _check(_kernel32.TerminateJobObject(job, exit_code))


def open_process(pid: int) -> int:
    """Open a second handle, on which a thread may wait after subprocess has closed its own."""
    return _handle(_kernel32.OpenProcess(_PROCESS_ACCESS, False, pid))


def resume(process: int) -> None:
    """Resume a process that was created suspended."""
    status = _ntdll.NtResumeProcess(process)
    if status < 0:
        raise OSError(f"NtResumeProcess failed with status 0x{status & 0xFFFFFFFF:08X}")


def wait_for_exit(process: int) -> None:
    """Block until ``process`` has ended."""
    _kernel32.WaitForSingleObject(process, _INFINITE)


def wait_for_exit_of(pid: int) -> None:
    """Block until the process ``pid`` has ended. Return at once if it does not exist."""
    process = _kernel32.OpenProcess(_SYNCHRONIZE, False, pid)
    if process:
        _kernel32.WaitForSingleObject(process, _INFINITE)
        _kernel32.CloseHandle(process)


def close_handle(handle: int) -> None:
    _kernel32.CloseHandle(handle)


def send_break(group: int) -> bool:
    """Send CTRL_BREAK to a process group. Return False if it has ended, or has no console in common with us.

    Do not use ``os.kill``: when the console refuses, CPython 3.11 falls through to TerminateProcess.
    """
    return bool(_kernel32.GenerateConsoleCtrlEvent(CTRL_BREAK, group))


def console_handler(handle: Callable[[int], bool]) -> ctypes._FuncPointer:
    """Wrap ``handle`` for the console. The caller must keep the result alive while it is in use."""
    return ConsoleHandler(handle)


def add_console_handler(handler: ctypes._FuncPointer) -> None:
    _check(_kernel32.SetConsoleCtrlHandler(handler, True))


def remove_console_handler(handler: ctypes._FuncPointer) -> None:
    _check(_kernel32.SetConsoleCtrlHandler(handler, False))


def standard_handle(which: int) -> int | None:
    """Return the handle of STANDARD_INPUT or STANDARD_OUTPUT, or None if this process does not have it."""
    handle = _kernel32.GetStdHandle(which & 0xFFFFFFFF)
    return None if handle in (None, wintypes.HANDLE(-1).value) else int(handle)


def console_mode(handle: int) -> int | None:
    """Return the mode of the console at ``handle``, or None for another kind of file."""
    mode = wintypes.DWORD()
    return int(mode.value) if _kernel32.GetConsoleMode(handle, ctypes.byref(mode)) else None


def set_console_mode(handle: int, mode: int) -> bool:
    """Set the mode of the console at ``handle``. Return False if that fails."""
    return bool(_kernel32.SetConsoleMode(handle, mode))


def system_directory() -> str:
    """Return the directory of ``cmd.exe``, whatever the environment says."""
    buffer = ctypes.create_unicode_buffer(32768)
    _check(_kernel32.GetSystemDirectoryW(buffer, len(buffer)))
    return buffer.value


def drive_type(root: str) -> str:
    """Return the kind of the drive at ``root``: a letter or a share, with a backslash at the end."""
    kinds = {2: "removable", 3: "fixed", 4: "remote", 5: "cdrom", 6: "ramdisk"}
    return kinds.get(_kernel32.GetDriveTypeW(root), "unknown")


def file_system_name(root: str) -> str:
    """Return the file system of the volume at ``root``, such as ``NTFS``; empty if it is unknown."""
    name = ctypes.create_unicode_buffer(64)
    found = _kernel32.GetVolumeInformationW(root, None, 0, None, None, None, name, len(name))
    return name.value if found else ""


def environment_strings() -> list[str]:
    """Return our environment as Windows keeps it: each ``NAME=VALUE``, also those whose names begin with ``=``."""
    block = _kernel32.GetEnvironmentStringsW()
    _check(block or 0)
    try:
        strings: list[str] = []
        address = block
        while text := ctypes.wstring_at(address):
            strings.append(text)
            address += len(text.encode("utf-16-le", "surrogatepass")) + ctypes.sizeof(ctypes.c_wchar)
        return strings
    finally:
        _kernel32.FreeEnvironmentStringsW(block)


def _handle(value: int | None) -> int:
    _check(value or 0)
    return int(value or 0)


def _check(succeeded: int) -> None:
    if not succeeded:
        raise ctypes.WinError(ctypes.get_last_error())
