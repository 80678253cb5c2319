"""What is deployed is what there is: commands, settings, secrets, files."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from registry.app.cli import app
from registry.app.settings import SETTINGS
from streams.app.listen.settings import LISTENER_SETTINGS
from streams.app.observe.http import Check, Health, ObserveServer
from streams.app.settings import STREAM_SETTINGS


ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
OVERLAYS = sorted((ROOT / "deploy/compose").glob("*.yml"))
BASE = yaml.safe_load(COMPOSE.read_text("utf-8"))
OURS = {
    name: service
    for name, service in BASE["services"].items()
    if service["image"].startswith("ember-registry")
}
PROCESSES = (
    *("worker", "consumer", "archiver", "relay", "listener", "subscriber"),
    "signer",
)
PAGES = [
    ROOT / "deploy/docs" / f"{page}.md"
    for page in ("deployment", "operations", "listener", "signer")
]


def services(path):
    return yaml.safe_load(path.read_text("utf-8"))["services"]


def parse(words):
    """Let the real command line read these words, and run nothing."""
    command, name, context = typer.main.get_command(app), "ember", None
    while hasattr(command, "resolve_command"):
        context = command.make_context(name, list(words), parent=context)
        rest = [*context._protected_args, *context.args]  # noqa: SLF001 - no other door
        name, command, words = command.resolve_command(context, rest)
    command.make_context(name, list(words), parent=context)


@pytest.mark.parametrize("path", [COMPOSE, *OVERLAYS], ids=lambda path: path.name)
def test_a_compose_file_is_as_its_specification_says(path):
    check = Path(sys.executable).with_name("check-jsonschema")
    subprocess.run([check, "--builtin-schema", "vendor.compose-spec", path], check=True)


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_ember_knows(name):
    parse(OURS[name]["command"])


def commands_of(page):
    for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["ember"]:
                yield line, words[1:]
            elif words[:3] == ["docker", "compose", "run"] and "worker" in words:
                yield line, words[words.index("worker") + 1 :]


WRITTEN = [
    pytest.param(words, id=line) for page in PAGES for line, words in commands_of(page)
]


@pytest.mark.parametrize("words", WRITTEN)
def test_every_command_a_page_shows_is_one_that_ember_knows(words):
    parse(words)


@pytest.mark.parametrize("path", [COMPOSE, *OVERLAYS], ids=lambda path: path.name)
def test_every_variable_is_a_known_setting(path):
    told = {
        variable
        for service in services(path).values()
        for variable in service.get("environment", {})
        if variable.startswith("EMBER_")
    }
    assert told
    assert told <= {setting.variable for setting in SETTINGS}


@pytest.mark.parametrize(
    "setting", [*STREAM_SETTINGS, *LISTENER_SETTINGS], ids=lambda s: s.variable
)
def test_the_page_of_settings_says_what_the_table_says(setting):
    default = f"`{setting.default}` " if setting.default else ""
    row = f"| `{setting.variable}` | {default}| {setting.meaning} |"
    assert row in (ROOT / "deploy/docs/settings.md").read_text("utf-8")


@pytest.mark.parametrize("path", [COMPOSE, *OVERLAYS], ids=lambda path: path.name)
def test_no_secret_stands_in_a_variable(path):
    for service in services(path).values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY_", variable):
                assert variable.endswith("_FILE")
            assert "://ember" not in str(value)


@pytest.mark.parametrize("path", [COMPOSE, *OVERLAYS], ids=lambda path: path.name)
def test_every_file_a_variable_names_is_a_secret_of_that_service(path):
    declared = set(yaml.safe_load(path.read_text("utf-8")).get("secrets", {}))
    for name, service in services(path).items():
        mounted = {}
        for secret in service.get("secrets", []):
            source = secret if isinstance(secret, str) else secret["source"]
            target = secret if isinstance(secret, str) else secret["target"]
            mounted[target] = source
        assert set(mounted.values()) <= declared, name
        for value in service.get("environment", {}).values():
            if str(value).startswith("/run/secrets/"):
                assert str(value).removeprefix("/run/secrets/") in mounted, name


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_nothing_they_need_not(name):
    service = OURS[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert "ports" not in service


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_that_stays_is_watched_restarted_and_stopped_gently(name):
    service = OURS[name]
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] == "60s"
    assert service["environment"]["EMBER_HTTP"] == "0.0.0.0:8080"
    assert ":8080/health" in service["healthcheck"]["test"][-1]


def test_each_worker_of_many_has_a_folder_of_its_own():
    worker = OURS["worker"]
    (volume,) = worker["volumes"]
    assert ":" not in volume  # a named volume would be one for all of them
    assert worker["environment"]["EMBER_WORKER_DIR"].startswith(f"{volume}/")
    assert "container_name" not in worker
    assert f"--mode 0700 {volume}\n" in (ROOT / "deploy/Dockerfile").read_text()


def test_a_service_waits_only_for_what_can_happen():
    for service in BASE["services"].values():
        for name, how in service.get("depends_on", {}).items():
            other = BASE["services"][name]
            if how["condition"] == "service_healthy":
                assert "healthcheck" in other
            else:
                assert other.get("restart") != "unless-stopped"


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.name)
def test_an_overlay_changes_what_there_is_or_adds_it_whole(path):
    for name, service in services(path).items():
        assert name in BASE["services"] or "image" in service


@pytest.mark.parametrize("well", [True, False])
def test_the_health_check_of_a_container_sees_what_the_process_says(well):
    code = OURS["worker"]["healthcheck"]["test"][-1]
    health = Health((Check("loop", ok=well),))
    with ObserveServer("127.0.0.1", 0, bytes, lambda: health) as server:
        asked = subprocess.run(
            [sys.executable, "-c", code.replace("8080", str(server.port))],
            check=False,
            capture_output=True,
            timeout=30,
        )
    assert (asked.returncode == 0) is well


def test_the_image_gets_every_package_and_leaves_the_rest_outside():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    dockerfile = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    assert re.findall(r"^COPY (\w+) \1$", dockerfile, re.MULTILINE) == packages
    ignored = (ROOT / "deploy/Dockerfile.dockerignore").read_text("utf-8").split("\n")
    assert "*" in ignored
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE)
    assert {f"!{name}" for line in copied for name in line.split()} <= set(ignored)


def test_every_data_file_of_a_package_is_under_version_control():
    listed = subprocess.run(
        ["git", "ls-files", "streams", "registry", "migrations"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    if not listed:
        pytest.skip("no checkout of git")
    there = {
        str(path.relative_to(ROOT))
        for package in ("streams", "registry", "migrations")
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".csv", ".yaml", ".mako", ".json", ".xml"}
    }
    assert there <= set(listed)
