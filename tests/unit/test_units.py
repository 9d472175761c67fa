# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that carry a time or a size say their unit: in all plugins, documentation fragments and the role."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from ansible_collections.rras.ipsec.tests import ROOT

UNIT = re.compile(r"\b(seconds|minutes|hours|days|kilobytes|bytes|MiB)\b")
PURE = {"destination_port", "dh_group", "l2tp_reboot_serial", "quick_mode_limit", "source_port"}
"""Numbers without a unit."""
FOLDERS = ("modules", "filter", "inventory", "doc_fragments")


def documented() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What documents options: by its place, those of the top."""
    for folder in FOLDERS:
        for file in sorted((ROOT / "plugins" / folder).glob("*.py")):
            if file.stem == "__init__":
                continue
            module = importlib.import_module(f"ansible_collections.rras.ipsec.plugins.{folder}.{file.stem}")
            fragment = getattr(module, "ModuleDocFragment", None)
            text = fragment.DOCUMENTATION if fragment else module.DOCUMENTATION
            yield f"{folder}/{file.stem}", yaml.safe_load(text).get("options", {})
    role = yaml.safe_load((ROOT / "roles/l2tp/meta/argument_specs.yml").read_text(encoding="utf-8"))
    for entry, about in role["argument_specs"].items():
        yield f"the role's {entry}", about["options"]


def numbers(place: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The options that are numbers: their place, name and description, however deep they stand."""
    for name, about in options.items():
        said = about.get("description", "")
        if about.get("type") in ("int", "float"):
            yield place, name, " ".join([said] if isinstance(said, str) else said)
        yield from numbers(f"{place}, {name}", about.get("suboptions") or about.get("options") or {})


NUMBERS = [found for place, options in documented() for found in numbers(place, options)]


@pytest.mark.parametrize(("place", "name", "said"), NUMBERS, ids=lambda each: each if len(each) < 60 else "")
def test_an_option_that_is_a_number_says_its_unit(place: str, name: str, said: str) -> None:
    assert bool(UNIT.search(said)) is (name not in PURE), f"{name} of {place}: {said}"


def test_every_option_that_is_a_number_is_found() -> None:
    names = {name for _place, name, _said in NUMBERS}
    assert names >= PURE | {
        "host_timeout",
        "lifetime",
        "lifetime_kilobytes",
        "lifetime_seconds",
        "l2tp_polling_interval",
    }
