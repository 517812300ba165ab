"""The configuration as one plan: names become absolute paths and numbers, patterns become roots.

Asks the disk only through ``PathContext``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from reloader.config.layers import MergedLayers
from reloader.config.messages import quoted
from reloader.config.model import Config
from reloader.config.patterns import AnchoredPattern, PathContext, anchor, is_whole_disk, minimal_roots
from reloader.config.shell import argv_of, split_command
from reloader.config.signals import signal_number
from reloader.config.validators import NO_PROGRAM, SYNTAX, TaskConfig
from reloader.core.addresses import (
    SocketAddress,
    SocketSpec,
    UnixAddress,
    first_conflict,
    format_address,
    parse_address,
    placeholder_problems,
)
from reloader.core.choices import Comparison, Framework
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


def socket_specs(config: Config, layers: MergedLayers, context: PathContext) -> tuple[SocketSpec, ...]:
    origin = layers.origins.get("sockets", "sockets")
    return tuple(SocketSpec(address, origin) for address in _addresses(config, context))


def socket_problems(config: Config, layers: MergedLayers, context: PathContext) -> Iterator[str]:
    """What only shows when the addresses meet each other, the platform, and what the command is told by its words."""
    if not config.sockets:
        return
    origin = layers.origins["sockets"]
    if context.platform == "win32":
        remedy = "move the key into a table [linux] or [macos], and let the command open its own here"
        yield f"{origin}: no socket can be handed over on Windows: {remedy}"
        return
    addresses = _addresses(config, context)
    both = first_conflict(addresses)
    if both is not None:
        yield f"{origin}: {format_address(both[0])} and {format_address(both[1])} cannot both be had: leave one out, or change a port"
    words = (config.command,) if isinstance(config.command, str) else config.command
    yield from (
        f"{layers.origins.get('command', 'command')}: {fault}"
        for w in words
        for fault in placeholder_problems(w, addresses)
    )
    for name, value in config.env.items():
        yield from (f"{layers.origins['env']}.{name}: {fault}" for fault in placeholder_problems(value, addresses))


def _addresses(config: Config, context: PathContext) -> list[SocketAddress]:
    return [_placed(parse_address(text), context) for text in config.sockets]


def _placed(address: SocketAddress, context: PathContext) -> SocketAddress:
    return replace(address, path=context.absolute(address.path)) if isinstance(address, UnixAddress) else address


OLDER_LOG_SUFFIX = ".1"
"""What is behind the name of the file that holds the older half of the log."""


def output(config: Config, context: PathContext) -> OutputSettings:
    return OutputSettings(
        clear=config.clear,
        bell=config.bell,
        notify=config.notify,
        timestamps=config.timestamps,
        log_file=None if config.log_file is None else context.absolute(config.log_file),
    )


def rules_for_log(config: Config, source: str, context: PathContext) -> Iterator[Rule]:
    """We write it at each restart, so a log that counts would be a loop."""
    log = output(config, context).log_file
    if log is not None and context.holds(context.base, log):
        yield from (
            Rule(ignore_pattern(path, context.base, context.paths.sep), source)
            for path in (log, log + OLDER_LOG_SUFFIX)
        )


_SAFER = 'name less, as in watch = ["./src/"], or set allow_dangerous_root = true'


@dataclass(frozen=True, slots=True)
class MergedConfig:
    """The configuration and where each part of it was merged. ``source`` is the file, or says that there was none."""

    config: Config
    layers: MergedLayers
    source: str

    def origin_of(self, key: str) -> str:
        """Where ``key`` is merged; if it is not, where it could be."""
        return self.layers.origins.get(key, f"{self.source}: {key}")

    def source_of(self, key: str) -> str:
        return self.layers.sources.get(key, self.source)


def resolve(merged: MergedConfig, context: PathContext, comspec: str) -> Settings:
    """The plan of a configuration without problems."""
    return Settings(
        _launch(merged, context, comspec),
        _watch(merged, context),
        _restart(merged.config, context),
        _python(merged.config),
        output(merged.config, context),
        _beside(merged, context),
        source=merged.source,
    )


def without_dangerous_roots(settings: Settings, context: PathContext) -> Settings:
    """``settings``, in which what nobody should watch is no root."""
    roots = tuple(root for root in settings.watch.roots if _danger(root, context) is None)
    return replace(settings, watch=replace(settings.watch, roots=roots))


def problems_of(merged: MergedConfig, context: PathContext, invalid_keys: frozenset[str]) -> Iterator[str]:
    """What only shows when the parts meet. A key in ``invalid_keys`` has a problem already, and is asked for nothing."""
    if invalid_keys.isdisjoint({"command", "shell"}):
        yield from _command_problems(merged, context)
    if invalid_keys.isdisjoint({"debounce", "debounce_max"}):
        yield from _debounce_problems(merged)
    if invalid_keys.isdisjoint({"sockets", "command", "env"}):
        yield from socket_problems(merged.config, merged.layers, context)
    if invalid_keys.isdisjoint({"compatible", "python_modules", "sockets"}):
        yield from _compatibility_problems(merged)
    if invalid_keys.isdisjoint({"watch", "allow_dangerous_root"}):
        yield from _root_problems(merged, _watch(merged, context), context)


def _launch(merged: MergedConfig, context: PathContext, comspec: str) -> LaunchSettings:
    config = merged.config
    return LaunchSettings(
        argv=argv_of(config.command, config.shell, context.platform, comspec),
        cwd=context.absolute(config.cwd) if config.cwd is not None else context.base,
        environment=dict(config.env),
        env_files=tuple(context.absolute(file) for file in config.env_files),
        compatible=tuple(dict.fromkeys(config.compatible)),
        has_input=not config.keys,
        sockets=socket_specs(config, merged.layers, context),
    )


def _restart(config: Config, context: PathContext) -> RestartPolicy:
    return RestartPolicy(
        on_exit=config.on_exit,
        restart_code=None if config.restart_code is False else int(config.restart_code),
        stop=StopPolicy(signal_number(config.stop_signal, context.platform), config.stop_timeout),
        once=config.once,
        postpone=config.postpone,
    )


def _python(config: Config) -> PythonPolicy:
    return PythonPolicy(config.python_modules, config.python_open_files, config.python_site_packages)


def _beside(merged: MergedConfig, context: PathContext) -> TaskSettings:
    config = merged.config
    check = config.check
    gate = GatePolicy(
        syntax=check == SYNTAX,
        check=None if isinstance(check, str) else _step(check, merged.source_of("check"), context),
        before=tuple(_step(step, merged.source_of("before"), context) for step in config.before),
        timeout=config.task_timeout,
    )
    hooks = {HookEvent(name): argv for name, argv in config.hooks.items()}
    return TaskSettings(gate, ReadyPolicy(**config.ready), hooks)


def _step(words: TaskConfig, source: str, context: PathContext) -> Task:
    return Task(words.run, _patterns(tuple(anchor(pattern, context) for pattern in words.files), source, context))


def _watch(merged: MergedConfig, context: PathContext) -> WatchSettings:
    config = merged.config
    placed = None if config.watch is None else tuple(anchor(pattern, context) for pattern in config.watch)
    return WatchSettings(
        base=context.base,
        roots=(context.base,) if placed is None else _roots(placed, context),
        watch=None if placed is None else _patterns(placed, merged.source_of("watch"), context),
        ignore=(
            *(Rule(_anchored(pattern), merged.source_of("ignore")) for pattern in config.ignore),
            *rules_for_log(config, merged.source_of("log_file"), context),
        ),
        extra_files=tuple(dict.fromkeys(context.absolute(file) for file in (*config.extra_files, *config.env_files))),
        gitignore=config.gitignore,
        default_ignores=config.default_ignores,
        follow_symlinks=config.follow_symlinks,
        compare_content=config.compare is Comparison.CONTENT,
        backend=config.backend,
        interval=config.interval,
        debounce=DebouncePolicy(config.debounce, config.debounce_max),
    )


def _roots(placed: tuple[AnchoredPattern, ...], context: PathContext) -> tuple[str, ...]:
    return minimal_roots((one.root for one in placed if not one.pattern.startswith("!")), context)


def _patterns(placed: tuple[AnchoredPattern, ...], source: str, context: PathContext) -> tuple[Patterns, ...]:
    """Neighbours with one base together. The filter asks the first first, and the last pattern has to win."""
    runs = [
        Patterns(base, tuple(Rule(one.pattern, source) for one in run), ignore_case=context.platform == "win32")
        for base, run in groupby(placed, key=lambda one: one.base)
    ]
    return tuple(reversed(runs))


def _anchored(pattern: str) -> str:
    """Gitignore knows no ``./``; people do."""
    negation = "!" if pattern.startswith("!") else ""
    body = pattern[len(negation) :]
    return f"{negation}/{body[2:].lstrip('/')}" if body.startswith("./") else pattern


def _command_problems(merged: MergedConfig, context: PathContext) -> Iterator[str]:
    line = merged.config.command
    if not isinstance(line, str) or merged.config.shell is not False:
        return
    try:
        words = split_command(line, context.platform)
    except ValueError:
        fault = "has a quotation or an escape that is not closed: close it, or write a list"
        yield f"{merged.origin_of('command')}: {quoted(line)} {fault}"
    else:
        if not words or not words[0]:
            yield f"{merged.origin_of('command')}: {NO_PROGRAM}"


def _debounce_problems(merged: MergedConfig) -> Iterator[str]:
    quiet, ceiling = merged.config.debounce, merged.config.debounce_max
    if ceiling >= quiet:
        return
    if "debounce_max" in merged.layers.origins:
        yield f"{merged.origin_of('debounce_max')}: {ceiling:g} is less than debounce ({quiet:g}): write at least {quiet:g}"
    else:
        yield f"{merged.origin_of('debounce')}: {quiet:g} is more than debounce_max ({ceiling:g}): write less, or set both"


def _compatibility_problems(merged: MergedConfig) -> Iterator[str]:
    """Werkzeug expects of its parent an open socket. That ours, where it is given none, opens its own is the agent's doing."""
    config = merged.config
    if Framework.WERKZEUG in config.compatible and not config.python_modules and not config.sockets:
        remedy = "set that to true, name a socket in sockets, or start the command without its reloader"
        yield f'{merged.origin_of("compatible")}: "werkzeug" needs the [python] key modules: {remedy}'


def _root_problems(merged: MergedConfig, settings: WatchSettings, context: PathContext) -> Iterator[str]:
    watch = merged.config.watch
    if watch and not settings.roots:
        yield f"{merged.origin_of('watch')}: every pattern begins with '!', so that nothing counts: add one that does not"
    if merged.config.allow_dangerous_root:
        return
    for root in settings.roots:
        danger = _danger(root, context)
        if danger is not None:
            yield f"{merged.origin_of('watch')}: {danger} would be watched: {_SAFER}"


def _danger(root: str, context: PathContext) -> str | None:
    if is_whole_disk(root, context):
        return f"the whole of {root}"
    return f"your home directory {root}" if context.is_home(root) else None
