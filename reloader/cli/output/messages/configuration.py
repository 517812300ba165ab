"""Messages about the configuration and its reload."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reloader.cli.output.formatting import seconds_of
from reloader.config.toml_syntax import in_toml
from reloader.core.notices import (
    HIDDEN,
    ConfigInvalid,
    ConfigMissing,
    ConfigReloaded,
    ConfigReloadSuspended,
    ConfigRestored,
    ConfigUsed,
    KeyChange,
)


def config_used(notice: ConfigUsed) -> str:
    return f"configured by {notice.source}"


def config_reloaded(notice: ConfigReloaded) -> str:
    return f"{notice.source} changed: {', '.join(map(_change, notice.changes))}"


def config_invalid(notice: ConfigInvalid) -> str:
    if len(notice.problems) == 1:
        return f"{notice.problems[0]}; keeping the previous configuration"
    return f"{len(notice.problems)} problems in the configuration; keeping the previous one:"


def config_missing(notice: ConfigMissing) -> str:
    return f"{notice.source} was removed; keeping the previous configuration. Restore the file or stop reloader"


def config_restored(notice: ConfigRestored) -> str:
    return f"{notice.source} again matches the configuration in use"


def config_reload_suspended(notice: ConfigReloadSuspended) -> str:
    return (
        f"{notice.source} changed at the same moment of {notice.restarts} runs in a row, within "
        f"{seconds_of(notice.within)}: the command probably writes it. Ignoring its changes for "
        f"{seconds_of(notice.seconds)}, or until you restart. Let the command write to another file"
    )


MESSAGES: Mapping[type, Callable[..., str]] = {
    ConfigUsed: config_used,
    ConfigReloaded: config_reloaded,
    ConfigInvalid: config_invalid,
    ConfigMissing: config_missing,
    ConfigRestored: config_restored,
    ConfigReloadSuspended: config_reload_suspended,
}


def _change(change: KeyChange) -> str:
    return f"{change.key} {_value(change.before)} → {_value(change.after)}"


def _value(value: object) -> str:
    if value is None:
        return "(not set)"
    return HIDDEN if value == HIDDEN else in_toml(value)
