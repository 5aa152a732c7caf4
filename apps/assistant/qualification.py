"""How far along somebody is, from what they told Sofía; how promising they are, apps.leads.scoring says."""

from apps.assistant.types import Slots, Stage


def stage_hint(slots: Slots) -> Stage:
    """The furthest stage that what is known allows."""
    if slots.visit_date is not None:
        return Stage.AGENDADO
    if slots.budget_amount is not None and slots.location:
        return Stage.CALIFICACION_FINANCIERA
    return Stage.ENTRADA if slots.is_empty else Stage.PERFILAMIENTO
