# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook render and the filters refuse, and in which words; and files that only their owner may read."""

from __future__ import annotations

import os
import stat
import types
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.rras.ipsec.plugins.action import l2tp_render
from ansible_collections.rras.ipsec.plugins.filter import to_ipsecpol, to_netsh, to_reg, to_steps, to_swanctl
from ansible_collections.rras.ipsec.plugins.plugin_utils import _rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._private_files import PrivateFilesError, PrivateFolder
from ansible_collections.rras.ipsec.tests.support.declared import KEY, OTHERS, PAIR

ROLE = Path(__file__).parents[2] / "roles" / "l2tp"
PEERS = ["tokyo", "osaka"]
CONNECTION = {"name": "tokyo-osaka", "peers": PEERS, "preshared_key": KEY}
OPTIONS = {"name": "L2TP", "rules": [PAIR]}
EditableHostVars = dict[str, dict[str, Any]]
FORMS = [
    to_reg.to_reg,
    to_netsh.to_netsh,
    to_ipsecpol.to_ipsecpol,
    to_steps.to_steps,
    to_swanctl.to_swanctl,
]


def pair(**given: Any) -> EditableHostVars:
    """The variables of a managed server and of a Windows 2000 that Ansible doesn't reach."""
    shared = {"l2tp_connections": [CONNECTION]} | given
    return {
        "tokyo": {"l2tp_address": "192.0.2.1"} | shared,
        "osaka": {"l2tp_address": "192.0.2.2", "l2tp_managed": False, "l2tp_peer_type": "windows_2000"} | shared,
    }


def render(hostvars: EditableHostVars, folder: Path, host: str = "osaka", *, check: bool = False, **given: Any) -> Any:
    """Run the action as a task on a host that is not there."""
    options = {"folder": str(folder), "peer_type": hostvars[host].get("l2tp_peer_type", "windows")} | given
    connection: Any = types.SimpleNamespace(become=True, transport="none", _shell=types.SimpleNamespace(tmpdir=None))
    task: Any = types.SimpleNamespace(
        args=options, check_mode=check, async_val=0, environment=None, action="rras.ipsec.l2tp_render", diff=True
    )
    nothing: Any = None
    templar: Any = types.SimpleNamespace(template=lambda value: value)
    acting: Any = l2tp_render.ActionModule(task, connection, nothing, nothing, templar, nothing)
    return acting.run(task_vars={"inventory_hostname": host, "hostvars": hostvars})


def without_group_2() -> EditableHostVars:
    found = pair()
    found["tokyo"]["l2tp_main_mode"] = {"methods": [{"dh_group": 14}]}
    return found


@pytest.mark.parametrize(
    ("hostvars", "given", "sentence"),
    [
        (
            pair(l2tp_main_mode={"methods": [{"dh_group": 14}]}),
            {},
            (
                "Windows 2000 has no Diffie-Hellman group 14, and no declared method of main mode has group 2; "
                "write one with dh_group 2, for both ends."
            ),
        ),
        (
            without_group_2(),
            {},
            (
                "The connection tokyo-osaka can't be negotiated, because the two ends have no common proposal for main "
                "mode (osaka proposes 3DES / SHA1 / Diffie-Hellman group 2 (1024), tokyo proposes 3DES / SHA1 / "
                "Diffie-Hellman group 14 (2048)); write the same l2tp_main_mode for both."
            ),
        ),
        (
            pair(),
            {"peer_type": "windows_95"},
            "peer_type is not one of its choices; write windows_2000, windows or strongswan.",
        ),
        (
            pair(l2tp_peer_type="windows_95"),
            {"peer_type": "windows"},
            "l2tp_peer_type of osaka is not one of its choices; write windows_2000, windows or strongswan.",
        ),
        (
            pair(l2tp_managed=True, l2tp_peer_type="strongswan"),
            {},
            (
                "l2tp_peer_type of osaka is strongswan, but Ansible would connect to it as to a Windows server; "
                "write l2tp_managed: false."
            ),
        ),
        (
            pair(l2tp_peer_type="strongswan", l2tp_connections=[CONNECTION | {"preshared_key": "東京の鍵"}]),
            {},
            (
                "The preshared key of the rule 'tokyo-osaka' has a character that is not printable ASCII, and it is "
                "not documented which bytes Windows uses for it in IKE; write another key."
            ),
        ),
        (pair(), {"keys": "perhaps"}, "keys must be true or false; write one of them."),
        (
            pair(l2tp_connections=[]),
            {},
            "No connection names osaka, so there is nothing to write for it; correct l2tp_connections.",
        ),
        (
            {"osaka": {"l2tp_address": "192.0.2.2"}},
            {},
            "l2tp_connections is not defined for osaka; write the list of connections into its group's variables.",
        ),
        (
            pair(l2tp_connections=[CONNECTION | {"preshared_key": "osaka"}]),
            {},
            (
                "l2tp_connections[0].preshared_key is part of l2tp_connections[0].name, which is shown; "
                "write another key, or change that text."
            ),
        ),
        (
            pair(l2tp_policy_name="\n"),
            {},
            "l2tp_policy_name has no visible character; write, for example, 'L2TP'.",
        ),
        (
            pair(l2tp_polling_interval=0),
            {},
            "l2tp_polling_interval is out of range; write a number of minutes from 1 to 71582788.",
        ),
        (
            pair(l2tp_other_peers="nobody"),
            {},
            "l2tp_other_peers of osaka is not one of block, certificate, ignore; write one of them.",
        ),
    ],
)
def test_a_wrong_declaration_gets_one_sentence_and_no_file(
    tmp_path: Path, hostvars: EditableHostVars, given: dict[str, Any], sentence: str
) -> None:
    result = render(hostvars, tmp_path / "files", **given)
    assert (result["failed"], result["msg"]) == (True, sentence)
    assert not (tmp_path / "files").exists()


def test_two_servers_that_nobody_reaches_get_the_same_filter_each(tmp_path: Path) -> None:
    """The walk-through of docs/windows_2000.md."""
    hostvars = pair(l2tp_managed=False, l2tp_peer_type="windows_2000")
    for host in PEERS:
        assert render(hostvars, tmp_path, host)["changed"] is True
        text = (tmp_path / host / "ipsecpol.cmd").read_text(encoding="utf-8")
        assert ' -r "tokyo-osaka" -f 192.0.2.1:1701+192.0.2.2::UDP -n ESP[3DES,SHA]' in text


def test_the_end_of_a_hub_is_the_mirror_of_the_hub_with_its_key(tmp_path: Path) -> None:
    hub = {"name": "hub", "hub": "tokyo", "peers": ["tokyo", "osaka"]}
    hostvars = pair(l2tp_connections=[hub], l2tp_preshared_keys={"hub/tokyo/osaka": KEY})
    hostvars["osaka"] |= {"l2tp_connections": [], "l2tp_preshared_keys": {}}
    result = render(hostvars, tmp_path)
    assert result["changed"] is True, result
    assert f'-r "hub/tokyo/osaka" -f 192.0.2.1:1701+192.0.2.2::UDP -n ESP[3DES,SHA] -a PRESHARE:"{KEY}"' in (
        tmp_path / "osaka" / "ipsecpol.cmd"
    ).read_text(encoding="utf-8")
    assert KEY not in str(result)


def test_a_linux_server_gets_its_two_files_and_nothing_else(tmp_path: Path) -> None:
    """The walk-through of docs/linux_peer.md."""
    render(pair(), tmp_path)
    result = render(pair(l2tp_peer_type="strongswan"), tmp_path)
    assert (result["files"], result["refused"]) == (["swanctl.conf", "xl2tpd.conf"], [])
    assert result["diff"]["before"] == (
        "l2tp.reg: no longer wanted\nundo.reg: no longer wanted\nSTEPS.txt: no longer wanted\n"
        "ipsecpol.cmd: no longer wanted\nundo-ipsecpol.cmd: no longer wanted\n"
        "swanctl.conf: missing\nxl2tpd.conf: missing\n"
    )
    folder = tmp_path / "osaka"
    assert result["steps"] == [
        (
            f"Bring the files in {folder} to osaka and follow their remarks: swanctl.conf first, then xl2tpd.conf; "
            "the other ends need their policies too."
        )
    ]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "swanctl.conf": 0o600,
        "xl2tpd.conf": 0o600,
    }
    assert KEY in (folder / "swanctl.conf").read_text(encoding="utf-8")
    assert KEY not in str(result)
    assert KEY not in (folder / "xl2tpd.conf").read_text(encoding="utf-8")
    again = render(pair(l2tp_peer_type="strongswan"), tmp_path)
    assert (again["changed"], again["diff"]["before"], again["diff"]["after"]) == (False, "", "")


def test_what_a_linux_server_has_is_undone_by_deleting_it(tmp_path: Path) -> None:
    result = render(pair(l2tp_peer_type="strongswan"), tmp_path, undo_only=True)
    assert (result["changed"], result["files"]) == (False, [])
    assert result["steps"] == [
        (
            "Ansible does not reach osaka, so nothing was removed there. On osaka, stop xl2tpd, delete what was "
            "brought to it (/etc/xl2tpd/xl2tpd.conf, /etc/swanctl/conf.d/l2tp.conf), and run swanctl --load-all."
        )
    ]


def test_an_inventory_name_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    hostvars = pair(l2tp_connections=[CONNECTION | {"peers": ["tokyo", "../osaka"]}])
    hostvars["../osaka"] = hostvars.pop("osaka")
    assert render(hostvars, tmp_path / "files", "../osaka")["msg"] == (
        "The inventory name '../osaka' can't be the name of a folder; write one without slashes and leading dots."
    )


def test_the_defaults_are_those_of_the_role() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert {name: defaults[name] for name in _rendering.DEFAULTS} == _rendering.DEFAULTS


def test_no_file_is_open_to_others_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the umask is: what is opened, is opened with its mode."""
    opened: list[int] = []
    original = os.open

    def noting(path: Any, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            opened.append(mode)
        return original(path, flags, mode)

    monkeypatch.setattr(os, "open", noting)
    before = os.umask(0)
    try:
        result = render(pair(), tmp_path / "files")
    finally:
        os.umask(before)
    assert result["changed"] is True
    assert opened == [0o600] * len(result["files"])
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "files").rglob("*") if path.is_dir()} == {0o700}


def test_what_belongs_to_somebody_else_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "osaka").symlink_to(tmp_path / "elsewhere")
    assert render(pair(), tmp_path)["msg"] == (
        f"{tmp_path / 'osaka'} is not a folder of the user that Ansible runs as; delete it, or name another folder."
    )


def test_a_link_in_the_folder_is_replaced_and_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "osaka"
    folder.mkdir()
    target = tmp_path / "target"
    target.write_text("as it was", encoding="utf-8")
    for name in ("l2tp.reg", ".l2tp.reg.new"):
        (folder / name).symlink_to(target)
    (folder / "mine.txt").write_text("stays", encoding="utf-8")
    assert render(pair(), tmp_path)["changed"] is True
    assert target.read_text(encoding="utf-8") == "as it was"
    assert (folder / "mine.txt").read_text(encoding="utf-8") == "stays"
    assert not (folder / "l2tp.reg").is_symlink()
    assert render(pair(), tmp_path)["changed"] is False


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PrivateFilesError) as caught:
        PrivateFolder(tmp_path / "file" / "osaka").write({}, [])
    assert str(caught.value) == (
        f"{tmp_path / 'file'} can't be written (File exists); "
        "name a folder on the controller in which the user of Ansible may write."
    )


def test_a_damaged_file_of_before_is_replaced(tmp_path: Path) -> None:
    render(pair(), tmp_path)
    (tmp_path / "osaka" / "l2tp.reg").write_bytes(b"damaged")
    result = render(pair(), tmp_path, check=True)
    assert (result["changed"], result["diff"]["before"]) == (True, "l2tp.reg: other content\n")


def test_the_diff_says_what_is_written_and_why(tmp_path: Path) -> None:
    first = render(pair(), tmp_path)
    assert first["diff"]["before"].startswith("the folder: missing\nl2tp.reg: missing\n")
    assert first["diff"]["after"].startswith("the folder: as rendered\nl2tp.reg: as rendered\n")
    (tmp_path / "osaka").chmod(0o755)
    (tmp_path / "osaka" / "STEPS.txt").chmod(0o644)
    (tmp_path / "osaka" / "netsh.txt").touch(mode=0o600)
    result = render(pair(), tmp_path)
    assert result["diff"]["before"].startswith(
        "the folder: other permissions\nSTEPS.txt: other permissions\nnetsh.txt: no longer wanted\nIP security policy: "
    )
    assert result["diff"]["after"].startswith(
        "the folder: as rendered\nSTEPS.txt: as rendered\nnetsh.txt: missing\nIP security policy: "
    )
    again = render(pair(), tmp_path)
    assert (again["changed"], again["diff"]["before"]) == (False, again["diff"]["after"])


def test_what_undoes_an_earlier_rendering_is_kept(tmp_path: Path) -> None:
    render(pair(), tmp_path)
    earlier = (tmp_path / "osaka" / "undo.reg").read_bytes()
    result = render(pair(l2tp_policy_name="Another"), tmp_path, undo_only=True)
    assert (result["changed"], (tmp_path / "osaka" / "undo.reg").read_bytes()) == (False, earlier)


@pytest.mark.parametrize("connections", [None, [], [CONNECTION | {"peers": ["tokyo", "kyoto"]}]])
def test_nothing_is_declared_any_more_and_the_removal_goes_on(tmp_path: Path, connections: object) -> None:
    hostvars = pair(l2tp_connections=connections)
    result = render(hostvars, tmp_path, undo_only=True)
    assert (result["changed"], result["files"]) == (False, [])
    assert result["steps"] == [
        (
            "Ansible does not reach osaka, so nothing was removed there. "
            f"No connection names it, and {tmp_path / 'osaka'} has no file that undoes what was rendered for it: "
            "use the undo.reg that was brought to it."
        )
    ]
    render(pair(), tmp_path)
    assert render(hostvars, tmp_path, undo_only=True)["files"] == ["undo-ipsecpol.cmd", "undo.reg"]


def test_a_refused_form_is_a_warning_and_its_old_file_goes(tmp_path: Path) -> None:
    render(pair(), tmp_path)
    result = render(pair(l2tp_connections=[CONNECTION | {"preshared_key": 'a "key"'}]), tmp_path)
    sentence = (
        "ipsecpol.cmd: The preshared key of the rule 'tokyo-osaka' has a double quote, and how ipsecpol reads that is "
        "not documented; use l2tp.reg, which holds any text."
    )
    assert (result["refused"], result["warnings"]) == ([sentence], [f"osaka: not written: {sentence}"])
    assert not (tmp_path / "osaka" / "ipsecpol.cmd").exists()
    assert (tmp_path / "osaka" / "undo-ipsecpol.cmd").exists()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("options", "given", "sentence"),
    [
        (OPTIONS, {"keys": "perhaps"}, "keys is neither true nor false; write one of them."),
        ([], {}, "The options of the policy must be a dictionary; write name and rules."),
        ({"rules": []}, {}, "name is missing; write a text."),
        (
            OPTIONS | {"rules": [PAIR | {"filter": []}]},
            {},
            (
                "rules[0] has an unknown option (its name is not shown, because it may be a key); the options are "
                "name, description, filters, connection_type, active, authentication, filter_action."
            ),
        ),
        (
            {"name": KEY, "rules": [PAIR]},
            {},
            (
                "rules[0].authentication[0].preshared_key is part of name, which is shown; "
                "write another key, or change that text."
            ),
        ),
        (
            {"name": "L2TP"},
            {},
            "rules is missing; write the rules of the policy, or state absent to remove it.",
        ),
    ],
)
def test_a_filter_refuses_wrong_options_in_one_sentence(
    form: Any, options: Any, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        form(options, **given)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("peer_type", ["windows_95", "strongswan"])
def test_a_filter_for_windows_refuses_what_is_none(peer_type: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        to_steps.to_steps(OPTIONS, peer_type=peer_type)
    assert str(caught.value) == "peer_type is not one of its choices; write windows_2000 or windows."


def test_the_filters_return_what_the_files_hold() -> None:
    assert to_reg.to_reg(OPTIONS).startswith("Windows Registry Editor Version 5.00\r\n")
    assert '"ProhibitIpSec"=-' in to_reg.to_reg(OPTIONS, undo=True)
    assert f'psk="{KEY}"' in to_netsh.to_netsh(OPTIONS)
    assert "delete policy" in to_netsh.to_netsh(OPTIONS, undo="yes")  # type: ignore[arg-type]
    assert f'PRESHARE:"{KEY}"' in to_ipsecpol.to_ipsecpol(OPTIONS)
    assert " -y\r\n" in to_ipsecpol.to_ipsecpol(OPTIONS, undo=True)
    assert KEY in to_steps.to_steps(OPTIONS)
    assert KEY not in to_steps.to_steps(OPTIONS, keys=False)
    here = OPTIONS | {"address": "192.0.2.2"}
    assert f'secret = "{KEY}"' in to_swanctl.to_swanctl(here)
    assert KEY not in to_swanctl.to_swanctl(here, keys=False)


BLOCKING = {"rules": [PAIR, OTHERS]}
OTHER_L2TP = (
    "L2TP with peers that no rule names is in clear text once what is rendered is in force; add a rule that blocks it "
    "(see 'all other L2TP' in the examples of win_ipsec_psk_policy)."
)


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the warnings that filters have Ansible show."""
    said: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, sentence: said.append(sentence))
    return said


@pytest.mark.parametrize("form", FORMS[:4], ids=lambda form: form.__name__)
def test_a_filter_warns_where_other_l2tp_stays_in_clear_text(form: Any, warned: list[str]) -> None:
    form(OPTIONS | BLOCKING)
    assert warned == []
    form(OPTIONS)
    assert warned == [OTHER_L2TP]


def test_a_filter_warns_where_l2tp_over_ipv6_stays_in_clear_text(warned: list[str]) -> None:
    given = OPTIONS | BLOCKING | {"block_l2tp_over_ipv6": False}
    to_reg.to_reg(given, peer_type="windows_2000")
    assert warned == []
    to_reg.to_reg(given)
    assert warned == [
        "L2TP over IPv6 is in clear text once what is rendered is in force; set block_l2tp_over_ipv6 to true."
    ]


@pytest.mark.parametrize("form", FORMS[:3], ids=lambda form: form.__name__)
def test_what_undoes_a_policy_warns_of_nothing(form: Any, warned: list[str]) -> None:
    form(OPTIONS, undo=True)
    assert warned == []


def test_a_policy_for_linux_warns_of_nothing(warned: list[str]) -> None:
    to_swanctl.to_swanctl(OPTIONS | {"address": "192.0.2.2"})
    assert warned == []


STAYS_OPEN = (
    "osaka: L2TP {} is in clear text once what is rendered is in force; set l2tp_other_peers to block or certificate{}."
)
OF_OTHERS = STAYS_OPEN.format("with peers that no connection names", "")
OVER_IPV6 = STAYS_OPEN.format("over IPv6", " and l2tp_block_over_ipv6 to true")


@pytest.mark.parametrize(
    ("hostvars", "given", "sentences"),
    [
        (
            pair(l2tp_other_peers="ignore"),
            {},
            [OF_OTHERS],
        ),
        (
            pair(l2tp_other_peers="ignore", l2tp_peer_type="windows"),
            {},
            [OF_OTHERS, OVER_IPV6],
        ),
        (pair(), {}, []),
        (pair(l2tp_peer_type="windows"), {}, []),
        (pair(l2tp_other_peers="ignore"), {"undo_only": True}, []),
        (pair(l2tp_other_peers="ignore", l2tp_peer_type="strongswan"), {}, []),
    ],
)
def test_files_that_leave_other_l2tp_in_clear_text_come_with_a_warning(
    tmp_path: Path, hostvars: EditableHostVars, given: dict[str, Any], sentences: list[str]
) -> None:
    assert render(hostvars, tmp_path, check=True, **given).get("warnings", []) == sentences
    assert render(hostvars, tmp_path, **given).get("warnings", []) == sentences


NO_PROTECTION = (
    "No active rule of an assigned policy protects L2TP, and what is rendered sets ProhibitIpSec; declare a rule that "
    "negotiates security or blocks, for UDP 1701, and leave assigned true."
)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        *(
            (
                {"rules": [PAIR | {"filter_action": action}]},
                (
                    f"The rule 'tokyo-osaka' would leave L2TP in clear text, because its filter action {why}, and what "
                    "is rendered sets ProhibitIpSec; correct the filter action of the rule."
                ),
            )
            for action, why in (
                ({"action": "permit"}, "permits it"),
                ({"accept_unsecured": True}, "accepts unsecured communication"),
                ({"fall_back_to_clear_text": True}, "falls back to unsecured communication"),
            )
        ),
        ({"rules": [PAIR | {"active": False}]}, NO_PROTECTION),
        ({"assigned": False}, NO_PROTECTION),
    ],
)
@pytest.mark.parametrize("form", FORMS[:4], ids=lambda form: form.__name__)
def test_nothing_is_rendered_that_leaves_l2tp_in_clear_text(form: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        form(OPTIONS | options)
    assert str(caught.value) == sentence
