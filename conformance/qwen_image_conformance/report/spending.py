"""What a run spent: requests, pictures, and money as far as prices are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from qwen_image_conformance.report.pictures import Bought
from qwen_image_conformance.report.read import Record
from qwen_image_spec.model import Spec


@dataclass(frozen=True, slots=True)
class Spending:
    """`requests` and `pictures` are None when the run broke off.

    `cost` says what is known of the price, in words.
    """

    requests: int | None
    pictures: int | None
    seconds: float | None
    cost: str


def spending(run: Record, spec: Spec, bought: Sequence[Bought] = ()) -> Spending:
    """The spending of a run.

    The cost is the one the run recorded, else list prices times the pictures in the evidence.
    """
    end = run.end or {}
    return Spending(end.get("requests"), end.get("images"), end.get("seconds"), _cost(run, spec, bought))


def _cost(run: Record, spec: Spec, bought: Sequence[Bought]) -> str:
    provider = str(run.head["provider"])
    prices = {model: price for (owner, model), price in spec.prices.items() if owner == provider}
    currency = " or ".join(sorted({price.currency for price in prices.values()}))
    models = [str(model) for model in run.head.get("models", ())]
    known = [model for model in models if model in prices]
    recorded = _amount((run.end or {}).get("cost"))
    total = recorded or _listed({model: Decimal(price.amount) for model, price in prices.items()}, bought)
    if not total:
        return f"price known for {len(known)} of {len(models)} models" if known else "price unknown"
    words = f"{total:.2f} {currency}".strip() + ("" if recorded else " at list price")
    return (
        words
        if len(known) in (0, len(models))
        else f"{words}, price known for {len(known)} of {len(models)} models"
    )


def _listed(prices: Mapping[str, Decimal], bought: Sequence[Bought]) -> Decimal:
    counts = Counter(picture.model for picture in bought)
    return sum((prices[model] * count for model, count in counts.items() if model in prices), Decimal(0))


def _amount(text: object) -> Decimal:
    try:
        return Decimal(str(text)) if text is not None else Decimal(0)
    except InvalidOperation:
        return Decimal(0)
