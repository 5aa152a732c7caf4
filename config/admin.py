"""How the superadmins' admin looks and what its sidebar lists, room by room (django-unfold reads it as UNFOLD)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

Item = dict[str, Any]  # django-unfold's own shape


def _is_stepped_in(request: HttpRequest) -> bool:
    return getattr(request, "broker_id", None) is not None


def _item(title: object, icon: str, model: str, *, permission: Callable[[HttpRequest], bool] | None = None) -> Item:
    item: Item = {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}
    return item if permission is None else {**item, "permission": permission}


def _group(title: object, *items: Item) -> Item:
    return {"title": title, "separator": True, "items": list(items)}


# django-unfold brings no translations: the words of its pages that people see are translated in our catalogues.
_UNFOLD_WORDS = (
    _("Apply Filters"),
    _("Cancel"),
    _("Choose file to upload"),
    _("Dark"),
    _("Date from"),
    _("Date to"),
    _("Expand row"),
    _("From"),
    _("General"),
    _("Go back"),
    _("Light"),
    _("Loading more results..."),
    _("More actions"),
    _("Next"),
    _("No data"),
    _("No results found"),
    _("No results matching your query"),
    _("Previous"),
    _("Reset filters"),
    _("Return to site"),
    _("Run"),
    _("Search apps and models..."),
    _("Select action"),
    _("Select action to run"),
    _("Select all rows"),
    _("Select record"),
    _("Select value"),
    _("System"),
    _("This page yielded into no results. Create a new item or reset your filters."),
    _("To"),
    _("Toggle password visibility"),
    _("Type to search"),
    _("Value"),
)

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Sofía CRM",
    "SITE_HEADER": "Sofía CRM",
    "SITE_SUBHEADER": _("Platform"),
    "SITE_URL": "/app/",
    "SITE_SYMBOL": "home_work",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("brand/favicon.svg")},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    # The accent of static/css/tokens.css, lighter and darker.
    "COLORS": {
        "primary": {
            "50": "#f0f7f5",
            "100": "#dcece6",
            "200": "#b9dacf",
            "300": "#92e0cd",
            "400": "#56c7ad",
            "500": "#2f9c84",
            "600": "#0b6152",
            "700": "#084c40",
            "800": "#073e35",
            "900": "#07332c",
            "950": "#031d19",
        },
    },
    "COMMAND": {"search_models": False, "show_history": False},
    "SIDEBAR": {
        "show_search": True,
        "command_search": False,
        "show_all_applications": False,
        "navigation": [
            _group(
                _("Platform"),
                {"title": _("Overview"), "icon": "space_dashboard", "link": reverse_lazy("admin:index")},
                _item(_("Brokers"), "real_estate_agent", "brokers_broker"),
                _item(_("Domains"), "language", "brokers_domain"),
                _item(_("Users"), "group", "accounts_user"),
                _item(_("Login sessions"), "devices", "accounts_loginsession"),
                _item(_("Audit log"), "policy", "audit_auditentry"),
            ),
            _group(
                _("Channels"),
                _item(_("Channel accounts"), "forum", "messaging_channelaccount"),
                _item(_("Raw events"), "receipt_long", "messaging_rawevent"),
            ),
            _group(
                _("Work"),
                _item(_("Failed work"), "report", "core_deadletter"),
                _item(_("Scheduled work"), "schedule", "core_scheduledwork"),
                _item(_("Periodic tasks"), "event_repeat", "django_celery_beat_periodictask"),
            ),
            _group(
                _("Sofía"),
                _item(_("Prompts"), "psychology", "brokers_brokerconfig"),
                _item(_("LLM usage"), "payments", "assistant_llmusage"),
            ),
            _group(
                _("In this broker"),
                _item(_("Leads"), "person_search", "leads_lead", permission=_is_stepped_in),
                _item(_("Custom fields"), "list_alt", "leads_customfield", permission=_is_stepped_in),
                _item(_("Ingest records"), "input", "leads_ingestrecord", permission=_is_stepped_in),
                _item(_("Jobs"), "progress_activity", "leads_job", permission=_is_stepped_in),
                _item(_("Possible duplicates"), "content_copy", "leads_duplicatepair", permission=_is_stepped_in),
                _item(_("Merges"), "merge", "leads_leadmerge", permission=_is_stepped_in),
                _item(_("Saved views"), "filter_list", "leads_savedview", permission=_is_stepped_in),
                _item(_("Pipeline rules"), "rule", "leads_pipelinerule", permission=_is_stepped_in),
                _item(_("Conversations"), "chat", "conversations_conversation", permission=_is_stepped_in),
                _item(_("Messages"), "sms", "conversations_message", permission=_is_stepped_in),
                _item(_("Queues"), "inbox", "queues_queue", permission=_is_stepped_in),
            ),
        ],
    },
}
