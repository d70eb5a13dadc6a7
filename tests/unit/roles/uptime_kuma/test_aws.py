# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls to AWS of Uptime Kuma's host: signatures as botocore's, and what is sent."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Theirs

from roles.uptime_kuma.files.kumawatch_kuma import aws
from roles.uptime_kuma.files.kumawatch_kuma.aws import Aws, Credentials, credentials_of, heartbeat_query, signed
from roles.uptime_kuma.files.kumawatch_kuma.config import Account, Bucket, Heartbeat, Trouble

NOW = datetime(2026, 11, 27, 3, 17, tzinfo=UTC)
HEARTBEAT = Heartbeat("Kumawatch/production", "UptimeKumaAnswers", {"Host": "watch-1"})


@pytest.mark.parametrize("token", ["", "a-token"])
@pytest.mark.parametrize(
    ("service", "method", "url", "body"),
    [
        ("monitoring", "POST", "https://monitoring.eu-central-1.amazonaws.com/", b"Action=PutMetricData&Value=1"),
        ("s3", "PUT", "https://b.s3.eu-central-1.amazonaws.com/a/file%20name.tar.gz", b"what it holds"),
        ("s3", "GET", "https://b.s3.eu-central-1.amazonaws.com/?list-type=2&prefix=a%2Fb", b""),
    ],
)
def test_signatures_are_those_of_botocore(
    monkeypatch: pytest.MonkeyPatch, service: str, method: str, url: str, body: bytes, token: str
) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: NOW.replace(tzinfo=None))
    theirs = AWSRequest(method=method, url=url, data=body, headers={"Content-Type": "text/plain"})
    auth = {"s3": S3SigV4Auth}.get(service, SigV4Auth)
    auth(Theirs("AKID", "secret", token or None), service, "eu-central-1").add_auth(theirs)
    digest = aws.hashlib.sha256(body).hexdigest()
    headers = {"Content-Type": "text/plain"}
    ours = signed(Credentials("AKID", "secret", token), "eu-central-1", service, method, url, headers, digest, NOW)
    assert ours["authorization"] == theirs.headers["Authorization"]


def test_a_heartbeat_says_what_the_alarm_looks_at() -> None:
    query = heartbeat_query(HEARTBEAT, 1.0, NOW)
    assert query["Namespace"] == "Kumawatch/production"
    assert query["MetricData.member.1.MetricName"] == "UptimeKumaAnswers"
    assert query["MetricData.member.1.Value"] == "1"
    assert query["MetricData.member.1.Timestamp"] == "2026-11-27T03:17:00Z"
    assert query["MetricData.member.1.Dimensions.member.1.Name"] == "Host"
    assert query["MetricData.member.1.Dimensions.member.1.Value"] == "watch-1"


def test_secrets_are_not_shown() -> None:
    account = Account("eu-central-1", access_key="AKID", secret_key="hidden-1", session_token="hidden-2")
    assert "hidden" not in repr(account)
    assert "hidden" not in repr(credentials_of(account))


def test_credentials_that_are_given_win_over_the_environments() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "theirs", "AWS_SECRET_ACCESS_KEY": "x"}
    given = credentials_of(Account("r", access_key="ours", secret_key="y"), environ)
    assert given == Credentials("ours", "y")
    assert credentials_of(Account("r"), environ) == Credentials("theirs", "x")


def test_without_credentials_the_error_says_what_to_do() -> None:
    with pytest.raises(Trouble, match="give the instance a role"):
        credentials_of(Account("r"), {}, "http://127.0.0.1:1")


# -- over HTTP ---------------------------------------------------------------------------------------------------------


class Recorder:
    """A server of the test's own: what was asked, and what it answers, by path."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.url = ""


@contextmanager
def recorder() -> Iterator[Recorder]:
    found = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.asked.append((self.command, self.path, dict(self.headers), body))
            status, answer = found.answers.get(f"{self.command} {self.path}", (200, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = _any  # noqa: N815

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def there() -> Iterator[Recorder]:
    with recorder() as found:
        yield found


def client(there: Recorder) -> Aws:
    return Aws(Account("eu-central-1", there.url, "AKID", "secret"))


def test_the_role_of_the_instance_is_asked_for_with_a_token(there: Recorder) -> None:
    place = "/latest/meta-data/iam/security-credentials/"
    there.answers = {
        "PUT /latest/api/token": (200, b"short-lived"),
        f"GET {place}": (200, b"kuma-role"),
        f"GET {place}kuma-role": (200, json.dumps({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T"}).encode()),
    }
    assert credentials_of(Account("r"), {}, there.url) == Credentials("A", "S", "T")
    told = [{name.lower(): value for name, value in headers.items()} for _, _, headers, _ in there.asked]
    assert told[0]["x-aws-ec2-metadata-token-ttl-seconds"] == "300"
    assert [one["x-aws-ec2-metadata-token"] for one in told[1:]] == ["short-lived"] * 2


def test_a_file_is_put_and_fetched(there: Recorder, tmp_path: Path) -> None:
    source = tmp_path / "backup"
    source.write_bytes(b"x" * 100_000)
    bucket = Bucket("backups", "kuma/host/")
    client(there).put(bucket, "a b.tar.gz", source)
    method, path, headers, body = there.asked[0]
    assert (method, path, body) == ("PUT", "/backups/kuma/host/a%20b.tar.gz", source.read_bytes())
    assert {name.lower(): value for name, value in headers.items()}["x-amz-content-sha256"] == (
        aws.hashlib.sha256(source.read_bytes()).hexdigest()
    )
    there.answers["GET /backups/kuma/host/a%20b.tar.gz"] = (200, b"y" * 3_000_000)
    into = io.BytesIO()
    client(there).get(bucket, "a b.tar.gz", into)
    assert into.getvalue() == b"y" * 3_000_000


def test_a_long_list_is_read_page_by_page(there: Recorder) -> None:
    pages = "/backups?list-type=2&prefix=k%2F", "/backups?continuation-token=n%2B%3D&list-type=2&prefix=k%2F"
    head = b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    there.answers = {
        f"GET {pages[0]}": (
            200,
            head + b"<Contents><Key>k/one</Key></Contents><NextContinuationToken>n+=</NextContinuationToken>"
            b"</ListBucketResult>",
        ),
        f"GET {pages[1]}": (200, head + b"<Contents><Key>k/two</Key></Contents></ListBucketResult>"),
    }
    assert list(client(there).names(Bucket("backups", "k/"))) == ["one", "two"]


def test_a_heartbeat_arrives(there: Recorder) -> None:
    client(there).put_heartbeat(HEARTBEAT, 0.0)
    method, path, _, body = there.asked[0]
    assert (method, path) == ("POST", "/")
    assert parse_qs(body.decode())["MetricData.member.1.Value"] == ["0"]


def test_a_refusal_is_one_sentence_with_its_code(there: Recorder, tmp_path: Path) -> None:
    there.answers["PUT /b/file"] = (403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Trouble, match=r"AWS refused PUT .*: AccessDenied; see the permissions"):
        client(there).put(Bucket("b"), "file", tmp_path / "file")


def test_an_endpoint_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(Trouble, match=r"AWS cannot be reached at 127\.0\.0\.1:1"):
        Aws(Account("r", "http://127.0.0.1:1", "A", "S")).put_heartbeat(HEARTBEAT, 1.0)
