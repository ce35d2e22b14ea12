"""What the commands print, where, and with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.cli import run
from glassnet.native_status import native_status
from glassnet.randomness import stream

TRAIN = ["train", "data.csv", "--target", "y", "--net", "4", "--epochs", "2", "--batch-size", "32"]


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """A trained model beside its data, ``data.csv``: x1, x2, colour, y."""
    folder = tmp_path_factory.mktemp("cli")
    write_data(folder / "data.csv")
    gn.train(folder / "data.csv", target="y", net="4", epochs=2, out=folder / "run")
    return folder / "run" / "model.glass"


def write_data(path: Path) -> None:
    chance = stream(0, "test", "cli")
    x1, x2 = chance.normal(size=(2, 120)).round(4)
    colour = np.array(["red", "green", "blue"])[chance.integers(3, size=120)]
    y = (10 + x1 - x2 + (colour == "red")).round(4)
    pl.DataFrame({"x1": x1, "x2": x2, "colour": colour, "y": y}).write_csv(path)


@pytest.fixture
def data() -> Path:
    write_data(Path("data.csv"))
    return Path("data.csv")


def one_object(text: str) -> dict:
    """Read the one JSON object that a text is: strict JSON, one line, nothing else."""

    def no_such_number(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    assert text.count("\n") == 1
    found = json.loads(text, parse_constant=no_such_number)
    assert isinstance(found, dict)
    return found


# --- --json -------------------------------------------------------------------------------------------


def test_train_prints_one_json_object_and_progress_elsewhere(data, capsys):
    assert run([*TRAIN, "--out", "run", "--json"]) == 0
    out, err = capsys.readouterr()
    found = one_object(out)
    assert found["model"] == "run/model.glass"
    engine = "fused" if native_status().available else "torch"
    assert (found["kind"], found["task"], found["engine"]) == ("table", "regression", engine)
    assert found["rows"] == {"train": 77, "validation": 19, "test": 24}
    assert {"rmse", "mae", "r2"} <= set(found["metrics"]["test"])
    low, high = found["intervals"]["test"]["rmse"]
    assert low <= found["metrics"]["test"]["rmse"] <= high
    assert set(found["baselines"]) == {"mean", "linear", "gradient_boosting"}
    assert (found["stopped"], found["epochs"], found["left_out"]) == ("epochs", 2, {})
    assert {"read", "train", "total"} <= set(found["seconds"])
    assert "task: regression" in err
    assert "\x1b" not in err


def test_quiet_says_nothing_on_standard_error(data, capsys):
    assert run([*TRAIN, "--out", "run", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "better than" in out or "worse than" in out
    assert "model: run/model.glass" in out


def test_rows_on_both_sides_are_in_the_json(data, capsys):
    pl.concat([pl.read_csv("data.csv")] * 2).write_csv("data.csv")
    assert run([*TRAIN, "--out", "run", "--json", "--quiet"]) == 0
    warnings = one_object(capsys.readouterr().out)["warnings"]
    assert any("stand in the training rows too" in each for each in warnings)


def test_evaluate_predict_and_inspect_print_one_json_object(model, capsys):
    data = str(model.parent.parent / "data.csv")
    assert run(["evaluate", str(model), data, "--json"]) == 0
    found = one_object(capsys.readouterr().out)
    assert found["rows"] == {"test": 120}
    assert {"metrics", "intervals", "baselines"} <= set(found)
    assert run(["predict", str(model), data, "--json"]) == 0
    assert len(one_object(capsys.readouterr().out)["y"]) == 120
    assert run(["inspect", str(model), "--json"]) == 0
    found = one_object(capsys.readouterr().out)
    assert found["recipe"]["target"] == ["y"]
    assert found["inputs"][:2] == ["x1", "x2"]


@pytest.mark.parametrize("command", ["datasets", "info"])
def test_lists_print_one_json_object(command, capsys):
    assert run([command, "--json"]) == 0
    one_object(capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "nowhere.csv", "--target", "y"],
        ["train", "data.csv", "--target", "y", "--lr", "fast"],
        ["train", "data.csv", "--target", "y", "--speed", "3"],
        ["train", "data.csv", "--target", "y", "--optimizer", "sdg", "--net", "4:reul"],
        ["evaluate", "nowhere.glass", "data.csv"],
        ["predict", "nowhere.glass", "data.csv"],
        ["inspect", "data.csv"],
        ["evaluate", "only.glass"],
        ["datasets", "surplus"],
        ["fly"],
    ],
)
def test_an_error_is_one_json_object_too_and_the_status_is_2(data, arguments, capsys):
    assert run([*arguments, "--json"]) == 2
    out, err = capsys.readouterr()
    found = one_object(out)
    assert found["problems"]
    assert err.startswith("error: ")
    assert "Traceback" not in err


def test_a_number_that_json_does_not_know_becomes_null(capsys):
    from glassnet.cli.show import print_json

    print_json({"a": float("nan"), "b": [float("inf"), 1.5], "c": {"d": None}})
    assert one_object(capsys.readouterr().out) == {"a": None, "b": [None, 1.5], "c": {"d": None}}


# --- text ---------------------------------------------------------------------------------------------


def test_predictions_are_printed_or_written_as_csv(model, capsys):
    data = str(model.parent.parent / "data.csv")
    assert run(["predict", str(model), data]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("y\n")
    assert printed.count("\n") == 121
    assert run(["predict", str(model), data, "-o", "answers.csv"]) == 0
    assert capsys.readouterr().out == ""
    assert Path("answers.csv").read_text() == printed
    expected = gn.load(model).predict(data)
    np.testing.assert_array_equal(pl.read_csv("answers.csv")["y"].to_numpy(), expected)


def test_evaluate_and_inspect_print_tables_of_whole_cells(model, capsys):
    data = str(model.parent.parent / "data.csv")
    assert run(["evaluate", str(model), data]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["test,", "120", "rows", "rmse"]
    assert [line.split()[0] for line in lines[1:4]] == ["network", "mean", "linear"]
    assert run(["inspect", str(model)]) == 0
    text = capsys.readouterr().out
    assert "numbers with decimals" in text
    assert "Linear(in_features=5, out_features=4, bias=True)" in text


def test_a_wide_table_is_cut_between_metrics_and_never_within_a_cell():
    from glassnet.cli.show import _fitting

    rows = [("test", "rmse", "mae", "r2"), ("网络", "1.5 [1.2, 1.8]", "0.5 [0.2, 0.8]", "0.9 [0.8, 1]")]
    assert [len(each[0]) for each in _fitting(rows, 200)] == [4]
    assert [each[0] for each in _fitting(rows, 40)] == [["test", "rmse", "mae"], ["test", "r2"]]
    assert [each[1] for each in _fitting(rows, 3)] == [["网络", cell] for cell in rows[1][1:]]
    assert list(_fitting([], 80)) == []


def test_very_many_columns_are_counted_in_the_middle():
    from types import SimpleNamespace

    from rich.console import Console

    from glassnet.cli.show import columns_table
    from glassnet.plan.table import ColumnPlan

    def shown(count: int) -> list[str]:
        columns = tuple(ColumnPlan(name=f"c{i}", role="number", reason="r", used=True) for i in range(count))
        console = Console(width=80)
        with console.capture() as capture:
            console.print(columns_table(SimpleNamespace(columns=columns)))
        return capture.get().splitlines()[1:]

    assert [line.split()[0] for line in shown(50)] == [f"c{i}" for i in range(50)]
    lines = shown(1000)
    assert len(lines) == 51
    assert lines[39].startswith("c39 ")
    assert lines[40].startswith("... 950 more")
    assert "950 number" in lines[40]
    assert lines[41].startswith("c990 ")


# --- flags --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (["--optimizer", "adma"], "did you mean 'adam'?"),
        (["--net", "4:sigmiod"], "did you mean 'sigmoid'?"),
        (["--schedule", "cosin"], "did you mean 'cosine'?"),
        (["--init", "xavier"], "did you mean 'xavier_normal'?"),
        (["--loss", "hubber"], "did you mean 'huber'?"),
        (["--task", "regresion"], "did you mean 'regression'?"),
        (["--test", "lst:5"], "did you mean 'last'?"),
        (["--device", "cdua"], "did you mean 'cuda'?"),
        (["--norm", "bacth"], "did you mean 'batch'?"),
        (["--class-weight", "balance"], "did you mean 'balanced'?"),
        (["--role", "x1=numbr"], "did you mean 'number'?"),
        (["--drop", "colur"], "did you mean 'colour'?"),
        (["--set", "epoch=3"], "did you mean 'epochs'?"),
        (["--set", "epochs"], "--set must be written key=value"),
        (["--role", "x1"], "--role must be written COL=KIND"),
        (["--recipe", "nowhere.toml"], "--recipe must name a readable TOML file"),
        (["--epochs", "0"], "epochs must be 1 or above"),
        (["--lr", "-1"], "lr must be above 0"),
        (["--budget", "soon"], "a time must be a number with s, m or h"),
    ],
)
def test_a_flag_that_is_nearly_right_says_what_is_meant(data, flags, hint, capsys):
    assert run([*TRAIN, *flags, "--out", "run"]) == 2
    assert hint in capsys.readouterr().err
    assert not Path("run").exists()


def test_all_wrong_values_are_reported_together(data, capsys):
    assert run([*TRAIN, "--optimizer", "adma", "--lr", "-1", "--set", "epoch=3", "--json"]) == 2
    assert len(one_object(capsys.readouterr().out)["problems"]) == 3


def test_roles_drops_missing_words_and_settings_arrive(data, capsys):
    data.write_text(data.read_text().replace("red", "nichts", 30))
    flags = ["--role", "x2=category", "--drop", "x1", "--missing", "nichts", "--set", "l2=0.5"]
    flags += ["--set", "loss=mae"]
    assert run([*TRAIN, *flags, "--out", "run", "--quiet"]) == 0
    model = gn.load("run/model.glass")
    assert model.recipe.roles == {"x2": "category"}
    roles = {column.name: column.role for column in model.plan.columns}
    assert roles == {"x1": "dropped", "x2": "category", "colour": "category", "y": "target"}
    assert any("missing" in name for name in model.schema.input_names)
    assert (model.recipe.l2, model.recipe.loss) == (0.5, "mae")


def test_the_recipe_of_a_finished_run_gives_the_same_bytes_and_flags_change_it(data):
    assert run([*TRAIN, "--seed", "7", "--optimizer", "sgd", "--out", "one", "--quiet"]) == 0
    assert run(["train", "--recipe", "one/recipe.toml", "--out", "two", "--quiet"]) == 0
    assert Path("one/model.glass").read_bytes() == Path("two/model.glass").read_bytes()
    assert Path("one/recipe.toml").read_bytes() == Path("two/recipe.toml").read_bytes()
    changed = ["train", "--recipe", "one/recipe.toml", "--epochs", "1", "--set", "net=linear"]
    assert run([*changed, "--out", "three", "--quiet"]) == 0
    recipe = gn.load("three/model.glass").recipe
    assert (recipe.epochs, recipe.net, recipe.seed) == (1, "linear", 7)


def test_without_out_runs_are_named_after_their_data(data):
    for _ in range(2):
        assert run([*TRAIN, "--quiet"]) == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["data", "data-2"]


@pytest.mark.parametrize("out", ["data.csv", "data.csv/run", "/proc/run"])
def test_a_folder_that_cannot_be_is_an_error(data, out, capsys):
    assert run([*TRAIN, "--out", out]) == 2
    assert "the run folder must be writable" in capsys.readouterr().err


def test_a_full_disk_is_a_failure_of_the_work(data, monkeypatch, capsys):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("glassnet.storage._created", full)
    assert run([*TRAIN, "--out", "run"]) == 1
    assert "No space left on device" in capsys.readouterr().err


def test_a_reader_that_has_gone_is_no_traceback(model):
    command = [sys.executable, "-c", "from glassnet.cli import main; main()", "datasets"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


# --- what is loaded -----------------------------------------------------------------------------------

HEAVY = ("torch", "polars", "sklearn", "matplotlib", "pandas", "scipy", "numpy", "safetensors")


@pytest.mark.parametrize(
    ("code", "also"),
    [
        ("import glassnet", ("pydantic", "rich", "typer")),
        ("from glassnet.cli import run; run(['--help'])", ("pydantic",)),
        ("from glassnet.cli import run; run(['train', '--help'])", ()),  # typer itself may load pydantic
        ("from glassnet.cli import run; run(['--version'])", ()),
    ],
)
def test_help_and_import_load_nothing_heavy(code, also):
    check = f"import sys; {code}; print([name for name in {(*HEAVY, *also)!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"


def test_the_package_runs_as_a_module_too():
    command = [sys.executable, "-m", "glassnet", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("glassnet ")
