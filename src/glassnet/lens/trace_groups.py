"""The rules of operations that take groups of numbers together: sums, means, the largest, softmax."""

from __future__ import annotations

import numpy as np

from glassnet.lens.trace_codes import Codes, Floats, Pieces, Terms
from glassnet.lens.trace_record import Operand
from glassnet.lens.trace_rules import filled

ABSENT = -1
"""Stands in a group where there is no number, such as outside the picture."""
_FAR = 700.0
"""exp of larger numbers overflows."""


class Groups:
    """Each result from a group of numbers: their sum or mean, the largest, or another form of them."""

    def __init__(self, x: Operand, groups: Codes, out: Codes) -> None:
        self.groups, self.out, self.passes = groups, out.ravel(), x.passes
        order = np.argsort(x.codes.ravel(), kind="stable")
        self._known, self._values = x.codes.ravel()[order], x.value.double().numpy().ravel()[order]

    def members(self, place: int) -> Codes:
        """Return the codes of a group."""
        group: Codes = self.groups[place]
        members: Codes = group[group != ABSENT]
        return members

    def values(self, codes: Codes) -> Floats:
        """Return the numbers of some codes of the input."""
        found: Floats = self._values[np.searchsorted(self._known, codes)]
        return found

    def places(self, wanted: int) -> list[tuple[int, int]]:
        """Return in which groups a number stands, and where there."""
        if not self.passes:
            return []
        return [(int(o), int(k)) for o, k in np.argwhere(self.groups == wanted)]


class Sum(Groups):
    """The sum of a group, divided by a number for a mean."""

    def __init__(self, x: Operand, groups: Codes, out: Codes, divisors: Floats | None = None) -> None:
        super().__init__(x, groups, out)
        self.divisors = divisors

    def _over(self, place: int) -> str:
        return "" if self.divisors is None or self.divisors[place] == 1 else f" / {self.divisors[place]:g}"

    def forward(self, place: int) -> Pieces:
        """Give the sum."""
        parts = filled("{0}", {"0": self.members(place)})
        over = self._over(place)
        return ("(", parts, ")", over) if over else (parts,)

    def pull(self, wanted: int, gradients: Codes) -> list[Terms]:
        """Give the gradient of each sum, divided as the sum was."""
        return [filled("{g}" + self._over(o), {"g": gradients[[o]]}) for o, _ in self.places(wanted)]


class Largest(Groups):
    """The largest of a group; its gradient goes to the first one that is as large, or is shared."""

    def __init__(self, x: Operand, groups: Codes, out: Codes, sign: int = 1, shared: bool = False) -> None:
        super().__init__(x, groups, out)
        self.word, self.sign, self.shared = "max" if sign > 0 else "min", sign, shared

    def forward(self, place: int) -> Pieces:
        """Give all of the group."""
        members = self.members(place)
        if len(members) == 1:
            return (int(members[0]),)
        return (f"{self.word}(", filled("{0}", {"0": members}, ", "), ")")

    def pull(self, wanted: int, gradients: Codes) -> list[Terms]:
        """Give the gradient of the groups that took this number."""
        found = []
        for o, _ in self.places(wanted):
            members = self.members(o)
            values = self.sign * self.values(members)
            if self.shared:
                best = members[values == values.max()]
                if wanted in best:
                    over = f" / {len(best)}" if len(best) > 1 else ""
                    found.append(filled("{g}" + over, {"g": gradients[[o]]}))
            elif members[int(values.argmax())] == wanted:
                found.append(filled("{g}", {"g": gradients[[o]]}))
        return found


class Softmax(Groups):
    """exp of each number of a group over the sum of them all; or the logarithm of that."""

    def __init__(self, x: Operand, groups: Codes, own: Codes, out: Codes, log: bool) -> None:
        super().__init__(x, groups, out)
        self.own, self.log = own.ravel(), log
        self.rank = {int(each): place for place, each in enumerate(self.own)}

    def forward(self, place: int) -> Pieces:
        """Give the exponentials; the largest number is taken off where they would be too large."""
        members = self.members(place)
        largest = members[int(self.values(members).argmax())]
        columns = {"0": members, "m": np.full(len(members), largest)}
        if self.log:
            parts = filled("exp({0} - {m})", columns)
            return int(self.own[place]), " - ", int(largest), " - log(", parts, ")"
        if abs(self.values(members)).max() < _FAR:
            return "exp(", int(self.own[place]), ") / (", filled("exp({0})", columns), ")"
        top = ("exp(", int(self.own[place]), " - ", int(largest), ") / (")
        return (*top, filled("exp({0} - {m})", columns), ")")

    def pull(self, wanted: int, gradients: Codes) -> list[Terms]:
        """Give the part of each result of the same group."""
        if not self.passes or wanted not in self.rank:
            return []
        own = self.rank[wanted]
        places = np.array([self.rank[int(each)] for each in self.members(own)])
        others = places[places != own]
        me, them = np.full(len(others), self.out[own]), self.out[others]
        same = "(1 - exp({0}))" if self.log else "{0} * (1 - {0})"
        found = [filled(f"{{g}} * {same}", {"0": self.out[[own]], "g": gradients[[own]]})]
        if len(others):
            form = "-{g} * exp({0})" if self.log else "-{g} * {1} * {0}"
            found.append(filled(form, {"0": me, "1": them, "g": gradients[others]}))
        return found


class LogSumExp(Groups):
    """The logarithm of the sum of exponentials."""

    def forward(self, place: int) -> Pieces:
        """Take the largest number off, so that nothing overflows."""
        members = self.members(place)
        largest = members[int(self.values(members).argmax())]
        columns = {"0": members, "m": np.full(len(members), largest)}
        return int(largest), " + log(", filled("exp({0} - {m})", columns), ")"

    def pull(self, wanted: int, gradients: Codes) -> list[Terms]:
        """Give each gradient times the number's share of the sum."""
        return [
            filled(
                "{g} * exp({0} - {out})",
                {"0": np.array([wanted]), "out": self.out[[o]], "g": gradients[[o]]},
            )
            for o, _ in self.places(wanted)
        ]


class Norm(Groups):
    """The square root of the sum of squares."""

    def forward(self, place: int) -> Pieces:
        """Give the squares."""
        return "sqrt(", filled("{0} ** 2", {"0": self.members(place)}), ")"

    def pull(self, wanted: int, gradients: Codes) -> list[Terms]:
        """Give each gradient times the number over the norm."""
        return [
            filled(
                "{g} * {0} / {out}",
                {"0": np.array([wanted]), "out": self.out[[o]], "g": gradients[[o]]},
            )
            for o, _ in self.places(wanted)
        ]
