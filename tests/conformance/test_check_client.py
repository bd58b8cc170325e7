"""check-client: what small clients do wrong, told by the clause or the manner, and by the exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from qwen_image_conformance.check_client import Options, run
from qwen_image_conformance.client_report import ClientReport, console_for
from qwen_image_conformance.problems import Unreachable, UsageProblem
from qwen_image_conformance.report.read import read, schema
from qwen_image_conformance.verdict import Status

OPENAI = "dieyuyun"
NATIVE = "dashscope"
HELPERS = """
    import json, os, time, urllib.error, urllib.request

    def call(url, body=None, key=True, **headers):
        data = None if body is None else json.dumps(body).encode()
        given = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]} if key else {}
        request = urllib.request.Request(url, data, {"Content-Type": "application/json", **given, **headers})
        try:
            with urllib.request.urlopen(request) as answer:
                read = answer.read()
                return json.loads(read) if "json" in answer.headers["content-type"] else read
        except urllib.error.HTTPError as error:
            with error:
                return json.loads(error.read())

    IMAGES = os.environ["OPENAI_BASE_URL"] + "/images/generations"
    NATIVE = os.environ["DASHSCOPE_HTTP_BASE_URL"]
    ASK = {"model": "qwen-image-2.0", "prompt": "a cat", "size": "2048x2048"}

    def submit():
        body = {"model": "qwen-image-plus", "input": {"prompt": "a cat"}, "parameters": {}}
        path = NATIVE + "/services/aigc/text2image/image-synthesis"
        return call(path, body, **{"X-DashScope-Async": "enable"})["output"]["task_id"]

    def query(task):
        return call(NATIVE + "/tasks/" + task).get("output", {}).get("task_status")
"""


def tried(tmp_path: Path, script: str, provider: str = OPENAI, **options: Any) -> ClientReport:
    """The report on a client of a few lines."""
    app = tmp_path / "app.py"
    app.write_text(dedent(HELPERS) + dedent(script), "utf-8")
    wanted: dict[str, Any] = {"out": tmp_path / "out", "client_output": False, "timeout": 60.0, **options}
    return run(Options((sys.executable, str(app)), provider, **wanted))


def statuses(report: ClientReport) -> dict[str, Status]:
    return {finding.clause: finding.status for finding in report.findings}


def actual(report: ClientReport, clause: str) -> str:
    return next(str(finding.actual) for finding in report.findings if finding.clause == clause)


def test_a_good_client_keeps_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "import urllib.request, openai\n"
        "ask = {'model': 'qwen-image-2.0', 'prompt': 'a cat', 'size': '2048x2048', 'n': 2}\n"
        "made = openai.OpenAI().images.generate(**ask)\n"
        "for picture in made.data:\n    urllib.request.urlopen(picture.url).read()\n",
        "utf-8",
    )
    out = tmp_path / "out"
    report = run(Options((sys.executable, str(app)), OPENAI, out=out, client_output=False), console_for())
    assert report.exit_code == 0
    assert report.client_exit == 0
    assert (report.requests, report.pictures, report.fetches) == (1, 2, 2)
    assert set(statuses(report).values()) <= {Status.PASS, Status.OBSERVED}
    assert statuses(report)["client.key-kept"] is Status.PASS
    assert "KEEPS THE CONTRACT" in capsys.readouterr().out


def test_the_result_file_is_one_of_a_run(tmp_path: Path) -> None:
    report = tried(tmp_path, "call(IMAGES, {**ASK, 'size': '1024*1024'})")
    assert report.exit_code == 1
    record = read(report.out)
    assert record.end is not None
    assert record.end["client_exit"] == 0
    assert {case["side"] for case in record.cases} == {"client"}
    broken = [case for case in record.cases if case["status"] == "fail"]
    assert [case["clause"] for case in broken] == ["size.spelling"]
    assert broken[0]["curl"].startswith("curl")
    assert (report.out / "junit.xml").read_text("utf-8").count("<failure") == 1
    known = set(schema()["$defs"]["case"]["properties"]) | {"side"}
    assert all(set(case) <= known for case in record.cases)
    journal = [json.loads(line) for line in (report.out / "journal.jsonl").read_text("utf-8").splitlines()]
    assert len(journal) == report.requests == 1
    assert "sk-check-client-" not in "".join(path.read_text("utf-8") for path in report.out.iterdir())


def test_a_client_that_never_calls(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as told:
        tried(tmp_path, "raise SystemExit(7)")
    assert told.value.code == 3
    assert "ended with 7" in told.value.cause
    assert "OPENAI_BASE_URL" in told.value.hint


def test_a_served_request_sent_again(tmp_path: Path) -> None:
    report = tried(tmp_path, "call(IMAGES, ASK); call(IMAGES, ASK)", fail_on="should")
    assert statuses(report)["client.paid-once"] is Status.WARN
    assert "a success" in actual(report, "client.paid-once")
    assert report.exit_code == 1


def test_an_answer_that_was_lost_is_no_reason_to_pay_twice(tmp_path: Path) -> None:
    script = """
        for _ in range(2):
            try:
                call(IMAGES, ASK)
                break
            except OSError:
                pass
    """
    report = tried(tmp_path, script, fault="reset times=1")
    assert statuses(report)["client.paid-once"] is Status.WARN
    assert "a lost answer" in actual(report, "client.paid-once")


def test_a_client_that_polls_too_fast_and_goes_on_after_the_end(tmp_path: Path) -> None:
    script = """
        task = submit()
        while query(task) not in ("SUCCEEDED", "FAILED"):
            pass
        query(task)
    """
    report = tried(tmp_path, script, NATIVE, task_seconds=0.6)
    assert report.exit_code == 1
    assert statuses(report)["client.poll-rate"] is Status.FAIL
    assert statuses(report)["client.poll-end"] is Status.WARN


def test_a_client_that_polls_well(tmp_path: Path) -> None:
    script = """
        task = submit()
        while query(task) not in ("SUCCEEDED", "FAILED"):
            time.sleep(0.3)
    """
    report = tried(tmp_path, script, NATIVE, fault="failing-poll times=1", task_seconds=0.4)
    assert report.exit_code == 0
    assert {
        statuses(report)[name] for name in ("client.poll-rate", "client.poll-end", "client.task-collected")
    } == {Status.PASS}
    assert actual(report, "client.recovers").startswith("recovered")


def test_a_task_that_nobody_collects(tmp_path: Path) -> None:
    report = tried(tmp_path, "submit()", NATIVE)
    assert "1 of 1 left" in actual(report, "client.task-collected")


def test_a_client_that_sends_its_key_to_the_host_of_the_pictures(tmp_path: Path) -> None:
    report = tried(tmp_path, "call(call(IMAGES, ASK)['data'][0]['url'])")
    assert report.exit_code == 1
    assert statuses(report)["client.key-kept"] is Status.FAIL
    assert "the header authorization" in actual(report, "client.key-kept")


def test_pictures_at_the_host_of_the_api(tmp_path: Path) -> None:
    report = tried(tmp_path, "call(call(IMAGES, ASK)['data'][0]['url'])", same_host=True)
    assert (report.pictures, report.fetches) == (1, 1)
    assert actual(report, "client.pictures-fetched") == "1 fetched"


@pytest.mark.parametrize(("pause", "status"), [(0.0, Status.WARN), (1.05, Status.PASS)])
def test_retry_after(tmp_path: Path, pause: float, status: Status) -> None:
    script = f"""
        while "data" not in call(IMAGES, ASK):
            time.sleep({pause})
    """
    report = tried(tmp_path, script, fault="throttle times=1 retry_after=1")
    assert statuses(report)["client.retry-after"] is status
    assert "1 after 429" in actual(report, "client.retries")
    assert "2 paid request(s) sent, 1 accepted" in actual(report, "client.recovers")


def test_a_client_that_does_not_recover(tmp_path: Path) -> None:
    report = tried(tmp_path, "call(IMAGES, ASK)", fault="server-error")
    assert actual(report, "client.recovers").startswith("did not recover")
    assert "it ended with 0 all the same" in actual(report, "client.recovers")


def test_a_client_that_hangs_is_stopped(tmp_path: Path) -> None:
    report = tried(tmp_path, "call(IMAGES, ASK); time.sleep(600)", timeout=1.5)
    assert report.client_exit is None
    assert statuses(report)["client.ends"] is Status.ERROR
    assert report.exit_code == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provider": "dieyuyn"}, "did you mean 'dieyuyun'"),
        ({"fault": "throtle"}, "did you mean 'throttle'"),
        ({"fault": "throttle twice"}, "write it like"),
        ({"scenario": "bad-dy"}, "did you mean 'bad-day'"),
        ({"command": ()}, "after --"),
        ({"command": ("no-such-program-here",)}, "does not start"),
    ],
)
def test_mistakes_of_use(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    wanted: dict[str, Any] = {"command": ("true",), "provider": OPENAI, "out": tmp_path, **changes}
    with pytest.raises(UsageProblem) as told:
        run(Options(**wanted))
    assert words in f"{told.value.cause} {told.value.hint}"
    assert told.value.code == 2
