"""The addresses of the settings of scores and pipeline, under /app/."""

from django.urls import path

from apps.dashboard.views import pipeline_losses, pipeline_rules, pipeline_settings, scoring

PIPELINE_PATHS = [
    path("settings/scoring", scoring.scoring, name="settings-scoring"),
    path("settings/scoring/preview", scoring.preview, name="settings-scoring-preview"),
    path("settings/scoring/apply", scoring.apply, name="settings-scoring-apply"),
    path("settings/scoring/jobs/<int:job_id>", scoring.job, name="settings-scoring-job"),
    path("settings/scoring/jobs/<int:job_id>/cancel", scoring.cancel, name="settings-scoring-cancel"),
    path("settings/pipeline", pipeline_settings.pipeline, name="settings-pipeline"),
    path("settings/pipeline/stages", pipeline_settings.stages, name="settings-pipeline-stages"),
    path("settings/pipeline/rules/new", pipeline_rules.edit, name="settings-rule-new"),
    path("settings/pipeline/rules/test", pipeline_rules.test, name="settings-rule-test"),
    path("settings/pipeline/rules/restore", pipeline_rules.restore, name="settings-rules-restore"),
    path("settings/pipeline/rules/<int:rule_id>", pipeline_rules.edit, name="settings-rule"),
    path("settings/pipeline/rules/<int:rule_id>/due", pipeline_rules.due, name="settings-rule-due"),
    path("settings/pipeline/rules/<int:rule_id>/switch", pipeline_rules.switch, name="settings-rule-switch"),
    path("settings/pipeline/rules/<int:rule_id>/move", pipeline_rules.move, name="settings-rule-move"),
    path("settings/pipeline/rules/<int:rule_id>/delete", pipeline_rules.delete, name="settings-rule-delete"),
    path("settings/pipeline/reasons", pipeline_losses.save, name="settings-reason-new"),
    path("settings/pipeline/reasons/<int:reason_id>", pipeline_losses.save, name="settings-reason"),
    path("settings/pipeline/reasons/<int:reason_id>/switch", pipeline_losses.switch, name="settings-reason-switch"),
    path("settings/pipeline/reasons/<int:reason_id>/move", pipeline_losses.move, name="settings-reason-move"),
    path("settings/pipeline/reasons/<int:reason_id>/delete", pipeline_losses.delete, name="settings-reason-delete"),
]
