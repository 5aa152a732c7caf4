"""Served with and without a trailing slash."""

from django.urls import path, re_path

from apps.operations import views

urlpatterns = [
    path("", views.root, name="root"),
    re_path(r"^health/?$", views.health, name="health"),
    re_path(r"^metrics/?$", views.metrics, name="metrics"),
]
