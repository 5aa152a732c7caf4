"""The addresses of imports and exports."""

from django.urls import path

from apps.dashboard.views import exports, imports

IMPORT_PATHS = [
    path("import", imports.imports, name="imports"),
    path("import/<int:job_id>", imports.page, name="import"),
    path("import/<int:job_id>/progress", imports.progress, name="import-progress"),
    path("import/<int:job_id>/preview", imports.preview, name="import-preview"),
    path("import/<int:job_id>/reread", imports.reread, name="import-reread"),
    path("import/<int:job_id>/go", imports.go, name="import-go"),
    path("import/<int:job_id>/cancel", imports.cancel, name="import-cancel"),
    path("import/<int:job_id>/undo", imports.undo, name="import-undo"),
    path("import/<int:job_id>/discard", imports.discard, name="import-discard"),
    path("import/<int:job_id>/errors", imports.errors, name="import-errors"),
    path("export", exports.export, name="export"),
    path("export/csv", exports.export_as_csv, name="export-csv"),
    path("export/xlsx", exports.export_as_spreadsheet, name="export-xlsx"),
    path("export/<int:job_id>", exports.export_job, name="export-job"),
    path("export/<int:job_id>/file", exports.export_file, name="export-file"),
]
