"""/api/contacts: the leads as an address book, by their UUIDs."""

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.lead_filters import LeadConditions, joined
from apps.api.kit.pagination import PageLimitQuery, items_page, items_page_of, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Email, Int, JSONObject, ListedStrings, Serializer, Strings, Text, Time, serializers
from apps.api.kit.views import ApiViewSet
from apps.leads import actions
from apps.leads.models import Lead
from apps.leads.queries import LeadFilter, get_lead_by_uid, page_of_leads
from apps.leads.tagging import add_tags


class Tags(Strings):
    """At most fifty labels of sixty characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Text(max_length=60), max_length=actions.MOST_TAGS, **options)


class ContactsQuery(PageLimitQuery):
    search = Text(max_length=200, required=False, allow_blank=True)
    tags = ListedStrings(
        required=False, child=Text(max_length=60), max_length=50, help_text="Contacts that have all of them."
    )
    has_odoo = serializers.BooleanField(required=False, allow_null=True, default=None)
    filter = LeadConditions()


class Contact(Serializer):
    id = serializers.UUIDField(source="uid")
    phone_number = Text(source="phone", allow_null=True)
    name = Text()
    email = Text()
    company = Text()
    tags = Strings()
    metadata = JSONObject(source="attributes")
    odoo_partner_id = Int(allow_null=True)
    created_at = Time()
    updated_at = Time()


ContactPage = items_page_of(Contact)


class NewContact(Serializer):
    phone_number = Text(source="phone", max_length=40)
    name = Text(max_length=301, required=False, allow_blank=True)
    email = Email(max_length=254, required=False, allow_blank=True)
    company = Text(max_length=200, required=False, allow_blank=True)
    tags = Tags(required=False)
    metadata = JSONObject(source="attributes", required=False)


class ContactChanges(NewContact):
    phone_number = Text(source="phone", max_length=40, required=False)


class AddedTags(Serializer):
    tags = Tags(allow_empty=False)


class ContactViewSet(ApiViewSet):
    """A contact out of the caller's sight does not exist; agents see those assigned to them."""

    takes_broker_id = True
    wire_names: ClassVar[Mapping[str, str]] = {"phone": "phone_number", "attributes": "metadata"}

    @documented(query=ContactsQuery, answer=ContactPage)
    def list(self, request: Request) -> Response:
        """Newest first; each word of `search` must be in the name, the phone or the e-mail."""
        query = self.query(ContactsQuery)
        window = window_of(query)
        page = page_of_leads(self.actor, _filter_of(query), window.offset, window.limit)
        return Response(items_page(page, Contact(page.items, many=True).data))

    @documented(body=NewContact, answer=Contact, status=201)
    def create(self, request: Request) -> Response:
        """A phone without its country code is read as one of the broker's country. An agent's new contact is theirs."""
        lead = actions.create_lead(actor=self.actor, source="api", **self.body(NewContact))
        return Response(Contact(lead).data, status=201)

    @documented(answer=Contact)
    def get(self, request: Request, contact_id: uuid.UUID) -> Response:
        return Response(Contact(self._lead(contact_id)).data)

    @documented(body=ContactChanges, answer=Contact)
    def update(self, request: Request, contact_id: uuid.UUID) -> Response:
        """Only what is sent changes; `metadata` is merged key by key, and null takes a key out."""
        lead = self._lead(contact_id)
        changed = actions.update_lead(actor=self.actor, lead_id=lead.pk, **self.body(ContactChanges))
        return Response(Contact(changed).data)

    @documented(status=204)
    def delete(self, request: Request, contact_id: uuid.UUID) -> Response:
        """With conversations and all; the audit log keeps who did it."""
        actions.delete_client(actor=self.actor, lead_id=self._lead(contact_id).pk)
        return Response(status=204)

    @documented(body=AddedTags, answer=Contact)
    def add_tags(self, request: Request, contact_id: uuid.UUID) -> Response:
        """A tag that the contact has already stays where it is."""
        lead = add_tags(actor=self.actor, lead_id=self._lead(contact_id).pk, **self.body(AddedTags))
        return Response(Contact(lead).data)

    def _lead(self, contact_id: uuid.UUID) -> Lead:
        return get_lead_by_uid(self.actor, contact_id)


def _filter_of(query: dict[str, Any]) -> LeadFilter:
    has_odoo = query["has_odoo"]
    return LeadFilter(
        search=query.get("search", ""),
        tags=tuple(query.get("tags", ())),
        conditions=joined(
            {} if has_odoo is None else {"field": "odoo_partner_id", "op": "known" if has_odoo else "unknown"},
            query.get("filter") or {},
        ),
    )
