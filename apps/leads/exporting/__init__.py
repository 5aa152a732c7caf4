"""Leads as files: CSV while somebody waits, XLSX by a job; a million rows take the memory of one page."""
