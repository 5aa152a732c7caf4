"""Centro de Control, in the document's order: `op(...)` is served, `addition(...)` is in no document."""

from apps.api.centro_control.accounts import AccountViewSet
from apps.api.centro_control.dialect import DIALECT
from apps.api.centro_control.fields import FieldViewSet
from apps.api.centro_control.ingest import IngestViewSet
from apps.api.centro_control.leads import LeadViewSet
from apps.api.centro_control.records import RecordViewSet
from apps.api.kit.routing import addition, mount, op

_ACCOUNTS = "api/v1/admin/accounts"
_ACCOUNT = "api/v1/admin/accounts/{account_id}"
_FIELD = "api/v1/admin/fields/{field_id}"
_RECORD = "api/v1/admin/records/{record_id}"

operations = [
    # ---- health
    # ---- ingest
    op("centro_control.ingest.receive", "POST", "api/v1/ingest/{account_api_key:str}", IngestViewSet, "receive"),
    addition("centro_control.ingest.verify", "GET", "api/v1/ingest/{account_api_key:str}", IngestViewSet, "verify"),
    # ---- accounts
    op("centro_control.accounts.create", "POST", _ACCOUNTS, AccountViewSet, "create"),
    op("centro_control.accounts.list", "GET", _ACCOUNTS, AccountViewSet, "list"),
    op("centro_control.accounts.get", "GET", _ACCOUNT, AccountViewSet, "get"),
    op("centro_control.accounts.update", "PUT", _ACCOUNT, AccountViewSet, "update"),
    op("centro_control.accounts.delete", "DELETE", _ACCOUNT, AccountViewSet, "delete"),
    op(
        "centro_control.accounts.toggle_auto_create",
        "PATCH",
        f"{_ACCOUNT}/toggle-auto-create",
        AccountViewSet,
        "toggle_auto_create",
    ),
    addition("centro_control.accounts.rotate_key", "POST", f"{_ACCOUNT}/rotate-key", AccountViewSet, "rotate_key"),
    # ---- fields
    op("centro_control.fields.list", "GET", f"{_ACCOUNT}/fields", FieldViewSet, "list"),
    op("centro_control.fields.create", "POST", f"{_ACCOUNT}/fields", FieldViewSet, "create"),
    op("centro_control.fields.update", "PUT", _FIELD, FieldViewSet, "update"),
    op("centro_control.fields.delete", "DELETE", _FIELD, FieldViewSet, "delete"),
    # ---- leads
    op("centro_control.leads.list", "GET", f"{_ACCOUNT}/leads", LeadViewSet, "list"),
    op("centro_control.leads.get", "GET", "api/v1/admin/leads/{lead_id}", LeadViewSet, "get"),
    # ---- records
    op("centro_control.records.list", "GET", f"{_ACCOUNT}/records", RecordViewSet, "list"),
    op("centro_control.records.get", "GET", _RECORD, RecordViewSet, "get"),
    addition("centro_control.records.replay", "POST", f"{_RECORD}/replay", RecordViewSet, "replay"),
]
urlpatterns = mount(DIALECT, operations)
