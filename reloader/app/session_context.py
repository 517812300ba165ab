"""What all engines of a session have in common."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from reloader.app.environment import told_of
from reloader.core.addresses import ListeningSocket
from reloader.core.notices import ControlUnavailable, Listening
from reloader.core.settings import Settings
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.control.journal import RunJournal
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.inbox import Inbox
from reloader.engine.pause import Pause
from reloader.engine.tasks.hooks import Hooks
from reloader.engine.tasks.runner import TaskRunner
from reloader.interfaces import ChildHost, Reporter
from reloader.system import ProcessHost, Sockets
from reloader.system.control_server import ControlServer
from reloader.system.control_socket import ControlSocket
from reloader.system.directories import SessionFiles
from reloader.system.run_history import RunHistory


def chronicle_of(settings: Settings, reporter: Reporter) -> RunJournal:
    """What listens to ``reporter`` and writes the history. A plan of no project has none."""
    if not settings.project:
        return RunJournal(reporter, time.monotonic, time.time)
    history = RunHistory(settings.project, os.environ, os.path.expanduser("~"))
    return RunJournal(reporter, time.monotonic, time.time, history.append)


def serve_requests(settings: Settings, inbox: Inbox, reporter: Reporter, resources: ExitStack) -> None:
    """From now on others may ask. A session that cannot be asked runs all the same."""
    if not settings.project:
        return
    try:
        point = ControlSocket(settings.project, os.environ)
    except OSError as error:
        remedy = "Set XDG_RUNTIME_DIR to a short path of a directory that only this user may enter"
        reporter.report(ControlUnavailable(str(error), remedy))
        return
    resources.callback(ControlServer(point, inbox.post).close)


@dataclass(slots=True)
class SessionContext:
    """``projects`` are those under whose names the session can be met, ``host`` is that of the newest engine."""

    chronicle: RunJournal
    inbox: Inbox
    sockets: Sockets
    files: SessionFiles
    renewal: ConfigReloader
    pause: Pause
    loops: RestartLoopGuard
    resources: ExitStack
    projects: set[str] = field(default_factory=set)
    listening: tuple[ListeningSocket, ...] = ()
    host: ProcessHost | None = None
    commands: TaskRunner | None = None
    hooks: Hooks | None = None

    def listen(self, settings: Settings) -> Settings:
        """Listen on what ``settings`` names; before all else, since that may be somebody's. Then the plan has no placeholders."""
        pending = self.sockets.open(settings.launch.sockets) if settings.launch.sockets or self.listening else ()
        if pending and pending != self.listening:
            self.chronicle.report(Listening(pending))
        self.listening = pending
        return replace(settings, launch=told_of(pending, settings.launch)) if pending else settings

    def goes_on_with(self, host: ProcessHost) -> None:
        """What is at work beside the runs is handed on from host to host. The last one ends it."""
        if self.host is None:
            self.resources.callback(self._end_what_is_beside)
        self.host = host

    def _end_what_is_beside(self) -> None:
        if self.host is not None:
            self.host.close()

    def commands_on(self, helpers: ChildHost) -> TaskRunner:
        """Those that are at work go on, whatever plan follows."""
        if self.commands is None:
            self.commands = TaskRunner(helpers, time.monotonic)
        return self.commands

    def hooks_of(
        self, settings: Settings, commands: TaskRunner, environment: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Hooks:
        """What is due still by the plan before is told as well."""
        hooks, cwd = settings.tasks.hooks, settings.launch.cwd
        if self.hooks is None:
            self.hooks = Hooks(hooks, commands, self.chronicle, environment, self.files.write_changes, cwd=cwd)
        else:
            self.hooks.transfer(hooks, environment, cwd=cwd)
        return self.hooks

    def serve_requests(self, settings: Settings) -> None:
        """Who asks goes by the name of the file; another one may have come before the first."""
        if settings.project not in self.projects:
            self.projects.add(settings.project)
            serve_requests(settings, self.inbox, self.chronicle, self.resources)
