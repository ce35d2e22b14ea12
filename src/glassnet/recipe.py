"""The Recipe: everything that the user decides about a run, and nothing that the run decides itself.

One frozen, torch-free object serves the command line, Python and the saved file. It is written as
TOML beside each run and read back with ``glassnet train --recipe FILE``.

    >>> recipe = make_recipe(data="hour.csv", target="cnt", net="20:sigmoid", lr=0.3)
    >>> recipe.target, recipe.optimizer
    (('cnt',), 'adamw')
    >>> read_recipe(write_recipe(recipe)) == recipe
    True
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.notation import (
    CELLS,
    NET_NAMES,
    NETS,
    net_name,
    parse_augment,
    parse_duration,
    parse_net,
    parse_split,
)

Role = Literal["number", "category", "boolean", "date", "identifier", "constant", "text"]
Kind = Literal["table", "text", "characters", "series", "image"]
TaskName = Literal["regression", "poisson", "binary", "multiclass", "multioutput"]
LossName = Literal["mse", "mae", "huber", "poisson", "binary_cross_entropy", "cross_entropy"]
OptimizerName = Literal["sgd", "adam", "adamw", "rmsprop"]
ScheduleName = Literal["constant", "step", "cosine", "one_cycle"]
TargetScale = Literal["plain", "sqrt", "log"]
InitName = Literal[
    "default",
    "zeros",
    "ones",
    "uniform",
    "normal",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "1/sqrt(n)",
]

ROLES: tuple[Role, ...] = get_args(Role)
KINDS: tuple[Kind, ...] = get_args(Kind)
OF_IMAGES = ("size", "fit", "channels", "augment", "pretrained", "unfreeze", "names")
"""Options that only images have."""
TASKS: tuple[TaskName, ...] = get_args(TaskName)

AboveZero = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ZeroOrMore = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


def _split_parsed(text: str) -> str:
    parse_split(text)
    return text


SplitNotation = Annotated[str, AfterValidator(_split_parsed)]
"""Which rows are kept aside, as ``--test`` writes it, such as ``last:504``."""


class Reading(BaseModel):
    """How a bag of words reads texts; what is left at ``None`` is decided by the run.

    ``ngrams``: up to how many neighbouring words are one feature; ``min_count``: in how many training texts a
    feature must be; ``max_features``: how many are kept at most; ``bits``: of hashed features; ``weighting``:
    1 where a feature is there, how often, or how often times how rare; ``html``: tags are no words;
    ``lower``: capitals are small letters; ``marks``: ``!`` and ``?`` are words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ngrams: Annotated[int, Field(ge=1, le=3)] | None = None
    min_count: Count | None = None
    max_features: Count | None = None
    bits: Annotated[int, Field(ge=1, le=30)] | None = None
    weighting: Literal["presence", "counts", "tfidf"] | None = None
    html: bool | None = None
    lower: bool | None = None
    marks: bool | None = None


class Recipe(BaseModel):
    """What the user decides about a run; fields left at ``None`` are decided by the run's Plan.

    ``kind`` says what a row is and ``task`` what is predicted of it. A kind may be written as the task
    (``task="text"``): then it is the kind, and the task is found by itself.

    Times are seconds, fractions lie in [0, 1). Make one with :func:`make_recipe`, which reports every
    problem at once in Glassnet's own words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str | None = None
    sha256: str | None = None
    kind: Kind = "table"
    target: tuple[str, ...] = ()
    column: str | None = None
    text: Reading | None = None
    task: Literal["auto", TaskName] = "auto"
    drop: tuple[str, ...] = ()
    keep_leaks: bool = False
    roles: dict[str, str] = {}
    missing: tuple[str, ...] = ()
    weight: str | None = None
    class_weight: Literal["none", "balanced"] = "none"
    scaling: Literal["auto", "standard", "quantile"] = "auto"
    test: SplitNotation | None = None
    test_sha256: str | None = None
    validation: SplitNotation | None = None
    net: str = "tabular"
    norm: Literal["none", "batch", "layer"] = "none"
    init: InitName = "default"
    loss: str = "auto"
    optimizer: OptimizerName = "adamw"
    lr: AboveZero | None = None
    momentum: Fraction = 0.0
    nesterov: bool = False
    weight_decay: ZeroOrMore | None = None
    l1: ZeroOrMore = 0.0
    l2: ZeroOrMore = 0.0
    clip: AboveZero | None = None
    ema: Fraction | None = None
    schedule: ScheduleName | None = None
    warmup: Fraction = 0.0
    batch_size: Count | None = None
    window: Count | None = None
    horizon: Count | None = None
    epochs: Count | None = None
    patience: Count | None = None
    restarts: Count = 1
    keep_weights: bool = False
    refit: bool | None = None
    budget: AboveZero | None = None
    tune: AboveZero | None = None
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    engine: Literal["auto", "torch", "fused", "reference"] = "auto"
    threads: Count | None = None
    size: Annotated[int, Field(ge=4, le=1024)] | None = None
    fit: Literal["crop", "pad", "stretch"] | None = None
    channels: Literal[1, 3] | None = None
    augment: str | None = None
    pretrained: str | None = None
    unfreeze: Annotated[int, Field(ge=0)] | None = None
    names: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    @model_validator(mode="before")
    @classmethod
    def _take_kind(cls, values: Any) -> Any:
        """Accept a kind where the task stands, or a net that only photos have; else take the kind's net."""
        if isinstance(values, dict) and values.get("task") in KINDS:
            values = {**values, "kind": values["task"], "task": "auto"}
        if isinstance(values, dict) and not values.get("kind"):
            asked = net_name(str(values.get("net")))
            values = {**values, **({"kind": "image"} if asked in NETS["image"] else {})}
        if isinstance(values, dict) and values.get("kind") in KINDS and not values.get("net"):
            values = {**values, "net": next(iter(NETS[values["kind"]]), "tabular")}
        chooses = isinstance(values, dict) and values.get("kind") in ("characters", "image")
        if chooses and not values.get("precision"):
            values = {**values, "precision": "auto"}
        return values

    @field_validator("target", "drop", "missing", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        """Accept one name, a comma-separated text, or a list."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return tuple(value) if isinstance(value, list) else value

    @field_validator("budget", "tune", mode="before")
    @classmethod
    def _read_time(cls, value: object) -> object:
        return parse_duration(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_tune(self) -> Self:
        if self.tune and (self.budget or self.net.startswith("own:") or self.validation == "none"):
            given = "budget" if self.budget else "net" if self.net.startswith("own:") else "validation"
            found = f"there is also {given}={getattr(self, given)!r}"
            must = "tune needs validation rows, a net that can be varied, and no other limit on the time"
            raise ValueError(message(must, found, f"leave {given} or tune out"))
        return self

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        names, name = NETS[self.kind], net_name(self.net)
        only_names = set(names) <= set(CELLS) or (self.kind == "image" and name != "own")
        if name not in names and (name in NET_NAMES or only_names):
            found = f"net={self.net!r} with kind={self.kind!r}"
            must = "the net must be one for this kind of data"
            raise ValueError(message(must, found, did_you_mean(self.net, names)))
        if self.precision == "auto" and self.kind not in ("characters", "image"):
            found = f"precision='auto' with kind={self.kind!r}"
            raise ValueError(
                message("precision is chosen for characters and images alone", found, "name one")
            )
        of_images = [name for name in OF_IMAGES if getattr(self, name) is not None]
        if of_images and self.kind != "image":
            found = ", ".join(f"{name}={getattr(self, name)!r}" for name in of_images)
            do = "say task=image, or leave it out"
            raise ValueError(message(f"{of_images[0]} is for images", f"{found} with kind={self.kind!r}", do))
        return self

    @field_validator("augment")
    @classmethod
    def _check_augment(cls, value: str | None) -> str | None:
        if value is not None:
            parse_augment(value)
        return value

    @field_validator("net")
    @classmethod
    def _check_net(cls, value: str) -> str:
        if not value.startswith("own:"):
            parse_net(value)
        return value

    @field_validator("loss")
    @classmethod
    def _check_loss(cls, value: str) -> str:
        known = ("auto", *get_args(LossName))
        if value not in known and not value.startswith("own:"):
            raise ValueError(
                message("loss must be a known loss", f"loss={value!r}", did_you_mean(value, known))
            )
        return value

    @field_validator("roles")
    @classmethod
    def _check_roles(cls, value: dict[str, str]) -> dict[str, str]:
        for column, role in value.items():
            if role.split(":", 1)[0] not in ROLES:
                raise ValueError(
                    message(
                        f"the role of column {column!r} must be a known role",
                        f"role={role!r}",
                        did_you_mean(role, ROLES),
                    )
                )
        return dict(sorted(value.items()))

    @field_validator("device")
    @classmethod
    def _check_device(cls, value: str) -> str:
        name, _, index = value.partition(":")
        if name not in ("auto", "cpu", "cuda") or (index and not (name == "cuda" and index.isdecimal())):
            raise ValueError(
                message(
                    "device must be auto, cpu, cuda or cuda:N",
                    f"device={value!r}",
                    did_you_mean(name, ("auto", "cpu", "cuda")),
                )
            )
        return value

    def refusals(self, names: Iterable[str], must: str, do: str = "leave it out") -> list[str]:
        """Return a message for each of some options that is asked for where it means nothing.

        Args:
            names: the options. One is asked for if it is not what a recipe of this kind has by itself.
            must: what must hold; ``{name}`` in it stands for the option, in ``do`` too.
            do: what to do.
        """
        plain = Recipe(kind=self.kind, net=self.net)
        asked = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(plain, name)}
        return [
            message(must.format(name=name), f"{name}={value!r}", do.format(name=name))
            for name, value in asked.items()
        ]


def make_recipe(**values: object) -> Recipe:
    """Build a Recipe, or say everything that is wrong with it at once.

    Raises:
        RecipeError: unknown options (with the nearest known one) and values that an option cannot take.
    """
    known = list(Recipe.model_fields)
    problems = [
        message(
            "every option of a recipe must be a known one", f"{name}={value!r}", did_you_mean(name, known)
        )
        for name, value in values.items()
        if name not in known
    ]
    try:
        recipe = Recipe(**{name: value for name, value in values.items() if name in known})  # type: ignore[arg-type]
    except ValidationError as error:
        raise RecipeError([*problems, *_in_our_words(error)]) from None
    if problems:
        raise RecipeError(problems)
    return recipe


def write_recipe(recipe: Recipe) -> str:
    """Write a Recipe as TOML; options left to the run (``None``) are not written."""
    import tomli_w

    values = recipe.model_dump(mode="json", exclude_none=True)
    scalars = {name: value for name, value in values.items() if not isinstance(value, dict)}
    tables = {name: value for name, value in values.items() if isinstance(value, dict) and value}
    return tomli_w.dumps({**scalars, **tables})


def read_recipe(text: str, changes: Mapping[str, object] | None = None) -> Recipe:
    """Read a Recipe from TOML, with ``changes`` (from ``--set`` and other flags) on top.

    Raises:
        RecipeError: the text is not TOML, or see :func:`make_recipe`.
    """
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(
            message("a recipe must be TOML", str(error), "compare it with the recipe.toml of a finished run")
        ) from None
    return make_recipe(**{**values, **(changes or {})})


def parse_setting(text: str) -> tuple[str, object]:
    """Read one ``key=value`` of ``--set``; the value is TOML, or plain text where it is not.

    >>> parse_setting("lr=0.1"), parse_setting("net=64:relu")
    (('lr', 0.1), ('net', '64:relu'))
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise RecipeError(message("--set must be written key=value", repr(text), "write, say, --set lr=0.1"))
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


_RULES = {
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be {ge} or above",
    "less_than": "must be below {lt}",
    "finite_number": "must be a finite number",
    "literal_error": "must be one of {expected}",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list of names",
    "dict_type": "must be a table of names and values",
}


def _in_our_words(error: ValidationError) -> list[str]:
    return [_one_problem(each) for each in error.errors(include_url=False)]


def _one_problem(found: Any) -> str:
    if found["type"] == "value_error":
        return str(found["ctx"]["error"])
    name = ".".join(str(part) for part in found["loc"])
    context = found.get("ctx", {})
    rule = _RULES.get(found["type"], "must fit: " + found["msg"]).format(**context)
    value = found["input"]
    hint = "see glassnet train --help"
    if found["type"] == "literal_error" and isinstance(value, str):
        kinds = KINDS if name == "task" else ()
        hint = did_you_mean(value, [*(part.strip(" '") for part in _options(context["expected"])), *kinds])
    return message(f"{name} {rule}", f"{name}={value!r}", hint)


def _options(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(",")
