from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        """Load every room's listeners and tasks once all models exist."""
        from importlib import import_module
        from importlib.util import find_spec

        from django.apps import apps

        for config in apps.get_app_configs():
            if not config.name.startswith("apps."):
                continue
            for module in ("listeners", "tasks"):
                if find_spec(f"{config.name}.{module}"):
                    import_module(f"{config.name}.{module}")
