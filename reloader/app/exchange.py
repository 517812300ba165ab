"""Runs one engine after the other: another configuration that needs other parts gets an engine of its own, in the same session.

What outlives an engine (sockets, visitors, history, signals) belongs to the caller. Knows nothing of how an engine is made.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from reloader.core.events import Asked, ChildStirred, PathsChanged, StopAsked, Typed
from reloader.core.reasons import for_want_of_another_plan
from reloader.core.settings import RunPlan
from reloader.core.states import Idle
from reloader.engine.config_reload import Renewal
from reloader.engine.inbox import Inbox
from reloader.engine.loop import Engine
from reloader.errors import ConfigError, ReloaderError

#: Makes an engine for a plan that begins as it is told. What has to be undone when it has ended is left with the stack. The
#: last argument is the engine before it, with what that leaves undone. Raises ReloaderError if the plan cannot be had.
Assemble = Callable[[RunPlan, ExitStack, Idle, "Engine | None"], Engine]


def run_engines(assemble: Assemble, renewal: Renewal, inbox: Inbox, when_ready: Callable[[], None]) -> int:
    """The exit code of the last engine. ``when_ready`` is called once the first one is made."""
    with ExitStack() as resources:
        engine = assemble(renewal.plan, resources, Idle(), None)
        when_ready()
        end = engine.run()
        while isinstance(end, Idle):
            resources.close()
            _drop_news_of_what_has_ended(inbox)
            engine = _next_engine(assemble, renewal, resources, end, engine)
            end = engine.run()
        return end


def _next_engine(assemble: Assemble, renewal: Renewal, resources: ExitStack, start: Idle, before: Engine) -> Engine:
    """For the plan that is pending, or, if that cannot be had, for the one that has worked before."""
    renewed = renewal.pending
    if renewed is not None:
        try:
            engine = assemble(renewed.plan, resources, start, before)
        except (ReloaderError, ImportError) as error:  # of a frozen program, the files may be gone
            resources.close()
            renewal.refuse(error.problems if isinstance(error, ConfigError) else [str(error)])
            start = replace(start, reason=for_want_of_another_plan(start.run + 1))
        else:
            renewal.accept(renewed)
            return engine
    return assemble(renewal.plan, resources, start, before)


def _drop_news_of_what_has_ended(inbox: Inbox) -> None:
    """A wish is for whoever runs, and a hook may have ended; a restart by hand is what follows anyway.

    Failures are those of watchers that are no more.
    """
    for posted in inbox.take_now():
        if isinstance(posted, StopAsked | Asked | Typed | PathsChanged | ChildStirred):
            inbox.keep(posted)
