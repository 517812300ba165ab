"""For PowerShell 5.1 and later, on every platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reloader.cli.completions.spec import FlagSpec, SubcommandSpec, ValueKind

_FRAME = """\
# Completions of reloader for PowerShell, written by: reloader completions powershell
Register-ArgumentCompleter -Native -CommandName reloader -ScriptBlock {
    param($word, $ast, $position)
    $subcommands = [ordered]@{
%(subcommands)s
    }
    $flags = @{
%(flags)s
    }
    $values = @{
%(values)s
    }
    $arguments = @{
%(positionals)s
    }
    $words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { $_.ToString() })
    if ($words -ccontains '--') { return }
    $subcommand = '%(default)s'
    if ($words.Count -gt 1 -and $subcommands.Contains($words[1])) { $subcommand = $words[1] }
    $found = [ordered]@{}
    $before = "$subcommand $($words[-1])"
    if ($values.ContainsKey($before)) {
        foreach ($value in $values[$before]) { $found[$value] = $value }
    } elseif ($word -like '-*') {
        $found = $flags[$subcommand]
    } elseif ($words.Count -le 1) {
        $found = $subcommands
    } elseif ($arguments.ContainsKey($subcommand)) {
        foreach ($value in $arguments[$subcommand]) { $found[$value] = $value }
    }
    $found.GetEnumerator() | Where-Object { $_.Key -clike "$word*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_.Key, $_.Key, 'ParameterValue', $_.Value)
    }
}
"""


def script(subcommands: Sequence[SubcommandSpec], default: str) -> str:
    return _FRAME % {
        "default": default,
        "subcommands": "\n".join(
            f"        {_quoted(subcommand.name)} = {_quoted(subcommand.about)}" for subcommand in subcommands
        ),
        "flags": "\n".join(_flags(subcommands)),
        "values": "\n".join(_values(subcommands)),
        "positionals": "\n".join(
            f"        {_quoted(subcommand.name)} = {_list(subcommand.choices or ('--',))}"
            for subcommand in subcommands
            if subcommand.choices or subcommand.takes_command
        ),
    }


def _flags(subcommands: Sequence[SubcommandSpec]) -> Iterator[str]:
    for subcommand in subcommands:
        yield f"        {_quoted(subcommand.name)} = [ordered]@{{"
        for flag in subcommand.flags:
            yield from (f"            {_quoted(spelling)} = {_quoted(flag.about)}" for spelling in flag.spellings)
        yield "        }"


def _values(subcommands: Sequence[SubcommandSpec]) -> Iterator[str]:
    """Yield an entry for each flag that needs a value. Where it offers nothing, PowerShell offers files."""
    for subcommand in subcommands:
        for flag in subcommand.flags:
            if flag.needs_value:
                yield from (
                    f"        {_quoted(f'{subcommand.name} {one}')} = {_choices(flag)}" for one in flag.spellings
                )


def _choices(flag: FlagSpec) -> str:
    return _list(flag.choices) if flag.takes is ValueKind.CHOICE else "@()"


def _list(words: Sequence[str]) -> str:
    return f"@({', '.join(map(_quoted, words))})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
