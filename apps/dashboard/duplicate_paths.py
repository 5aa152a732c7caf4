"""The addresses of the review of duplicates, under /app/."""

from django.urls import path

from apps.dashboard.views import duplicates

DUPLICATE_PATHS = [
    path("duplicates", duplicates.duplicates, name="duplicates"),
    path("duplicates/review", duplicates.review, name="duplicates-review"),
    path("duplicates/search", duplicates.search, name="duplicates-search"),
    path("duplicates/merge", duplicates.merge_form, name="duplicates-merge"),
    path("duplicates/merge/now", duplicates.merge, name="duplicates-merge-now"),
    path("duplicates/merges/<int:merge_id>/undo", duplicates.undo, name="duplicates-undo"),
    path("duplicates/<int:pair_id>/dismiss", duplicates.dismiss, name="duplicates-dismiss"),
    path("duplicates/<int:pair_id>/reopen", duplicates.reopen, name="duplicates-reopen"),
]
