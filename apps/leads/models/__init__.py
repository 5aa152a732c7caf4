"""The rows of the leads room."""

from apps.leads.models.duplicates import DuplicatePair, LeadMerge
from apps.leads.models.fields import CustomField
from apps.leads.models.ingest import IngestRecord
from apps.leads.models.jobs import ImportFile, ImportMapping, Job, JobChange, RowError
from apps.leads.models.lead import Activity, Lead, LeadIdentity, LeadTally, StageChange
from apps.leads.models.pipeline import LossReason, Pipeline, PipelineRule, PipelineStage
from apps.leads.models.views import SavedView

__all__ = [
    "Activity",
    "CustomField",
    "DuplicatePair",
    "ImportFile",
    "ImportMapping",
    "IngestRecord",
    "Job",
    "JobChange",
    "Lead",
    "LeadIdentity",
    "LeadMerge",
    "LeadTally",
    "LossReason",
    "Pipeline",
    "PipelineRule",
    "PipelineStage",
    "RowError",
    "SavedView",
    "StageChange",
]
