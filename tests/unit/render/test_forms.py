# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is rendered of a policy: the store's content, netsh, ipsecpol, and the steps for a person."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model, render, store
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import DeclarationError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import PROHIBIT_IPSEC, RASMAN
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import (
    PeerType,
    RenderError,
    content,
    ipsecpol,
    netsh,
    reg_file,
    steps,
)
from ansible_collections.rras.ipsec.tests.support.declared import KEY, OTHERS, PAIR, declared, with_key

OLD, NEW = PeerType.WINDOWS_2000, PeerType.WINDOWS
ODD = "the 東京 key: 100%, a^b & \"c\" \\ 'd'"
TRUSTED = st.text(st.characters(codec="ascii", exclude_categories=["C"], exclude_characters='"\\'), min_size=2).map(
    lambda text: f"k{text}y"
)
ANY_KEY = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(' "%^&\\|<>!'), min_size=1).map(
    lambda text: f"k{text}y"
)


def fit(*rules: Any, peer_type: PeerType = NEW, keys: bool = True, **given: Any) -> render.Rendering:
    return render.fit(declared(*rules, **given), peer_type, server="rras-osaka", keys=keys)


def read(rendering: render.Rendering) -> store.Store:
    """The store of a server into which the file was imported."""
    return store.Store.read(reg_file.read(render.files_of(rendering).content[render.REG]))


def commands(text: str, remark: str) -> list[str]:
    """The lines of a script that are no remarks; all of them end in CR LF."""
    assert text.endswith("\r\n")
    lines = text.removesuffix("\r\n").split("\r\n")
    assert not any("\n" in line or "\r" in line for line in lines)
    return [line for line in lines if not line.startswith(remark)]


@pytest.mark.parametrize("peer_type", [OLD, NEW])
@given(key=ANY_KEY, name=ANY_KEY)
def test_the_store_holds_what_is_declared(peer_type: PeerType, key: str, name: str) -> None:
    rendering = fit(with_key(key, name), OTHERS, peer_type=peer_type, description="Two\nlines")
    found = read(rendering)
    assert found.unreadable == ()
    assert found.active is not None
    assert found.active.policy.rules[0].authentication == (model.AuthenticationMethod.preshared_key(key),)
    assert found.active.policy.rules[0].name == name
    assert model.meaning(found.active.policy) == model.meaning(rendering.policy)


def test_the_store_is_the_one_that_a_live_transaction_writes() -> None:
    rendering = fit()
    written = {key.path: key for key in content.keys(rendering.policy)}
    found = reg_file.read(render.files_of(rendering).content[render.REG])
    assert {path: dict(key) for path, key in written.items()} == {
        path: dict(key) for path, key in found.items() if path in written
    }
    assert set(found) - set(written) == {store.LOCAL, RASMAN}
    assert found.value(RASMAN, PROHIBIT_IPSEC) == Value.dword(1)


def test_windows_2000_gets_group_2_only() -> None:
    old, new = read(fit(peer_type=OLD)).active, read(fit()).active
    assert old is not None
    assert new is not None
    assert [method.group for method in old.policy.main_mode.methods] == [model.DhGroup.GROUP_2]
    assert [method.group for method in new.policy.main_mode.methods] == [model.DhGroup.GROUP_14, model.DhGroup.GROUP_2]


def test_windows_2000_without_group_2_is_refused() -> None:
    with pytest.raises(RenderError) as caught:
        fit(peer_type=OLD, main_mode={"methods": [{"dh_group": 14}]})
    assert str(caught.value) == (
        "Windows 2000 has no Diffie-Hellman group 14, and no declared method of main mode has group 2; "
        "write one with dh_group 2, for both ends."
    )


@pytest.mark.parametrize("peer_type", [OLD, NEW])
def test_two_renderings_are_equal_and_names_tell_policies_apart(peer_type: PeerType) -> None:
    one, two = (render.files_of(fit(peer_type=peer_type)).content for _time in range(2))
    assert one == two
    other = fit(peer_type=peer_type, name="Another")
    assert not set(read(fit()).objects) & set(read(other).objects)


def test_no_guid_tells_of_a_key() -> None:
    assert set(read(fit()).objects) == set(read(fit(with_key("another key"), OTHERS)).objects)


def test_what_is_undone_is_what_was_done() -> None:
    files = render.files_of(fit()).content
    both = files[render.REG].decode("utf-16") + files[render.UNDO_REG].decode("utf-16").partition("\r\n")[2]
    left = reg_file.read(reg_file.encode(both))
    assert {path: dict(key) for path, key in left.items()} == {store.LOCAL: {}, RASMAN: {}}


def test_the_value_comes_last_and_goes_first() -> None:
    files = render.files_of(fit()).content
    for name, number in ((render.REG, -1), (render.UNDO_REG, 0)):
        sections = re.findall(r"(?m)^\[-?HKEY_LOCAL_MACHINE\\([^]]*)\]", files[name].decode("utf-16"))
        assert sections[number] == RASMAN


def test_without_keys_the_policy_is_not_assigned_and_the_value_not_set() -> None:
    files = render.files_of(fit(keys=False)).content
    tree = reg_file.read(files[render.REG])
    found = store.Store.read(tree)
    assert found.active_path == ""
    assert RASMAN not in tree
    (policy,) = found.policies
    assert render.PLACEHOLDER.encode("utf-16-le") in policy.policy.rules[0].authentication[0].data
    assert '# set policy name="L2TP site to site" assign=yes\r\n' in files["netsh.txt"].decode()
    old = render.files_of(fit(keys=False, peer_type=OLD)).content["ipsecpol.cmd"].decode()
    assert commands(old, "rem ")[:3] == ["@echo off", "echo Write the keys into this file first.", "goto :EOF"]
    assert " -x" not in old
    for text in files.values():
        assert KEY.encode() not in text
        assert KEY.encode("utf-16-le") not in text


def test_a_policy_without_keys_needs_none() -> None:
    rule = PAIR | {"authentication": [{"certificate_authority": "CN=Example Root CA"}]}
    assert render.files_of(fit(rule, keys=False)) == render.files_of(fit(rule))


def test_netsh_word_for_word() -> None:
    assert commands(netsh.script(fit()), "#") == [
        "pushd ipsec static",
        "set store location=local",
        (
            'add policy name="L2TP site to site" description="L2TP site to site" mmpfs=no qmpermm=0 mmlifetime=480 '
            'activatedefaultrule=no pollinginterval=180 assign=no mmsecmethods="3DES-SHA1-3 3DES-SHA1-2"'
        ),
        (
            'add filteraction name="tokyo-osaka (negotiate)" description="tokyo-osaka (negotiate)" qmpfs=no inpass=no '
            'soft=no action=negotiate qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"'
        ),
        'add filterlist name="tokyo-osaka" description="tokyo-osaka"',
        (
            'add filter filterlist="tokyo-osaka" srcaddr=192.0.2.1 srcmask=255.255.255.255 dstaddr=192.0.2.2 '
            'dstmask=255.255.255.255 protocol=UDP mirrored=yes srcport=1701 dstport=0 description="tokyo-osaka"'
        ),
        (
            'add rule name="tokyo-osaka" policy="L2TP site to site" filterlist="tokyo-osaka" '
            'filteraction="tokyo-osaka (negotiate)" conntype=all activate=yes description="tokyo-osaka" kerberos=no '
            'psk="Correct-Horse 17 Battery Staple"'
        ),
        (
            'add filteraction name="all other L2TP (block)" description="all other L2TP (block)" qmpfs=no inpass=no '
            "soft=no action=block"
        ),
        'add filterlist name="all other L2TP" description="all other L2TP"',
        (
            'add filter filterlist="all other L2TP" srcaddr=Me srcmask=255.255.255.255 dstaddr=Any dstmask=0.0.0.0 '
            'protocol=UDP mirrored=yes srcport=1701 dstport=0 description="all other L2TP"'
        ),
        (
            'add filter filterlist="all other L2TP" srcaddr=Me srcmask=255.255.255.255 dstaddr=Any dstmask=0.0.0.0 '
            'protocol=UDP mirrored=yes srcport=0 dstport=1701 description="all other L2TP"'
        ),
        (
            'add rule name="all other L2TP" policy="L2TP site to site" filterlist="all other L2TP" '
            'filteraction="all other L2TP (block)" conntype=all activate=yes description="all other L2TP" kerberos=yes'
        ),
        'set policy name="L2TP site to site" assign=yes',
        "popd",
        "exit",
    ]


def test_netsh_takes_away_what_it_made() -> None:
    assert commands(netsh.undoing(fit()), "#") == [
        "pushd ipsec static",
        "set store location=local",
        'set policy name="L2TP site to site" assign=no',
        'delete policy name="L2TP site to site"',
        'delete filterlist name="tokyo-osaka"',
        'delete filterlist name="all other L2TP"',
        'delete filteraction name="tokyo-osaka (negotiate)"',
        'delete filteraction name="all other L2TP (block)"',
        "popd",
        "exit",
    ]


def test_netsh_says_what_is_not_the_default() -> None:
    rule = PAIR | {
        "authentication": [{"certificate_authority": 'CN="Example, Root", O=Example'}, {"kerberos": True}],
        "filter_action": {
            "offers": [
                {"encryption": "des", "integrity": "md5", "lifetime_seconds": 600, "lifetime_kilobytes": 0},
                {"encryption": "none"},
            ],
            "pfs": True,
            "accept_unsecured": True,
            "fall_back_to_clear_text": True,
        },
        "connection_type": "lan",
        "active": False,
    }
    rendering = fit(
        rule, main_mode={"pfs": True, "lifetime": 60, "quick_mode_limit": 5, "methods": [{"integrity": "md5"}]},
        polling_interval=30, default_response_rule=True,
    )  # fmt: skip
    said = "\n".join(commands(netsh.script(rendering), "#"))
    assert "mmpfs=yes qmpermm=5 mmlifetime=60 activatedefaultrule=yes pollinginterval=30 assign=no" in said
    assert 'mmsecmethods="3DES-MD5-3"' in said
    assert "qmpfs=yes inpass=yes soft=yes action=negotiate" in said
    assert 'qmsecmethods="ESP[DES,MD5]:100000k/600s ESP[None,SHA1]:100000k/3600s"' in said
    assert "conntype=lan activate=no" in said
    assert r"""rootca="CN=\'Example, Root\', O=Example certmap:no excludecaname:no" kerberos=yes""" in said


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (with_key('a "quoted" key'), "The preshared key of the rule 'tokyo-osaka' has a double quote"),
        (with_key("a back\\slash"), "The preshared key of the rule 'tokyo-osaka' has a backslash"),
        (
            with_key("東京の鍵"),
            "The preshared key of the rule 'tokyo-osaka' has a character that is not printable ASCII",
        ),
        (with_key("k" * 256), "The preshared key of the rule 'tokyo-osaka' is longer than 255 characters"),
        (with_key(KEY, "東京"), "The name of the rule '東京' has a character that is not printable ASCII"),
    ],
)
@pytest.mark.parametrize(("form", "tool"), [(netsh.script, "netsh"), (ipsecpol.batch_file, "ipsecpol")])
def test_what_a_command_line_can_not_be_trusted_with_is_refused(
    rule: dict[str, Any], sentence: str, form: Any, tool: str
) -> None:
    with pytest.raises(RenderError) as caught:
        form(fit(rule))
    assert str(caught.value) == (
        f"{sentence}, and how {tool} reads that is not documented; use l2tp.reg, which holds any text."
    )


@pytest.mark.parametrize(("peer_type", "name"), [(NEW, "netsh.txt"), (OLD, "ipsecpol.cmd")])
def test_a_refused_form_is_left_out_with_the_reason(peer_type: PeerType, name: str) -> None:
    files = render.files_of(fit(with_key(ODD), peer_type=peer_type))
    assert name not in files.content
    (sentence,) = files.refused
    assert sentence.startswith(f"{name}: The preshared key of the rule 'tokyo-osaka' has a character")
    assert f"Not written: {sentence}" in files.content["STEPS.txt"].decode("utf-8-sig")
    assert ODD in files.content["STEPS.txt"].decode("utf-8-sig")


@given(TRUSTED)
def test_netsh_quotes_any_key_that_it_takes(key: str) -> None:
    (line,) = (line for line in commands(netsh.script(fit(with_key(key))), "#") if line.startswith("add rule"))
    assert re.search(r' psk="([^"]*)"$', line)[1] == key  # type: ignore[index]


@given(TRUSTED)
def test_a_batch_file_hands_on_any_key_that_it_takes(key: str) -> None:
    """Between double quotes a batch file replaces only what stands between percent signs."""
    (line,) = commands(ipsecpol.batch_file(fit(with_key(key))), "rem ")[1:]
    found = re.search(r' -a PRESHARE:"([^"]*)" -x$', line)
    assert found is not None
    assert found[1].replace("%%", "").count("%") == 0
    assert found[1].replace("%%", "%") == key


@given(ANY_KEY | TRUSTED)
def test_a_key_arrives_as_it_is_or_is_refused(key: str) -> None:
    """Quotes, percent signs, carets, Japanese text: no form changes a key, and none refuses what it can hand on."""
    doubtful = not re.fullmatch(r"[ !#-\[\]-~]+", key)
    for form, pattern in ((netsh.script, r' psk="([^"]*)"'), (ipsecpol.batch_file, r' -a PRESHARE:"([^"]*)" -x')):
        try:
            said = form(fit(with_key(key)))
        except RenderError:
            assert doubtful
            continue
        (found,) = re.findall(pattern, said)
        assert (found.replace("%%", "%") if form is ipsecpol.batch_file else found) == key
        assert not doubtful


@given(TRUSTED.filter(lambda name: ":" not in name))
def test_names_arrive_as_they_are_too(name: str) -> None:
    rendering = fit(with_key(KEY, name), name=name)
    (batch,) = commands(ipsecpol.batch_file(rendering), "rem ")[1:]
    assert [found.replace("%%", "%") for found in re.findall(r' -[pr] "([^"]*)"', batch)] == [f"{name}:180", name]
    (rule,) = (line for line in commands(netsh.script(rendering), "#") if line.startswith("add rule"))
    assert re.findall(r' (?:name|policy|filterlist)="([^"]*)"', rule) == [name] * 3


@given(ANY_KEY, ANY_KEY)
def test_a_remark_is_one_line_whatever_the_names_are(name: str, rule: str) -> None:
    """What a name holds can neither end a remark of a script nor begin a command."""
    files = render.files_of(fit(with_key(KEY, rule), name=name))
    text = files.content[render.REG].decode("utf-16").partition("[HKEY")[0]
    assert all(line == "" or line.startswith(("; ", "Windows Registry Editor")) for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")


def test_ipsecpol_word_for_word() -> None:
    assert commands(ipsecpol.batch_file(fit(with_key("100% secret"), OTHERS, peer_type=OLD)), "rem ") == [
        "@echo off",
        (
            'ipsecpol -w REG -p "L2TP site to site:180" -r "tokyo-osaka" -f 192.0.2.1:1701+192.0.2.2::UDP '
            '-n ESP[3DES,SHA] -a PRESHARE:"100%% secret"'
        ),
        'ipsecpol -w REG -p "L2TP site to site:180" -r "all other L2TP 1" -f 0:1701+*::UDP -n BLOCK',
        'ipsecpol -w REG -p "L2TP site to site:180" -r "all other L2TP 2" -f 0+*:1701:UDP -n BLOCK -x',
    ]
    assert commands(ipsecpol.undoing(fit(peer_type=OLD)), "rem ") == [
        "@echo off",
        'ipsecpol -w REG -p "L2TP site to site" -y',
        'ipsecpol -w REG -p "L2TP site to site" -o',
    ]


def test_ipsecpol_says_what_is_not_the_default() -> None:
    rule = PAIR | {
        "filters": [{"source_address": "192.0.2.1", "destination_address": "192.0.2.2", "mirrored": False,
                     "protocol": "any", "source_port": 0, "covers_other_traffic": True}],
        "authentication": [{"certificate_authority": "CN=Example"}, {"kerberos": True}],
        "filter_action": {"offers": [{"encryption": "des", "integrity": "md5", "lifetime_seconds": 600}], "pfs": True},
        "connection_type": "dialup",
    }  # fmt: skip
    inactive = with_key(KEY, "sleeping") | {"active": False}
    text = ipsecpol.batch_file(fit(rule, inactive))
    assert commands(text, "rem ")[1:] == [
        (
            'ipsecpol -w REG -p "L2TP site to site:180" -r "tokyo-osaka" -f 192.0.2.1=192.0.2.2 '
            '-n ESP[DES,MD5]600S/100000KPFS -a CERT:"CN=Example" KERBEROS -dialup -x'
        )
    ]
    assert "rem Left out, because ipsecpol makes active rules only: the rule 'sleeping'.\r\n" in text


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            PAIR | {"filter_action": {"accept_unsecured": True}},
            (
                "The filter action of the rule 'tokyo-osaka' accepts clear text, which is not rendered for ipsecpol; "
                "write false for accept_unsecured and fall_back_to_clear_text."
            ),
        ),
        (
            PAIR | {"active": False},
            "The policy has no active rule, but ipsecpol makes a policy from its rules; write one.",
        ),
        (
            with_key(KEY, "a:b"),
            (
                "The name of the rule 'a:b' has a colon, and how ipsecpol reads that is not documented; "
                "use l2tp.reg, which holds any text."
            ),
        ),
    ],
)
def test_what_ipsecpol_can_not_say_is_refused(rule: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RenderError) as caught:
        ipsecpol.batch_file(fit(rule))
    assert str(caught.value) == sentence


@pytest.mark.parametrize("peer_type", [OLD, NEW])
def test_every_file_says_the_order_and_what_the_other_end_needs(peer_type: PeerType) -> None:
    for name, data in render.files_of(fit(peer_type=peer_type)).content.items():
        text = data.decode("utf-16" if name.endswith(".reg") else "utf-8-sig")
        if name.startswith("undo"):
            assert text.index("1. Stop RRAS") < text.index("Restart the computer."), name
        else:
            assert "First the policy, then ProhibitIpSec, then the restart:" in text, name
            assert "add the line PolicyAgent to the value DependOnService of the service RemoteAccess" in text, name
            assert "check that no policy of the" in text, name
            assert (
                "The other end of 'tokyo-osaka' must have the same filter (source 192.0.2.1, destination 192.0.2.2, "
                "not the other way round), the same preshared key, a policy that is assigned, and ProhibitIpSec = 1."
            ) in text, name


def test_the_steps_are_those_of_the_article_and_the_key_comes_last() -> None:
    text = steps.text(fit(peer_type=OLD))
    wanted = [
        "4. Name: L2TP site to site",
        "5. Clear 'Activate the default response rule'.",
        "check for policy changes every 180 minutes.",
        "a new key after every 480 minutes, 0 sessions (no limit);",
        "8. Tunnel Endpoint: this rule does not specify a tunnel.",
        "9. Network Type: All network connections.",
        (
            "10. Authentication Method: use this string to protect the key exchange (preshared key): the key of "
            "tokyo-osaka, at the end of this file"
        ),
        "12. Source address: A specific IP Address: 192.0.2.1 (the same on both servers)",
        "13. Destination address: A specific IP Address: 192.0.2.2 (the same on both servers)",
        "14. Protocol: UDP.",
        "15. From this port: 1701; To any port.",
        "16. Edit properties: 'Mirrored' must be selected.",
        "Clear: Accept unsecured communication, but always respond using IPSec.",
        "21. Check everything, then right-click the policy: Assign.",
        "2. Run regedt32 and find HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\RasMan\\Parameters",
        "3. Add the value ProhibitIpSec, type REG_DWORD, data 1.",
        "5. Restart the computer.",
    ]
    places = [text.index(line) for line in wanted]
    assert places == sorted(places)
    assert text.endswith(f"The preshared keys\r\n  tokyo-osaka: {KEY}\r\n")
    assert text.count(KEY) == 1


def test_l2tp_over_ipv6_is_blocked_where_windows_has_it() -> None:
    command = "netsh advfirewall firewall add rule name=rras.ipsec-L2TP-over-IPv6 dir=in action=block"
    for name in ("l2tp.reg", "STEPS.txt", "netsh.txt"):
        encoding = "utf-16" if name.endswith(".reg") else "utf-8-sig"
        assert command in render.files_of(fit()).content[name].decode(encoding), name
        without = render.files_of(fit(block_l2tp_over_ipv6=False)).content[name]
        assert command not in without.decode(encoding), name
    assert command not in steps.text(fit(peer_type=OLD))


def test_a_rule_without_a_key_has_no_key_at_the_end() -> None:
    rule = PAIR | {"authentication": [{"certificate_authority": "CN=Example"}]}
    text = steps.text(fit(rule))
    assert "use a certificate from this CA: CN=Example" in text
    assert "The preshared keys" not in text


def test_what_no_form_could_express_can_t_be_declared() -> None:
    with pytest.raises(DeclarationError):
        declared(with_key("two\nlines"))
