"""The addresses of the leads' pages, under /app/."""

from django.urls import path

from apps.dashboard.views import lead, lead_bulk, lead_stage, lead_views, leads

LEAD_PATHS = [
    path("leads", leads.leads, name="leads"),
    path("leads/new", leads.new, name="lead-new"),
    path("leads/bulk", lead_bulk.start, name="lead-bulk"),
    path("leads/bulk/form", lead_bulk.form, name="lead-bulk-form"),
    path("leads/bulk/<int:job_id>/", lead_bulk.job, name="lead-bulk-job"),
    path("leads/bulk/<int:job_id>/cancel", lead_bulk.cancel, name="lead-bulk-cancel"),
    path("leads/bulk/<int:job_id>/undo", lead_bulk.undo, name="lead-bulk-undo"),
    path("leads/views/new", lead_views.new, name="lead-view-new"),
    path("leads/views/restore", lead_views.restore, name="lead-view-restore"),
    path("leads/views/<str:view_id>", lead_views.edit, name="lead-view-edit"),
    path("leads/views/<str:view_id>/save", lead_views.save, name="lead-view-save"),
    path("leads/views/<str:view_id>/delete", lead_views.delete, name="lead-view-delete"),
    path("leads/<int:lead_id>", lead.lead, name="lead"),
    path("leads/<int:lead_id>/live", lead.live, name="lead-live"),
    path("leads/<int:lead_id>/row", leads.row, name="lead-row"),
    path("leads/<int:lead_id>/story", lead.story, name="lead-story"),
    path("leads/<int:lead_id>/value", lead.value, name="lead-value"),
    path("leads/<int:lead_id>/stage", lead_stage.stage, name="lead-stage"),
    path("leads/<int:lead_id>/score", lead.rescore, name="lead-rescore"),
    path("leads/<int:lead_id>/delete", lead.delete, name="lead-delete"),
]
