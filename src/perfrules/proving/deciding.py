"""Claims of one scheme decided, leaf by leaf and then added up: cheap tries first, then the solver, then a directed search."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction
from functools import partial
from time import perf_counter

from attrs import define, evolve, field

from perfrules import model
from perfrules.model import Datum, Hole, Scheme
from perfrules.plan import Plan, RowBlock, names_behind
from perfrules.proving.adding import Adding
from perfrules.proving.alike import Form, form_of, renamed
from perfrules.proving.answers import Answer, Decided, Example, Proved, Refuted, Unknown
from perfrules.proving.trying import Trial
from perfrules.readings.proof.claims import (
    EXISTENTIAL,
    Arms,
    Attained,
    Candidate,
    Claim,
    Defined,
    Monotone,
    NoGift,
    Within,
    settled_score,
    steps_of,
)
from perfrules.readings.proof.deciding import Prover

QUICK = 12
"""So many records are tried before the solver is asked: many claims of some record are shown by the first of them."""
WHOLE = 400
"""With more steps than this behind it, a node that adds up others is never put to the solver whole."""


@define
class Deciding:
    """Decides the claims of a scheme's plan (with the questions of its author's claims in it)."""

    scheme: Scheme
    plan: Plan
    _trial: Trial | None = None
    _prover: Prover | None = None
    _quick: dict[tuple[str, str], list[Candidate]] = field(factory=dict)
    _adding: Adding | None = None
    _mixes: list[Candidate] = field(factory=list)
    _full: dict[tuple[str, str], Candidate] = field(factory=dict)
    _cuts: tuple[Claim, Prover] | None = None
    _forms: dict[Hashable, tuple[Form, Answer]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._trial = Trial(self.scheme, self.plan)
        self._prover = Prover(self.plan)
        self._adding = Adding(self.plan, {n.score: n for n in self.plan.nodes if n.score})

    @property
    def trial(self) -> Trial:
        """Where records are tried exactly."""
        assert self._trial is not None
        return self._trial

    @property
    def prover(self) -> Prover:
        """The whole plan as a question."""
        assert self._prover is not None
        return self._prover

    @property
    def adding(self) -> Adding:
        """What is known of the parts of a whole."""
        assert self._adding is not None
        return self._adding

    def decide(self, wanted: Sequence[Claim]) -> list[Decided]:
        """Every claim with its answer, in the order given; what adds up others is decided after them."""
        answers: dict[int, Decided] = {}
        for claim in wanted:
            steps = self.trial.together.setdefault(claim.of.block or f"{claim.of.role} {claim.of.path}", [])
            steps += [s for s in steps_of(claim) if s not in steps]
        for place in sorted(range(len(wanted)), key=lambda i: -self._depth(wanted[i])):
            claim = wanted[place]
            start = perf_counter()
            answer = self._answer(claim)
            self.adding.learn(claim, answer, self.prover)
            name = f"{self.scheme.id}@{self.scheme.edition}" if self.scheme.edition else self.scheme.id
            ms = (perf_counter() - start) * 1000
            answers[place] = Decided(name, claim.of.path, claim, answer, ms, self.scheme)
        return [answers[i] for i in range(len(wanted))]

    def _depth(self, claim: Claim) -> int:
        """How deep in the tree a claim's node is: those below are decided first, and what is asked of the whole last."""
        if claim.of.role == "node":
            return claim.of.path.count("/") + 1 if claim.of.path else 0
        return 0 if claim.of.role in ("scheme", "grade") else 99

    # ------------------------------------------------------------------------------------------ one claim

    def _answer(self, claim: Claim) -> Answer:
        """The answer, from that of a claim alike where there was one: what is shown is scored anew all the same."""
        form = form_of(self.plan, claim) if self._rests_on_leaves(claim) else None
        if form is None:
            return self._anew(claim)
        before = self._forms.get(form.said)
        answer = self._alike(*before, form, claim) if before is not None else None
        if answer is None:
            answer = self._anew(claim)
            self._forms.setdefault(form.said, (form, answer))
        return answer

    def _alike(self, before: Form, answer: Answer, form: Form, claim: Claim) -> Answer | None:
        """The answer to a claim of the same form, said of this one; None where it has to be asked anew."""
        if isinstance(answer, Unknown):
            return answer
        if isinstance(answer, Refuted) and isinstance(claim, EXISTENTIAL):
            return None  # it tells what came closest, and which parts
        called = dict(zip(before.names, form.names, strict=True))
        shown: list[Example | None] = []
        for place, example in enumerate((answer.record, answer.other if isinstance(answer, Refuted) else None)):
            if example is None:
                shown.append(None)
                continue
            assert example.candidate is not None
            candidate = renamed(example.candidate, called)
            part = claim.inputs.index(candidate.second[0]) if isinstance(claim, NoGift) and candidate.second else place
            shown.append(self.trial.confirmed(candidate, claim, part))
            if shown[-1] is None:
                return None
            self._keep(claim, candidate)
        if isinstance(answer, Proved):
            return Proved(shown[0], answer.way)
        return Refuted(shown[0], shown[1])

    def _anew(self, claim: Claim) -> Answer:
        if isinstance(claim, Attained) and claim.of.role == "node" and not self._rests_on_leaves(claim):
            shown = self._joint(claim)
            if shown is not None:
                return Proved(shown)
        if isinstance(claim, EXISTENTIAL):
            return self._of_some(claim)
        if isinstance(claim, Monotone):
            return self._monotone(claim)
        return self._of_all(claim)

    def _rests_on_leaves(self, claim: Claim) -> bool:
        return not self._nodes_read(claim)

    def _nodes_read(self, claim: Claim) -> list[str]:
        """The scores of other nodes that a claim's steps read."""
        own = {n.score for n in self.plan.nodes if n.node.path == claim.of.path} if claim.of.role == "node" else set()
        return [n for n in sorted(names_behind(self.plan, steps_of(claim))) if n in self.adding.scores and n not in own]

    def _of_some(self, claim: Claim) -> Answer:
        """Each part must be shown by some record."""
        wanting: list[int] = []
        unknown: list[str] = []
        shown: Example | None = None
        for part in range(self.prover.parts(claim)):
            found, why = self._sought(claim, part)
            if found is not None:
                shown = shown or found
            elif why is None:
                wanting.append(part)
            else:
                unknown += why
        if wanting:
            words = tuple(claim.written[p] for p in wanting) if isinstance(claim, Arms) else ()
            return Refuted(self._best(claim), None, words)
        return Unknown(tuple(dict.fromkeys(unknown))) if unknown else Proved(shown)

    def _of_all(self, claim: Claim) -> Answer:
        """No part may be refuted by any record."""
        unknown: list[str] = []
        for part in range(self.prover.parts(claim)):
            found, why = self._sought(claim, part)
            if found is not None:
                if isinstance(claim, Defined) and claim.stated:
                    return Proved(found)
                return Refuted(found)
            unknown += why or ()
        return Unknown(tuple(dict.fromkeys(unknown))) if unknown else Proved()

    def _monotone(self, claim: Monotone) -> Answer:
        if claim.way != "either":
            found, why = self._sought(claim, 0)
            if found is not None:
                return Refuted(found)
            return Unknown(tuple(why)) if why is not None else Proved(way=claim.way)
        ways: list[Candidate] = []
        for part, way in enumerate(("rises", "falls")):
            seen = self.prover.search(claim, part, partial(self.trial.on_grid, claim=claim, part=part))
            if seen.none:
                return Proved(way=way)
            ways += [seen.shown] if seen.shown is not None else []
        if len(ways) == 2:
            shown = [self.trial.shows(c, claim, part) for part, c in enumerate(ways)]
            if None not in shown:
                return Refuted(shown[0], shown[1])
        falls, why = self._sought(claim, 0)
        rises, why_rises = self._sought(claim, 1)
        if falls is not None and rises is not None:
            return Refuted(falls, rises)
        if (falls is None and why is None) or (rises is None and why_rises is None):
            return Proved(way="rises" if falls is None and why is None else "falls")
        return Unknown(tuple(dict.fromkeys((*(why or ()), *(why_rises or ())))))

    def _sought(self, claim: Claim, part: int) -> tuple[Example | None, Sequence[str] | None]:
        """A record that shows (or refutes) part of a claim; else None, and why it is not known, None where none does."""
        read = self._nodes_read(claim)
        adds_up = bool(read) or bool(self.adding.rows_within(claim))
        existential = isinstance(claim, EXISTENTIAL)
        if adds_up and not existential and self._cut(claim, read).excludes(claim, part):
            return None, None
        if not isinstance(claim, Monotone | NoGift):
            for candidate in (*self._tries(claim)[:QUICK], *self._mixed(claim)):
                if self.trial.kept(candidate, claim, part):
                    shown = self.trial.shows(candidate, claim, part)
                    if shown is not None:
                        self._keep(claim, candidate)
                        return shown, None
        if adds_up and existential and self._cut(claim, read).excludes(claim, part):
            return None, None
        if read and len(names_behind(self.plan, steps_of(claim))) > WHOLE:
            return self._directed(claim, part), ("too-large",)

        def accept(candidate: Candidate) -> Example | None:
            shown = self.trial.shows(candidate, claim, part)
            if shown is not None:
                self._keep(claim, candidate)
            return shown

        result = self.prover.search(claim, part, accept)
        if result.shown is not None:
            return result.shown, None
        if result.none:
            return None, None
        return self._directed(claim, part), result.why

    def _cut(self, claim: Claim, read: Sequence[str]) -> Prover:
        """The plan as a question where the nodes that a claim reads are known by what is proved of them."""
        if self._cuts is None or self._cuts[0] is not claim:
            cuts, assumed = self.adding.cuts(claim, read), self.adding.assumed(claim, read)
            self._cuts = (claim, Prover(self.plan, cuts, assumed, self.prover.context))
        return self._cuts[1]

    def _keep(self, claim: Claim, candidate: Candidate) -> None:
        if isinstance(claim, Attained):
            self._full[claim.of.path, claim.which] = candidate

    # ------------------------------------------------------------------------------------------ tries

    def _tries(self, claim: Claim) -> list[Candidate]:
        """Records to try, spread over all that a directed search would."""
        key = (claim.of.block or claim.of.path, claim.step)
        if key not in self._quick:
            made = self._in_place(claim, self.trial.directed(claim))
            step = max(1, len(made) // QUICK)
            self._quick[key] = [*made[::step], *made]
        return self._quick[key]

    def _mixed(self, claim: Claim) -> list[Candidate]:
        """For what is asked of the whole: records whose first leaves get all their points and whose others get least."""
        if claim.of.role not in ("grade", "scheme") or not self._nodes_read(claim):
            return []
        if not self._mixes:
            leaves = [n.node.path for n in self.plan.nodes if n.body and (n.node.path, "full") in self._full]
            mixed = Candidate()
            for path in leaves:
                least = self._full.get((path, "least"))
                mixed = (_put_together(mixed, least) if least is not None else None) or mixed
            self._mixes = [mixed]
            for path in leaves:
                full = self._full[path, "full"]
                cells = {**self._mixes[-1].cells, **full.cells}
                self._mixes.append(evolve(self._mixes[-1], cells=cells, rows={**self._mixes[-1].rows, **full.rows}))
        return self._mixes

    def _in_place(self, claim: Claim, made: list[Candidate]) -> list[Candidate]:
        """Rows with what their block asks for, so that they are taken."""
        block = next((s for s in self.plan.steps if isinstance(s, RowBlock) and s.name == claim.of.block), None)
        if block is None or not block.where or not made:
            return made
        kind = self.scheme.rows[block.rows]
        step = next(s for s in block.steps if s.name == block.where)
        for name in step.formula.names:
            column = next((c for c in kind.columns if c.name == name and c.kind == "choice"), None)
            for choice in column.choices if column is not None else ():
                filled = [_with_cell(c, kind.name, name, choice) for c in made]
                if self.trial.values(filled[0], claim, tuple(steps_of(claim))) is not None:
                    return filled
        return made

    def _directed(self, claim: Claim, part: int) -> Example | None:
        """A directed search: what the solver could not tell may still be shown by a record."""
        made = self._tries(claim)[QUICK:]
        if isinstance(claim, Monotone):
            made = [m for c in made[:40] for m in self._pairs(claim, c)]
        if isinstance(claim, NoGift):
            name = claim.inputs[part]
            made = [evolve(c, cells={**c.cells, name: model.MISSING}, second=(name, v)) for c in made
                    for v in [_cell(c, name)] if not isinstance(v, Hole | None)]  # fmt: skip
        for candidate in made:
            if self.trial.bears_out(candidate, claim, part):
                shown = self.trial.shows(candidate, claim, part)
                if shown is not None:
                    return shown
        return None

    def _pairs(self, claim: Monotone, candidate: Candidate) -> Iterable[Candidate]:
        values = {v for c in self._tries(claim) for v in [_cell(c, claim.input)] if isinstance(v, Fraction)}
        first = _cell(candidate, claim.input)
        if isinstance(first, Fraction):
            for more in sorted(v for v in values if v > first)[:6]:
                yield evolve(candidate, second=(claim.input, more))

    def _best(self, claim: Claim) -> Example | None:
        """Where no record gives all points: of those tried the one that gives most."""
        if not isinstance(claim, Attained) or claim.of.block:
            return None
        best: tuple[Fraction, Candidate] | None = None
        for candidate in self._tries(claim):
            values = self.trial.values(candidate, claim, (claim.step,))
            came = values.get(claim.step) if values is not None else None
            further = isinstance(came, Fraction) and (
                best is None or (came > best[0] if claim.which == "full" else came < best[0])
            )
            if further and isinstance(came, Fraction):
                best = (came, candidate)
        if best is None:
            return None
        any_record = Within(claim.of, claim.step, best[0] + 1, best[0] - 1)  # refuted by whatever has a score
        return self.trial.shows(best[1], any_record, 0)

    # ------------------------------------------------------------------------------------------ of the whole

    def _joint(self, claim: Attained) -> Example | None:
        """All points (or least) of a whole: the leaves' own witnesses put together, those that share inputs asked anew."""
        read = set(self._nodes_read(claim))
        merged = Candidate()
        for planned in self.plan.nodes:
            if planned.score not in read or not planned.body or planned.node.points is None:
                continue
            last, high = settled_score(planned)
            amount = high if claim.which == "full" else planned.node.points.low
            if amount is None:
                return None
            subject = evolve(claim.of, path=planned.node.path)
            leaf = Attained(subject, last, amount, claim.which)
            if self.trial.bears_out(merged, leaf, 0):
                continue
            found = self._full.get((planned.node.path, claim.which))
            if found is None:
                return None
            put = _put_together(merged, found)
            if put is None or not self.trial.bears_out(put, leaf, 0):
                put = self._pinned(merged, leaf)
            if put is None:
                return None
            merged = put
        return self.trial.shows(merged, claim, 0) if self.trial.bears_out(merged, claim, 0) else None

    def _pinned(self, merged: Candidate, leaf: Attained) -> Candidate | None:
        """More of a record, where what is already in it must stay."""
        kept: list[Candidate] = []

        def accept(candidate: Candidate) -> Candidate | None:
            put = _put_together(merged, candidate)
            if put is not None and self.trial.bears_out(put, leaf, 0):
                kept.append(put)
                return put
            return None

        found = self.prover.search(leaf, 0, accept, settled=merged.cells)
        return found.shown


def _put_together(a: Candidate, b: Candidate) -> Candidate | None:
    """Two candidates as one; None where they say different things of an input."""
    for name, value in b.cells.items():
        if name in a.cells and a.cells[name] != value:
            return None
    if a.rows and b.rows:
        return None
    return evolve(
        a, cells={**a.cells, **b.cells}, rows={**a.rows, **b.rows}, benchmarks={**a.benchmarks, **b.benchmarks},
        stage=a.stage or b.stage,
    )  # fmt: skip


def _cell(candidate: Candidate, name: str) -> Datum | Hole | None:
    if name in candidate.cells:
        return candidate.cells[name]
    return next((row[name] for found in candidate.rows.values() for row in found if name in row), None)


def _with_cell(candidate: Candidate, kind: str, name: str, value: str) -> Candidate:
    first, *rest = candidate.rows.get(kind, ({},))
    return evolve(candidate, rows={**candidate.rows, kind: ({**first, name: value}, *rest)})
