"""Turns a merged configuration into a Settings: names become absolute paths and numbers, patterns become roots.

Finds the problems that only show between keys. Asks the disk only through ``PathContext``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from reloader.config.layers import MergedLayers
from reloader.config.messages import quoted
from reloader.config.model import Config
from reloader.config.patterns import AnchoredPattern, PathContext, anchor, is_whole_disk, outermost
from reloader.config.shell import argv_of, split_command
from reloader.config.signals import signal_number
from reloader.config.task_validators import SYNTAX, TaskConfig
from reloader.config.validators import NO_PROGRAM, UNCLOSED
from reloader.core.addresses import (
    SocketAddress,
    SocketSpec,
    UnixAddress,
    first_conflict,
    format_address,
    parse_address,
    placeholder_problems,
)
from reloader.core.choices import CompareBy, Framework
from reloader.core.debounce import DebouncePolicy
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.paths.ignores import ignore_pattern
from reloader.core.settings import (
    LaunchSettings,
    OutputSettings,
    PythonPolicy,
    RestartPolicy,
    Settings,
    StopPolicy,
    WatchSettings,
)
from reloader.core.tasks import GatePolicy, HookEvent, ReadyPolicy, Task, TaskSettings

OLDER_LOG_SUFFIX = ".1"
"""Follows the name of the log file in the name of its older half."""

_DANGER_REMEDY = 'name less, as in watch = ["./src/"], or set allow_dangerous_root = true'


@dataclass(frozen=True, slots=True)
class MergedConfig:
    """The merged configuration and its layers. ``source`` is the file for the user, or says that there is none."""

    config: Config
    layers: MergedLayers
    source: str

    def origin_of(self, key: str) -> str:
        """Return the place where ``key`` is written; if it is not, where it could be."""
        return self.layers.origins.get(key, f"{self.source}: {key}")

    def source_of(self, key: str) -> str:
        return self.layers.sources.get(key, self.source)


def resolve(merged: MergedConfig, context: PathContext, comspec: str) -> Settings:
    """Return the settings of a configuration without problems. ``comspec`` is Windows' own shell."""
    config = merged.config
    return Settings(
        launch=_launch(merged, context, comspec),
        watch=_watch(merged, context),
        restart=_restart(config, context),
        python=PythonPolicy(config.python_modules, config.python_open_files, config.python_site_packages),
        output=_output(config, context),
        tasks=_tasks(merged, context),
        source=merged.source,
    )


def without_dangerous_roots(settings: Settings, context: PathContext) -> Settings:
    """Remove whole disks and the home directory from the roots of ``settings``."""
    roots = tuple(root for root in settings.watch.roots if _danger_of(root, context) is None)
    return replace(settings, watch=replace(settings.watch, roots=roots))


def problems_of(merged: MergedConfig, context: PathContext, invalid_keys: frozenset[str]) -> Iterator[str]:
    """Yield the problems between keys. What needs one of the ``invalid_keys`` is not checked: it has a problem already."""
    if invalid_keys.isdisjoint({"command", "shell"}):
        yield from _command_problems(merged, context)
    if invalid_keys.isdisjoint({"debounce", "debounce_max"}):
        yield from _debounce_problems(merged)
    if invalid_keys.isdisjoint({"sockets", "command", "env"}):
        yield from _socket_problems(merged, context)
    if invalid_keys.isdisjoint({"compatible", "python_modules", "sockets"}):
        yield from _compatibility_problems(merged)
    if invalid_keys.isdisjoint({"watch", "allow_dangerous_root"}):
        yield from _root_problems(merged, _watch(merged, context), context)


def _launch(merged: MergedConfig, context: PathContext, comspec: str) -> LaunchSettings:
    config = merged.config
    origin = merged.origin_of("sockets")
    return LaunchSettings(
        argv=argv_of(config.command, config.shell, context.platform, comspec),
        cwd=context.absolute(config.cwd) if config.cwd is not None else context.base,
        environment=dict(config.env),
        env_files=tuple(context.absolute(file) for file in config.env_files),
        compatible=tuple(dict.fromkeys(config.compatible)),
        has_input=not config.keys,
        sockets=tuple(SocketSpec(address, origin) for address in _addresses(config, context)),
    )


def _addresses(config: Config, context: PathContext) -> list[SocketAddress]:
    return [_with_absolute_path(parse_address(text), context) for text in config.sockets]


def _with_absolute_path(address: SocketAddress, context: PathContext) -> SocketAddress:
    return replace(address, path=context.absolute(address.path)) if isinstance(address, UnixAddress) else address


def _watch(merged: MergedConfig, context: PathContext) -> WatchSettings:
    config = merged.config
    anchored = None if config.watch is None else tuple(anchor(pattern, context) for pattern in config.watch)
    return WatchSettings(
        base=context.base,
        roots=(context.base,) if anchored is None else _roots(anchored, context),
        watch=None if anchored is None else _patterns(anchored, merged.source_of("watch"), context),
        ignore=(
            *(Rule(_without_dot_slash(pattern), merged.source_of("ignore")) for pattern in config.ignore),
            *_rules_for_log(merged, context),
        ),
        extra_files=tuple(dict.fromkeys(context.absolute(file) for file in (*config.extra_files, *config.env_files))),
        gitignore=config.gitignore,
        default_ignores=config.default_ignores,
        follow_symlinks=config.follow_symlinks,
        compare_content=config.compare is CompareBy.CONTENT,
        backend=config.backend,
        interval=config.interval,
        debounce=DebouncePolicy(config.debounce, config.debounce_max),
    )


def _roots(anchored: tuple[AnchoredPattern, ...], context: PathContext) -> tuple[str, ...]:
    return outermost((one.root for one in anchored if not one.pattern.startswith("!")), context)


def _patterns(anchored: tuple[AnchoredPattern, ...], source: str, context: PathContext) -> tuple[Patterns, ...]:
    """Group neighbours with the same base, in reverse: the filter asks the first group first, but the last pattern wins."""
    groups = [
        Patterns(base, tuple(Rule(one.pattern, source) for one in group), ignore_case=context.platform == "win32")
        for base, group in groupby(anchored, key=lambda one: one.base)
    ]
    return tuple(reversed(groups))


def _without_dot_slash(pattern: str) -> str:
    """Replace a leading ``./``, which gitignore does not have, by ``/``."""
    negation = "!" if pattern.startswith("!") else ""
    body = pattern[len(negation) :]
    return f"{negation}/{body[2:].lstrip('/')}" if body.startswith("./") else pattern


def _rules_for_log(merged: MergedConfig, context: PathContext) -> Iterator[Rule]:
    """Yield rules that ignore the log file. Each restart writes to it, so watching it would be a restart loop."""
    log = _output(merged.config, context).log_file
    if log is not None and context.contains(context.base, log):
        for path in (log, log + OLDER_LOG_SUFFIX):
            yield Rule(ignore_pattern(path, context.base, context.paths.sep), merged.source_of("log_file"))


def _restart(config: Config, context: PathContext) -> RestartPolicy:
    return RestartPolicy(
        on_exit=config.on_exit,
        restart_code=None if config.restart_code is False else int(config.restart_code),
        stop=StopPolicy(signal_number(config.stop_signal, context.platform), config.stop_timeout),
        once=config.once,
        postpone=config.postpone,
    )


def _output(config: Config, context: PathContext) -> OutputSettings:
    return OutputSettings(
        clear=config.clear,
        bell=config.bell,
        notify=config.notify,
        timestamps=config.timestamps,
        log_file=None if config.log_file is None else context.absolute(config.log_file),
    )


def _tasks(merged: MergedConfig, context: PathContext) -> TaskSettings:
    config = merged.config
    check = config.check
    gate = GatePolicy(
        syntax=check == SYNTAX,
        check=None if isinstance(check, str) else _task(check, merged.source_of("check"), context),
        before=tuple(_task(one, merged.source_of("before"), context) for one in config.before),
        timeout=config.task_timeout,
    )
    hooks = {HookEvent(name): argv for name, argv in config.hooks.items()}
    return TaskSettings(gate, ReadyPolicy(**config.ready), hooks)


def _task(config: TaskConfig, source: str, context: PathContext) -> Task:
    return Task(config.run, _patterns(tuple(anchor(pattern, context) for pattern in config.files), source, context))


def _command_problems(merged: MergedConfig, context: PathContext) -> Iterator[str]:
    command = merged.config.command
    if not isinstance(command, str) or merged.config.shell is not False:
        return
    try:
        arguments = split_command(command, context.platform)
    except ValueError:
        yield f"{merged.origin_of('command')}: {quoted(command)} {UNCLOSED}"
    else:
        if not arguments or not arguments[0]:
            yield f"{merged.origin_of('command')}: {NO_PROGRAM}"


def _debounce_problems(merged: MergedConfig) -> Iterator[str]:
    quiet, ceiling = merged.config.debounce, merged.config.debounce_max
    if ceiling >= quiet:
        return
    if "debounce_max" in merged.layers.origins:
        yield f"{merged.origin_of('debounce_max')}: {ceiling:g} is less than debounce ({quiet:g}): write at least {quiet:g}"
    else:
        yield f"{merged.origin_of('debounce')}: {quiet:g} is more than debounce_max ({ceiling:g}): write less, or set both"


def _socket_problems(merged: MergedConfig, context: PathContext) -> Iterator[str]:
    """Yield the problems of the addresses with each other, with the platform, and with placeholders for them."""
    config = merged.config
    if not config.sockets:
        return
    origin = merged.origin_of("sockets")
    if context.platform == "win32":
        remedy = "move the key into [linux] or [macos], and let the command open its own on Windows"
        yield f"{origin}: sockets cannot be passed to a command on Windows: {remedy}"
        return
    addresses = _addresses(config, context)
    pair = first_conflict(addresses)
    if pair is not None:
        yield f"{origin}: {format_address(pair[0])} and {format_address(pair[1])} conflict: remove one, or change a port"
    for argument in (config.command,) if isinstance(config.command, str) else config.command:
        yield from (f"{merged.origin_of('command')}: {one}" for one in placeholder_problems(argument, addresses))
    for name, value in config.env.items():
        yield from (f"{merged.origin_of('env')}.{name}: {one}" for one in placeholder_problems(value, addresses))


def _compatibility_problems(merged: MergedConfig) -> Iterator[str]:
    """Yield a problem if Werkzeug would find no socket. It expects one from its parent.

    Without ``sockets``, reloader's agent opens one within the program, for which it needs ``modules``.
    """
    config = merged.config
    if Framework.WERKZEUG in config.compatible and not config.python_modules and not config.sockets:
        problem = '"werkzeug" needs modules = true in [python], or a socket in sockets'
        yield f"{merged.origin_of('compatible')}: {problem}: add one, or turn off the command's own reloader"


def _root_problems(merged: MergedConfig, settings: WatchSettings, context: PathContext) -> Iterator[str]:
    origin = merged.origin_of("watch")
    if merged.config.watch and not settings.roots:
        yield f"{origin}: every pattern begins with '!', so nothing would be watched: add one without '!'"
    if merged.config.allow_dangerous_root:
        return
    for root in settings.roots:
        danger = _danger_of(root, context)
        if danger is not None:
            yield f"{origin}: {danger} would be watched: {_DANGER_REMEDY}"


def _danger_of(root: str, context: PathContext) -> str | None:
    if is_whole_disk(root, context):
        return f"the whole disk {root}"
    return f"your home directory {root}" if context.is_home(root) else None
