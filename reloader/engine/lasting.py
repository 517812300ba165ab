"""What all engines of a session have in common."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from reloader.core.notices import Listening
from reloader.core.plan import RunPlan
from reloader.core.sockets import HeldSocket
from reloader.engine.attend import open_to_visitors
from reloader.engine.chronicle import Chronicle
from reloader.engine.inbox import Inbox
from reloader.engine.renewal import Renewal
from reloader.engine.sockets import told_of
from reloader.system import Sockets
from reloader.system.session_files import SessionFiles


@dataclass(slots=True)
class Lasting:
    """``projects`` are those under whose names the session can be met."""

    chronicle: Chronicle
    inbox: Inbox
    sockets: Sockets
    files: SessionFiles
    renewal: Renewal
    resources: ExitStack
    projects: set[str] = field(default_factory=set)
    listening: tuple[HeldSocket, ...] = ()

    def listen(self, plan: RunPlan) -> RunPlan:
        """Listen on what ``plan`` names; before all else, since that may be somebody's. Then the plan has no placeholders."""
        held = self.sockets.open(plan.launch.sockets) if plan.launch.sockets or self.listening else ()
        if held and held != self.listening:
            self.chronicle.tell(Listening(held))
        self.listening = held
        return replace(plan, launch=told_of(held, plan.launch)) if held else plan

    def open_to_visitors(self, plan: RunPlan) -> None:
        """Who asks goes by the name of the file; another one may have come before the first."""
        if plan.project not in self.projects:
            self.projects.add(plan.project)
            open_to_visitors(plan, self.inbox, self.chronicle, self.resources)
