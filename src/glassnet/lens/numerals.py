"""Numbers as people read them: the digits that count, thousands apart, shares as percent."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

_START = datetime(1970, 1, 1, tzinfo=UTC)


def number(value: float, digits: int = 4) -> str:
    """Write a number with so many digits that count.

    >>> number(57.894), number(12345.6), number(0.000123456), number(3.0), number(1.5e-7), number(-0.5)
    ('57.89', '12,346', '0.0001235', '3', '1.5e-07', '−0.5')
    """
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite" if value > 0 else "−infinite"
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e12:
        return _minus(f"{value:.{digits - 1}g}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return _minus(text.rstrip("0").rstrip(".") if "." in text else text)


def rounded(value: float, width: float | None) -> str:
    """Write a number that is known to within an interval of that width, with no digit that means nothing.

    The interval is 10 to 100 times as wide as the last digit counts. Without an interval: four digits.

    >>> rounded(80.44, 14.6), rounded(0.1286, 0.19), rounded(12345.6, 4000), rounded(0.7, 0.27)
    ('80', '0.13', '12,300', '0.70')
    >>> rounded(80.44, None), rounded(80.44, 0.0)
    ('80.44', '80.44')
    """
    if not width or not 1e-4 < width < 1e12 or not math.isfinite(value):
        return number(value)
    decimals = -math.floor(math.log10(width / 10))
    size = math.floor(math.log10(abs(value))) if value else 0
    if decimals > max(3 - size, 0) or decimals > 9:
        return number(value)
    return _minus(f"{round(value, decimals) + 0.0:,.{max(decimals, 0)}f}")


def signed(value: float, digits: int = 3) -> str:
    """Write a difference with its sign.

    >>> signed(-8.123), signed(0.5), signed(0)
    ('−8.12', '+0.5', '0')
    """
    return f"+{number(value, digits)}" if value > 0 else number(value, digits)


def between(interval: tuple[float, float], digits: int = 4) -> str:
    """Write an interval.

    >>> between((54.21, 61.9))
    '54.21 to 61.9'
    """
    return f"{number(interval[0], digits)} to {number(interval[1], digits)}"


def percent(share: float, digits: int = 3) -> str:
    """Write a share.

    >>> percent(0.9561), percent(1.0), percent(0.00012)
    ('95.6 %', '100 %', '0.012 %')
    """
    return f"{number(100 * share, digits)} %"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a number of things.

    >>> counted(1, "row"), counted(1234, "row"), counted(2, "class", "classes")
    ('1 row', '1,234 rows', '2 classes')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def moment(seconds: float, *, with_time: bool = True) -> str:
    """Write a time, given in seconds since 1970; midnight is a day.

    >>> moment(0), moment(3600), moment(3600, with_time=False)
    ('1970-01-01', '1970-01-01 01:00', '1970-01-01')
    """
    at = _START + timedelta(seconds=round(seconds))
    whole_day = at.hour == at.minute == at.second == 0
    return f"{at:%Y-%m-%d}" if whole_day or not with_time else f"{at:%Y-%m-%d %H:%M}"


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
