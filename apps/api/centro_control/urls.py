"""Centro de Control, in the document's order: `op(...)` is served, `pending(...)` is not yet."""

from apps.api.centro_control.dialect import DIALECT
from apps.api.kit.routing import mount, open_pending, pending

operations = [
    # ---- health
    # ---- ingest
    open_pending("centro_control.ingest.receive", "POST", "api/v1/ingest/{account_api_key:str}"),
    # ---- accounts
    pending("centro_control.accounts.create", "POST", "api/v1/admin/accounts"),
    pending("centro_control.accounts.list", "GET", "api/v1/admin/accounts"),
    pending("centro_control.accounts.get", "GET", "api/v1/admin/accounts/{account_id}"),
    pending("centro_control.accounts.update", "PUT", "api/v1/admin/accounts/{account_id}"),
    pending("centro_control.accounts.delete", "DELETE", "api/v1/admin/accounts/{account_id}"),
    pending(
        "centro_control.accounts.toggle_auto_create", "PATCH", "api/v1/admin/accounts/{account_id}/toggle-auto-create"
    ),
    # ---- fields
    pending("centro_control.fields.list", "GET", "api/v1/admin/accounts/{account_id}/fields"),
    pending("centro_control.fields.create", "POST", "api/v1/admin/accounts/{account_id}/fields"),
    pending("centro_control.fields.update", "PUT", "api/v1/admin/fields/{field_id}"),
    pending("centro_control.fields.delete", "DELETE", "api/v1/admin/fields/{field_id}"),
    # ---- leads
    pending("centro_control.leads.list", "GET", "api/v1/admin/accounts/{account_id}/leads"),
    pending("centro_control.leads.get", "GET", "api/v1/admin/leads/{lead_id}"),
    # ---- records
    pending("centro_control.records.list", "GET", "api/v1/admin/accounts/{account_id}/records"),
    pending("centro_control.records.get", "GET", "api/v1/admin/records/{record_id}"),
]
urlpatterns = mount(DIALECT, operations)
