# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: what it takes, what it refuses, and that it runs where there is no Ansible."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils import _summary
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary import cli

MODULE_UTILS = Path(_summary.__file__).resolve().parent.parent
WEBHOOK = "https://chat.googleapis.com/v1/spaces/A/messages?key=SecretKey&token=SecretToken"
LOGIN = {
    "KUMAWATCH_KUMA_URL": "http://127.0.0.1:9",
    "KUMAWATCH_KUMA_USERNAME": "admin",
    "KUMAWATCH_KUMA_PASSWORD": "S3cret",
}


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "summary.json"
    path.write_text('{"environment": "lab"}')
    return str(path)


def test_all_variables_are_read() -> None:
    made = cli.connection_from(
        {
            **LOGIN,
            "KUMAWATCH_KUMA_TOKEN": "t",
            "KUMAWATCH_KUMA_TOTP_SECRET": "s",
            "KUMAWATCH_KUMA_HEADERS": '{"X-Access": "1"}',
            "KUMAWATCH_KUMA_VALIDATE_CERTS": "no",
            "KUMAWATCH_KUMA_CA_PATH": "/ca.pem",
            "KUMAWATCH_KUMA_TIMEOUT": "7.5",
        }
    )
    assert (made.url, made.username, made.password, made.token) == ("http://127.0.0.1:9", "admin", "S3cret", "t")
    assert (made.totp_secret, made.headers, made.validate_certs) == ("s", {"X-Access": "1"}, False)
    assert (made.ca_path, made.timeout) == ("/ca.pem", 7.5)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" with spaces \n")
    environ = {
        "KUMAWATCH_KUMA_URL": "http://h",
        "KUMAWATCH_KUMA_USERNAME": "a",
        "KUMAWATCH_KUMA_PASSWORD_FILE": str(file),
    }
    assert cli.connection_from(environ).password == " with spaces "


def failing(capsys: pytest.CaptureFixture[str], environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    status = cli.main(arguments, environ)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return status, captured.err


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({}, "KUMAWATCH_KUMA_URL is not set; it names the Uptime Kuma server, such as https://status.example.com."),
        (
            {"KUMAWATCH_KUMA_URL": "http://h", "KUMAWATCH_KUMA_USERNAME": "a"},
            "KUMAWATCH_KUMA_USERNAME is set, but neither KUMAWATCH_KUMA_PASSWORD nor KUMAWATCH_KUMA_PASSWORD_FILE is.",
        ),
        (
            {**LOGIN, "KUMAWATCH_KUMA_PASSWORD_FILE": "/x"},
            "Both KUMAWATCH_KUMA_PASSWORD and KUMAWATCH_KUMA_PASSWORD_FILE are set; set one of them.",
        ),
        (
            {"KUMAWATCH_KUMA_URL_FILE": "/does/not/exist"},
            "KUMAWATCH_KUMA_URL_FILE names /does/not/exist, which cannot be read: No such file or directory.",
        ),
        (
            {**LOGIN, "KUMAWATCH_KUMA_TIMEOUT": "soon"},
            "KUMAWATCH_KUMA_TIMEOUT must be a number of seconds, not 'soon'.",
        ),
        (
            {**LOGIN, "KUMAWATCH_KUMA_VALIDATE_CERTS": "?"},
            "KUMAWATCH_KUMA_VALIDATE_CERTS must be true or false, not '?'.",
        ),
        (
            {**LOGIN, "KUMAWATCH_KUMA_HEADERS": "X: 1"},
            'KUMAWATCH_KUMA_HEADERS must be a JSON object of texts, such as {"X-Access": "…"}.',
        ),
    ],
)
def test_a_wrong_variable_is_one_sentence(
    capsys: pytest.CaptureFixture[str], config: str, environ: dict[str, str], text: str
) -> None:
    assert failing(capsys, environ, "--config", config, "--dry-run") == (2, f"kumawatch-summary: {text}\n")


def test_posting_needs_a_webhook_before_anything_is_read(capsys: pytest.CaptureFixture[str], config: str) -> None:
    assert failing(capsys, LOGIN, "--config", config) == (
        2,
        (
            "kumawatch-summary: KUMAWATCH_CHAT_WEBHOOK_URL is not set; it is the webhook's address, from the settings "
            "of the Google Chat space.\n"
        ),
    )
    status, said = failing(
        capsys, {**LOGIN, "KUMAWATCH_CHAT_WEBHOOK_URL": WEBHOOK.replace("messages", "SecretPath")}, "--config", config
    )
    assert status == 2
    assert said.startswith("kumawatch-summary: KUMAWATCH_CHAT_WEBHOOK_URL: The webhook's address is not of the form ")
    assert "Secret" not in said


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('{"environment":\nlab}', "is not valid JSON at line 2, column 1."),
        ("\xff", "is not valid JSON."),
        (None, "cannot be read: No such file or directory."),
    ],
)
def test_a_configuration_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str | None, text: str
) -> None:
    path = tmp_path / "summary.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    assert failing(capsys, LOGIN, "--config", str(path), "--print") == (
        2,
        f"kumawatch-summary: The configuration {path} {text}\n",
    )


def test_a_mistake_in_the_configuration(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text('{"environment": 3}')
    assert failing(capsys, LOGIN, "--config", str(path)) == (
        2,
        "kumawatch-summary: The option 'environment' must be a text that is not empty.\n",
    )


def test_the_modules_options_are_called_by_the_commands_variables(
    capsys: pytest.CaptureFixture[str], config: str
) -> None:
    status, said = failing(capsys, {**LOGIN, "KUMAWATCH_KUMA_URL": "status.example.com"}, "--config", config, "--print")
    assert status in (1, 2)
    assert said.startswith("kumawatch-summary: KUMAWATCH_KUMA_URL 'status.example.com' is not an http")
    assert "api_url" not in said


@pytest.mark.parametrize(
    "arguments", [["--dry-run"], ["--config", "x", "--dry-run", "--print"], ["--config", "x", "--deadline", "-1"]]
)
def test_arguments_are_checked(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments, {})
    assert caught.value.code == 2


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that holds module_utils as the package ``kumawatch`` and the two libraries, but no Ansible."""
    home = tmp_path_factory.mktemp("copied")
    shutil.copytree(MODULE_UTILS, home / "kumawatch", ignore=shutil.ignore_patterns("__pycache__"))
    (home / "sitecustomize.py").write_text(
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('ansible', 'ansible_collections'):\n"
        "            raise ImportError(f'{name} must not be needed')\n"
        "sys.meta_path.insert(0, Refuse())\n"
    )
    return home


def run(home: Path, *arguments: str, libraries: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    path = [str(home), *([sysconfig.get_path("purelib")] if libraries else [])]
    return subprocess.run(
        [sys.executable, "-S", "-c", BOOT, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path), **environ},
    )


# -S leaves the virtual environment's own libraries out, and sitecustomize with them.
BOOT = "import sitecustomize, runpy; runpy.run_module('kumawatch._summary', run_name='__main__', alter_sys=True)"


def test_a_copy_under_another_name_runs_without_ansible(copied: Path) -> None:
    shown = run(copied, "--help")
    assert shown.returncode == 0, shown.stderr
    assert "Post the daily status summary" in shown.stdout
    assert "KUMAWATCH_KUMA_PASSWORD" in shown.stdout


def test_a_copy_goes_as_far_as_the_server(copied: Path, config: str) -> None:
    shown = run(copied, "--config", config, "--print", **{**LOGIN, "KUMAWATCH_KUMA_URL": "nowhere"})
    assert shown.returncode in (1, 2)
    assert shown.stderr.startswith("kumawatch-summary: KUMAWATCH_KUMA_URL 'nowhere' is not an http")


def test_missing_libraries_are_named(copied: Path, config: str) -> None:
    shown = run(copied, "--config", config, "--print", libraries=False, **LOGIN)
    assert shown.returncode == 1
    assert shown.stderr == (
        "kumawatch-summary: Reading Uptime Kuma needs the Python libraries python-socketio and aiohttp; "
        "install them with pip.\n"
    )


def test_cards_limits_and_threads_need_the_standard_library_only(copied: Path) -> None:
    code = (
        "import sitecustomize, sys\n"
        "from kumawatch._google_chat import answers, cards, limits, threads, webhook\n"
        "from kumawatch._summary import beats, card, digest, table\n"
        "third = {name.split('.')[0] for name in sys.modules} & {'aiohttp', 'socketio', 'engineio', 'ansible'}\n"
        "assert not third, third\n"
    )
    made = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False, env={"PYTHONPATH": str(copied)}
    )
    assert made.returncode == 0, made.stderr


def test_the_parsed_help_names_every_variable_that_is_read() -> None:
    names = {value for name, value in vars(cli).items() if name.isupper() and str(value).startswith("KUMAWATCH_")}
    assert all(name in cli._EPILOG for name in names)
    assert json.dumps(sorted(names)).count("KUMAWATCH_") == 10
