"""The arithmetic of operations that treat each number by itself: a formula, and its slope for each input.

In a formula {0}, {1}, ... stand for the numbers that go in and {out} for the result, written as Python writes
it. A slope is what the gradient of the result is multiplied with: d out / d {0}, d out / d {1}, ...

>>> sigmoid = FORMULAS["sigmoid"]("{0}")
>>> sigmoid.value
'1 / (1 + exp(-{0}))'
>>> sigmoid.slopes
('{out} * (1 - {out})',)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Part = str | int | float | bool | None
"""An argument of an operation: ``{0}`` for a tensor, else the number itself."""


class Formula(NamedTuple):
    """``value`` gives the result; ``slopes`` has one entry for each tensor among the arguments."""

    value: str
    slopes: tuple[str, ...] = ()


def _text(part: Part) -> str:
    """Write a number so that it can stand anywhere in arithmetic."""
    if isinstance(part, str):
        return part
    text = repr(part)
    return f"({text})" if text.startswith("-") else text


def _slopes(*pairs: tuple[Part, str]) -> tuple[str, ...]:
    """Keep the slopes of those arguments that are tensors."""
    return tuple(slope for part, slope in pairs if isinstance(part, str))


def _times(factor: Part, text: str) -> str:
    return text if factor == 1 else f"{_text(factor)} * {text}"


def _add(a: Part, b: Part, alpha: Part = 1) -> Formula:
    return Formula(f"{_text(a)} + {_times(alpha, _text(b))}", _slopes((a, "1"), (b, _text(alpha))))


def _sub(a: Part, b: Part, alpha: Part = 1) -> Formula:
    slope = "-1" if alpha == 1 else f"(-{_text(alpha)})"
    return Formula(f"{_text(a)} - {_times(alpha, _text(b))}", _slopes((a, "1"), (b, slope)))


def _rsub(a: Part, b: Part, alpha: Part = 1) -> Formula:
    slope = "-1" if alpha == 1 else f"(-{_text(alpha)})"
    return Formula(f"{_text(b)} - {_times(alpha, _text(a))}", _slopes((a, slope), (b, "1")))


def _mul(a: Part, b: Part) -> Formula:
    return Formula(f"{_text(a)} * {_text(b)}", _slopes((a, _text(b)), (b, _text(a))))


def _div(a: Part, b: Part) -> Formula:
    x, y = _text(a), _text(b)
    return Formula(f"{x} / {y}", _slopes((a, f"1 / {y}"), (b, f"(-{x} / {y} ** 2)")))


def _pow(a: Part, b: Part) -> Formula:
    x, n = _text(a), _text(b)
    if isinstance(b, str):
        return Formula(f"{x} ** {n}", _slopes((a, f"{n} * {x} ** ({n} - 1)"), (b, f"{{out}} * log({x})")))
    if b == 2:
        return Formula(f"{x} ** 2", (f"2 * {x}",))
    return Formula(f"{x} ** {n}", (f"{n} * {x} ** {_text(b - 1 if b is not None else None)}",))


def _clamp(a: Part, low: Part = None, high: Part = None) -> Formula:
    value, inside = _text(a), []
    if low is not None:
        value, inside = f"max({value}, {_text(low)})", [f"({_text(a)} >= {_text(low)})"]
    if high is not None:
        value, inside = f"min({value}, {_text(high)})", [*inside, f"({_text(a)} <= {_text(high)})"]
    return Formula(value, (" * ".join(inside),))


def _leaky_relu(a: Part, slope: Part = 0.01) -> Formula:
    x, s = _text(a), _text(slope)
    return Formula(f"max(0, {x}) + {s} * min(0, {x})", (f"(({x} > 0) + {s} * ({x} <= 0))",))


def _prelu(a: Part, slope: Part) -> Formula:
    x, s = _text(a), _text(slope)
    slopes = _slopes((a, f"(({x} > 0) + {s} * ({x} <= 0))"), (slope, f"min(0, {x})"))
    return Formula(f"max(0, {x}) + {s} * min(0, {x})", slopes)


def _gelu(a: Part, approximate: Part = "none") -> Formula:
    x = _text(a)
    if approximate == "tanh":
        inner = f"sqrt(2 / pi) * ({x} + 0.044715 * {x} ** 3)"
        slope = (
            f"(0.5 * (1 + tanh({inner})) + 0.5 * {x} * (1 - tanh({inner}) ** 2)"
            f" * sqrt(2 / pi) * (1 + 3 * 0.044715 * {x} ** 2))"
        )
        return Formula(f"0.5 * {x} * (1 + tanh({inner}))", (slope,))
    share = f"(1 + erf({x} / sqrt(2))) / 2"
    return Formula(f"{x} * {share}", (f"({share} + {x} * exp(-({x} ** 2) / 2) / sqrt(2 * pi))",))


def _silu(a: Part) -> Formula:
    x = _text(a)
    s = f"1 / (1 + exp(-{x}))"
    return Formula(f"{x} / (1 + exp(-{x}))", (f"({s} * (1 + {x} * (1 - {s})))",))


def _elu(a: Part, alpha: Part = 1.0, scale: Part = 1.0, input_scale: Part = 1.0) -> Formula:
    x, high = _text(a), _times(scale, f"max(0, {_text(a)})")
    low = _times(scale, _times(alpha, f"(exp(min(0, {_times(input_scale, x)})) - 1)"))
    below = _times(scale, _times(alpha, _times(input_scale, f"exp(min(0, {_times(input_scale, x)}))")))
    return Formula(f"{high} + {low}", (f"({_times(scale, f'({x} > 0)')} + ({x} <= 0) * {below})",))


def _softplus(a: Part, beta: Part = 1.0, threshold: Part = 20.0) -> Formula:
    x = _times(beta, _text(a))
    soft = f"(max(0, {x}) + log1p(exp(-abs({x}))))"
    soft = soft if beta == 1 else f"{soft} / {_text(beta)}"
    near, far = f"({x} <= {_text(threshold)})", f"({x} > {_text(threshold)})"
    return Formula(f"{near} * {soft} + {far} * {_text(a)}", (f"({near} / (1 + exp(-({x}))) + {far})",))


def _one(value: str, slope: str) -> Callable[[Part], Formula]:
    """Return the formula of an operation of one number."""
    return lambda a: Formula(value.replace("{0}", _text(a)), (slope.replace("{0}", _text(a)),))


def _compare(sign: str) -> Callable[[Part, Part], Formula]:
    return lambda a, b: Formula(f"({_text(a)} {sign} {_text(b)})", _slopes((a, "0"), (b, "0")))


def _addcmul(a: Part, b: Part, c: Part, value: Part = 1) -> Formula:
    x, y, z = _text(a), _text(b), _text(c)
    slopes = _slopes((a, "1"), (b, _times(value, z)), (c, _times(value, y)))
    return Formula(f"{x} + {_times(value, f'{y} * {z}')}", slopes)


def _addcdiv(a: Part, b: Part, c: Part, value: Part = 1) -> Formula:
    x, y, z = _text(a), _text(b), _text(c)
    slopes = _slopes((a, "1"), (b, _times(value, f"1 / {z}")), (c, f"(-{_times(value, y)} / {z} ** 2)"))
    return Formula(f"{x} + {_times(value, f'{y} / {z}')}", slopes)


def _maximum(a: Part, b: Part) -> Formula:
    x, y = _text(a), _text(b)
    higher = f"(({x} > {y}) + ({x} == {y}) / 2)", f"(({y} > {x}) + ({x} == {y}) / 2)"
    return Formula(f"max({x}, {y})", _slopes((a, higher[0]), (b, higher[1])))


def _minimum(a: Part, b: Part) -> Formula:
    x, y = _text(a), _text(b)
    lower = f"(({x} < {y}) + ({x} == {y}) / 2)", f"(({y} < {x}) + ({x} == {y}) / 2)"
    return Formula(f"min({x}, {y})", _slopes((a, lower[0]), (b, lower[1])))


def _logits(a: Part, b: Part, *_: Part) -> Formula:
    """-(y ln p + (1 - y) ln(1 - p)) with p = sigmoid(z), written so that nothing overflows."""
    z, y = _text(a), _text(b)
    slopes = _slopes((a, f"(1 / (1 + exp(-{z})) - {y})"), (b, f"(-{z})"))
    return Formula(f"max(0, {z}) - {z} * {y} + log1p(exp(-abs({z})))", slopes)


def _probabilities(a: Part, b: Part, *_: Part) -> Formula:
    p, y = _text(a), _text(b)
    value = f"-({y} * max(log({p}), -100) + (1 - {y}) * max(log(1 - {p}), -100))"
    return Formula(value, _slopes((a, f"(({p} - {y}) / max({p} * (1 - {p}), 1e-12))"), (b, "0")))


def _huber(a: Part, b: Part, _: Part = None, delta: Part = 1.0) -> Formula:
    x, y, d = _text(a), _text(b), _text(delta)
    near, far = f"(abs({x} - {y}) <= {d})", f"(abs({x} - {y}) > {d})"
    value = f"{near} * 0.5 * ({x} - {y}) ** 2 + {far} * {d} * (abs({x} - {y}) - 0.5 * {d})"
    slope = f"max(-{d}, min({d}, {x} - {y}))"
    return Formula(value, _slopes((a, slope), (b, f"(-{slope})")))


_SIGN = "(({0} > 0) - ({0} < 0))"
FORMULAS: dict[str, Callable[..., Formula]] = {
    "add": _add,
    "sub": _sub,
    "rsub": _rsub,
    "mul": _mul,
    "div": _div,
    "true_divide": _div,
    "pow": _pow,
    "addcmul": _addcmul,
    "addcdiv": _addcdiv,
    "maximum": _maximum,
    "minimum": _minimum,
    "clamp": _clamp,
    "clamp_min": lambda a, low: _clamp(a, low),
    "clamp_max": lambda a, high: _clamp(a, None, high),
    "hardtanh": lambda a, low=-1.0, high=1.0: Formula(
        _clamp(a, low, high).value, (f"({_text(a)} > {_text(low)}) * ({_text(a)} < {_text(high)})",)
    ),
    "neg": _one("-{0}", "-1"),
    "abs": _one("abs({0})", _SIGN),
    "sign": _one(_SIGN, "0"),
    "exp": _one("exp({0})", "{out}"),
    "log": _one("log({0})", "1 / {0}"),
    "log1p": _one("log1p({0})", "1 / (1 + {0})"),
    "sqrt": _one("sqrt({0})", "1 / (2 * {out})"),
    "rsqrt": _one("1 / sqrt({0})", "(-{out} / (2 * {0}))"),
    "reciprocal": _one("1 / {0}", "(-1 / {0} ** 2)"),
    "square": _one("{0} ** 2", "2 * {0}"),
    "sin": _one("sin({0})", "cos({0})"),
    "cos": _one("cos({0})", "(-sin({0}))"),
    "erf": _one("erf({0})", "2 / sqrt(pi) * exp(-({0} ** 2))"),
    "tanh": _one("tanh({0})", "(1 - {out} ** 2)"),
    "sigmoid": _one("1 / (1 + exp(-{0}))", "{out} * (1 - {out})"),
    "relu": _one("max(0, {0})", "({0} > 0)"),
    "mish": _one(
        "{0} * tanh(log1p(exp({0})))",
        "(tanh(log1p(exp({0}))) + {0} * (1 - tanh(log1p(exp({0}))) ** 2) / (1 + exp(-{0})))",
    ),
    "hardswish": _one(
        "{0} * min(1, max(0, {0} / 6 + 0.5))", "(({0} >= 3) + ({0} > -3) * ({0} < 3) * ({0} / 3 + 0.5))"
    ),
    "log_sigmoid_forward": _one("min(0, {0}) - log1p(exp(-abs({0})))", "1 / (1 + exp({0}))"),
    "leaky_relu": _leaky_relu,
    "_prelu_kernel": _prelu,
    "gelu": _gelu,
    "silu": _silu,
    "elu": _elu,
    "softplus": _softplus,
    "gt": _compare(">"),
    "ge": _compare(">="),
    "lt": _compare("<"),
    "le": _compare("<="),
    "eq": _compare("=="),
    "ne": _compare("!="),
    "bitwise_not": lambda a: Formula(f"1 - {_text(a)}", ("0",)),
    "logical_not": lambda a: Formula(f"({_text(a)} == 0)", ("0",)),
    "xlogy": lambda a, b: Formula(
        f"{_text(a)} * log({_text(b)})", _slopes((a, f"log({_text(b)})"), (b, f"{_text(a)} / {_text(b)}"))
    ),
    "_to_copy": lambda a, **_: Formula(_text(a), ("1",)),
    "huber_loss": _huber,
    "binary_cross_entropy_with_logits": _logits,
    "binary_cross_entropy": _probabilities,
}
"""From the name of an operation of torch to its formula, given its arguments."""
