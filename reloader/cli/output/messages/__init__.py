"""The message for each notice: what happened: cause. What to do.

A message is one line for people, without colour and without a full stop at its end. Its topic's module holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reloader.cli.output.messages import configuration, doctor, paths, runs, session, tasks, watching
from reloader.config.messages import printable
from reloader.core.notices import ConfigInvalid, Notice, SyntaxErrorNotice

#: The function that words each kind of notice. A test holds that none is missing, and that each gets its own kind.
MESSAGES: Mapping[type, Callable[..., str]] = {
    **configuration.MESSAGES,
    **watching.MESSAGES,
    **runs.MESSAGES,
    **tasks.MESSAGES,
    **session.MESSAGES,
    **paths.MESSAGES,
    **doctor.MESSAGES,
}


def message(notice: Notice) -> str:
    """Return ``notice`` as a line for people. Characters that cannot be printed are escaped."""
    return printable(MESSAGES[type(notice)](notice))


def details(notice: Notice) -> Sequence[str]:
    """Return the lines below the message: the excerpt of a syntax error as Python shows it, or several problems."""
    match notice:
        case SyntaxErrorNotice(excerpt=excerpt):
            return [printable(line.replace("\t", " ")) for line in excerpt]
        case ConfigInvalid(problems) if len(problems) > 1:
            return [printable(problem) for problem in problems]
        case _:
            return ()
