"""How promising a lead is: a score from 0 to 100 that can be opened to show its parts."""

from apps.leads.scoring.explaining import ExplainedPart, explain, part_label
from apps.leads.scoring.facts import Facts, facts_of
from apps.leads.scoring.points import BY_HAND, Scored, score_of
from apps.leads.scoring.rescoring import RescoreReport, age_scores, rescore_lead, rescore_many, rescore_some
from apps.leads.scoring.rules import WEIGHTS, Decay, ScoringRules, rules_from, scoring_rules, status_of_score

__all__ = [
    "BY_HAND",
    "WEIGHTS",
    "Decay",
    "ExplainedPart",
    "Facts",
    "RescoreReport",
    "Scored",
    "ScoringRules",
    "age_scores",
    "explain",
    "facts_of",
    "part_label",
    "rescore_lead",
    "rescore_many",
    "rescore_some",
    "rules_from",
    "score_of",
    "scoring_rules",
    "status_of_score",
]
