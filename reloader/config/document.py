"""Reads a TOML file. Every way in which that can fail is a ConfigError that names the file and the place."""

from __future__ import annotations

import os

import tomli

from reloader.errors import ConfigError


def read(path: str, name: str) -> dict[str, object]:
    """The document at ``path``, which the user knows as ``name``."""
    return parse(_bytes(path, name), name)


def parse(content: bytes, name: str) -> dict[str, object]:
    try:
        return tomli.loads(content.decode("utf-8-sig"))  # Windows editors write a byte order mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = f"line {line}: the byte at offset {error.start} is not UTF-8: save the file as UTF-8"
    except tomli.TOMLDecodeError as error:
        fault = f"line {error.lineno}, column {error.colno}: {_lower(error.msg)}"
    except RecursionError:
        fault = "lists or tables are nested too deeply"
    except ValueError:
        fault = "a number has too many digits"
    raise ConfigError([f"{name}: {fault}"])


def _bytes(path: str, name: str) -> bytes:
    if os.path.isdir(path):
        raise ConfigError([f"{name}: is a directory: name the file in it, as in {os.path.join(name, 'reloader.toml')}"])
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        fault = "there is no such file: check the name, or leave it out to search upwards for reloader.toml"
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    except ValueError:
        fault = "holds a NUL character, which no name of a file can"
    raise ConfigError([f"{name}: {fault}"])


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
