"""The procedures of a scheme: sampling, reconciling, monitoring, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from perfrules import documents, model
from perfrules.documents import Node, Scalar
from perfrules.loading.forms import or_default
from perfrules.loading.tree import Trees
from perfrules.model import Provenance
from perfrules.numbers import published


class Procedures(Trees):
    """Reads what evaluators do around the score."""

    def procedures(self, node: Node | None, top: Provenance) -> model.Procedures:
        """The section; a part that it does not have is None."""
        if node is None:
            return model.Procedures()
        found = self.mapping(node, "procedures", "procedures")
        mark = self.provenance(found, top)
        return model.Procedures(
            sampling=self._sampling(found.get("sampling"), mark),
            reconciling=self._reconciling(found.get("reconciling"), mark),
            monitoring=self._monitoring(found.get("monitoring"), mark),
            outcomes=self._outcomes(found.get("outcomes"), mark),
        )

    # ------------------------------------------------------------------------------------------- sampling

    def _sampling(self, node: Node | None, above: Provenance) -> model.Sampling | None:
        if node is None:
            return None
        path = "procedures/sampling"
        found = self.mapping(node, "sampling", path)
        count, money = self._share(found, "count", path), self._share(found, "money", path)
        if "count" not in found and "money" not in found:
            self.report("key-wanting", node, path, key="count", form="抽查", form_en="a spot check")
        certainty = self.mapping(found.get("certainty"), "certainty", f"{path}/certainty")
        conditions = self.entries(certainty.get("when"), f"{path}/certainty", "when")
        certain = {k.text: f for k, v in conditions if (f := self.formula(v, f"{path}/certainty/{k.text}"))}
        largest = or_default(self.integer(certainty.get("largest"), f"{path}/certainty", "largest"), 0)
        apportion: Literal["count", "money"] = self.word(
            found.get("apportion"), path, "apportion", ("count", "money"), "count"
        )
        until_money = self.truth(found.get("until_money"), path, "until_money", False)
        if until_money and "money" not in found:
            self.report("key-does-not-fit", self.key(found["until_money"]), path, key="until_money", with_="count")
        if (money is not None or largest or apportion == "money") and "amount" not in found:
            self.report("key-wanting", node, path, key="amount", form="抽查", form_en="a spot check")
        if "strata" not in found:
            for word in ("stratum_share", "stratum_least", "apportion"):
                if word in found:
                    self.report(
                        "key-wanting", self.key(found[word]), path, key="strata", form="抽查", form_en="a spot check"
                    )
        return model.Sampling(
            count=count,
            money=money,
            amount=self.formula(found.get("amount"), path),
            where=self.formula(found.get("where"), path),
            strata=self.formula(found.get("strata"), path),
            stratum_share=self._share(found, "stratum_share", path) or Fraction(0),
            stratum_least=or_default(self.integer(found.get("stratum_least"), path, "stratum_least"), 0),
            apportion=apportion,
            largest=largest,
            certain=certain,
            until_money=until_money,
            provenance=self.provenance(found, above),
            location=documents.place(node),
        )

    def _share(self, found: Mapping[str, Node], key: str, path: str) -> Fraction | None:
        """A share of a whole: over 0, and 1 at most."""
        share = self.constant(found.get(key), path, key)
        if share is not None and not 0 < share <= 1:
            self.report("share-out-of-range", found[key], path, key=key, seen=published(share))
            return None
        return share

    # ------------------------------------------------------------------------------------------- reconciling

    def _reconciling(self, node: Node | None, above: Provenance) -> model.Reconciling | None:
        if node is None:
            return None
        path = "procedures/reconciling"
        found = self.mapping(node, "reconciling", path)
        mark = self.provenance(found, above)
        scales = {
            word: self.grade(None, found[word], mark, f"{path}/{word}") if word in found else None
            for word in ("outcome", "item_outcome")
        }
        for word, scale in scales.items():
            if scale is not None and scale.combine:
                self.report("key-does-not-fit", found[word], f"{path}/{word}", key="combine", with_=word)
        penalty = None
        if "penalty" in found:
            key = self.key(found["penalty"])
            assert isinstance(key, Scalar)
            penalty = self.value(key, found["penalty"], mark, path)
        return model.Reconciling(
            reads=self.word(found.get("reads"), path, "reads", ("computed", "printed"), "computed"),
            round=self.rounding(found.get("round"), path),
            outcome=scales["outcome"],
            penalty=penalty,
            item_outcome=scales["item_outcome"],
            provenance=mark,
            location=documents.place(node),
        )

    # ------------------------------------------------------------------------------------------- monitoring, outcomes

    def _monitoring(self, node: Node | None, above: Provenance) -> model.Monitoring | None:
        if node is None:
            return None
        path = "procedures/monitoring"
        found = self.mapping(node, "monitoring", path)
        levers: dict[str, tuple[str, Literal["up", "down"]]] = {}
        for key, value in self.entries(found.get("levers"), path, "levers"):
            lever = self.mapping(value, "lever", f"{path}/levers/{key.text}")
            toward: Literal["up", "down"] = self.word(lever.get("toward"), path, "toward", ("up", "down"), "up")
            levers[key.text] = (self.text(lever.get("input"), path, "input"), toward)
        return model.Monitoring(
            month=self.text(found.get("month"), path, "month"),
            good=self.texts(found.get("good"), path, "good"),
            by=self.formula(found.get("by"), path),
            levers=levers,
            provenance=self.provenance(found, above),
            location=documents.place(node),
        )

    def _outcomes(self, node: Node | None, above: Provenance) -> model.Outcomes | None:
        if node is None:
            return None
        path = "procedures/outcomes"
        found = self.mapping(node, "outcomes", path)
        mark = self.provenance(found, above)
        awards = tuple(self._award(k, v, mark, path) for k, v in self.entries(found.get("awards"), path, "awards"))
        rules = (self._outcome_rule(k, v, mark, path) for k, v in self.entries(found.get("rules"), path, "rules"))
        factor = None
        if "factor" in found:
            key = self.key(found["factor"])
            assert isinstance(key, Scalar)
            factor = self.value(key, found["factor"], mark, path)
        return model.Outcomes(
            awards=awards,
            rules=tuple(r for r in rules if r is not None),
            factor=factor,
            base=self.formula(found.get("base"), path),
            provenance=mark,
            location=documents.place(node),
        )

    def _award(self, key: Scalar, node: Node, above: Provenance, path: str) -> model.Award:
        at = f"{path}/awards/{key.text}"
        found = self.mapping(node, "award", at)
        if ("first" in found) is ("last" in found):
            self.report("award-wants-first-or-last", key, at)
        return model.Award(
            name=key.text,
            first=or_default(self.integer(found.get("first"), at, "first"), 0),
            last=or_default(self.integer(found.get("last"), at, "last"), 0),
            where=self.formula(found.get("where"), at),
            ties=self.word(found.get("ties"), at, "ties", ("all", "none", "decide"), ""),
            outcome=self.text(found.get("outcome"), at, "outcome"),
            provenance=self.provenance(found, above),
        )

    def _outcome_rule(self, key: Scalar, node: Node, above: Provenance, path: str) -> model.OutcomeRule | None:
        at = f"{path}/rules/{key.text}"
        found = self.mapping(node, "outcome_rule", at)
        when = self.formula(found.get("when"), at)
        if when is None:
            return None
        outcome, reason = self.text(found.get("outcome"), at, "outcome"), self.text(found.get("reason"), at, "reason")
        return model.OutcomeRule(key.text, when, outcome, reason, self.provenance(found, above))
