"""Every command and every flag has help, and stands in the README or the guide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from glassnet.cli import run
from glassnet.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = "\n".join(path.read_text() for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/guide/*.md"))])
COMMANDS = typer.main.get_command(app).commands
OPTIONS = [
    (command, option)
    for command, found in COMMANDS.items()
    for parameter in found.params
    if parameter.param_type_name == "option"
    for option in [*parameter.opts, *parameter.secondary_opts]
]
WITH_HELP = [(name, each) for name, found in COMMANDS.items() for each in found.params]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_and_has_help(command, capsys):
    assert re.search(rf"glassnet {command}\b", PAGES), f"glassnet {command} stands in no page of the guide"
    assert run([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: glassnet {command}")
    assert COMMANDS[command].help.split("\n")[0] in " ".join(text.split())


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_flag_is_documented(command, option):
    assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", PAGES), f"{command} {option} is undocumented"


@pytest.mark.parametrize(("command", "parameter"), WITH_HELP, ids=lambda each: getattr(each, "name", each))
def test_every_flag_and_argument_has_help(command, parameter):
    assert parameter.help
    assert parameter.help.endswith((".", "..."))


def test_no_page_names_a_flag_that_does_not_exist():
    known = {option for _, option in OPTIONS} | {"--help", "--version"}
    others = {"--index-url", "--editable", "--system-site-packages"}  # pip's
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", PAGES)) - others <= known


def test_the_help_of_all_commands_stands_under_the_programs(capsys):
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert [command for command in COMMANDS if not re.search(rf"^  {command} ", text, re.M)] == []


def test_the_version_is_that_of_the_package(capsys):
    import glassnet

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"glassnet {glassnet.__version__}\n"


def test_without_a_command_the_help_is_shown_and_the_status_is_2(capsys):
    assert run([]) == 2
    assert capsys.readouterr().out.startswith("Usage: glassnet")
