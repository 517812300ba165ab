"""The configuration as types. They are strict: only what is written here is converted, and an unknown key is an error."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, Strict, create_model

from reloader.config import task_validators, validators
from reloader.config.options import KEYS
from reloader.config.shell import Shell
from reloader.core.choices import BackendName, CompareBy, Framework, OnExit

_Choice = TypeVar("_Choice", bound=Enum)

Text = Annotated[str, AfterValidator(validators.text)]
FreeText = Annotated[str, AfterValidator(validators.possibly_empty_text)]
Texts = Annotated[tuple[Text, ...], Strict(False)]  # TOML has lists only; what is in them stays strict
Seconds = Annotated[float, PlainValidator(validators.seconds, json_schema_input_type=float | str)]
PositiveSeconds = Annotated[float, PlainValidator(validators.positive_seconds, json_schema_input_type=float | str)]
Command = Annotated[str | tuple[str, ...], PlainValidator(validators.command, json_schema_input_type=str | list[str])]
ShellChoice = Annotated[Shell, PlainValidator(validators.shell, json_schema_input_type=bool | str | list[str])]
Code = Annotated[
    int | bool,
    PlainValidator(
        validators.restart_code, json_schema_input_type=Annotated[int, Field(ge=0, le=255)] | Literal[False]
    ),
]
Signal = Annotated[Text, AfterValidator(validators.stop_signal)]
WatchPatterns = Annotated[tuple[Annotated[Text, AfterValidator(validators.watch_pattern)], ...], Strict(False)]
IgnorePatterns = Annotated[tuple[Annotated[Text, AfterValidator(validators.ignore_pattern)], ...], Strict(False)]
OneOf = Annotated[_Choice, Strict(False)]  # a strict enum would accept its members only, and not their values
Frameworks = Annotated[tuple[OneOf[Framework], ...], Strict(False)]
Addresses = Annotated[tuple[Annotated[Text, AfterValidator(validators.socket_address)], ...], Strict(False)]
Variables = dict[Annotated[str, AfterValidator(validators.variable_name)], FreeText]
_WrittenTask = str | list[str] | dict[str, Any]
Check = Annotated[
    str | task_validators.TaskConfig, PlainValidator(task_validators.check, json_schema_input_type=_WrittenTask)
]
Tasks = Annotated[
    tuple[task_validators.TaskConfig, ...],
    PlainValidator(task_validators.before, json_schema_input_type=list[_WrittenTask]),
]
Probes = Annotated[
    dict[str, Any], PlainValidator(task_validators.ready, json_schema_input_type=dict[str, int | str | list[str]])
]
Hooks = Annotated[
    dict[str, tuple[str, ...]], PlainValidator(task_validators.hooks, json_schema_input_type=dict[str, str | list[str]])
]

_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def _key(name: str) -> Any:
    """Return the field of a key, with the default and the sentence of the table of keys."""
    key = KEYS[name]
    choices: dict[str, Any] = {"validate_default": True} if key.choices else {}
    return Field(default=key.default, description=key.about, **choices)


class Config(BaseModel):
    """The merged layers. It is validated with the platform as context: signals, quoting and drives differ."""

    model_config = _STRICT

    command: Command = Field(description=KEYS["command"].about)
    shell: ShellChoice = _key("shell")
    cwd: Text | None = _key("cwd")
    env: Variables = _key("env")
    env_files: Texts = _key("env_files")
    compatible: Frameworks = _key("compatible")
    sockets: Addresses = _key("sockets")

    watch: WatchPatterns | None = _key("watch")
    ignore: IgnorePatterns = _key("ignore")
    extra_files: Texts = _key("extra_files")
    gitignore: bool = _key("gitignore")
    default_ignores: bool = _key("default_ignores")
    follow_symlinks: bool = _key("follow_symlinks")
    allow_dangerous_root: bool = _key("allow_dangerous_root")

    interval: PositiveSeconds = _key("interval")
    backend: OneOf[BackendName] = _key("backend")
    debounce: Seconds = _key("debounce")
    debounce_max: Seconds = _key("debounce_max")
    compare: OneOf[CompareBy] = _key("compare")

    on_exit: OneOf[OnExit] = _key("on_exit")
    restart_code: Code = _key("restart_code")
    stop_signal: Signal = _key("stop_signal")
    stop_timeout: Seconds = _key("stop_timeout")
    keys: bool = _key("keys")

    clear: bool = _key("clear")
    bell: bool = _key("bell")
    notify: bool = _key("notify")
    timestamps: bool = _key("timestamps")
    log_file: Text | None = _key("log_file")
    check: Check = _key("check")
    before: Tasks = _key("before")
    task_timeout: PositiveSeconds = _key("task_timeout")
    ready: Probes = _key("ready")
    hooks: Hooks = _key("hooks")
    once: bool = _key("once")
    postpone: bool = _key("postpone")

    python_modules: bool = _key("python_modules")
    python_open_files: bool = _key("python_open_files")
    python_site_packages: bool = _key("python_site_packages")


def _layer_model() -> type[BaseModel]:
    """Return a model with the same fields, all optional, which validates one layer."""
    fields: dict[str, Any] = {
        name: (kind, None) for name, kind in get_type_hints(Config, include_extras=True).items() if name in KEYS
    }
    return create_model("LayerModel", __config__=_STRICT, **fields)


LayerModel = _layer_model()
