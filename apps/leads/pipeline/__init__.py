"""The pipeline: its board and figures, and the rules by which leads go on by themselves."""

from apps.leads.pipeline.advancing import (
    MAX_ADVANCED_AT_ONCE,
    Advance,
    AdvanceReport,
    advance_by_themselves,
    advance_many,
    auto_advance_lead,
    auto_advance_leads,
    due_leads,
)
from apps.leads.pipeline.figures import Column, Funnel, StageFigures, board, calificacion_of, funnel
from apps.leads.pipeline.losses import all_loss_reasons, loss_reasons
from apps.leads.pipeline.rules import active_rules, all_rules, reason_label, rule_label

__all__ = [
    "MAX_ADVANCED_AT_ONCE",
    "Advance",
    "AdvanceReport",
    "Column",
    "Funnel",
    "StageFigures",
    "active_rules",
    "advance_by_themselves",
    "advance_many",
    "all_loss_reasons",
    "all_rules",
    "auto_advance_lead",
    "auto_advance_leads",
    "board",
    "calificacion_of",
    "due_leads",
    "funnel",
    "loss_reasons",
    "reason_label",
    "rule_label",
]
