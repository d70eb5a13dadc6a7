# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few calls to AWS that a host makes, signed by Signature Version 4: no AWS library has to be there for them."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from .config import Account, Bucket, Heartbeat, Trouble

TIMEOUT = 60.0

#: One PUT takes so much.
LARGEST = 5 * 1024**3

#: Where an instance learns of its role.
METADATA = "http://169.254.169.254"

_EMPTY = hashlib.sha256(b"").hexdigest()
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Credentials:
    """A key, with a token where it is a temporary one."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


def signed(
    credentials: Credentials,
    region: str,
    service: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    payload_hash: str,
    now: datetime,
) -> dict[str, str]:
    """The headers of a request with its signature (pure).

    :param url: with its path and query quoted already, the query's parameters in the order of their names.
    :param payload_hash: SHA-256 of the body, in hexadecimal digits.
    """
    parts = urlsplit(url)
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    every = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    every |= {"host": parts.netloc, "x-amz-date": stamp}
    if service == "s3":
        every["x-amz-content-sha256"] = payload_hash
    if credentials.token:
        every["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(every))
    path = parts.path or "/"
    request = "\n".join(
        [method, path, parts.query, *(f"{name}:{every[name]}" for name in sorted(every)), "", names, payload_hash]
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{credentials.secret_key}".encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    every["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return every


def heartbeat_query(heartbeat: Heartbeat, value: float, now: datetime) -> dict[str, str]:
    """PutMetricData with one value, in the words of CloudWatch's query protocol (pure)."""
    query = {
        "Action": "PutMetricData",
        "Version": "2010-08-01",
        "Namespace": heartbeat.namespace,
        "MetricData.member.1.MetricName": heartbeat.metric,
        "MetricData.member.1.Timestamp": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "MetricData.member.1.Value": f"{value:g}",
        "MetricData.member.1.Unit": "None",
    }
    for number, (name, text) in enumerate(sorted(heartbeat.dimensions.items()), 1):
        query[f"MetricData.member.1.Dimensions.member.{number}.Name"] = name
        query[f"MetricData.member.1.Dimensions.member.{number}.Value"] = text
    return query


def credentials_of(account: Account, environ: Mapping[str, str] | None = None, metadata: str = METADATA) -> Credentials:
    """The credentials to use: those given, the environment's, or those of the instance's role, in this order.

    :raises Trouble: there are none.
    """
    if account.access_key:
        return Credentials(account.access_key, account.secret_key, account.session_token)
    environ = os.environ if environ is None else environ
    if environ.get("AWS_ACCESS_KEY_ID"):
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return Credentials(*(environ.get(name, "") for name in names))
    try:
        return _of_the_instance(metadata)
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        raise Trouble(
            "There are no AWS credentials: give the instance a role, or set uptime_kuma_aws.access_key and "
            "uptime_kuma_aws.secret_key."
        ) from None


def _of_the_instance(metadata: str) -> Credentials:
    """Those of the instance's role, by version 2 of the metadata service."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path: str, method: str = "GET", **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{metadata}/latest/{path}", method=method, headers=named)
        with direct.open(request, timeout=5) as answer:
            return str(answer.read().decode())

    token = ask("api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="300")
    place = "meta-data/iam/security-credentials/"
    role = ask(place, X_aws_ec2_metadata_token=token).split()[0]
    found = json.loads(ask(place + role, X_aws_ec2_metadata_token=token))
    return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"])


class Aws:
    """The calls.

    Raises Trouble where AWS refuses one or cannot be reached.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._credentials = credentials_of(account)

    def put_heartbeat(self, heartbeat: Heartbeat, value: float) -> None:
        """Give CloudWatch one value, of now."""
        suffix = _suffix(self._account.region)
        url = self._account.endpoint_url or f"https://monitoring.{self._account.region}.{suffix}"
        body = urlencode(heartbeat_query(heartbeat, value, datetime.now(UTC))).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        with self._call("monitoring", "POST", url.rstrip("/") + "/", headers, body=body):
            pass

    def put(self, bucket: Bucket, name: str, path: Path) -> None:
        """Store a file. What arrives damaged is refused by S3, which is told its digest."""
        size = path.stat().st_size
        if size > LARGEST:
            raise Trouble(
                f"The backup {path} has more than 5 GiB, which S3 does not take in one piece: shorten history."
            )
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            headers = {"Content-Length": str(size), "Content-Type": "application/gzip"}
            with self._call("s3", "PUT", self._object(bucket, name), headers, body=file, digest=digest):
                pass

    def get(self, bucket: Bucket, name: str, into: IO[bytes]) -> None:
        """Fetch a file."""
        with self._call("s3", "GET", self._object(bucket, name), {}) as answer:
            while block := answer.read(_CHUNK):
                into.write(block)

    def names(self, bucket: Bucket) -> Iterator[str]:
        """The names of the files below the bucket's prefix."""
        more = ""
        while True:
            query = {"list-type": "2", "prefix": bucket.prefix} | ({"continuation-token": more} if more else {})
            url = f"{self._bucket(bucket)}?{urlencode(sorted(query.items()), quote_via=quote, safe='-_.~')}"
            with self._call("s3", "GET", url, {}) as answer:
                page = ElementTree.fromstring(re.sub(rb' xmlns="[^"]*"', b"", answer.read(), count=1))  # noqa: S314 - S3 wrote it
            for key in page.iterfind("Contents/Key"):
                yield (key.text or "").removeprefix(bucket.prefix)
            more = page.findtext("NextContinuationToken") or ""
            if not more:
                return

    def _bucket(self, bucket: Bucket) -> str:
        if self._account.endpoint_url:
            return f"{self._account.endpoint_url.rstrip('/')}/{bucket.name}"
        if "." in bucket.name:  # the certificate is not for names with more dots
            return f"https://s3.{self._account.region}.{_suffix(self._account.region)}/{bucket.name}"
        return f"https://{bucket.name}.s3.{self._account.region}.{_suffix(self._account.region)}/"

    def _object(self, bucket: Bucket, name: str) -> str:
        return f"{self._bucket(bucket).rstrip('/')}/{quote(bucket.prefix + name, safe='/-_.~')}"

    def _call(
        self,
        service: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | IO[bytes] | None = None,
        digest: str = "",
    ) -> http.client.HTTPResponse:
        digest = digest or (hashlib.sha256(body).hexdigest() if isinstance(body, bytes) else _EMPTY)
        every = signed(
            self._credentials, self._account.region, service, method, url, headers, digest, datetime.now(UTC)
        )
        del every["host"]
        request = urllib.request.Request(url, data=body, method=method, headers=every)
        try:
            answer = urllib.request.urlopen(request, timeout=TIMEOUT, context=ssl.create_default_context())
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(4096).decode(errors="replace")
            code = re.search(r"<Code>([^<]*)</Code>", said)
            reason = code[1] if code else f"status {error.code}"
            raise Trouble(
                f"AWS refused {method} {url}: {reason}; see the permissions in docs/uptime_kuma.md."
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise Trouble(f"AWS cannot be reached at {urlsplit(url).netloc}: {error}.") from None
        if not isinstance(answer, http.client.HTTPResponse):
            raise Trouble(f"{url} is no web address.")
        return answer


def _suffix(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
