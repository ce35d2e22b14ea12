"""The commands. Each reads its flags, calls one use case of ``glassnet.run``, and shows what came back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli.generative import COMMANDS
from glassnet.cli.options import (
    Augment,
    DataName,
    Json,
    ModelFile,
    Names,
    Pretrained,
    Quiet,
    Rate,
    Resume,
    Seed,
    Size,
    Threads,
)
from glassnet.cli.options import option as _option

app = typer.Typer(
    name="glassnet",
    help="Neural networks you can see through: from a table to a trained, honestly scored, saved network.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def train(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="A table, a folder of texts or photos, a named data set."),
    ] = None,
    target: Annotated[str | None, _option("--target COL", "Column to predict; several with commas.")] = None,
    column: Annotated[
        str | None, _option("--column COL", "Column of the texts or photos, where a table has several.")
    ] = None,
    drop: Annotated[list[str] | None, _option("--drop COL,COL", "Columns to leave out, with commas.")] = None,
    keep_leaks: Annotated[
        bool | None, typer.Option("--keep-leaks", help="Use columns that give the target away.")
    ] = None,
    role: Annotated[
        list[str] | None,
        _option("--role COL=KIND", "Role of a column where the found one is wrong: number, category, ..."),
    ] = None,
    missing: Annotated[list[str] | None, _option("--missing WORD", "A word that means: no value.")] = None,
    weight: Annotated[str | None, _option("--weight COL", "Column of sample weights.")] = None,
    class_weight: Annotated[str | None, _option("--class-weight NAME", "none or balanced.")] = None,
    task: Annotated[
        str | None,
        _option(
            "--task TASK",
            "auto, regression, poisson, binary, multiclass, multioutput; text, image, characters, series.",
        ),
    ] = None,
    test: Annotated[
        str | None,
        _option(
            "--test SPLIT",
            "last:504, last:21d, random:0.2, group:COL, file:PATH, windows:6x21d, cv:5, repeat:9x0.2, none.",
        ),
    ] = None,
    validation: Annotated[
        str | None, _option("--validation SPLIT", "As --test; cut out of the rest.")
    ] = None,
    net: Annotated[str | None, _option("--net SPEC", "64,64:relu or 8x64:relu:0.2+waves or a name.")] = None,
    size: Size = None,
    augment: Augment = None,
    names: Names = None,
    pretrained: Pretrained = None,
    norm: Annotated[str | None, _option("--norm NAME", "none, batch or layer.")] = None,
    init: Annotated[
        str | None, _option("--init NAME", "zeros, normal, xavier_uniform, kaiming_normal, ...")
    ] = None,
    loss: Annotated[str | None, _option("--loss NAME", "auto, mse, mae, huber, ...")] = None,
    optimizer: Annotated[str | None, _option("--optimizer NAME", "sgd, adam, adamw or rmsprop.")] = None,
    lr: Rate = None,
    momentum: Annotated[
        float | None, _option("--momentum X", "From 0 to below 1, for sgd and rmsprop.")
    ] = None,
    nesterov: Annotated[bool | None, typer.Option("--nesterov", help="Nesterov momentum.")] = None,
    weight_decay: Annotated[float | None, _option("--weight-decay X", "As the optimizer defines it.")] = None,
    l1: Annotated[float | None, _option("--l1 X", "L1 penalty on the weights.")] = None,
    l2: Annotated[float | None, _option("--l2 X", "L2 penalty on the weights.")] = None,
    clip: Annotated[float | None, _option("--clip X", "Largest norm of the gradient.")] = None,
    schedule: Annotated[
        str | None, _option("--schedule NAME", "constant, step, cosine or one_cycle.")
    ] = None,
    warmup: Annotated[float | None, _option("--warmup X", "Share of the steps with a rising rate.")] = None,
    batch_size: Annotated[int | None, _option("--batch-size N", "Rows a step.")] = None,
    horizon: Annotated[int | None, _option("--horizon N", "Next values of a series; else 1.")] = None,
    epochs: Annotated[int | None, _option("--epochs N", "Most epochs.")] = None,
    patience: Annotated[
        int | None, _option("--patience N", "Epochs without a better validation loss.")
    ] = None,
    restarts: Annotated[int | None, _option("--restarts N", "Random starts; the best one is kept.")] = None,
    refit: Annotated[
        bool | None, typer.Option("--refit/--no-refit", help="Train anew on training and validation rows.")
    ] = None,
    budget: Annotated[
        str | None, _option("--budget TIME", "Time for everything, scores included: 60s, 5m.")
    ] = None,
    tune: Annotated[
        str | None, _option("--tune TIME", "Search for a better recipe for so long: 5m, 1h.")
    ] = None,
    device: Annotated[str | None, _option("--device NAME", "auto, cpu, cuda or cuda:N.")] = None,
    precision: Annotated[str | None, _option("--precision NAME", "float32 or bfloat16.")] = None,
    engine: Annotated[str | None, _option("--engine NAME", "auto, fused or torch.")] = None,
    threads: Threads = None,
    seed: Seed = None,
    recipe: Annotated[Path | None, _option("--recipe FILE", "A recipe.toml; other flags change it.")] = None,
    change: Annotated[
        list[str] | None, _option("--set KEY=VALUE", "An option of the recipe by its name there.")
    ] = None,
    out: Annotated[Path | None, _option("--out DIR", "Run folder; without it runs/<data>.")] = None,
    resume: Resume = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Train a network on DATA, score it beside its baselines, and save it."""
    flags = {name: value for name, value in locals().items() if name not in _NOT_IN_RECIPE}
    from glassnet.cli.training import Request, carry_out

    request = Request(data, flags, role or [], change or [], recipe, out, resume, as_json, quiet)
    return carry_out(request, began=context.obj)


_NOT_IN_RECIPE = ("context", "data", "role", "recipe", "change", "out", "resume", "as_json", "quiet")


@app.command()
def evaluate(model: ModelFile, data: DataName, as_json: Json = False) -> None:
    """Score a saved MODEL on DATA, which has the target column, beside its baselines."""
    from glassnet.cli.show import evaluation_json, print_json, print_results
    from glassnet.model.loading import load

    results = load(model).evaluate(data)
    if as_json:
        print_json(evaluation_json(results))
    else:
        print_results(results)


@app.command()
def predict(
    model: ModelFile,
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="A table, texts or photos, as in training.")
    ] = None,
    text: Annotated[
        list[str] | None, _option("--text TEXT", "A text to answer in place of DATA; may come again.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="CSV to write; - or nothing: print.")
    ] = None,
    interval: Annotated[
        float | None, _option("--interval X", "0.9: add between what 90 % of the true numbers lie.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Predict the rows of DATA with a saved MODEL, or the class of a --text."""
    from glassnet.cli.predict import asked_predictions
    from glassnet.cli.show import print_json
    from glassnet.run.csv import write_csv

    frame = asked_predictions(model, data, text or [], interval)
    if as_json:
        print_json(frame.to_dict(as_series=False))
    elif out is None or str(out) == "-":
        print(frame.write_csv(), end="")
    else:
        write_csv(frame, out)


@app.command()
def generate(
    model: ModelFile,
    prime: Annotated[str, _option("--prime TEXT", "What stands before; not printed again.")] = "",
    length: Annotated[int, _option("--length N", "Characters to write; else 500.")] = 500,
    temperature: Annotated[
        float, _option("--temperature T", "1: as the model believes; lower: more probable characters.")
    ] = 1.0,
    top_k: Annotated[int | None, _option("--top-k K", "Only the K most probable characters.")] = None,
    seed: Annotated[int, _option("--seed N", "Same seed, same text.")] = 0,
    as_json: Json = False,
) -> None:
    """Let a MODEL of characters write on after a prime, one character after another."""
    from glassnet.cli.show import print_json
    from glassnet.model.characters import load_characters

    wishes = {"temperature": temperature, "top_k": top_k, "seed": seed}
    writer = load_characters(model)
    if as_json:
        print_json({"prime": prime, "text": writer.generate(prime, length, **wishes), **wishes})  # type: ignore[arg-type]
        return
    writer.generate(prime, length, told=lambda each: print(each, end="", flush=True), **wishes)  # type: ignore[arg-type]
    print()


@app.command()
def inspect(
    model: ModelFile,
    data: Annotated[
        str | None, _option("--data FILE", "Rows with the target, or photos: what counts, the worst.")
    ] = None,
    row: Annotated[int | None, _option("--row N", "A row of them, from 1: what made its answer.")] = None,
    column: Annotated[str | None, _option("--column COL", "A column: the answers as it varies.")] = None,
    text: Annotated[
        str | None, _option("--text TEXT", "A text: what each of its words adds to the answer.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a saved MODEL is, and with --data what it does with these rows."""
    from glassnet.cli.inspect import inspected, view_json
    from glassnet.cli.show import inspection_json, print_inspection, print_json

    loaded, views = inspected(model, data, row, column, text)
    if as_json:
        print_json(inspection_json(loaded) | {name: view_json(view) for name, view in views.items()})
        return
    print_inspection(loaded)
    for view in views.values():
        print(f"\n{view}")


@app.command()
def diagnose(
    model: ModelFile,
    data: Annotated[str | None, _option("--data FILE", "Rows with the target: its layers too.")] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Try each change beside the original; needs --data.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what is wrong with a saved MODEL and its training, why, and what would help."""
    from glassnet.lens.doctor import diagnose as ask
    from glassnet.model.loading import load_table

    found = ask(load_table(model, "glassnet diagnose"), data, prove=prove)
    print(found.to_json() if as_json else found)


@app.command()
def report(
    model: ModelFile,
    data: Annotated[str | None, _option("--data FILE", "Other rows with the target, to be judged.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="HTML to write; else beside MODEL.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a page about a saved MODEL: how good it is, beside what, and what to distrust."""
    from glassnet.cli.show import print_json, report_json
    from glassnet.run.reports import report_file

    found, path = report_file(model, data, out)
    if as_json:
        print_json(report_json(found, path))
    else:
        print(f"{found}\nreport: {path}")


@app.command()
def trace(
    model: ModelFile,
    data: Annotated[
        str | None, _option("--data FILE", "Raw rows; else those that MODEL was trained with.")
    ] = None,
    row: Annotated[int, _option("--row N", "Which row of them, from 1.")] = 1,
    number: Annotated[
        str | None, _option("--number NAME", "One number to open: answer[0], x[0, temp], loss.")
    ] = None,
    step: Annotated[bool, typer.Option("--step", help="A training step in place of the answer.")] = False,
    epoch: Annotated[int | None, _option("--epoch N", "Whose weights, where they were kept.")] = None,
    html: Annotated[
        Path | None, _option("--html FILE", "A page to write in which every number unfolds.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the arithmetic behind one answer of a saved MODEL, from the raw row to the end."""
    from glassnet.cli.show import print_json
    from glassnet.cli.trace import traced, write_page

    found, text = traced(model, data, row, epoch, step, number)
    if html is not None:
        write_page(found, html, number)
    if as_json:
        print_json(found.to_dict() | {"html": None if html is None else str(html)})
    else:
        print(text if html is None else f"{text}\npage: {html}")


@app.command("text-steps")
def text_steps(
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="Texts of two classes: a folder each, a table, reviews.txt."),
    ],
    target: Annotated[str | None, _option("--target COL", "Column of the classes.")] = None,
    column: Annotated[str | None, _option("--column COL", "Column of the texts.")] = None,
    test: Annotated[str, _option("--test SPLIT", "Texts that judge: random:0.1, last:1000.")] = "random:0.1",
    validation: Annotated[
        str | None, _option("--validation SPLIT", "Texts that choose; as --test, cut out of the rest.")
    ] = None,
    passes: Annotated[int, _option("--passes N", "How often each training sees every text.")] = 1,
    text: Annotated[
        str | None, _option("--text TEXT", "A text of your own: what each word of it adds.")
    ] = None,
    seed: Annotated[int, _option("--seed N", "Same seed, same result.")] = 0,
    html: Annotated[Path | None, _option("--html FILE", "A page to write, with the map of words.")] = None,
    as_json: Json = False,
) -> None:
    """Run the sentiment network in six measured steps on DATA, and show what it learned."""
    from glassnet.cli.show import print_json
    from glassnet.cli.text_steps import print_steps, steps_json, watched_steps

    found = watched_steps(data, target, column, test, validation, passes, seed, html)
    if as_json:
        print_json(steps_json(found, text, html))
    else:
        print_steps(found, text, html)


for each in COMMANDS:
    app.command()(each)


@app.command()
def datasets(as_json: Json = False) -> None:
    """List the named data sets: bundled, synthetic, and your own copies of public ones."""
    from glassnet.cli.show import datasets_json, print_datasets, print_json

    if as_json:
        print_json(datasets_json())
    else:
        print_datasets()


@app.command()
def bench(
    full: Annotated[
        bool, typer.Option("--full", help="Longer, and many more nets: about ten minutes.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="JSON to write, every round in it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how fast small networks train here, beside PyTorch, scikit-learn and NumPy."""
    from glassnet.cli.bench import measured
    from glassnet.cli.show import print_json
    from glassnet.run.bench.tables import report

    found = measured(full, out)
    if as_json:
        print_json(found.to_dict())
    else:
        print(report(found) if out is None else f"{report(found)}\nwritten to {out}")


@app.command()
def info(as_json: Json = False) -> None:
    """Say what is installed here and what is missing: versions, native kernels, devices."""
    from glassnet.cli.show import installation, print_installation, print_json

    facts = installation()
    if as_json:
        print_json(facts)
    else:
        print_installation(facts)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Neural networks you can see through: from a table to a trained, honestly scored, saved network."""
    if not version and context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)
    if version:
        from glassnet.version import __version__

        print(f"glassnet {__version__}")
        raise typer.Exit
