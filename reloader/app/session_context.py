"""The objects that live as long as a session, and are shared by its engines."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import replace

from reloader.app.environment import with_sockets
from reloader.core.addresses import ListeningSocket
from reloader.core.notices import ControlUnavailable, Listening
from reloader.core.settings import Settings
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.control.handler import WaitingClients
from reloader.engine.control.journal import RunJournal
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.inbox import Inbox
from reloader.engine.pause import Pause
from reloader.engine.tasks.hooks import Hooks
from reloader.engine.tasks.runner import TaskRunner
from reloader.interfaces import Configuration, Reporter
from reloader.system import Sockets, make_helper_host
from reloader.system.control_server import ControlServer
from reloader.system.control_socket import ControlSocket
from reloader.system.directories import SessionFiles
from reloader.system.run_history import RunHistory


def run_journal(settings: Settings, reporter: Reporter) -> RunJournal:
    """Return the journal that reports to ``reporter`` and writes the run history. Without a project there is no history."""
    if not settings.project:
        return RunJournal(reporter, time.monotonic, time.time)
    history = RunHistory(settings.project, os.environ, os.path.expanduser("~"))
    return RunJournal(reporter, time.monotonic, time.time, history.append)


def serve_requests(settings: Settings, inbox: Inbox, reporter: Reporter, resources: ExitStack) -> None:
    """Accept requests from other programs. If that is impossible, report it: the session runs all the same."""
    if not settings.project:
        return
    try:
        point = ControlSocket(settings.project, os.environ)
    except OSError as error:
        remedy = "Set XDG_RUNTIME_DIR to a short path of a directory that only this user may enter"
        reporter.report(ControlUnavailable(str(error), remedy))
        return
    resources.callback(ControlServer(point, inbox.post).close)


class SessionContext:
    """The objects that one engine after another uses. ``resources`` ends them, the last one made first."""

    def __init__(
        self,
        settings: Settings,
        reporter: Reporter,
        configuration: Configuration | None,
        inbox: Inbox,
        resources: ExitStack,
    ) -> None:
        clock = time.monotonic
        self.inbox = inbox
        self.run_journal = run_journal(settings, reporter)
        self.config_reloader = ConfigReloader(
            settings, configuration, clock, self.run_journal.report, self.run_journal.set_reporter
        )
        self.restart_loops = RestartLoopGuard(settings.watch, clock, self.run_journal)
        self.pause = Pause()
        self.clients = WaitingClients()
        self.sockets = Sockets()
        resources.callback(self.sockets.close)
        self.files = SessionFiles()
        resources.callback(self.files.close)
        self.helpers = make_helper_host(inbox.post)
        resources.callback(self.helpers.close)
        self.tasks = TaskRunner(self.helpers, clock)
        # Each engine brings its hooks, and their environment.
        self.hooks = Hooks({}, self.tasks, self.run_journal, dict, self.files.write_changes, cwd="")
        self._resources = resources
        self._listening: tuple[ListeningSocket, ...] = ()
        self._projects: set[str] = set()

    def listen(self, settings: Settings) -> Settings:
        """Listen on the sockets of ``settings``, and return these with their placeholders filled in.

        Comes first, since an address may be in use. Raises ReloaderError.
        """
        sockets = self.sockets.open(settings.launch.sockets) if settings.launch.sockets or self._listening else ()
        if sockets and sockets != self._listening:
            self.run_journal.report(Listening(sockets))
        self._listening = sockets
        return replace(settings, launch=with_sockets(sockets, settings.launch)) if sockets else settings

    def serve_requests(self, settings: Settings) -> None:
        """Accept requests under the project of ``settings``, which changes if another config file comes before the first."""
        if settings.project not in self._projects:
            self._projects.add(settings.project)
            serve_requests(settings, self.inbox, self.run_journal, self._resources)
