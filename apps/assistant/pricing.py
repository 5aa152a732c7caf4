"""What a call to a model costs."""

from decimal import Decimal

from django.conf import settings

_MILLION = Decimal(1_000_000)


def cost_of(model: str, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
    """USD by settings.LLM_PRICES (per million tokens); None where the model's price is not known."""
    prices: tuple[Decimal, Decimal] | None = settings.LLM_PRICES.get(model)
    if prices is None:
        return None
    cost = (prices[0] * prompt_tokens + prices[1] * completion_tokens) / _MILLION
    return cost.quantize(Decimal("0.000001"))
