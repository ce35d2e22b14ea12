"""The commands. Each reads its flags, calls one use case of ``glassnet.run``, and shows what came back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="glassnet",
    help="Neural networks you can see through: from a table to a trained, honestly scored, saved network.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
ModelFile = Annotated[Path, typer.Argument(help="A saved model, model.glass.")]
DataName = Annotated[str, typer.Argument(help="A table file, or a named data set.")]


def _option(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, show_default=False)


@app.command()
def train(
    data: Annotated[str | None, typer.Argument(help="A table file, or a named data set.")] = None,
    target: Annotated[str | None, _option("--target", "Column to predict; several with commas.")] = None,
    drop: Annotated[list[str] | None, _option("--drop", "Columns to leave out, with commas.")] = None,
    role: Annotated[list[str] | None, _option("--role", "COL=KIND, where the found role is wrong.")] = None,
    missing: Annotated[list[str] | None, _option("--missing", "A word that means: no value.")] = None,
    weight: Annotated[str | None, _option("--weight", "Column of sample weights.")] = None,
    class_weight: Annotated[str | None, _option("--class-weight", "none or balanced.")] = None,
    task: Annotated[
        str | None, _option("--task", "auto, regression, poisson, binary, multiclass, multioutput.")
    ] = None,
    test: Annotated[
        str | None,
        _option(
            "--test", "last:504, last:21d, random:0.2, group:COL, file:PATH, windows:6x21d, cv:5 or none."
        ),
    ] = None,
    validation: Annotated[str | None, _option("--validation", "As --test; cut out of the rest.")] = None,
    net: Annotated[str | None, _option("--net", "64,64:relu or 64:relu,32:tanh:0.2 or a name.")] = None,
    norm: Annotated[str | None, _option("--norm", "none, batch or layer.")] = None,
    init: Annotated[
        str | None, _option("--init", "zeros, normal, xavier_uniform, kaiming_normal, ...")
    ] = None,
    loss: Annotated[str | None, _option("--loss", "auto, mse, mae, huber, ...")] = None,
    optimizer: Annotated[str | None, _option("--optimizer", "sgd, adam, adamw or rmsprop.")] = None,
    lr: Annotated[float | None, _option("--lr", "Learning rate.")] = None,
    momentum: Annotated[
        float | None, _option("--momentum", "From 0 to below 1, for sgd and rmsprop.")
    ] = None,
    nesterov: Annotated[bool | None, typer.Option("--nesterov", help="Nesterov momentum.")] = None,
    weight_decay: Annotated[float | None, _option("--weight-decay", "As the optimizer defines it.")] = None,
    l1: Annotated[float | None, _option("--l1", "L1 penalty on the weights.")] = None,
    l2: Annotated[float | None, _option("--l2", "L2 penalty on the weights.")] = None,
    clip: Annotated[float | None, _option("--clip", "Largest norm of the gradient.")] = None,
    schedule: Annotated[str | None, _option("--schedule", "constant, step, cosine or one_cycle.")] = None,
    warmup: Annotated[float | None, _option("--warmup", "Share of the steps with a rising rate.")] = None,
    batch_size: Annotated[int | None, _option("--batch-size", "Rows a step.")] = None,
    epochs: Annotated[int | None, _option("--epochs", "Most epochs.")] = None,
    patience: Annotated[int | None, _option("--patience", "Epochs without a better validation loss.")] = None,
    restarts: Annotated[int | None, _option("--restarts", "Random starts; the best one is kept.")] = None,
    refit: Annotated[
        bool | None, typer.Option("--refit/--no-refit", help="Refit with the validation.")
    ] = None,
    budget: Annotated[str | None, _option("--budget", "Time for everything: 60s, 5m.")] = None,
    device: Annotated[str | None, _option("--device", "auto, cpu, cuda or cuda:N.")] = None,
    precision: Annotated[str | None, _option("--precision", "float32 or bfloat16.")] = None,
    engine: Annotated[str | None, _option("--engine", "auto or torch.")] = None,
    threads: Annotated[int | None, _option("--threads", "Threads of the arithmetic.")] = None,
    seed: Annotated[int | None, _option("--seed", "Same seed, same result.")] = None,
    recipe: Annotated[Path | None, _option("--recipe", "A recipe.toml; other flags change it.")] = None,
    change: Annotated[list[str] | None, _option("--set", "key=value of the recipe.")] = None,
    out: Annotated[Path | None, _option("--out", "Run folder; without it runs/<data>.")] = None,
    resume: Annotated[Path | None, _option("--resume", "Go on with the run in this folder.")] = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> int:
    """Train a network on DATA, score it beside its baselines, and save it."""
    from glassnet.cli.training import Request, carry_out

    flags = {name: value for name, value in locals().items() if name not in _NOT_IN_RECIPE}
    return carry_out(Request(data, flags, role or [], change or [], recipe, out, resume, as_json, quiet))


_NOT_IN_RECIPE = (
    "data",
    "role",
    "recipe",
    "change",
    "out",
    "resume",
    "as_json",
    "quiet",
    "Request",
    "carry_out",
)


@app.command()
def evaluate(model: ModelFile, data: DataName, as_json: Json = False) -> None:
    """Score a saved MODEL on DATA, which has the target column, beside its baselines."""
    from glassnet.cli.show import evaluation_json, print_results
    from glassnet.model import load

    results = load(model).evaluate(data)
    if as_json:
        print(json.dumps(evaluation_json(results), ensure_ascii=False))
    else:
        print_results(results)


@app.command()
def predict(
    model: ModelFile,
    data: DataName,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="CSV to write; - or nothing: print.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Predict the rows of DATA with a saved MODEL."""
    from glassnet.model import load
    from glassnet.run.predict import predictions_frame, write_csv

    frame = predictions_frame(load(model), data)
    if as_json:
        print(json.dumps(frame.to_dict(as_series=False), ensure_ascii=False))
    elif out is None or str(out) == "-":
        print(frame.write_csv(), end="")
    else:
        write_csv(frame, out)


@app.command()
def inspect(model: ModelFile, as_json: Json = False) -> None:
    """Say what a saved MODEL is: its columns, net, recipe, training and scores."""
    from glassnet.cli.show import inspection_json, print_inspection
    from glassnet.model import load

    loaded = load(model)
    if as_json:
        print(json.dumps(inspection_json(loaded), ensure_ascii=False))
    else:
        print_inspection(loaded)


@app.command()
def datasets(as_json: Json = False) -> None:
    """List the named data sets: bundled, synthetic, and your own copies of public ones."""
    from glassnet.cli.show import datasets_json, print_datasets

    if as_json:
        print(json.dumps(datasets_json(), ensure_ascii=False))
    else:
        print_datasets()


@app.command()
def info(as_json: Json = False) -> None:
    """Say what is installed here and what is missing: versions, native kernels, devices."""
    from glassnet.cli.show import installation, print_installation

    facts = installation()
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print_installation(facts)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Neural networks you can see through."""
    if version:
        from glassnet.version import __version__

        print(f"glassnet {__version__}")
        raise typer.Exit
