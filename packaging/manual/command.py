"""Parses and runs the command packaging/docs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    arguments = _arguments()
    if arguments.do == "build":
        from manual.site import build

        build(ROOT, arguments.out, url=arguments.url, repository=arguments.repository)
        print(f"the manual is in {arguments.out}")
    else:
        sys.path.insert(0, str(ROOT))  # the program of this checkout, whichever is installed
        for page in write():
            print(f"written: {page.relative_to(ROOT)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="packaging/docs", description="The manual: its generated parts, and its site."
    )
    commands = parser.add_subparsers(dest="do", metavar="COMMAND")
    commands.add_parser("write", help="bring the generated parts of the pages up to date; this is the default")
    site = commands.add_parser("build", help="build the site; needs packaging/requirements-docs.txt")
    site.add_argument("out", type=Path, metavar="DIR", help="where the site goes")
    site.add_argument("--url", default="", help="where it will be published")
    site.add_argument("--repository", default="", help="the address of the repository, to link to")
    return parser.parse_args()


def write() -> list[Path]:
    """Write the generated parts, and return the pages that have changed."""
    from manual.blocks import pages, renewed

    changed = []
    for page in pages(ROOT):
        old = page.read_text(encoding="utf-8")
        new = renewed(old)
        if new != old:
            page.write_text(new, encoding="utf-8")
            changed.append(page)
    return changed
