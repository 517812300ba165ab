"""The operating system: processes, signals, terminal, environment. The half for this platform is chosen here, once."""

from __future__ import annotations

import sys

from reloader.system.keyboard import Keyboard
from reloader.system.mounts import Mounts

if sys.platform == "win32":
    from reloader.system.windows.console import SystemSignals, enable_colour
    from reloader.system.windows.listen_sockets import Sockets
    from reloader.system.windows.process_host import ProcessHost, make_helper_host
    from reloader.system.windows.report_pipe import WindowsReportPipe as ReportPipe
else:
    from reloader.system.posix.listen_sockets import Sockets
    from reloader.system.posix.process_host import ProcessHost, make_helper_host
    from reloader.system.posix.report_pipe import PosixReportPipe as ReportPipe
    from reloader.system.posix.signals import SystemSignals, enable_colour

__all__ = [
    "Keyboard",
    "Mounts",
    "ProcessHost",
    "ReportPipe",
    "Sockets",
    "SystemSignals",
    "enable_colour",
    "make_helper_host",
]
