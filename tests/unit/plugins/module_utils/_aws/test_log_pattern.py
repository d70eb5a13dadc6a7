# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter patterns: which lines they match, what they extract, and what CloudWatch would refuse."""

from __future__ import annotations

import json

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_pattern import PatternError, parse, split

LEVEL = '{"level":"ERROR","ms":12.50,"ok":false,"gone":null,"user":{"id":7,"mail":"zoë@example.com"}}'
LISTS = '{"tags":["a","b"],"hosts":[{"name":"x"},{"name":"y"}],"grid":[[1,2],[3,4]],"cluster.name":"c","t":true}'
ACCESS = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
NGINX = f'{ACCESS} "-" "Mozilla/5.0 (X11; Linux x86_64)"'
ALB = (
    'h2 2026-11-26T22:23:00.186641Z app/prod-api/50dc6c495c0c9188 192.0.2.7:2817 - -1 -1 -1 502 - 34 366 '
    '"GET https://api.example.com:443/a?b=\\x22c\\x22 HTTP/2.0" "curl/8.5" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2'
)  # fmt: skip
ALB_FIELDS = "type, time, elb, client, target, t1, t2, t3"


@pytest.mark.parametrize(
    ("pattern", "line", "matches"),
    [
        # Terms
        ("", "anything", True),
        ("   ", "", True),
        ('" "', "one", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "an error", False),
        ("Exception", "InvalidQueryException", True),
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", False),
        ("?ERROR ?ARGUMENTS", "[INFO] ARGUMENTS", True),
        ("?ERROR ?ARGUMENTS", "[INFO] none", False),
        ("?ERROR ?ARGUMENTS REQUEST", "[INFO] REQUEST FAILED", True),
        ("?ERROR ?ARGUMENTS REQUEST", "[ERROR] ARGUMENTS", False),
        ("ERROR -ARGUMENTS", "[ERROR 401] UNAUTHORIZED", True),
        ("ERROR -ARGUMENTS", "[ERROR 420] INVALID ARGUMENTS", False),
        ("-DEBUG", "INFO x", True),
        ('"INTERNAL SERVER ERROR"', "500 INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "INTERNAL ERROR ON SERVER", False),
        ('ERROR -"not found"', "ERROR: not found", False),
        ('"[ERROR]" "\\"quoted\\""', 'x [ERROR] "quoted"', True),
        ('"Größe überschritten"', "ERROR Größe überschritten 🔥", True),
        # Regular expressions
        ("%AUTHORIZED%", "UNAUTHORIZED", True),
        ("%^[hc]at%", "a hat", False),
        ("%colou?r%", "colour", True),
        ("%^a{3,5}$%", "aa", False),
        ("%^starting|^shutting down%", "shutting down now", True),
        (r"%\[.\]%", "value [7]", True),
        (r"%10\.10\.0\.1%", "10010,051", False),
        (r"%key\x3A%", "key:value", True),
        (r"%\s5\d{2}\s%", "GET 503 12", True),
        # JSON
        ('{ $.level = "ERROR" }', LEVEL, True),
        ("{ $.level = ERROR }", LEVEL, True),
        ('{ $.level = "ERR*" }', LEVEL, True),
        ('{ $.level != "ERROR" }', LEVEL, False),
        ('{ $.level = "error" }', LEVEL, False),
        ("{ $.ms > 12 }", LEVEL, True),
        ("{ $.ms > 12.5 }", LEVEL, False),
        ("{ $.ms >= 1.25e1 }", LEVEL, True),
        ("{ $.ms = 12.5 }", LEVEL, True),
        ("{ $.level > 12 }", LEVEL, False),
        ("{ $.user.id = 7 && $.user.mail = \"zoë@*\" }", LEVEL, True),
        ("{ $.user.id = 8 || $.level = ERROR && $.ms < 1 }", LEVEL, False),
        ("{ ($.user.id = 7 || $.level = INFO) && $.ms < 1 }", LEVEL, False),
        ("{ $.user.id = 7 || $.level = INFO && $.ms < 1 }", LEVEL, True),
        ("{ $.gone IS NULL }", LEVEL, True),
        ("{ $.other IS NULL }", LEVEL, False),
        ("{ $.other NOT EXISTS }", LEVEL, True),
        ("{ $.gone NOT EXISTS }", LEVEL, False),
        ("{ $.ok IS FALSE }", LEVEL, True),
        ("{ $.ok is true }", LEVEL, False),
        ("{ $.t IS TRUE }", LISTS, True),
        ("{ $.ok = false }", LEVEL, False),
        ('{ $.gone = "*" }', LEVEL, False),
        ('{ $.other != "x" }', LEVEL, False),
        ('{ $.user = "*" }', LEVEL, False),
        ("{ $.status = 5* }", '{"status":503}', True),
        ("{ $.status = 5* }", '{"status":"503"}', True),
        ("{ $.status = 503 }", '{"status":"503"}', True),
        ("{ $.status >= 500 }", '{"status":"-"}', False),
        ("{ $.tags[1] = b }", LISTS, True),
        ("{ $.tags[2] = b }", LISTS, False),
        ("{ $.tags = a }", LISTS, False),
        ("{ $.tags[*] = b }", LISTS, True),
        ("{ $.hosts[*].name = y }", LISTS, True),
        ("{ $.grid[1][0] = 3 }", LISTS, True),
        ("{ $.['cluster.name'] = c }", LISTS, True),
        ("{ $.* = %^c$% }", LISTS, True),
        ("{ $.level = %^ERR% }", LEVEL, True),
        ("{ $.level != %^ERR% }", LEVEL, False),
        ("{ $.level = ERROR }", f"INFO {LEVEL}", False),
        ("{ $.level = ERROR }", LEVEL[:-1], False),
        ("{ $.x NOT EXISTS }", "no json", False),
        ("{ $.x NOT EXISTS }", "3", False),
        # Fields
        ("[]", "anything", True),
        ("[ip, user, name, time, request, status, bytes]", ACCESS, True),
        ("[ip, -, name, time, request =*.html*, status = 4*, bytes]", ACCESS, True),
        ("[ip, user, name, time, request, status=5*, bytes]", ACCESS, False),
        ("[ip, user, name, time, request, status=404 || status=410, bytes]", ACCESS, True),
        ("[ip, user, name, time, request, status, bytes > 1534]", ACCESS, False),
        ("[ip, user, name, time, request, status, bytes >= 1534]", ACCESS, True),
        ("[..., request=*.html*, status=4*, bytes]", ACCESS, True),
        ("[ip, ..., bytes]", ACCESS, True),
        ("[a, b, c, d, e, f, g, h]", ACCESS, False),
        (r"[ip=%127\.0\.0\.[1-9]%, ...]", ACCESS, True),
        ("[w1=ERROR, w2]", "ERROR 12:00 Failed to process", True),
        ("[w1=ERROR, w2]", "ERROR", False),
        ("[(w1=ERROR || w1=WARN) && w1!=INFO, w2]", "WARN x", True),
        ("[w1!=ERROR && w1!=WARNING, w2]", "WARNING x", False),
        ("[ip, user, name, time, request, status=4*, bytes, ...]", NGINX, True),
        (f"[{ALB_FIELDS}, elb_status_code=5*, ...]", ALB, True),
        (f'[{ALB_FIELDS}, elb_status_code=502, target_status_code="-", ...]', ALB, True),
        (f'[{ALB_FIELDS}, elb_status_code=502, target_status_code!="-", ...]', ALB, False),
    ],
)  # fmt: skip
def test_lines_match(pattern: str, line: str, matches: bool) -> None:
    assert (parse(pattern).match(line) is not None) == matches


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("x" * 1025, "has 1025 characters, and there may be 1024: shorten it"),
        ("error:", "':' at character 6: put a term that has other characters"),
        ("[ERROR] x", "'x' at character 9: there is more after ]; a text with brackets is put in quotation marks"),
        ('"open', "a quotation mark is opened and not closed"),
        ("ERROR - x", "put a term that has other characters"),
        ("%open", "a % opens a regular expression and none closes it"),
        ("%%", "this is no regular expression (it is empty)"),
        ("%(a|b)%", "regular expressions have no parentheses here"),
        ("%something!%", "'!%' at character 11: regular expressions do not take this character; write it as \\xhh"),
        ("%Größe%", "regular expressions do not take this character"),
        (r"%\p%", "regular expressions do not take this character"),
        ("%a**%", "this is no regular expression (multiple repeat"),
        ("%a% %b% %c%", "has 3 regular expressions, and there may be 2"),
        ("{ $.a = b", "at its end: there must be && or || or }"),
        ("{ $.a = b } x", "'x' at character 13: there is more after }"),
        ("{ a = b }", "'a = b }' at character 3: a selector such as $.level or ( belongs here"),
        ("{ $.a }", "'}' at character 7: there must be one of = != < > <= >="),
        ("{ $.a == b }", "put what is compared with in quotation marks"),
        ("{ $.a = foo/bar }", "'/bar }' at character 12: put what is compared with in quotation marks"),
        ("{ $.a > b }", "> compares with a number, not with 'b'"),
        ("{ $.a > %b% }", "a regular expression is compared with = or !="),
        ("{ $.a IS NOT NULL }", "'IS NOT NULL }' at character 7: there is IS NULL, IS TRUE, IS FALSE and NOT EXISTS"),
        ("{ $.a EXISTS }", "there is IS NULL, IS TRUE, IS FALSE and NOT EXISTS"),
        ("{ ($.a = b }", "a parenthesis is opened and not closed"),
        ("{ $.a = b & $.c = d }", "there must be && or || or }"),
        ("{ $. = b }", "write others as ['…']"),
        ("{ $ = b }", "a selector goes on with . and a key"),
        ("{ $.a[x] = b }", "in the brackets of a selector belongs a position"),
        ("{ $.*[*] = b }", "has more than one * in the selector $.*[*]: leave one"),
        ("{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.d[*] = 1 }", "has 4 selectors with a wildcard, and there may"),
        ("[a, b", "at its end: there must be , or ]"),
        ("[a b]", "'b]' at character 4: there must be , or ]"),
        ("[a, ..., b, ...]", "there may be one ..."),
        ("[a, a]", "names the field 'a' twice: rename one"),
        ("[a, b=1 || c=2]", "has a condition on 'c' that is not at the field of this name"),
        ("[=5*]", "the name of a field belongs here"),
    ],
)
def test_what_cloudwatch_refuses_is_said(pattern: str, said: str) -> None:
    with pytest.raises(PatternError) as caught:
        parse(pattern)
    assert said in str(caught.value)


def test_what_fields_extract() -> None:
    found = parse("[..., request = *.html*, status_code = 4*,]").match(ACCESS)
    assert found is not None
    assert found.values == {
        "$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700",
        "$request": "GET /index.html HTTP/1.0", "$status_code": "404", "$7": "1534",
    }  # fmt: skip
    assert found.value("$status_code") == found.value("$6") == "404"
    assert found.value("$8") is None


def test_the_last_field_has_the_rest_of_the_line() -> None:
    found = parse("[level, time, message]").match('ERROR 12:00 could not read "x y" twice ')
    assert found is not None
    assert found.value("$message") == 'could not read "x y" twice'
    whole = parse("[level, message]").match('ERROR "x y"')
    assert whole is not None
    assert whole.value("$message") == "x y"


def test_what_json_extracts() -> None:
    found = parse("{ $.level = ERROR && $.none NOT EXISTS }").match(LEVEL)
    assert found is not None
    assert found.values == {"$.level": "ERROR"}
    # A metric value need not be in the pattern. Numbers are as they stand.
    assert found.value("$.ms") == "12.50"
    assert found.value("$.ok") == "false"
    assert found.value("$.user") is None
    assert found.value("$.user.id") == "7"
    assert found.value("ms") is None
    deep = parse("{ $.hosts[*].name = y }").match(LISTS)
    assert deep is not None
    assert deep.value("$.hosts[*].name") == "x"


def test_which_selectors_a_pattern_can_extract() -> None:
    assert parse("{ $.a = 1 }").unknown("$.b[0].c") == ""
    assert "selectors such as $.latency" in parse("{ $.a = 1 }").unknown("$b")
    assert parse("[a, b]").unknown("$b") == parse("[a, b]").unknown("$2") == ""
    assert parse("[a, b]").unknown("$c") == "the pattern has the fields $a, $b"
    assert "extracts nothing: give a number" in parse("ERROR").unknown("$.x")


def test_terms_that_are_ignored_are_told() -> None:
    assert "ignores the terms with ?" in parse("?a b").doubt
    assert parse("?a ?b").doubt == parse("a -b").doubt == parse("{ $.a = b }").doubt == ""


def test_lines_that_nobody_expected() -> None:
    assert split('"open to the end') == ['"open', "to", "the", "end"]
    assert split("[a]b  c\t") == ["a", "b", "c"]
    assert split("") == []
    for pattern in ("ERROR", "{ $.a = 1 }", "[a, b]", "%x%"):
        assert parse(pattern).match("") is None
    deep = json.dumps({"a": 1}) + "\x00\n"
    assert parse("{ $.a = 1 }").match(deep) is None
