"""Several refreshes, and other writers, on one credentials file at the same time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.configloader import raw_config_parse

from tests.conftest import Encee, Home, Person, run_aws, run_encee
from tests.fake_aws import FakeAws

pytestmark = pytest.mark.slow


def test_eight_processes_refresh_eight_profiles_twenty_times_each(home: Home, aws: FakeAws) -> None:
    people = {}
    for number in range(8):
        user = aws.create_user(f"user{number}")
        people[f"p{number}"] = Person(user, user.create_device(f"device{number}"))
    text = "".join(f"# {name}\n{one.section(name)}\n" for name, one in people.items())
    home.write(text)

    def refresh(name: str) -> list[tuple[int, str]]:
        # Each lasts longer than the last one, since encee keeps a session that ends as late as a new one would.
        durations = [f"{60 + 2 * number}m" for number in range(20)]
        results = [run_encee("refresh", name, "-d", one, "-c", people[name].device.next_code()) for one in durations]
        return [(result.code, result.err) for result in results if result.code]

    with ThreadPoolExecutor(8) as pool:
        assert [failures for failures in pool.map(refresh, people) if failures] == []

    assert home.credentials.read_text().startswith(text)
    view = raw_config_parse(str(home.credentials))
    keys = {name: view[f"{name}-mfa"]["aws_access_key_id"] for name in people}
    assert {name: view[f"{name}-mfa"]["encee_source"] for name in people} == {name: name for name in people}
    for name in people:
        who = run_aws("--profile", f"{name}-mfa", "--region", "eu-west-1", "sts", "get-caller-identity")
        assert who.code == 0, who.err
    assert {call.access_key_id for call in aws.calls("GetCallerIdentity")} == set(keys.values())
    assert len(aws.calls("GetSessionToken")) == 160
    assert list(home.credentials.parent.glob("*.tmp")) == []


def test_a_loop_of_aws_configure_costs_no_profile(encee: Encee, home: Home, dev: Person) -> None:
    others = "".join(f"[p{number}]\naws_access_key_id = AKIA{number}\n" for number in range(200))
    home.write(others + dev.section())
    stop = threading.Event()

    def configure() -> int:
        rounds = 0
        while not stop.is_set():
            rounds += 1
            assert run_aws("configure", "set", "aws_session_token", f"t{rounds}", "--profile", "other").code == 0
        return rounds

    refreshed = 0
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(configure)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            result = encee("refresh", "dev", "-c", dev.device.next_code())
            assert result.code == 0, result.err
            refreshed += 1
        stop.set()
        rounds = running.result()

    view: dict[str, dict[str, str]] = raw_config_parse(str(home.credentials))
    assert view.keys() == {f"p{number}" for number in range(200)} | {"dev", "dev-mfa", "other"}
    assert min(refreshed, rounds) > 10
    assert view["other"]["aws_session_token"] == f"t{rounds}"
