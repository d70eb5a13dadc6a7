# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which link of an alert's path is said to be broken."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import drill_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.drill import _drill_in

NAMES = model.Names("prod")
PATH = model.Path("topic critical", "critical", "d1/critical")


def seen(**more: Any) -> model.Evidence:
    """An account in which all links are whole."""
    return model.Evidence(**{"subscribed": {"critical": True}, "source": "Enabled", **more})


@pytest.mark.parametrize(
    ("item", "evidence", "link", "said"),
    [
        ({}, seen(subscribed={"critical": None}), model.TOPIC, "there is no topic kumawatch-prod-critical"),
        ({}, seen(subscribed={"critical": False}), model.SUBSCRIPTION, "is not subscribed to kumawatch-prod-critical"),
        ({}, seen(waiting=None), model.QUEUE, "there is no queue kumawatch-prod-alerts"),
        ({}, seen(relay=False), model.RELAY, "there is no function kumawatch-prod-relay"),
        ({}, seen(source=None), model.SOURCE, "nothing feeds kumawatch-prod-relay"),
        ({}, seen(source="Disabled", waiting=1), model.SOURCE, "is disabled, and 1 alert waits in"),
        ({}, seen(concurrency=0, waiting=3), model.RELAY, "reserved concurrency is 0, and 3 alerts wait"),
        ({}, seen(trouble="[ERROR] KeyError: 'x'"), model.RELAY, "runs and fails ([ERROR] KeyError: 'x')"),
        ({}, seen(waiting=7), model.QUEUE, "7 alerts wait in kumawatch-prod-alerts"),
        ({}, seen(in_flight=2), model.RELAY, "has taken 2 messages and told nobody"),
        ({}, seen(), model.QUEUE, "it never came to kumawatch-prod-alerts: check the policies"),
        ({"received": "t"}, seen(), model.RELAY, "has received it and not posted it yet"),
        ({"received": "t", "refused": "t", "reason": "404."}, seen(), model.CHAT, "the chat refused it (404)"),
        (
            {"received": "t", "refused": "t", "reason": "404."},
            seen(dead=frozenset({"d1/critical"})),
            model.DEAD,
            "it lies in kumawatch-prod-alerts-dead (404)",
        ),
    ],
)
def test_the_first_broken_link_is_named(item: dict[str, Any], evidence: model.Evidence, link: str, said: str) -> None:
    found, sentence = model.verdict(PATH, item, evidence, NAMES)
    assert (found, said in sentence) == (link, True), sentence
    assert sentence.endswith(".")


def test_what_was_received_has_passed_the_links_before() -> None:
    evidence = seen(subscribed={"critical": False}, source="Disabled")
    assert model.verdict(PATH, {"received": "t"}, evidence, NAMES)[0] == model.SOURCE


def test_what_broke_for_several_paths_alike_is_said_once() -> None:
    paths = [model.Path(name, broken=("relay", "it is gone.")) for name in ("a", "b")]
    paths.append(model.Path("c", seconds=1.0))
    assert model.summary("d1", paths, 60) == (
        "drill d1: 2 of 3 paths did not arrive within 60 s. a and b: relay: it is gone."
    )


def test_the_log_is_read_from_its_end() -> None:
    lines = ["START", "[ERROR] first", '{"what": "batch"}', "Task timed out\tafter 60 s", "END"]
    assert model.trouble_in(lines) == "Task timed out after 60 s"
    assert model.trouble_in(["START", "END"]) == ""


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ('{"Message": "{\\"kumawatch_drill\\": \\"d1\\", \\"path\\": \\"info\\"}"}', "d1/info"),
        ('{"Message": "{\\"kumawatch_uptime\\": {\\"msg\\": \\"kumawatch-drill: d1-door\\"}}"}', "d1-door/kuma"),
        ('{"Message": "{\\"kumawatch_drill\\": \\"d2\\"}"}', ""),
        ('{"Message": "some text"}', ""),
        ("[1, 2]", ""),
        ("no JSON", ""),
    ],
)
def test_a_drill_is_found_among_the_dead_letters(body: str, key: str) -> None:
    assert _drill_in(body, "d1") == key
