"""django-tenants' engine, which says `SET search_path` before every statement; here only where it is another one.

PostgreSQL 18 reports the search path to the client with every change, also when a rollback takes a change back, so the
driver always knows the true one and nothing has to be remembered or invalidated. An older server reports nothing, and
then it is set each time as before. Without this, half of all statements of an inbound message were SETs.
"""

from typing import Any

from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsDatabaseWrapper


class DatabaseWrapper(TenantsDatabaseWrapper):
    def _handle_search_path(self, cursor: Any = None) -> None:
        if not self._is_search_path_there():
            super()._handle_search_path(cursor)

    def _is_search_path_there(self) -> bool:
        # Behind a pool of transactions the next statement may meet another server connection than the last.
        if self.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] or not self.schema_name:
            return False
        reported = self.connection.info.parameter_status("search_path")
        return reported is not None and reported == ", ".join(self._get_cursor_search_paths())
