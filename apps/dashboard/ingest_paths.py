"""The addresses of custom fields and ingest, under /app/."""

from django.urls import path

from apps.dashboard.views import fields, ingest

INGEST_PATHS = [
    path("settings/fields", fields.fields, name="settings-fields"),
    path("settings/fields/new", fields.new, name="field-new"),
    path("settings/fields/<int:field_id>/edit", fields.edit, name="field-edit"),
    path("settings/fields/<int:field_id>/review", fields.review, name="field-review"),
    path("settings/fields/<int:field_id>/filterable", fields.filterable, name="field-filterable"),
    path("settings/fields/<int:field_id>/delete", fields.delete, name="field-delete"),
    path("ingest", ingest.ingest, name="ingest"),
    path("ingest/records", ingest.records, name="ingest-records"),
    path("ingest/records/<int:record_id>", ingest.record, name="ingest-record"),
    path("ingest/records/<int:record_id>/replay", ingest.replay, name="ingest-replay"),
    path("ingest/rotate", ingest.rotate, name="ingest-rotate"),
    path("ingest/end-old", ingest.end_old, name="ingest-end-old"),
    path("ingest/auto-create", ingest.auto_create, name="ingest-auto-create"),
]
