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
from reloader.config.patterns import AnchoredPattern, PathContext, anchor, is_whole_disk, minimal
from reloader.config.shell import argv_of, split
from reloader.config.signals import number_of
from reloader.config.validators import NO_PROGRAM, SYNTAX, WrittenTask
from reloader.core.addresses import (
    SocketAddress,
    SocketSpec,
    UnixAddress,
    first_conflict,
    format_address,
    parse_address,
    placeholder_problems,
)
from reloader.core.debounce import DebouncePolicy
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.paths.ignores import ignore_pattern
from reloader.core.settings import (
    BackendName,
    Framework,
    LaunchSettings,
    OnExit,
    OutputSettings,
    PythonPolicy,
    RestartPolicy,
    Settings,
    StopPolicy,
    WatchSettings,
)
from reloader.core.tasks import GatePolicy, HookEvent, ReadyPolicy, Task, TaskSettings


def socket_specs(config: Config, stack: MergedLayers, ground: PathContext) -> tuple[SocketSpec, ...]:
    origin = stack.origins.get("sockets", "sockets")
    return tuple(SocketSpec(address, origin) for address in _addresses(config, ground))


def socket_problems(config: Config, stack: MergedLayers, ground: PathContext) -> Iterator[str]:
    """What only shows when the addresses meet each other, the platform, and what the command is told by its words."""
    if not config.sockets:
        return
    origin = stack.origins["sockets"]
    if ground.platform == "win32":
        remedy = "move the key into a table [linux] or [macos], and let the command open its own here"
        yield f"{origin}: no socket can be handed over on Windows: {remedy}"
        return
    addresses = _addresses(config, ground)
    both = first_conflict(addresses)
    if both is not None:
        yield f"{origin}: {format_address(both[0])} and {format_address(both[1])} cannot both be had: leave one out, or change a port"
    words = (config.command,) if isinstance(config.command, str) else config.command
    yield from (
        f"{stack.origins.get('command', 'command')}: {fault}"
        for w in words
        for fault in placeholder_problems(w, addresses)
    )
    for name, value in config.env.items():
        yield from (f"{stack.origins['env']}.{name}: {fault}" for fault in placeholder_problems(value, addresses))


def _addresses(config: Config, ground: PathContext) -> list[SocketAddress]:
    return [_placed(parse_address(text), ground) for text in config.sockets]


def _placed(address: SocketAddress, ground: PathContext) -> SocketAddress:
    return replace(address, path=ground.absolute(address.path)) if isinstance(address, UnixAddress) else address


KEPT = ".1"
"""What is behind the name of the file that holds the older half of the log."""


def output(config: Config, ground: PathContext) -> OutputSettings:
    return OutputSettings(
        clear=config.clear,
        bell=config.bell,
        notify=config.notify,
        timestamps=config.timestamps,
        log_file=None if config.log_file is None else ground.absolute(config.log_file),
    )


def rules_for_log(config: Config, source: str, ground: PathContext) -> Iterator[Rule]:
    """We write it at each restart, so a log that counts would be a loop."""
    log = output(config, ground).log_file
    if log is not None and ground.holds(ground.base, log):
        yield from (Rule(ignore_pattern(path, ground.base, ground.paths.sep), source) for path in (log, log + KEPT))


_SAFER = 'name less, as in watch = ["./src/"], or set allow_dangerous_root = true'


@dataclass(frozen=True, slots=True)
class MergedConfig:
    """The configuration and where each part of it was written. ``source`` is the file, or says that there was none."""

    config: Config
    stack: MergedLayers
    source: str

    def origin_of(self, key: str) -> str:
        """Where ``key`` is written; if it is not, where it could be."""
        return self.stack.origins.get(key, f"{self.source}: {key}")

    def source_of(self, key: str) -> str:
        return self.stack.sources.get(key, self.source)


def resolve(written: MergedConfig, ground: PathContext, comspec: str) -> Settings:
    """The plan of a configuration without problems."""
    return Settings(
        _launch(written, ground, comspec),
        _watch(written, ground),
        _restart(written.config, ground),
        _python(written.config),
        output(written.config, ground),
        _beside(written, ground),
        source=written.source,
    )


def without_dangerous_roots(settings: Settings, ground: PathContext) -> Settings:
    """``settings``, in which what nobody should watch is no root."""
    roots = tuple(root for root in settings.watch.roots if _danger(root, ground) is None)
    return replace(settings, watch=replace(settings.watch, roots=roots))


def problems_of(written: MergedConfig, ground: PathContext, spoiled: frozenset[str]) -> Iterator[str]:
    """What only shows when the parts meet. A key in ``spoiled`` has a problem already, and is asked for nothing."""
    if spoiled.isdisjoint({"command", "shell"}):
        yield from _command_problems(written, ground)
    if spoiled.isdisjoint({"debounce", "debounce_max"}):
        yield from _debounce_problems(written)
    if spoiled.isdisjoint({"sockets", "command", "env"}):
        yield from socket_problems(written.config, written.stack, ground)
    if spoiled.isdisjoint({"compatible", "python_modules", "sockets"}):
        yield from _compatibility_problems(written)
    if spoiled.isdisjoint({"watch", "allow_dangerous_root"}):
        yield from _root_problems(written, _watch(written, ground), ground)


def _launch(written: MergedConfig, ground: PathContext, comspec: str) -> LaunchSettings:
    config = written.config
    return LaunchSettings(
        argv=argv_of(config.command, config.shell, ground.platform, comspec),
        cwd=ground.absolute(config.cwd) if config.cwd is not None else ground.base,
        environment=dict(config.env),
        env_files=tuple(ground.absolute(file) for file in config.env_files),
        compatible=tuple(dict.fromkeys(map(Framework, config.compatible))),
        has_input=not config.keys,
        sockets=socket_specs(config, written.stack, ground),
    )


def _restart(config: Config, ground: PathContext) -> RestartPolicy:
    return RestartPolicy(
        on_exit=OnExit(config.on_exit),
        restart_code=None if config.restart_code is False else int(config.restart_code),
        stop=StopPolicy(number_of(config.stop_signal, ground.platform), config.stop_timeout),
        once=config.once,
        postpone=config.postpone,
    )


def _python(config: Config) -> PythonPolicy:
    return PythonPolicy(config.python_modules, config.python_open_files, config.python_site_packages)


def _beside(written: MergedConfig, ground: PathContext) -> TaskSettings:
    config = written.config
    check = config.check
    gate = GatePolicy(
        syntax=check == SYNTAX,
        check=None if isinstance(check, str) else _step(check, written.source_of("check"), ground),
        before=tuple(_step(step, written.source_of("before"), ground) for step in config.before),
        timeout=config.task_timeout,
    )
    hooks = {HookEvent(name): argv for name, argv in config.hooks.items()}
    return TaskSettings(gate, ReadyPolicy(**config.ready), hooks)


def _step(words: WrittenTask, source: str, ground: PathContext) -> Task:
    return Task(words.run, _patterns(tuple(anchor(pattern, ground) for pattern in words.files), source, ground))


def _watch(written: MergedConfig, ground: PathContext) -> WatchSettings:
    config = written.config
    placed = None if config.watch is None else tuple(anchor(pattern, ground) for pattern in config.watch)
    return WatchSettings(
        base=ground.base,
        roots=(ground.base,) if placed is None else _roots(placed, ground),
        watch=None if placed is None else _patterns(placed, written.source_of("watch"), ground),
        ignore=(
            *(Rule(_anchored(pattern), written.source_of("ignore")) for pattern in config.ignore),
            *rules_for_log(config, written.source_of("log_file"), ground),
        ),
        extra_files=tuple(dict.fromkeys(ground.absolute(file) for file in (*config.extra_files, *config.env_files))),
        gitignore=config.gitignore,
        default_ignores=config.default_ignores,
        follow_symlinks=config.follow_symlinks,
        compare_content=config.compare == "content",
        backend=BackendName(config.backend),
        interval=config.interval,
        debounce=DebouncePolicy(config.debounce, config.debounce_max),
    )


def _roots(placed: tuple[AnchoredPattern, ...], ground: PathContext) -> tuple[str, ...]:
    return minimal((one.root for one in placed if not one.pattern.startswith("!")), ground)


def _patterns(placed: tuple[AnchoredPattern, ...], source: str, ground: PathContext) -> tuple[Patterns, ...]:
    """Neighbours with one base together. The filter asks the first first, and the last pattern has to win."""
    runs = [
        Patterns(base, tuple(Rule(one.pattern, source) for one in run), ignore_case=ground.platform == "win32")
        for base, run in groupby(placed, key=lambda one: one.base)
    ]
    return tuple(reversed(runs))


def _anchored(pattern: str) -> str:
    """Gitignore knows no ``./``; people do."""
    negation = "!" if pattern.startswith("!") else ""
    body = pattern[len(negation) :]
    return f"{negation}/{body[2:].lstrip('/')}" if body.startswith("./") else pattern


def _command_problems(written: MergedConfig, ground: PathContext) -> Iterator[str]:
    line = written.config.command
    if not isinstance(line, str) or written.config.shell is not False:
        return
    try:
        words = split(line, ground.platform)
    except ValueError:
        fault = "has a quotation or an escape that is not closed: close it, or write a list"
        yield f"{written.origin_of('command')}: {quoted(line)} {fault}"
    else:
        if not words or not words[0]:
            yield f"{written.origin_of('command')}: {NO_PROGRAM}"


def _debounce_problems(written: MergedConfig) -> Iterator[str]:
    quiet, ceiling = written.config.debounce, written.config.debounce_max
    if ceiling >= quiet:
        return
    if "debounce_max" in written.stack.origins:
        yield f"{written.origin_of('debounce_max')}: {ceiling:g} is less than debounce ({quiet:g}): write at least {quiet:g}"
    else:
        yield f"{written.origin_of('debounce')}: {quiet:g} is more than debounce_max ({ceiling:g}): write less, or set both"


def _compatibility_problems(written: MergedConfig) -> Iterator[str]:
    """Werkzeug expects of its parent an open socket. That ours, where it is given none, opens its own is the agent's doing."""
    config = written.config
    if "werkzeug" in config.compatible and not config.python_modules and not config.sockets:
        remedy = "set that to true, name a socket in sockets, or start the command without its reloader"
        yield f'{written.origin_of("compatible")}: "werkzeug" needs the [python] key modules: {remedy}'


def _root_problems(written: MergedConfig, settings: WatchSettings, ground: PathContext) -> Iterator[str]:
    watch = written.config.watch
    if watch and not settings.roots:
        yield f"{written.origin_of('watch')}: every pattern begins with '!', so that nothing counts: add one that does not"
    if written.config.allow_dangerous_root:
        return
    for root in settings.roots:
        danger = _danger(root, ground)
        if danger is not None:
            yield f"{written.origin_of('watch')}: {danger} would be watched: {_SAFER}"


def _danger(root: str, ground: PathContext) -> str | None:
    if is_whole_disk(root, ground):
        return f"the whole of {root}"
    return f"your home directory {root}" if ground.is_home(root) else None
