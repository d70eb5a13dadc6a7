# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats of logs: which lines are errors, requests and slow queries, and how a query names what is in them. Pure.

Every pattern has sample lines, by which it is tried where it was written and again before it is used. A pattern with a
regular expression is a last resort: CloudWatch takes five of them in a log group.

What is not known for certain is matched both ways. Status codes of JSON access logs may be numbers or texts; a
comparison by number and one of texts stand next to each other. What a target never answered may be a hyphen, null, or
not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: What can be counted, in the order of reading: its name in the catalogue and in the name of the metric.
COUNTS = (
    "requests", "errors", "4xx", "5xx", "502", "502_balancer", "502_application", "latency", "query_time",
)  # fmt: skip

#: What is not counted unless the catalogue says so: the load balancer itself measures the times of requests.
LEFT_OUT = ("latency",)


@dataclass(frozen=True)
class Count:
    """What is counted, or measured, in lines of a format.

    :param name: one of :data:`COUNTS`.
    :param patterns: filter patterns. No line matches two of them; each becomes a filter, all feed one metric.
    :param value: what a line adds.
    :param unit: unit of the metric.
    :param scale: what seconds are multiplied with to be in that unit.
    """

    name: str
    patterns: tuple[str, ...]
    value: str = "1"
    unit: str = "Count"
    scale: float = 1

    @property
    def measured(self) -> bool:
        """Whether a value is taken from the line, and not the line counted."""
        return self.value != "1"


@dataclass(frozen=True)
class Sample:
    """A real line, and in what it is counted: the texts that are extracted, ``1`` where it is only counted.

    :param line: the line, as the log group's transformer makes it where there is one.
    :param counts: by name of the count.
    :param pattern: which of the count's patterns matches, where there are several.
    """

    line: str
    counts: Mapping[str, str] = field(default_factory=dict)
    pattern: int = 0


@dataclass(frozen=True)
class Format:
    """A format.

    :param name: as the catalogue calls it; of containers with ``docker-`` before it.
    :param kind: of filter patterns that fit its lines: ``json``, ``fields`` or ``terms``. Terms fit all.
    :param counts: what can be counted.
    :param samples: lines of it.
    :param access: whether a line is a request.
    :param transformer: processors that make it readable, in the words of ``PutTransformer``.
    :param multi_line_start: regular expression of the first line of a message, empty where each line is one.
    :param prelude: commands of Logs Insights that find the fields in a line.
    :param fields: what Logs Insights calls ``status``, ``target_status``, ``route``, ``client``, ``seconds``,
        ``target``, ``level``, ``message`` and ``trace``. What it has not is left out.
    :param errors: condition of Logs Insights for lines that are errors.
    """

    name: str
    kind: str
    counts: tuple[Count, ...]
    samples: tuple[Sample, ...]
    access: bool = False
    transformer: tuple[Mapping[str, object], ...] = ()
    multi_line_start: str = ""
    prelude: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    errors: str = ""

    def count(self, name: str) -> Count | None:
        """What is counted under a name, ``None`` if that cannot be in this format."""
        return next((one for one in self.counts if one.name == name), None)


def narrowed(pattern: str, target_groups: Sequence[str]) -> str:
    """A pattern of an access log of a load balancer for the requests of some target groups, given by their ARNs."""
    if not target_groups:
        return pattern
    if pattern.startswith("{"):
        own = " || ".join(f'$.target_group_arn = "{arn}"' for arn in target_groups)
        return f"{{ ({pattern[1:-1].strip()}) && ({own}) }}"
    own = " || ".join(f'group="{arn}"' for arn in target_groups)
    head = pattern.removesuffix(", ...]")
    return f"{head}, received, sent, request, agent, cipher, protocol, {own}, ...]"


# -- load balancers ---------------------------------------------------------------------------------------------------

#: The target group in the samples.
SAMPLE_TARGET_GROUP = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/73e2d6bc24d8a067"
_CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def _plain(
    status: str,
    target_status: str,
    *,
    kind: str = "https",
    client: str = "203.0.113.7:46532",
    target: str = "10.0.1.21:8080",
    seconds: str = "0.048",
    request: str = "GET https://api.example.com:443/orders?id=7 HTTP/1.1",
    agent: str = "curl/8.5.0",
) -> str:
    group = SAMPLE_TARGET_GROUP if target != "-" or status in ("502", "503", "504") else "-"
    return (
        f"{kind} 2026-11-27T06:14:05.118453Z app/prod-api/50dc6c495c0c9188 {client} {target} 0.000 {seconds} 0.000 "
        f'{status} {target_status} 218 587 "{request}" "{agent}" TLS_AES_128_GCM_SHA256 TLSv1.3 {group} '
        f'"Root=1-6747a0ad-3c5f1d2e4b6a798081920a1b" "api.example.com" "{_CERTIFICATE}" 10 '
        f'2026-11-27T06:14:05.070000Z "forward" "-" "-" "{target}" "{target_status}" "-" "-" TID_6b1d2f3e4a5c6b7d'
    )


def _plain_pattern(status: str = "status", target_status: str = "target_status", seconds: str = "target_time") -> str:
    times = f"request_time, {seconds}, response_time"
    # http, https, h2, grpcs, ws, wss: what else may stand in the log group is no request.
    kind = "type=http* || type=h2 || type=grpc* || type=ws*"
    return f"[{kind}, time, balancer, client, target, {times}, {status}, {target_status}, ...]"


_ALB = Format(
    "alb",
    "fields",
    (
        Count("requests", (_plain_pattern(),)),
        Count("4xx", (_plain_pattern("status=4*"),)),
        Count("5xx", (_plain_pattern("status=5*"),)),
        Count("502_balancer", (_plain_pattern("status=502", 'target_status="-"'),)),
        Count("502_application", (_plain_pattern("status=502", "target_status=502"),)),
        Count("latency", (_plain_pattern(seconds="target_time>=0"),), "$target_time", "Seconds"),
    ),
    (
        Sample(_plain("200", "200"), {"requests": "1", "latency": "0.048"}),
        Sample(_plain("404", "404"), {"requests": "1", "4xx": "1", "latency": "0.048"}),
        # The load balancer's own: no target answered, or none could be read.
        Sample(_plain("502", "-", seconds="-1"), {"requests": "1", "5xx": "1", "502_balancer": "1"}),
        Sample(
            _plain("502", "502", seconds="1.204"),
            {"requests": "1", "5xx": "1", "502_application": "1", "latency": "1.204"},
        ),
        Sample(_plain("503", "-", target="-", seconds="-1"), {"requests": "1", "5xx": "1"}),
        # The client went away.
        Sample(_plain("460", "-", seconds="-1"), {"requests": "1", "4xx": "1"}),
        Sample(
            _plain("500", "500", client="2001:db8:85a3:8d3:1319:8a2e:370:7348:51234"),
            {"requests": "1", "5xx": "1", "latency": "0.048"},
        ),
        Sample(
            _plain("200", "200", agent=r"Mozilla/5.0 (\x22quoted\x22; 502 - \\ [bot]) 5xx"),
            {"requests": "1", "latency": "0.048"},
        ),
        Sample(
            _plain("504", "-", seconds="-1", agent='Bot \\"502\\" 1.0', request="GET https://a.example.com/?q=%22 H2"),
            {"requests": "1", "5xx": "1"},
        ),
        Sample(_plain("101", "101", kind="wss", seconds="0.003"), {"requests": "1", "latency": "0.003"}),
        Sample(
            _plain("200", "200", kind="h2", request="GET https://api.example.com:443/ HTTP/2.0"),
            {"requests": "1", "latency": "0.048"},
        ),
        # What is no HTTP has no request.
        Sample(_plain("400", "-", target="-", seconds="-1", request="- http://api.example.com:80- -", agent="-"),
               {"requests": "1", "4xx": "1"}),
    ),
    access=True,
    prelude=(
        'parse @message /^(?<kind>\\S+) (?<time>\\S+) (?<balancer>\\S+) (?<client>\\S+):\\d+ (?<target>\\S+) \\S+ '
        '(?<seconds>\\S+) \\S+ (?<status>\\S+) (?<target_status>\\S+) \\S+ \\S+ "(?<method>\\S+) (?<url>\\S+) [^"]*"/',
        'parse @message /"(?<trace>Root=[^"]+)"/',
        "parse url /^[a-z]+:\\/\\/[^\\/]+(?<route>\\/[^?]*)/",
    ),
    fields={
        "status": "status", "target_status": "target_status", "route": "route", "client": "client",
        "seconds": "seconds", "target": "target", "trace": "trace", "message": "@message",
    },
    errors="status like /^5/",
)  # fmt: skip


def _json_line(
    status: str,
    target_status: str | None,
    *,
    kind: str = "https",
    seconds: str = "0.048",
    agent: str = "curl/8.5.0",
    client: str = "203.0.113.7:46532",
    request: str = "GET https://api.example.com:443/orders?id=7 HTTP/1.1",
) -> str:
    """A line whose status codes and times are written as given, so that they can be numbers and texts."""
    target = "" if target_status is None else f'"target_status_code":{target_status},'
    return (
        f'{{"type":"{kind}","time":"2026-11-27T06:14:05.118453Z","elb":"app/prod-api/50dc6c495c0c9188",'
        f'"client_port":"{client}","target_port":"10.0.1.21:8080","request_processing_time":0.000,'
        f'"target_processing_time":{seconds},"response_processing_time":0.000,"elb_status_code":{status},{target}'
        f'"received_bytes":218,"sent_bytes":587,"request_line":"{request}","user_agent":"{agent}",'
        f'"ssl_cipher":"TLS_AES_128_GCM_SHA256","ssl_protocol":"TLSv1.3","target_group_arn":"{SAMPLE_TARGET_GROUP}",'
        f'"trace_id":"Root=1-6747a0ad-3c5f1d2e4b6a798081920a1b","domain_name":"api.example.com"}}'
    )


_NO_TARGET = '($.target_status_code = "-" || $.target_status_code IS NULL || $.target_status_code NOT EXISTS)'
_IS_502 = '($.elb_status_code = 502 || $.elb_status_code = "502")'

_ALB_JSON = Format(
    "alb-json",
    "json",
    (
        Count("requests", ('{ $.type = "*" }',)),
        Count(
            "4xx",
            ('{ ($.elb_status_code >= 400 && $.elb_status_code < 500) || $.elb_status_code = "4*" }',),
        ),
        Count("5xx", ('{ $.elb_status_code >= 500 || $.elb_status_code = "5*" }',)),
        Count("502_balancer", (f"{{ {_IS_502} && {_NO_TARGET} }}",)),
        Count(
            "502_application",
            (f'{{ {_IS_502} && ($.target_status_code = 502 || $.target_status_code = "502") }}',),
        ),
        Count(
            "latency",
            # Without a target it is -1, which as a text has no point.
            ('{ $.target_processing_time >= 0 || $.target_processing_time = "*.*" }',),
            "$.target_processing_time",
            "Seconds",
        ),
    ),
    (
        Sample(_json_line("200", "200"), {"requests": "1", "latency": "0.048"}),
        Sample(_json_line('"200"', '"200"', seconds='"0.048"'), {"requests": "1", "latency": "0.048"}),
        Sample(_json_line("404", "404"), {"requests": "1", "4xx": "1", "latency": "0.048"}),
        Sample(_json_line('"404"', '"404"'), {"requests": "1", "4xx": "1", "latency": "0.048"}),
        Sample(_json_line("502", '"-"', seconds="-1"), {"requests": "1", "5xx": "1", "502_balancer": "1"}),
        Sample(_json_line('"502"', '"-"', seconds='"-1"'), {"requests": "1", "5xx": "1", "502_balancer": "1"}),
        Sample(_json_line("502", "null", seconds="-1"), {"requests": "1", "5xx": "1", "502_balancer": "1"}),
        Sample(_json_line("502", None, seconds="-1"), {"requests": "1", "5xx": "1", "502_balancer": "1"}),
        Sample(_json_line("502", "502"),
               {"requests": "1", "5xx": "1", "502_application": "1", "latency": "0.048"}),
        Sample(_json_line('"502"', '"502"'),
               {"requests": "1", "5xx": "1", "502_application": "1", "latency": "0.048"}),
        Sample(_json_line('"503"', '"-"', seconds="-1"), {"requests": "1", "5xx": "1"}),
        Sample(
            _json_line("500", "500", client="[2001:db8:85a3:8d3:1319:8a2e:370:7348]:51234"),
            {"requests": "1", "5xx": "1", "latency": "0.048"},
        ),
        Sample(
            _json_line("200", "200", agent='Bot \\"502\\" \\\\ {\\"elb_status_code\\": 502}'),
            {"requests": "1", "latency": "0.048"},
        ),
        Sample(_json_line("101", "101", kind="wss", seconds="0.003"), {"requests": "1", "latency": "0.003"}),
        Sample(
            _json_line("200", "200", kind="h2", request="GET https://api.example.com:443/ HTTP/2.0"),
            {"requests": "1", "latency": "0.048"},
        ),
    ),
    access=True,
    prelude=(
        "parse request_line /^(?<method>\\S+) [a-z]+:\\/\\/[^\\/]+(?<route>\\/[^? ]*)/",
        "parse client_port /^(?<client>.+):\\d+$/",
    ),
    fields={
        "status": "elb_status_code", "target_status": "target_status_code", "route": "route", "client": "client",
        "seconds": "target_processing_time", "target": "target_port", "trace": "trace_id", "message": "@message",
    },
    errors="elb_status_code like /^5/",
)  # fmt: skip

# -- nginx ------------------------------------------------------------------------------------------------------------


def _combined(
    status: str,
    *,
    ip: str = "203.0.113.7",
    user: str = "-",
    request: str = "GET /basket?id=7 HTTP/1.1",
    size: str = "1534",
    agent: str = "Mozilla/5.0 (X11; Linux x86_64)",
) -> str:
    return f'{ip} - {user} [27/Nov/2026:06:14:05 +0000] "{request}" {status} {size} "https://example.com/" "{agent}"'


_NGINX_LINES = (
    (_combined("200"), {"requests": "1"}),
    (_combined("404", user="anna"), {"requests": "1", "4xx": "1"}),
    (_combined("500"), {"requests": "1", "5xx": "1"}),
    (_combined("502", size="157"), {"requests": "1", "5xx": "1", "502": "1"}),
    (_combined("502", ip="2001:db8:85a3::8a2e:370:7334"), {"requests": "1", "5xx": "1", "502": "1"}),
    # nginx writes quotation marks as \x22.
    (_combined("200", agent=r"Bot \x22502\x22 [5xx] 500 -"), {"requests": "1"}),
    (_combined("101", request="GET /live HTTP/1.1"), {"requests": "1"}),
    (_combined("200", request="GET / HTTP/2.0", size="-"), {"requests": "1"}),
    # What is no HTTP, and a connection that said nothing.
    (_combined("400", request=r"\x16\x03\x01\x02", agent="-"), {"requests": "1", "4xx": "1"}),
    (_combined("400", request="", size="0", agent="-"), {"requests": "1", "4xx": "1"}),
)  # fmt: skip
_NOT_NGINX = (
    "2026/11/27 06:14:05 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream"
)

_NGINX_FIELDS = {
    "status": "status", "route": "route", "client": "client", "message": "@message",
}  # fmt: skip
_NGINX_PARSE = (
    '(?<client>\\S+) \\S+ \\S+ \\[[^\\]]*\\] \\\\?"(?<method>\\S+) (?<route>[^?" ]*)[^"]*" '
    "(?<status>\\d{3}) (?<bytes>\\S+)"
)


def _nginx_pattern(status: str = "status") -> str:
    return f"[ip, ident, user, time, request, {status}, bytes, referer, agent]"


_NGINX = Format(
    "nginx",
    "fields",
    (
        Count("requests", (_nginx_pattern("status=1* || status=2* || status=3* || status=4* || status=5*"),)),
        Count("4xx", (_nginx_pattern("status=4*"),)),
        Count("5xx", (_nginx_pattern("status=5*"),)),
        Count("502", (_nginx_pattern("status=502"),)),
    ),
    tuple(Sample(line, counts) for line, counts in _NGINX_LINES),
    access=True,
    prelude=(f"parse @message /^{_NGINX_PARSE}/",),
    fields=_NGINX_FIELDS,
    errors="status like /^5/",
)

# -- applications -----------------------------------------------------------------------------------------------------

_LEVELS = (
    "ERR*",
    "err*",
    "Err*",
    "CRIT*",
    "crit*",
    "Crit*",
    "FATAL*",
    "fatal*",
    "Fatal*",
    "PANIC*",
    "panic*",
    "EMERG*",
)
#: Those of the keys that Python and others use; a pattern has 1,024 characters.
_COMMON = ("ER", "er", "CR", "cr", "FA", "fa")
#: Text levels, and the numbers of Node's pino and bunyan, whose errors begin at 50.
_JSON_ERRORS = (
    "{ "
    + " || ".join(
        [f'$.level = "{level}"' for level in _LEVELS]
        + [f'$.{key} = "{level}"' for key in ("severity", "levelname") for level in _LEVELS if level[:2] in _COMMON]
        + ["$.level >= 50"]
    )
    + " }"
)

_JSON_LINES: tuple[tuple[str, dict[str, str]], ...] = (
    ('{"time":"2026-11-27T06:14:05Z","level":"INFO","event":"order_placed","order":7}', {}),
    ('{"time":"2026-11-27T06:14:05Z","level":"ERROR","event":"declined","trace_id":"1-67-ab"}', {"errors": "1"}),
    ('{"ts":1764223200.1,"level":"error","msg":"connection refused","caller":"db.go:41"}', {"errors": "1"}),
    ('{"level":50,"time":1764223200000,"pid":7,"msg":"cannot read properties of undefined"}', {"errors": "1"}),
    ('{"level":30,"time":1764223200000,"pid":7,"msg":"request completed with ERROR in its text"}', {}),
    ('{"severity":"CRITICAL","message":"disk full"}', {"errors": "1"}),
    ('{"levelname":"ERROR","message":"Traceback","exc_info":"Traceback (most recent call last):\\n  File \\"a.py\\""}',
     {"errors": "1"}),
    ('{"level":"warning","message":"error rate is high"}', {}),
    ('{"level":"FATAL","message":"\\u00fcber \\"quoted\\" {braces}"}', {"errors": "1"}),
)  # fmt: skip

_JSON_ERROR_QUERY = (
    "level like /(?i)^(err|crit|fatal|panic|emerg)/ or severity like /(?i)^(err|crit|fatal|panic|emerg)/ "
    "or levelname like /(?i)^(err|crit|fatal|panic|emerg)/ or level >= 50"
)
_JSON_FIELDS = {
    "level": "coalesce(level, severity, levelname)",
    "message": "coalesce(message, msg, event, @message)",
    "trace": "coalesce(trace_id, traceId, request_id)",
}

_JSON = Format(
    "json",
    "json",
    (Count("errors", (_JSON_ERRORS,)),),
    tuple(Sample(line, counts) for line, counts in _JSON_LINES),
    fields=_JSON_FIELDS,
    errors=_JSON_ERROR_QUERY,
)

_PYTHON = """2026-11-27 06:14:05,118 ERROR orders.views: cannot save
Traceback (most recent call last):
  File "/srv/orders/views.py", line 41, in save
    order.save()
  File "/srv/orders/models.py", line 7, in save
    raise ValueError("no basket")
ValueError: no basket"""
_JAVA = """2026-11-27 06:14:05.118 ERROR [main] c.e.Orders - cannot save
java.lang.IllegalStateException: no basket
\tat com.example.Orders.save(Orders.java:41)
\tat com.example.Main.main(Main.java:7)
Caused by: java.io.IOException: Broken pipe
\t... 12 more"""
_NODE = """2026-11-27T06:14:05.118Z unhandled rejection
TypeError: Cannot read properties of undefined (reading 'id')
    at save (/srv/orders/save.js:41:13)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"""
_GO = """2026/11/27 06:14:05 serving
panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.main()
\t/srv/orders/main.go:41 +0x1d"""

_TEXT_ERRORS = '?ERROR ?CRITICAL ?FATAL ?"Traceback (most recent call last)" ?Exception ?"Error: " ?"panic: "'
_TEXT_QUERY = "@message like /ERROR|CRITICAL|FATAL|Traceback \\(most recent call last\\)|Exception|Error: |panic: /"

_TEXT_LINES: tuple[tuple[str, dict[str, str]], ...] = (
    ("2026-11-27 06:14:05,118 INFO orders.views: order 7 placed", {}),
    ("2026-11-27 06:14:05,118 ERROR orders.views: payment declined", {"errors": "1"}),
    ("2026-11-27T06:14:05Z FATAL out of memory", {"errors": "1"}),
    ("2026-11-27T06:14:05Z WARN 0 errors in 3 s", {}),
    (_PYTHON, {"errors": "1"}),
    (_JAVA, {"errors": "1"}),
    (_NODE, {"errors": "1"}),
    (_GO, {"errors": "1"}),
)  # fmt: skip

#: Messages that begin with a date, as nearly all text logs do; what follows without one belongs to it.
DATE_FIRST = r"^\[?\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}"

_TEXT = Format(
    "text",
    "terms",
    (Count("errors", (_TEXT_ERRORS,)),),
    tuple(Sample(line, counts) for line, counts in _TEXT_LINES),
    multi_line_start=DATE_FIRST,
    fields={"message": "@message"},
    errors=_TEXT_QUERY,
)

# -- containers -------------------------------------------------------------------------------------------------------


def _docker(line: str) -> str:
    """A line as Docker's driver json-file writes it."""
    escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'{{"log":"{escaped}\\n","stream":"stdout","attrs":{{"tag":"api"}},"time":"2026-11-27T06:14:05.118453123Z"}}'


def _unwrapped(line: str) -> str:
    """The same line of JSON as the transformer makes it: the application's keys next to Docker's."""
    return _docker(line)[:-1] + "," + line[1:]


#: Docker's JSON first, then the application's in it. A line that is none stays as it is.
UNWRAP: tuple[Mapping[str, object], ...] = ({"parseJSON": {}}, {"parseJSON": {"source": "log"}})

_DOCKER_JSON = Format(
    "docker-json",
    "json",
    _JSON.counts,
    (
        *(Sample(_unwrapped(line), counts) for line, counts in _JSON_LINES),
        Sample(_docker("Starting ERROR reporter"), {}),
    ),
    transformer=UNWRAP,
    fields={**_JSON_FIELDS, "message": "coalesce(message, msg, event, log, @message)"},
    errors=_JSON_ERROR_QUERY,
)

_DOCKER_TEXT = Format(
    "docker-text",
    "terms",
    _TEXT.counts,
    tuple(Sample(_docker(line), counts) for line, counts in _TEXT_LINES),
    fields={"message": "log"},
    errors=_TEXT_QUERY.replace("@message", "log"),
)


def _docker_nginx_pattern(status: str) -> str:
    # The end of the request, the status, the size, the beginning of the referer.
    return f"{{ $.log = %\\x22 {status} [0-9-]+ \\x22% }}"


_DOCKER_NGINX = Format(
    "docker-nginx",
    "json",
    (
        Count("requests", (_docker_nginx_pattern("[1-5][0-9][0-9]"),)),
        Count("4xx", (_docker_nginx_pattern("4[0-9][0-9]"),)),
        Count("5xx", (_docker_nginx_pattern("5[0-9][0-9]"),)),
        Count("502", (_docker_nginx_pattern("502"),)),
    ),
    (*(Sample(_docker(line), counts) for line, counts in _NGINX_LINES), Sample(_docker(_NOT_NGINX), {})),
    access=True,
    prelude=(f"parse log /^{_NGINX_PARSE}/",),
    fields={**_NGINX_FIELDS, "message": "log"},
    errors="status like /^5/",
)

# -- databases --------------------------------------------------------------------------------------------------------

_SESSION = "2026-11-27 06:14:05 UTC:10.0.1.21(45678):app@orders:[12345]"
_POSTGRESQL = Format(
    "postgresql",
    "fields",
    (
        Count("errors", ('?":ERROR:" ?":FATAL:" ?":PANIC:"',)),
        Count(
            "query_time",
            # auto_explain tells of the same query once more, with its plan.
            ('[date, time, session, word="duration:", duration, unit="ms", what!="plan:", ...]',),
            "$duration",
            "Milliseconds",
            1000,
        ),
    ),
    (
        Sample(f"{_SESSION}:LOG:  duration: 2345.678 ms  statement: CALL settle('ERROR: [7]')",
               {"query_time": "2345.678"}),
        Sample(f"{_SESSION}:LOG:  duration: 1034.002 ms  execute <unnamed>: SELECT id\n\tFROM orders\n\tWHERE id = $1",
               {"query_time": "1034.002"}),
        Sample(f"{_SESSION}:LOG:  duration: 2345.678 ms  plan:\n\tQuery Text: SELECT 1\n\tSeq Scan on orders", {}),
        Sample(f'{_SESSION}:ERROR:  duplicate key value violates unique constraint "orders_pkey"', {"errors": "1"}),
        Sample("2026-11-27 06:14:05 UTC:10.0.1.21(45679):app@orders:[12346]:FATAL:  sorry, too many clients already",
               {"errors": "1"}),
        Sample("2026-11-27 06:14:05 UTC::@:[396]:LOG:  checkpoint complete: wrote 41 buffers (0.1%)", {}),
    ),
    prelude=(
        "parse @message /duration: (?<milliseconds>[0-9.]+) ms\\s+[^:]*: (?<statement>[\\s\\S]*)/",
        "parse @message /UTC:(?<client>[^(:]*)[^:]*:(?<user>[^@]*)@(?<database>[^:]*):\\[\\d+\\]:(?<level>[A-Z]+):\\s+"
        "(?<text>[^\\n]*)/",
        "fields milliseconds / 1000 as seconds",
    ),
    fields={"seconds": "seconds", "client": "client", "message": "text", "statement": "statement", "level": "level"},
    errors='level in ["ERROR", "FATAL", "PANIC"]',
)  # fmt: skip


def _slow(user: str, seconds: str, statement: str) -> str:
    return (
        f"# Time: 2026-11-27T06:14:05.118453Z\n# User@Host: {user}  Id:    12\n"
        f"# Query_time: {seconds}  Lock_time: 0.000002 Rows_sent: 1  Rows_examined: 120000\n"
        f"SET timestamp=1764223200;\n{statement};"
    )


_SLOW_TAIL = 'id_word="Id:", id, mark3="#", word3="Query_time:", query_time, ...]'
_MYSQL_SLOW = Format(
    "mysql-slow",
    "fields",
    (
        Count(
            "query_time",
            # The client's name is there where it could be found out.
            (
                f'[mark1="#", word1="Time:", time, mark2="#", word2="User@Host:", user, at="@", ip, {_SLOW_TAIL}',
                f'[mark1="#", word1="Time:", time, mark2="#", word2="User@Host:", user, at="@", host, ip, {_SLOW_TAIL}',
            ),
            "$query_time",
            "Seconds",
        ),
    ),
    (
        Sample(_slow("app[app] @  [10.0.1.21]", "2.000223", "SELECT * FROM orders WHERE note = 'Query_time: 9'"),
               {"query_time": "2.000223"}),
        Sample(_slow("app[app] @ ip-10-0-1-21.ec2.internal [10.0.1.21]", "12.5", "UPDATE orders\nSET paid = 1"),
               {"query_time": "12.5"}, 1),
        Sample(_slow("rdsadmin[rdsadmin] @ localhost []", "1.1", "SELECT 1"), {"query_time": "1.1"}, 1),
        Sample("/rdsdbbin/mysql/bin/mysqld, Version: 8.0.40 (Source distribution). started with:\nTcp port: 3306", {}),
    ),
    prelude=(
        "parse @message /Query_time: (?<seconds>[0-9.]+)\\s+Lock_time: (?<lock_seconds>[0-9.]+)/",
        "parse @message /User@Host: (?<user>[^\\[]*)\\[[^\\]]*\\] @ [^\\[]*\\[(?<client>[^\\]]*)\\]/",
        "parse @message /timestamp=\\d+;\\s*(?<statement>[\\s\\S]*)/",
    ),
    fields={"seconds": "seconds", "client": "client", "message": "@message", "statement": "statement"},
)  # fmt: skip

_MYSQL_ERROR = Format(
    "mysql-error",
    "terms",
    (Count("errors", ('"[ERROR]"',)),),
    (
        Sample("2026-11-27T06:14:05.118453Z 12 [ERROR] [MY-010584] [Repl] Replica SQL: Could not execute Write_rows",
               {"errors": "1"}),
        Sample("2026-11-27T06:14:05.118453Z 0 [Note] [MY-010051] [Server] Event Scheduler: thread started", {}),
        Sample("2026-11-27T06:14:05.118453Z 9 [Warning] [MY-013360] [Server] Plugin ERROR text", {}),
        Sample("2026-11-27 06:14:05 12345 [ERROR] InnoDB: Unable to lock ./ibdata1", {"errors": "1"}),
    ),
    fields={"message": "@message"},
    errors="@message like /\\[ERROR\\]/",
)  # fmt: skip

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        _ALB, _ALB_JSON, _NGINX, _JSON, _TEXT, _DOCKER_JSON, _DOCKER_TEXT, _DOCKER_NGINX, _POSTGRESQL, _MYSQL_SLOW,
        _MYSQL_ERROR,
    )
}  # fmt: skip

#: The logs of databases by the engine's name in RDS: the name of the log, and its format.
DATABASE_LOGS: dict[str, dict[str, str]] = {
    "postgres": {"postgresql": "postgresql"},
    "aurora-postgresql": {"postgresql": "postgresql"},
    "mysql": {"slowquery": "mysql-slow", "error": "mysql-error"},
    "aurora-mysql": {"slowquery": "mysql-slow", "error": "mysql-error"},
}
