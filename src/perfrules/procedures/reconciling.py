"""Reconciling 复核比对: self-scores against the re-scores of a spot check, matched by id, and what a deviation leads to.

No source gives a table of penalties, so the scheme declares its own under `procedures: reconciling:`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from typing import Any, Literal

from attrs import evolve, frozen

from perfrules import model, scoring, verbs
from perfrules.checking.procedures import RECONCILED
from perfrules.findings import Finding, RecordError, nearest
from perfrules.model import Batch, Cell, Frozen, GradeScale, Line, Reconciling, Record, Scheme, Scorecard
from perfrules.numbers import rounded
from perfrules.plan import ask, asked, names_behind
from perfrules.procedures.deviations import (
    Deviation,
    GradeChange,
    ItemDeviation,
    Reason,
    Reconciled,
    Reconciliation,
)
from perfrules.procedures.figures import fraction
from perfrules.procedures.form import Form
from perfrules.procedures.sampling import NAMED, as_batch

Scored = Batch | Iterable[Any]
"""One side: a batch, or records, what can be read as records, or scorecards."""
Key = tuple[str, int]
"""An item: its path, and which of that path it is, as rows may share a name."""
ZERO = Fraction(0)


def reconcile(scheme: Scheme, self_scores: Scored, reviews: Scored) -> Reconciliation:
    """Self-scores against re-scores, record by record. Raises RecordError where the scheme declares no reconciling, where
    records cannot be read, and where a side has two of one id.

    Benchmarks are those of the self-scores, so that both sides are measured alike.
    """
    scoring.must_be_scheme(scheme)
    declared = scheme.procedures.reconciling
    if declared is None:
        seen = {"scheme": scheme.id, "key": "reconciling"}
        raise RecordError([Finding("procedure-not-declared", None, scheme.id, seen)])
    return _Reconciling(scheme, declared).made(self_scores, reviews)


@frozen
class _Item:
    points: Fraction | None
    score: Fraction | None
    counts: bool
    step: str = ""
    row: model.Row | None = None


@frozen
class _Side:
    """What one side says of a record: its total, grades, items and lines of loss; the record, where it is at hand."""

    id: str
    total: Fraction | None
    grades: Mapping[str, str | None]
    items: Mapping[Key, _Item]
    lines: tuple[Line, ...]
    record: Record | None


class _Reconciling:
    def __init__(self, scheme: Scheme, declared: Reconciling) -> None:
        self.scheme = scheme
        self.declared = declared
        self.plan = verbs.plan(scheme)
        self.groups = {n.path for n in scheme.tree.walk() if _gathers(n)}
        self.questions = ask(
            self.plan,
            {"outcome": declared.outcome, "penalty": declared.penalty, "item_outcome": declared.item_outcome},
            RECONCILED,
        )
        self.found: list[Finding] = []
        self.doubtful: dict[str, list[str]] = {}
        self.benchmarks: Mapping[str, Frozen] = {}
        self.inputs_behind = cache(self._inputs_behind)

    def made(self, self_scores: Scored, reviews: Scored) -> Reconciliation:
        own_cards, own_batch = self.cards_and_batch(self_scores)
        cards, batch = self.cards_and_batch(reviews)
        if self.scheme.benchmarks:
            self.benchmarks = verbs.freeze(self.scheme, own_batch.records)
        wanted = {c.record for c in cards} | {r.id for r in batch.records}
        known = {c.record for c in own_cards} | {r.id for r in own_batch.records}
        own = {c.record: self.of_card(c) for c in own_cards}
        own |= {
            r.id: self.of_record(r, printed=self.declared.reads == "printed")
            for r in own_batch.records
            if r.id in wanted
        }
        review = {c.record: self.of_card(c) for c in cards}
        review |= {r.id: self.of_record(r) for r in batch.records if r.id in known}
        aside = (*own_batch.set_aside, *batch.set_aside)
        unread = {a.id for a in aside}
        without = sorted(wanted - known - unread)
        self.unmatched(without, known)
        records = tuple(self.one(own[name], review[name]) for name in sorted(wanted & known))
        not_reviewed = tuple(sorted(known - wanted - unread))
        where = self.declared.location
        if not_reviewed:
            seen = {"count": str(len(not_reviewed)), "some": some_of(not_reviewed)}
            self.found.append(Finding("not-reviewed", where, "procedures/reconciling", seen))
        for name, ids in self.doubtful.items():
            seen = {"count": str(len(ids)), "some": some_of(ids)}
            self.found.append(Finding(name, where, "procedures/reconciling", seen))
        findings = (*own_batch.findings, *batch.findings, *self.found)
        return Reconciliation(self.scheme, records, not_reviewed, tuple(without), aside, findings)

    def unmatched(self, without: list[str], known: Iterable[str]) -> None:
        """Re-scores of what has no self-score; most likely an id is wrong."""
        for number, name in enumerate(without):
            near = nearest(name, known) if number < NAMED else ""
            self.found.append(Finding("review-without-self", None, name, {"id": name}, near))

    def doubt(self, name: str, record: str) -> None:
        self.doubtful.setdefault(name, []).append(record)

    # ------------------------------------------------------------------------------------- the two sides

    def cards_and_batch(self, given: Scored) -> tuple[list[Scorecard], Batch]:
        if isinstance(given, Batch):
            return [], as_batch(self.scheme, given)
        listed = list(given)
        cards = [each for each in listed if isinstance(each, Scorecard)]
        twice = [name for name, count in Counter(c.record for c in cards).items() if count > 1]
        if twice:
            seen = {"id": twice[0], "lines": "—"}
            raise RecordError([Finding("duplicate-record-id", None, twice[0], seen)])
        return cards, as_batch(self.scheme, [each for each in listed if not isinstance(each, Scorecard)])

    def of_record(self, record: Record, *, printed: bool = False) -> _Side:
        card = verbs.score(self.scheme, record, trace=False, benchmarks=self.benchmarks)
        return self.of_form(Form(self.scheme, record, self.benchmarks), card) if printed else self.of_card(card)

    def of_card(self, card: Scorecard) -> _Side:
        record = card.evidence.record if card.evidence is not None else None
        steps = {n.node.path: n.score for n in self.plan.nodes}
        shown = [n.path for n in card.nodes if not n.counts and n.role != "row"]
        rows = iter(self._rows(card)) if card.evidence is not None else iter(())
        items: dict[Key, _Item] = {}
        counted: Counter[str] = Counter()
        for node in card.nodes:
            if node.path in self.groups or node.state == "described" or not (node.path or len(card.nodes) == 1):
                continue
            row = next(rows, None) if node.role == "row" else None
            counted[node.path] += 1
            counts = node.counts and not any(f"{node.path}/".startswith(f"{path}/") for path in shown)
            item = _Item(node.points, node.score, counts, steps.get(node.path, ""), row)
            items[node.path, counted[node.path]] = item
        return _Side(card.record, card.points, card.grades, items, card.lines, record)

    def _rows(self, card: Scorecard) -> Iterator[model.Row]:
        """The rows in the order of their lines on a scorecard."""
        for planned in self.plan.nodes:
            if planned.rows:
                yield from (row for row, _ in card.evidence.results.rows.get(planned.rows, ()))

    def of_form(self, form: Form, card: Scorecard) -> _Side:
        """The side as it is printed: what is not printed is computed from what is."""
        side = self.of_card(card)
        printed: dict[Key, Fraction] = {}
        counted: Counter[str] = Counter()
        for line in form.lines:
            counted[line.score.path] += 1
            if line.printed is not None:
                printed[line.score.path, counted[line.score.path]] = line.printed.value
        items = {key: evolve(item, score=printed.get(key, item.score)) for key, item in side.items.items()}
        labels: dict[str, str | None] = {}
        for planned in self.plan.grades:
            rank = fraction(form.stated.values[planned.rank])
            labels[planned.scale.name] = None if rank is None else planned.scale.labels[int(rank)]
        for figure, cell in form.figures:
            if figure.what == "grade" and isinstance(cell.value, str):
                labels[figure.target] = cell.value
        total = fraction(form.stated.values[self.plan.nodes[0].score])
        return evolve(side, total=total, items=items, grades={**side.grades, **labels}, lines=())

    # ------------------------------------------------------------------------------------- one record

    def one(self, own: _Side, review: _Side) -> Reconciled:
        items = tuple(self.item(key, own, review) for key in dict.fromkeys((*own.items, *review.items)))
        whole = self.deviation(own.total, review.total, review.record, "outcome", self.declared.outcome)
        if own.total is None or review.total is None:
            self.doubt("score-wanting", own.id)
        elif whole.deviation is None and whole.taken_off:
            self.doubt("deviation-undefined", own.id)
        elif any(i.scores.differ and i.scores.taken_off is None for i in items):
            self.doubt("items-differ", own.id)
        if any((i.scores.taken_off or 0) > 0 and not i.reasons for i in items):
            self.doubt("deduction-without-reason", own.id)
        keys = dict.fromkeys((*own.items, *review.items))
        counted = [
            i.scores for key, i in zip(keys, items, strict=True) if (own.items.get(key) or review.items[key]).counts
        ]
        elsewhere = None
        if whole.taken_off is not None and not any(c.differ and c.taken_off is None for c in counted):
            elsewhere = whole.taken_off - sum((c.taken_off or ZERO for c in counted), ZERO)
        grades = tuple(self.grades(own, review))
        penalty = self.answers("penalty", whole, review.record) if self.declared.penalty else None
        reasons = tuple(self.beside_items(own, review)) if elsewhere else ()
        return Reconciled(own.id, whole, fraction(penalty), items, grades, elsewhere, reasons)

    def deviation(
        self, own: Fraction | None, review: Fraction | None, record: Record | None, question: str,
        scale: GradeScale | None,
    ) -> Deviation:  # fmt: skip
        found = None
        if own and review is not None:
            found = (own - review) / own
            if self.declared.round is not None:
                found = rounded(found, self.declared.round.places, self.declared.round.mode)
        made = Deviation(own, review, found)
        if scale is None:
            return made
        rank = fraction(self.answers(question, made, record))
        return evolve(made, outcome=None if rank is None else scale.labels[int(rank)])

    def answers(self, question: str, scores: Deviation, record: Record | None) -> object:
        """What a table of the scheme makes of a deviation; a hole where it reads what is not there."""
        given = dict(zip(RECONCILED, (scores.deviation, scores.self_score, scores.review_score), strict=True))
        supposed = {asked(name): value for name, value in given.items() if value is not None}
        about = record if record is not None else Record("", {})
        return scoring.evaluate(self.questions, about, supposed=supposed, frozen=self.benchmarks).values[
            asked(question)
        ]

    def item(self, key: Key, own: _Side, review: _Side) -> ItemDeviation:
        before, after = own.items.get(key), review.items.get(key)
        scores = self.deviation(
            before.score if before else None, after.score if after else None, review.record, "item_outcome",
            self.declared.item_outcome,
        )  # fmt: skip
        known = after or before
        assert known is not None
        reasons = tuple(self.reasons(key[0], before, after, own, review)) if scores.differ else ()
        return ItemDeviation(key[0], known.points, scores, reasons)

    def grades(self, own: _Side, review: _Side) -> Iterator[GradeChange]:
        for scale in self.scheme.grades.values():
            before, after = own.grades.get(scale.name), review.grades.get(scale.name)
            if before != after:
                place = {label: i for i, label in enumerate(scale.labels)}
                down = place[after] - place[before] if before in place and after in place else None
                yield GradeChange(scale.name, before, after, down)

    # ------------------------------------------------------------------------------------- reasons

    def reasons(
        self, path: str, before: _Item | None, after: _Item | None, own: _Side, review: _Side
    ) -> Iterator[Reason]:
        """Why an item has another score: rulings first, then data found otherwise, then the rule's own reasons."""
        lines = [line for line in review.lines if line.path == path]
        for line in lines:
            if line.kind == "ruling":
                yield Reason("ruling", line.reason, line.name)
        yield from self.data(before, after, own, review)
        for line in lines:
            if line.kind != "ruling" and line.amount > 0 and (line.reason or line.clause):
                yield Reason("rule", line.reason, line.name, clause=line.clause)

    def data(self, before: _Item | None, after: _Item | None, own: _Side, review: _Side) -> Iterator[Reason]:
        """The data behind an item that the two sides state differently."""
        if before is None or after is None or own.record is None or review.record is None:
            return
        if before.row is not None and after.row is not None:
            names = list(dict.fromkeys((*before.row.cells, *after.row.cells)))
            yield from _differing({n: n for n in names}, before.row.cells, after.row.cells)
        elif after.step:
            labels = {name: self.scheme.inputs[name].label for name in self.inputs_behind(after.step)}
            yield from _differing(labels, own.record.cells, review.record.cells)

    def _inputs_behind(self, step: str) -> tuple[str, ...]:
        behind = names_behind(self.plan, [step])
        return tuple(name for name in self.scheme.inputs if name in behind)

    def beside_items(self, own: _Side, review: _Side) -> Iterator[Reason]:
        """What the review's scorecard has beside its items, and the self-score's has not, or not so much of."""
        before = {(x.path, x.kind, x.name): x.amount for x in own.lines}
        for line in review.lines:
            if line.path in self.groups and before.get((line.path, line.kind, line.name)) != line.amount:
                kind: Literal["ruling", "rule"] = "ruling" if line.kind == "ruling" else "rule"
                yield Reason(kind, line.reason or line.kind, line.name, clause=line.clause)


def _gathers(node: model.TreeNode) -> bool:
    """Whether a node's score is made of items beneath it."""
    match node.holds:
        case model.Group(children=children):
            return any(c.points is not None for c in children)
        case model.OpenGroup():
            return True
        case _:
            return False


def _differing(labels: Mapping[str, str], before: Mapping[str, Cell], after: Mapping[str, Cell]) -> Iterator[Reason]:
    for name, label in labels.items():
        old, new = before.get(name), after.get(name)
        if (old and old.value) != (new and new.value):
            yield Reason("data", name=label, before=old.raw if old else "", after=new.raw if new else "")


def some_of(ids: Iterable[str]) -> str:
    """A few ids, for a finding about many."""
    listed = list(ids)
    return "、".join(listed[:NAMED]) + ("……" if len(listed) > NAMED else "")
