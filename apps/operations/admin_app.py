"""django.contrib.admin with our site in it."""

from django.contrib.admin import apps as admin_apps


class AdminConfig(admin_apps.AdminConfig):
    """Named in INSTALLED_APPS in place of django.contrib.admin."""

    default_site = "apps.operations.admin_site.PlatformAdminSite"
