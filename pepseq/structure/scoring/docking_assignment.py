"""Which chain of a model stands for which chain of the reference, by the sum of DockQ."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import combinations
from math import perm, prod
from typing import TypeAlias

from pepseq.structure.scoring.chain_pairs import ChainPairs, most_partners
from pepseq.structure.scoring.interface_scores import (
    Contacts,
    DockingChain,
    InterfaceScores,
    Side,
    score_interface,
)
from pepseq.structure.structure_files import Structure

MAX_ASSIGNMENTS = 50_000
"""Assignments of which the best is searched for; of more, only those that superpose chains."""
MAX_STEPS = 500_000
"""Beginnings of assignments that are looked at."""

Assignment: TypeAlias = tuple[tuple[int, int], ...]
"""Indices (model, reference) of chains; each chain is in one of them at most."""


class Docking:
    """The interfaces of a reference, and how well assigned chains of a model keep them."""

    def __init__(self, model: Structure, reference: Structure, pairs: ChainPairs):
        self._model = [DockingChain(chain) for chain in model.chains]
        self._reference = [DockingChain(chain) for chain in reference.chains]
        self._sides = {
            (i, j): Side(self._model[i], self._reference[j], residues)
            for (i, j), residues in pairs.items()
        }
        self._model_contacts: dict[tuple[int, int], Contacts] = {}
        self._scores: dict[tuple[tuple[int, int], tuple[int, int]], InterfaceScores] = {}
        # as in DockQ, chains are in the order of the complex that has fewer
        self._axis = 0 if len(self._model) < len(self._reference) else 1

    @cached_property
    def interfaces(self) -> dict[tuple[int, int], Contacts]:
        """The contacts of each two chains of the reference that touch."""
        found = {
            (i, j): Contacts.between(self._reference[i], self._reference[j])
            for i, j in combinations(range(len(self._reference)), 2)
        }
        return {chains: contacts for chains, contacts in found.items() if contacts.touching.any()}

    def scores(self, assignment: Assignment) -> dict[tuple[int, int], InterfaceScores]:
        """Return the scores of each interface whose chains are assigned, by its two chains."""
        ordered = sorted(assignment, key=lambda pair: pair[self._axis])
        found = {}
        for pair, other in combinations(ordered, 2):
            scores = self._score(pair, other)
            if scores is not None:
                found[min(pair[1], other[1]), max(pair[1], other[1])] = scores
        return found

    def total(self, assignment: Assignment) -> float:
        """Return the sum of DockQ of all interfaces."""
        return sum(scores.dockq for scores in self.scores(assignment).values())

    def best(self) -> Assignment | None:
        """Return the assignment of most chains with the highest sum of DockQ, then the first.

        None if there are more than MAX_ASSIGNMENTS, or the search takes MAX_STEPS.
        """
        rows: dict[int, list[tuple[int, int]]] = {}
        for pair in sorted(self._sides, key=lambda pair: (pair[self._axis], pair[1 - self._axis])):
            rows.setdefault(pair[self._axis], []).append(pair)
        options = list(rows.values())
        choices = Counter(tuple(pair[1 - self._axis] for pair in row) for row in options)
        counts = [sorted((len(of), number)) for of, number in choices.items()]
        if prod(perm(more, fewer) for fewer, more in counts) > MAX_ASSIGNMENTS:
            return None
        search = _Search(self, options, len(options) - most_partners(list(self._sides)))
        return search.best if search.steps < MAX_STEPS else None

    def gain(self, pair: tuple[int, int], others: Sequence[tuple[int, int]]) -> float:
        """Return the sum of DockQ of the interfaces of a pair of chains with others."""
        found = (self._score(other, pair) for other in others)
        return sum(scores.dockq for scores in found if scores is not None)

    def _score(self, first: tuple[int, int], second: tuple[int, int]) -> InterfaceScores | None:
        """Return the scores of two assigned chains; None if the reference's do not touch."""
        low, high = sorted((first[1], second[1]))
        of_reference = self.interfaces.get((low, high))
        if of_reference is None:
            return None
        if (first, second) not in self._scores:
            if first[1] > second[1]:
                of_reference = of_reference.swapped()
            self._scores[first, second] = score_interface(
                self._sides[first],
                self._sides[second],
                of_reference,
                self._contacts_of_model(first[0], second[0]),
            )
        return self._scores[first, second]

    def _contacts_of_model(self, first: int, second: int) -> Contacts:
        low, high = sorted((first, second))
        if (low, high) not in self._model_contacts:
            contacts = Contacts.between(self._model[low], self._model[high])
            self._model_contacts[low, high] = contacts
        contacts = self._model_contacts[low, high]
        return contacts if first == low else contacts.swapped()


class _Search:
    """Branch and bound over the assignments: one option, or none, for each row of options."""

    def __init__(self, docking: Docking, options: list[list[tuple[int, int]]], without: int):
        self._docking, self._options = docking, options
        most = [
            sum(self._most(before, row) for before in options[:place])
            for place, row in enumerate(options)
        ]
        self._rest = [sum(most[place:]) for place in range(len(options) + 1)]
        self._highest, self.steps = -1.0, 0
        self.best: Assignment = ()
        self._extend([], 0, 0.0, without)

    def _most(self, row: list[tuple[int, int]], other: list[tuple[int, int]]) -> float:
        """Return the highest DockQ of one option of each of two rows."""
        both = [(x, y) for x in row for y in other if x[0] != y[0] and x[1] != y[1]]
        return max((self._docking.gain(y, [x]) for x, y in both), default=0.0)

    def _extend(
        self, chosen: list[tuple[int, int]], place: int, total: float, without: int
    ) -> None:
        """Search all assignments that begin with `chosen`; `without` rows may go without one."""
        if place == len(self._options):
            if total > self._highest:
                self.best, self._highest = tuple(chosen), total
            return
        self.steps += 1
        if total + self._rest[place] <= self._highest or self.steps >= MAX_STEPS:
            return
        taken = {pair for other in chosen for pair in enumerate(other)}
        for pair in self._options[place]:
            if not taken & set(enumerate(pair)):
                gained = self._docking.gain(pair, chosen)
                self._extend([*chosen, pair], place + 1, total + gained, without)
        if without:
            self._extend(chosen, place + 1, total, without - 1)
