"""Named mixes of conditions: drawn from the seed, told by the command, made of conditions that exist."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from click.testing import CliRunner

from qwen_image_mock import Settings, serve
from qwen_image_mock.cli import main
from qwen_image_mock.fault_kinds import KINDS, OPTIONS, names_of
from qwen_image_mock.scenarios import Scenario, UnknownScenario, scenario, scenario_names
from qwen_image_spec import load

PATH = "/v1/images/generations"
ASK = {"model": "qwen-image-2.0", "prompt": "a cat"}
OPERATIONS = {"generate", "edit", "submit", "query", "cancel", "list", "upload", "models"}


def drawn(mix: Scenario, caller: str, count: int) -> list[list[str]]:
    return [[name for name, _ in mix.draw(caller, "generate", number)] for number in range(count)]


@pytest.mark.parametrize("name", list(scenario_names()))
def test_a_scenario_is_made_of_what_exists(name: str) -> None:
    mix = scenario(name, 1)
    known = names_of(load().providers.values())
    assert mix.says.endswith(".")
    for chance in mix.chances:
        assert chance.fault in known
        assert set(chance.options) <= OPTIONS
        assert 0 < chance.chance <= 1
        assert set(chance.at) <= OPERATIONS
        kind = KINDS[chance.fault]
        assert all(kind.happens_at(operation) for operation in chance.at)


def test_the_same_seed_draws_the_same_and_another_draws_others() -> None:
    first, again, other = (drawn(scenario("bad-day", seed), "k", 300) for seed in (7, 7, 8))
    assert first == again != other
    assert drawn(scenario("bad-day", 7), "somebody else", 300) != first


def test_another_caller_changes_nothing(client_of: Any) -> None:
    found = []
    for noise in (0, 5):
        with serve(Settings(scenario="moderation", seed=7)) as mock:
            client = client_of(mock)
            for _ in range(noise):
                client.send("POST", PATH, json.dumps(ASK).encode(), {"Authorization": "Bearer sk-other"})
            found.append([client.post(PATH, ASK).status for _ in range(20)])
    assert found[0] == found[1]
    assert set(found[0]) == {200, 400}


def test_the_chances_are_about_as_announced() -> None:
    mix = scenario("throttled", 3)
    counts = Counter(name for names in drawn(mix, "k", 4000) for name in names)
    for chance in mix.chances:
        assert counts[chance.fault] == pytest.approx(4000 * chance.chance, rel=0.25)


def test_a_server_with_a_bad_day(client_of: Any) -> None:
    seen = []
    for _ in range(2):
        with serve(Settings(scenario="moderation", seed=11)) as mock:
            client = client_of(mock)
            seen.append([client.post(PATH, ASK).status for _ in range(40)])
            faults = [entry.get("fault") for entry in mock.requests()]
        assert set(seen[-1]) == {200, 400}
        assert [fault is not None for fault in faults] == [status == 400 for status in seen[-1]]
    assert seen[0] == seen[1]


def test_a_scenario_sets_pace_and_limits_and_a_reset_keeps_it(client_of: Any) -> None:
    with serve(Settings(scenario="slow", seed=1)) as mock:
        client = client_of(mock)
        client.post("/_mock/tasks", {"at_once": True})
        client.post("/_mock/reset", {})
        assert client.get("/_mock/tasks").json["seconds"] == 30
    with serve(Settings(scenario="throttled")) as mock:
        assert client_of(mock).get("/_mock/limits").json == {"on": True}


def test_the_help_and_the_lists_tell_them() -> None:
    run = CliRunner().invoke
    helped, listed = run(main, ["--help"]).output, run(main, ["--list-scenarios"]).output
    faults = run(main, ["--list-faults"]).output
    for name, says in scenario_names().items():
        assert name in helped
        assert f"{name} " in listed
        assert says in listed
    assert all(f"  {name} " in faults for name in KINDS)
    assert "ip-infringement" in faults


def test_an_unknown_scenario_is_explained() -> None:
    with pytest.raises(UnknownScenario, match="did you mean 'bad-day'"):
        scenario("bad-dya", 1)
    done = CliRunner().invoke(main, ["--scenario", "bad-dya"])
    assert done.exit_code == 2
    assert "bad-day" in done.output


def test_expiring_addresses(client_of: Any) -> None:
    with serve(Settings(scenario="expiring", seed=2)) as mock:
        mock.clock.freeze(1_800_000_000)
        client = client_of(mock)
        urls = [json.loads(client.post(PATH, ASK).body)["data"][0]["url"] for _ in range(20)]
        assert {client.get(url).status for url in urls} == {200, 403}
        mock.clock.step(5)
        assert {client.get(url).status for url in urls} == {403}
