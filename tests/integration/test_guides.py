# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every block of YAML in README and docs is run: by somebody who has two simulated servers and follows the document.

What would need a Windows itself, such as win_feature, is checked by the documentation of the real module and written
down (`recorded_task`); everything else is real. What a guide says in passing, without a file, is rendered.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.support.controller import SITE, VERIFY
from ansible_collections.rras.ipsec.tests.support.documents import documents
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    BACKUP,
    OSAKA,
    PAIR,
    TOKYO,
    assigned,
    keys_of,
    prohibit_ipsec,
    restarts,
)
from ansible_collections.rras.ipsec.tests.support.reader import DocumentReader, blocks, file_of, is_playbook

RENDER, KEYS = "rras.ipsec.render", "rras.ipsec.keys"
A_KEY = ("-e", "vault_tokyo_osaka_key=Uji-Byodoin:1053/Phoenix")
CRONTAB = """#!/bin/sh
[ "$1" = -l ] && exec cat "$RRAS_CRONTAB"
exec cp "$1" "$RRAS_CRONTAB"
"""


def keys(reader: DocumentReader) -> list[list[str]]:
    return [keys_of(assigned(host)) for host in reader.controller.lab.values()]


def quick_start(reader: DocumentReader) -> None:
    lab = reader.controller.lab
    reader.run(SITE, "--check", "--diff")
    assert {prohibit_ipsec(host) for host in lab.values()} == {None}

    reader.run(SITE)
    verified = reader.run(VERIFY)
    assert {prohibit_ipsec(host) for host in lab.values()} == {1}
    assert "agree" in verified.output


def certificates(reader: DocumentReader) -> None:
    reader.run("certificates.yml", "-e", "vault_pfx_password=of-the-file")
    assert [name for host, name, _given in reader.tasks() if host == TOKYO] == [
        *["win_copy"] * 2,
        *["win_certificate_store"] * 2,
        "win_file",
    ]
    reader.run(SITE)
    assert "CN=Example Root CA" in reader.run(VERIFY).output


def larger_play(reader: DocumentReader) -> None:
    ran = reader.run("servers.yml")
    assert "agree" in ran.output
    assert restarts(reader.controller.lab) == {TOKYO: 2, OSAKA: 2}, "for the role service, and for ProhibitIpSec"
    assert {name for _host, name, _given in reader.tasks()} == {"win_feature", "win_powershell", "win_service"}
    again = reader.run("servers.yml")
    assert again.changed == {TOKYO: 0, OSAKA: 0}, again.explain()


def monitoring(reader: DocumentReader) -> None:
    program, table = reader.folder / "bin" / "crontab", reader.folder / "crontab"
    program.parent.mkdir()
    program.write_text(CRONTAB, encoding="utf-8")
    program.chmod(0o755)
    table.touch()
    reader.environment |= {"PATH": f"{program.parent}:{os.environ['PATH']}", "RRAS_CRONTAB": str(table)}
    reader.run("monitoring.yml")
    line = table.read_text(encoding="utf-8").splitlines()[-1]
    assert re.match(r"17 \* \* \* \* cd /srv/rras && .* rras\.ipsec\.verify >verify\.log 2>&1 \|\| mail ", line), line


def modules_alone(reader: DocumentReader) -> None:
    first = reader.run("modules.yml")
    again = reader.run("modules.yml")
    assert "RUNNING HANDLER [Restart Windows]" in first.output
    assert again.changed[TOKYO] == 0
    assert restarts(reader.controller.lab)[TOKYO] == 1


def fleets(reader: DocumentReader) -> None:
    inventory = reader.folder / "inventory"
    (reader.folder / "inventory.yml").rename(inventory / "inventory.yml")
    seen = reader.inventory("inventory")
    assert {group: sorted(seen[group]["hosts"]) for group in ("l2tp_network_rras_osaka", "east")} == {
        "l2tp_network_rras_osaka": [OSAKA, TOKYO],
        "east": [OSAKA, TOKYO],
    }
    given = (*A_KEY, "--limit", "l2tp_network_rras_osaka")
    ran = reader.run("site.yml", *given, inventories=["inventory"])
    assert "agree" in ran.output
    reader.run("verify.yml", *A_KEY, inventories=["inventory"])


def rotating(reader: DocumentReader) -> None:
    reader.run(SITE, *A_KEY)
    reader.lay_out("docs/rotating_keys.md")
    reader.run(SITE, "--check", "--diff")
    reader.run(SITE)
    assert keys(reader) == [["the new key"]] * 2
    reader.run("forget_old_keys.yml")
    given = [(host, name, options["path"]) for host, name, options in reader.tasks()]
    assert sorted(given) == [(host, "win_regedit", f"HKLM:\\{BACKUP}") for host in (OSAKA, TOKYO)]


def the_role(reader: DocumentReader) -> None:
    given = (*A_KEY, "-e", "l2tp_reboot=never")
    reader.run("block-4.yml", *given, inventories=())
    alone = reader.run("block-5.yml", *given, inventories=())
    assert "needs a restart: " not in alone.output, "the fact is of the run that made it"
    both = reader.folder / "both.yml"
    both.write_text("".join((reader.folder / f"block-{number}.yml").read_text("utf-8") for number in (4, 5)), "utf-8")
    told = reader.run("both.yml", *given, inventories=())
    reader.ran.discard("both.yml")
    for host in (TOKYO, OSAKA):
        assert f'"msg": "{host} needs a restart: tokyo-osaka: ' in told.output, told.explain()
    sound = reader.run("block-6.yml", *given, inventories=())
    stopped = reader.run("block-6.yml", *given, "-e", "l2tp_policy_name=", inventories=())
    for host in (TOKYO, OSAKA):
        assert f'"msg": "{host}: ' not in sound.output, "nothing stopped it"
        assert f'"msg": "{host}: ' in stopped.output, stopped.explain()


def made_keys(reader: DocumentReader) -> None:
    """The keys of the guide's file are rotated, for they are only shown."""
    entry = {"l2tp_connections": [{"name": "tokyo-osaka", "peers": [TOKYO, OSAKA]}]}
    (reader.folder / "inventory.yml").write_text(yaml.safe_dump({"rras": {"vars": entry}}), encoding="utf-8")
    made = (reader.folder / "group_vars/rras/l2tp_keys.yml").read_bytes()
    reader.run(KEYS, "-e", "l2tp_rotate=tokyo-osaka")
    assert (reader.folder / "group_vars/rras/l2tp_keys.yml").read_bytes() != made
    reader.run(SITE)
    ((key,), (other,)) = keys(reader)
    assert key == other
    assert len(key) == len(re.findall("[0-9A-Za-z]", key)) == 32


def linux_peer(reader: DocumentReader) -> None:
    reader.run(RENDER, *A_KEY, "--limit", OSAKA, "--check", "--diff")
    reader.run(RENDER, *A_KEY, "--limit", OSAKA)
    assert rendered(reader) == {"rras-osaka/swanctl.conf", "rras-osaka/xl2tpd.conf"}
    reader.run(SITE, *A_KEY)
    told = reader.run(VERIFY, *A_KEY).said(TOKYO)
    assert any("rras-osaka is not managed, so its end is not proved." in line for line in told), told


def two_windows_2000(reader: DocumentReader) -> None:
    reader.run(RENDER, *A_KEY, "--check", "--diff")
    assert rendered(reader) == set()
    reader.run(RENDER, *A_KEY)
    files = {"STEPS.txt", "ipsecpol.cmd", "l2tp.reg", "undo-ipsecpol.cmd", "undo.reg"}
    assert rendered(reader) == {f"{host}/{file}" for host in (TOKYO, OSAKA) for file in files}


def mixed_pair(reader: DocumentReader) -> None:
    mixed = ["mixed.yml"]
    reader.run(RENDER, *A_KEY, "--limit", OSAKA, inventories=mixed)
    assert {file.partition("/")[0] for file in rendered(reader)} == {OSAKA}
    reader.run(SITE, *A_KEY, inventories=mixed)
    assert prohibit_ipsec(reader.controller.lab[TOKYO]) == 1


def rendered(reader: DocumentReader) -> set[str]:
    folder = reader.controller.folder / "l2tp-files"
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@dataclasses.dataclass(frozen=True)
class GuideReading:
    """Some documents, what a reader does with their files, and which of their playbooks are run by that."""

    documents: tuple[str, ...]
    do: Callable[[DocumentReader], None]
    playbooks: tuple[str, ...] = ()
    hosts: tuple[HostSpec, ...] = PAIR
    later: tuple[str, ...] = ()
    """Documents that come into it on the way."""


WITH_ANOTHER_ADDRESS = (PAIR[0], dataclasses.replace(PAIR[1], address="198.51.100.1"))
READINGS = [
    GuideReading(("docs/quick_start.md",), quick_start),
    GuideReading(("README.md", "docs/certificates.md"), certificates, ("certificates.yml",)),
    GuideReading(("docs/larger_play.md",), larger_play, ("servers.yml",)),
    GuideReading(("docs/larger_play.md",), monitoring, ("monitoring.yml",)),
    GuideReading(("docs/larger_play.md",), modules_alone, ("modules.yml",)),
    GuideReading(("README.md", "docs/fleets.md"), fleets, ("site.yml", "verify.yml")),
    GuideReading(("README.md",), rotating, ("forget_old_keys.yml",), later=("docs/rotating_keys.md",)),
    GuideReading(
        ("roles/l2tp/README.md",), the_role, ("block-4.yml", "block-5.yml", "block-6.yml"), WITH_ANOTHER_ADDRESS
    ),
    GuideReading(("docs/keys.md",), made_keys),
    GuideReading(("docs/linux_peer.md",), linux_peer, hosts=PAIR[:1]),
    GuideReading(("docs/windows_2000.md",), two_windows_2000, hosts=()),
    GuideReading(("docs/windows_2000.md",), mixed_pair, hosts=PAIR[:1]),
]
FOR_OTHERS = {"README.md": {"requirements.yml"}, "docs/topologies/unmanaged_end.md": {"host_vars/example-net.yml"}}
"""What `test_packaged` installs from, and what stands beside a block without a file."""
LOOSE = [
    pytest.param(document, file, id=f"{document.stem}-{file.removesuffix('.yml')}")
    for document in documents()
    for file, example in blocks(document).items()
    if not (file_of(example) or is_playbook(example))
]


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.do.__name__)
def test_a_guide_works(start: MakeController, tmp_path: Path, reading: GuideReading) -> None:
    controller = start(reading.hosts)
    controller.variables.pop("l2tp_connections")
    reader = DocumentReader(controller, tmp_path / "reader", *reading.documents)

    reading.do(reader)

    assert reader.ran == set(reading.playbooks)


def test_every_block_is_run() -> None:
    """The playbooks are named above; the other files of a document are there when something of it is run."""
    left = {
        (str(document.relative_to(ROOT)), file)
        for document in documents()
        for file, example in blocks(document).items()
        if file_of(example) or is_playbook(example)
    }
    run = {("", "")}
    for reading in READINGS:
        for name in (*reading.documents, *reading.later):
            of_document = blocks(ROOT / name).items()
            run |= {(name, file) for file, each in of_document if not is_playbook(each) or file in reading.playbooks}
    run |= {(name, file) for name, files in FOR_OTHERS.items() for file in files}
    assert left - run == set()


@pytest.mark.slow
@pytest.mark.parametrize(("document", "file"), LOOSE)
def test_variables_without_a_file_are_rendered(
    start: MakeController, tmp_path: Path, document: Path, file: str
) -> None:
    """All ends are far ends here, each with an address; keys that nobody wrote are made."""
    variables = yaml.safe_load(blocks(document)[file].text)
    pair = [{"name": "tokyo-osaka", "peers": [TOKYO, OSAKA]}]
    connections: list[dict[str, Any]] = variables.setdefault("l2tp_connections", pair)
    peers = list(dict.fromkeys(peer for entry in connections for peer in entry["peers"]))
    controller = start(())
    controller.inventory["rras"]["hosts"] = {
        peer: {"l2tp_address": f"192.0.2.{number}", "l2tp_managed": False} for number, peer in enumerate(peers, 1)
    }
    vault = {f"vault_tokyo_{end}_key": f"Correct-Horse 17 Battery {end}" for end in ("osaka", "kyoto", "nara")}
    file_of_keys = tmp_path / "keys.yml"
    controller.variables.clear()
    controller.variables.update(variables | vault | {"l2tp_keys_file": str(file_of_keys)})
    (tmp_path / "password").write_text("of the vault", encoding="utf-8")
    given = [f"--vault-password-file={tmp_path / 'password'}"]
    if "l2tp_preshared_keys" not in str(variables):
        made = controller.play(KEYS, *given)
        assert made.code == 0, made.explain()
        given += ["-e", f"@{file_of_keys}"] if file_of_keys.exists() else []
    else:
        controller.variables.setdefault("l2tp_preshared_keys", {"tokyo-osaka": "Correct-Horse 17 Battery"})

    ran = controller.play(RENDER, *given)

    assert ran.code == 0, ran.explain()
    assert {folder.name for folder in (tmp_path / "l2tp-files").iterdir()} == set(peers)
