"""The hard stop: no request goes out that may buy more than was allowed.

Requests that must be refused buy nothing and set nothing aside, so that a right target is asked everything. From a
target that takes one of them, every further one may be bought too: then what it asks for is set aside for it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from decimal import Decimal

from qwen_image_conformance.problems import BudgetSpent


class Budget:
    """Pictures, and money, that may be spent. What is reserved for requests under way counts until it is settled.

    `prices` are per picture and model; a model without one costs nothing here, so the caller must refuse unknown prices
    when `most_cost` is given. `wary` is set by the first request that was taken and should have been refused.
    """

    def __init__(
        self, most: int, most_cost: Decimal | None = None, prices: Mapping[str, Decimal] | None = None
    ) -> None:
        self.most = most
        self.most_cost = most_cost
        self.prices = prices or {}
        self.wary = False
        self.spent = 0
        self.cost = Decimal(0)
        self._reserved = 0
        self._reserved_cost = Decimal(0)
        self._lock = threading.Lock()

    def price(self, model: str) -> Decimal:
        """What one picture of a model costs."""
        return self.prices.get(model, Decimal(0))

    def reserve(self, wanted: int, model: str, worst: int = 0) -> int:
        """Set pictures of a model aside, and say how many; raises BudgetSpent when they would pass a limit.

        `wanted` is what a right target delivers, `worst` what one delivers that takes everything.
        """
        with self._lock:
            more = self.wary and worst > wanted
            wanted = worst if more else wanted
            why = " (this target took a request that it must refuse)" if more else ""
            cost = wanted * self.price(model)
            if self.spent + self._reserved + wanted > self.most:
                raise BudgetSpent(
                    f"the next request may buy {wanted} picture(s){why}, {self.spent} of {self.most} are bought",
                    "raise --max-images, choose fewer models with --model, or a smaller --tier",
                )
            if self.most_cost is not None and self.cost + self._reserved_cost + cost > self.most_cost:
                raise BudgetSpent(
                    f"the next request may cost {cost}{why}, {self.cost} of {self.most_cost} is spent",
                    "raise --max-cost, choose fewer models with --model, or a smaller --tier",
                )
            self._reserved += wanted
            self._reserved_cost += cost
        return wanted

    def settle(self, wanted: int, bought: int, model: str) -> None:
        """Turn what was set aside into what was really delivered, asked for or not."""
        with self._lock:
            self._reserved -= wanted
            self._reserved_cost -= wanted * self.price(model)
            self.spent += bought
            self.cost += bought * self.price(model)
