# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Linux server with strongSwan and xl2tpd gets of a policy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import render
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import PeerType, RenderError, swanctl, xl2tpd
from ansible_collections.rras.ipsec.tests.support.declared import KEY, OTHERS, PAIR, declared, with_key

HERE = "192.0.2.2"
ASCII = st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=2).map(lambda text: f"k{text}y")
ANY_NAME = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(' "%^&\\|<>!#{}=.'), min_size=1).map(
    lambda text: f"k{text}y"
)
_TOKEN = re.compile(r'\s*(?:(?P<word>[^\s{}="#]+)|"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<mark>[{}=]))')


def fit(*rules: Any, keys: bool = True, address: str = HERE, **given: Any) -> render.Rendering:
    wanted = declared(*rules, address=address, **given)
    return render.fit(wanted, PeerType.STRONGSWAN, server="rras-osaka", keys=keys)


def content(text: str) -> str:
    """The text without its remarks."""
    assert "\r" not in text
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def parsed(text: str) -> dict[str, Any]:
    """The file as strongSwan reads it: braces, and values that are words or quoted with escapes."""
    stack: list[dict[str, Any]] = [{}]
    name = ""
    is_value = False
    said, position = content(text).strip(), 0
    while position < len(said):
        found = _TOKEN.match(said, position)
        assert found, said[position:]
        position = found.end()
        if found["mark"] == "{":
            assert name not in stack[-1]
            stack.append(stack[-1].setdefault(name, {}))
        elif found["mark"] == "}":
            stack.pop()
        elif found["mark"] == "=":
            is_value = True
        elif is_value:
            word, quoted = found["word"], found["quoted"]
            stack[-1][name] = re.sub(r"\\(.)", r"\1", quoted) if word is None else word
            is_value = False
        else:
            name = found["word"]
    assert len(stack) == 1
    return stack[0]


def child(rendering: render.Rendering) -> dict[str, str]:
    """The first child of the first connection."""
    (connection, *_others) = parsed(swanctl.configuration(rendering))["connections"].values()
    found: dict[str, str] = next(iter(connection["children"].values()))
    return found


def test_word_for_word() -> None:
    assert (
        swanctl.configuration(fit())
        == f"""\
# swanctl.conf of strongSwan for rras-osaka (192.0.2.2).
# It holds preshared keys: copy it to the server over a channel that nobody else can read.
# 1. Write it to /etc/swanctl/conf.d/l2tp.conf, owner root, mode 0600.
# 2. Run: swanctl --load-all
# 3. Write xl2tpd.conf and start xl2tpd only then: L2TP is protected from the moment the file is loaded.
# tokyo-osaka is the connection 'tokyo-osaka' with 192.0.2.1.
connections {{
    tokyo-osaka {{
        version = 1
        local_addrs = 192.0.2.2
        remote_addrs = 192.0.2.1
        proposals = 3des-sha1-modp2048,3des-sha1-modp1024
        rekey_time = 25920s
        over_time = 2880s
        local {{
            auth = psk
            id = 192.0.2.2
        }}
        remote {{
            auth = psk
            id = 192.0.2.1
        }}
        children {{
            tokyo-osaka {{
                mode = transport
                local_ts = dynamic[udp]
                remote_ts = dynamic[udp/1701]
                esp_proposals = 3des-sha1
                life_time = 3600s
                rekey_time = 3240s
                life_bytes = 102400000
                rekey_bytes = 92160000
                start_action = trap
            }}
        }}
    }}
    all-other-L2TP-dropped {{
        remote_addrs = 127.0.0.1
        children {{
            all-other-L2TP-dropped {{
                mode = drop
                local_ts = 192.0.2.2/32[udp/1701]
                remote_ts = 0.0.0.0/0[udp]
                start_action = trap
            }}
            all-other-L2TP-dropped-filter-2 {{
                mode = drop
                local_ts = 192.0.2.2/32[udp]
                remote_ts = 0.0.0.0/0[udp/1701]
                start_action = trap
            }}
        }}
    }}
}}
secrets {{
    ike-tokyo-osaka {{
        id-local = 192.0.2.2
        id-remote = 192.0.2.1
        secret = "{KEY}"
    }}
}}
"""
    )


def test_xl2tpd_word_for_word() -> None:
    assert (
        xl2tpd.configuration(fit())
        == """\
; xl2tpd.conf for rras-osaka (192.0.2.2): L2TP inside the IPsec of swanctl.conf.
; 1. Load swanctl.conf first, and see that it is loaded whenever the server starts.
; 2. Write this file to /etc/xl2tpd/xl2tpd.conf.
; 3. What PPP needs is not declared (user, password, addresses, routes): write it into /etc/ppp/options.l2tp,
;    or into a file for each peer.
; 4. Start xl2tpd.

[global]
; No other address, for the policy protects this one.
listen-addr = 192.0.2.2
port = 1701
access control = yes

; The connection 'tokyo-osaka': calls from RRAS,
[lns tokyo-osaka]
lac = 192.0.2.1
assign ip = no
pppoptfile = /etc/ppp/options.l2tp

; and calls to it: xl2tpd-control connect-lac tokyo-osaka
[lac tokyo-osaka]
lns = 192.0.2.1
pppoptfile = /etc/ppp/options.l2tp
"""
    )


def test_the_source_of_the_filter_has_the_port_of_l2tp() -> None:
    """The filter is the same on both ends, and only one of them is its source."""
    source, destination = child(fit(address="192.0.2.1")), child(fit())
    assert (source["local_ts"], source["remote_ts"]) == ("dynamic[udp/1701]", "dynamic[udp]")
    assert (destination["local_ts"], destination["remote_ts"]) == ("dynamic[udp]", "dynamic[udp/1701]")


def test_what_is_not_the_default() -> None:
    rule = PAIR | {
        "filters": [
            PAIR["filters"][0],
            PAIR["filters"][0] | {"source_port": 500, "covers_other_traffic": True},
        ],
        "filter_action": {
            "offers": [
                {"encryption": "des", "integrity": "md5", "lifetime_seconds": 600},
                {"encryption": "none", "lifetime_kilobytes": 20480},
            ],
            "pfs": True,
        },
    }  # fmt: skip
    main_mode = {"lifetime": 60, "methods": [{"encryption": "des", "dh_group": 1}, {"integrity": "md5", "dh_group": 2}]}
    found = parsed(swanctl.configuration(fit(rule, main_mode=main_mode)))["connections"]["tokyo-osaka"]
    assert (found["proposals"], found["rekey_time"], found["over_time"]) == (
        "des-sha1-modp768,3des-md5-modp1024",
        "3240s",
        "360s",
    )
    assert found["children"]["tokyo-osaka-filter-2"] == found["children"]["tokyo-osaka"] | {
        "remote_ts": "dynamic[udp/500]"
    }
    assert found["children"]["tokyo-osaka"] == {
        "mode": "transport",
        "local_ts": "dynamic[udp]",
        "remote_ts": "dynamic[udp/1701]",
        "esp_proposals": "des-md5-modp768,des-md5-modp1024,null-sha1-modp768,null-sha1-modp1024",
        "life_time": "600s",
        "rekey_time": "540s",
        "life_bytes": str(20480 * 1024),
        "rekey_bytes": str(18432 * 1024),
        "start_action": "trap",
    }


def test_certificates_by_the_name_of_their_authority() -> None:
    rule = PAIR | {"authentication": [{"certificate_authority": 'CN="Example, Root", O=Example'}]}
    text = swanctl.configuration(fit(rule))
    found = parsed(text)
    assert found["secrets"] == {}
    connection = found["connections"]["tokyo-osaka"]
    assert connection["send_cert"] == "always"
    assert connection["local"] == {"auth": "pubkey", "certs": "tokyo-osaka.pem"}
    assert connection["remote"] == {"auth": "pubkey", "cacerts": "tokyo-osaka.pem"}
    assert (
        "#    Write the certificate of 'CN=\"Example, Root\", O=Example' to /etc/swanctl/x509ca/tokyo-osaka.pem, "
        "one that it issued to this\n"
        "#    server to /etc/swanctl/x509/tokyo-osaka.pem, and its key to /etc/swanctl/private/tokyo-osaka.pem, "
        "mode 0600."
    ) in text


def test_each_method_is_a_connection_of_its_own() -> None:
    rule = PAIR | {"authentication": [{"preshared_key": KEY}, {"certificate_authority": "CN=Example"}]}
    found = parsed(swanctl.configuration(fit(rule)))["connections"]
    assert {name: each["local"]["auth"] for name, each in found.items()} == {
        "tokyo-osaka": "psk",
        "tokyo-osaka-2": "pubkey",
    }
    assert xl2tpd.configuration(fit(rule)).count("[lac ") == 1


def test_all_others_with_a_certificate_are_protected_or_dropped() -> None:
    others = {name: value for name, value in OTHERS.items() if name != "filter_action"}
    rule = others | {"authentication": [{"certificate_authority": "CN=Example"}]}
    text = swanctl.configuration(fit(PAIR, rule))
    found = parsed(text)["connections"]
    assert list(found) == ["tokyo-osaka", "all-other-L2TP", "all-other-L2TP-dropped"]
    assert found["all-other-L2TP"]["remote_addrs"] == "%any"
    assert len(found["all-other-L2TP"]["children"]) == 2
    assert all("start_action" not in each for each in found["all-other-L2TP"]["children"].values())
    assert {each["mode"] for each in found["all-other-L2TP-dropped"]["children"].values()} == {"drop"}
    assert "all-other-L2TP" not in xl2tpd.configuration(fit(PAIR, rule))


def test_what_is_not_active_is_left_out_and_said() -> None:
    text = swanctl.configuration(fit(PAIR, with_key("another key", "sleeping") | {"active": False}))
    assert "# Left out, because it is not active: the rule 'sleeping'.\n" in text
    assert "another key" not in text


def test_without_keys_the_place_of_the_key_is_shown() -> None:
    text = swanctl.configuration(fit(keys=False))
    assert "# The preshared keys are left out: write them in the place of 'WRITE THE KEY HERE'.\n" in text
    assert 'secret = "WRITE THE KEY HERE"' in text
    assert KEY not in text


@given(ASCII, ANY_NAME)
def test_any_key_of_ascii_arrives_under_any_name(key: str, name: str) -> None:
    text = swanctl.configuration(fit(with_key(key, name), OTHERS))
    assert content(text).startswith("connections {\n")
    (secret,) = parsed(text)["secrets"].values()
    assert secret["secret"] == key
    assert all(re.fullmatch("[A-Za-z0-9_-]+", each) for each in parsed(text)["connections"])


@given(ANY_NAME, ANY_NAME)
def test_two_names_are_two_connections(one: str, other: str) -> None:
    """Though little of a name may be left."""
    second = with_key(KEY, other if other.casefold() != one.casefold() else f"{other}2") | {
        "filters": [{"source_address": HERE, "destination_address": "192.0.2.3"}]
    }
    rendering = fit(with_key(KEY, one), second)
    found = parsed(swanctl.configuration(rendering))
    assert [each["remote_addrs"] for each in found["connections"].values()] == ["192.0.2.1", "192.0.2.3"]
    assert len(found["secrets"]) == 2
    lines = xl2tpd.configuration(rendering).splitlines()
    assert all(re.match(r"$|; |\[(global|(lac|lns) [A-Za-z0-9_-]+)\]$|[a-z -]+ = \S+$", line) for line in lines), lines


@pytest.mark.parametrize("key", ["0x2a", "0sKg==", "0x"])
def test_a_key_that_looks_encoded_is_encoded(key: str) -> None:
    (secret,) = parsed(swanctl.configuration(fit(with_key(key))))["secrets"].values()
    assert bytes.fromhex(secret["secret"].removeprefix("0x")) == key.encode()


@pytest.mark.parametrize("form", [swanctl.configuration, xl2tpd.configuration])
@pytest.mark.parametrize(
    ("rule", "given", "sentence"),
    [
        (
            with_key("Tōkyō"),
            {},
            (
                "The preshared key of the rule 'tokyo-osaka' has a character that is not printable ASCII, and it is "
                "not documented which bytes Windows uses for it in IKE; write another key."
            ),
        ),
        (
            PAIR | {"authentication": [{"preshared_key": KEY}, {"kerberos": True}]},
            {},
            (
                "The rule 'tokyo-osaka' authenticates by Kerberos, which strongSwan does not offer in IKE; "
                "write preshared_key or certificate_authority."
            ),
        ),
        (
            PAIR | {"filter_action": {"accept_unsecured": True}},
            {},
            (
                "The rule 'tokyo-osaka' accepts clear text, which is not rendered for strongSwan; "
                "write false for accept_unsecured and fall_back_to_clear_text."
            ),
        ),
        (
            PAIR | {"filter_action": {"fall_back_to_clear_text": True}},
            {},
            (
                "The rule 'tokyo-osaka' accepts clear text, which is not rendered for strongSwan; "
                "write false for accept_unsecured and fall_back_to_clear_text."
            ),
        ),
        (
            PAIR | {"filter_action": {"action": "permit"}},
            {},
            (
                "The rule 'tokyo-osaka' permits clear text, which is not rendered for strongSwan; "
                "write negotiate or block."
            ),
        ),
        (
            PAIR | {"filter_action": {"offers": [{"integrity": "none"}]}},
            {},
            (
                "An offer of the rule 'tokyo-osaka' is not ESP with integrity, which is all that is rendered for "
                "strongSwan; write integrity sha1."
            ),
        ),
        (
            PAIR | {"filters": [{"source_address": "192.0.2.1", "destination_address": HERE, "mirrored": False}]},
            {},
            (
                "A filter of the rule 'tokyo-osaka' is not mirrored, and strongSwan protects both directions together; "
                "write true for mirrored."
            ),
        ),
        (
            PAIR,
            {"address": "192.0.2.9"},
            (
                "No end of a filter of the rule 'tokyo-osaka' is 192.0.2.9, the address of this server; "
                "write that as source_address or destination_address."
            ),
        ),
        (
            PAIR,
            {"address": ""},
            "The address of this server is not declared, so nobody knows which end of a filter it is; write address.",
        ),
    ],
)
def test_what_strongswan_can_not_do_is_refused(
    rule: dict[str, Any], given: dict[str, Any], sentence: str, form: Any
) -> None:
    with pytest.raises(RenderError) as caught:
        form(fit(rule, **given))
    assert str(caught.value) == sentence
