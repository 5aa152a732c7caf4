"""Section 7 of the document: clients, which are the leads by another name."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.lead_filters import LeadConditions, joined
from apps.api.kit.pagination import PageLimitQuery, data_meta, data_meta_page_of, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import AnyCaseChoice, Email, Int, JSONObject, Serializer, Strings, Text, Time, serializers
from apps.api.kit.views import ApiViewSet
from apps.conversations.queries import conversations_of_lead, conversations_per_lead
from apps.core.access import Actor
from apps.core.countries import country_code, country_name
from apps.leads import actions
from apps.leads.models import Lead
from apps.leads.queries import LeadFilter, get_lead, page_of_leads
from apps.leads.scoring.points import BY_HAND
from apps.leads.scoring.rules import scoring_rules
from apps.leads.standing import Standing, set_standing, standing_conditions, standing_of
from apps.leads.tagging import add_tags, remove_tag
from apps.leads.types import ContactStatus

MOST_CHATS = 50


class CrmLeadStatus(AnyCaseChoice):
    """new, contacted, qualified, unqualified, converted (also written customer) or lost."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[*Standing.values, ContactStatus.CUSTOMER.value], **options)

    def to_internal_value(self, data: Any) -> str:
        value = str(super().to_internal_value(data))
        return Standing.CONVERTED.value if value == ContactStatus.CUSTOMER else value


class CrmTags(Strings):
    """At most fifty labels of sixty characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Text(max_length=60), max_length=actions.MOST_TAGS, **options)


class CrmClientsQuery(PageLimitQuery):
    search = Text(max_length=200, required=False, allow_blank=True)
    lead_status = CrmLeadStatus(required=False)
    segment = Text(max_length=60, required=False, allow_blank=True)
    filter = LeadConditions()


class CrmClientBase(Serializer):
    """What every answer holds of a client; reads the lead."""

    id = Int(source="pk")
    phone_number = Text(source="phone", allow_null=True)
    first_name = Text()
    last_name = Text()
    email = Text()
    company = Text()
    city = Text()
    country = serializers.SerializerMethodField()
    lead_status = serializers.SerializerMethodField()
    lead_score = serializers.SerializerMethodField()
    segment = Text()
    tags = Strings()
    last_contact_at = serializers.SerializerMethodField()
    created_at = Time()

    def get_country(self, lead: Lead) -> str:
        """The country's name in Spanish, as the document writes it."""
        return country_name(lead.country)

    def get_lead_status(self, lead: Lead) -> str:
        """One word for what was noted and what the pipeline decided."""
        return standing_of(lead).value

    def get_lead_score(self, lead: Lead) -> int:
        """From 0 to 100, halves rounded up."""
        return math.floor(float(lead.score) + 0.5)

    @extend_schema_field(Time(allow_null=True))
    def get_last_contact_at(self, lead: Lead) -> str | None:
        """The last message in either direction."""
        moments = [moment for moment in (lead.last_contacted_at, lead.last_inbound_at) if moment]
        return str(Time().to_representation(max(moments))) if moments else None


class CrmClient(CrmClientBase):
    """`total_chats` comes from the numbers given as context: one query for a page."""

    total_chats = serializers.SerializerMethodField()

    def get_total_chats(self, lead: Lead) -> int:
        """Conversations in the caller's sight."""
        return int(self.context["chats"].get(lead.pk, 0))


CrmClientPage = data_meta_page_of(CrmClient)


class CrmNewClientAnswer(CrmClient):
    custom_fields = JSONObject(source="attributes")


class CrmClientChat(Serializer):
    id = Int(source="pk")
    status = Text()
    created_at = Time()


class CrmClientTask(Serializer):
    id = Int()
    title = Text()
    due_date = Time()
    status = Text()


class CrmClientCard(CrmClientBase):
    address = Text()
    ltv = serializers.FloatField(source="lifetime_value")
    total_purchases = Int()
    last_purchase_at = Time(allow_null=True)
    custom_fields = JSONObject(source="attributes")
    notes = Text()
    is_blocked = serializers.BooleanField()
    opt_in = serializers.SerializerMethodField()

    def get_opt_in(self, lead: Lead) -> bool:
        """Whether they want our messages."""
        return not lead.is_opted_out


class CrmClientDetail(CrmClientCard):
    chats = CrmClientChat(many=True)
    tasks = CrmClientTask(many=True)


class CrmNewClient(Serializer):
    phone_number = Text(source="phone", max_length=40)
    first_name = Text(max_length=150, required=False, allow_blank=True)
    last_name = Text(max_length=150, required=False, allow_blank=True)
    email = Email(max_length=254, required=False, allow_blank=True)
    company = Text(max_length=200, required=False, allow_blank=True)
    city = Text(max_length=120, required=False, allow_blank=True)
    country = Text(max_length=80, required=False, allow_blank=True)
    lead_status = CrmLeadStatus(required=False, default=Standing.NEW.value)
    segment = Text(max_length=60, required=False, allow_blank=True)
    custom_fields = JSONObject(source="attributes", required=False)
    tags = CrmTags(required=False)


class CrmClientChanges(CrmNewClient):
    phone_number = Text(source="phone", max_length=40, required=False)
    lead_status = CrmLeadStatus(required=False)
    address = Text(max_length=300, required=False, allow_blank=True)
    lead_score = Int(min_value=0, max_value=100, required=False)
    notes = Text(max_length=20_000, required=False, allow_blank=True)
    is_blocked = serializers.BooleanField(required=False)
    opt_in = serializers.BooleanField(required=False)


class CrmNewTag(Serializer):
    tag = Text(max_length=60)


class CrmClientTags(Serializer):
    id = Int(source="pk")
    tags = Strings()


class ClientViewSet(ApiViewSet):
    """A client out of the caller's sight does not exist; agents see those assigned to them."""

    takes_broker_id = True
    wire_names: ClassVar[Mapping[str, str]] = {"phone": "phone_number", "attributes": "custom_fields"}

    @documented(query=CrmClientsQuery, answer=CrmClientPage)
    def list(self, request: Request) -> Response:
        """Newest first; each word of `search` must be in the name, the phone, the e-mail or the company."""
        query = self.query(CrmClientsQuery)
        window = window_of(query)
        page = page_of_leads(self.actor, _filter_of(query), window.offset, window.limit)
        chats = conversations_per_lead(self.actor, [lead.pk for lead in page.items])
        return Response(data_meta(page, CrmClient(page.items, many=True, context={"chats": chats}).data))

    @documented(body=CrmNewClient, answer=CrmNewClientAnswer, status=201)
    def create(self, request: Request) -> Response:
        """A phone without its country code is read as one of the client's country, else of the broker's. `country` is
        a name or two letters. An agent's new client is theirs.
        """
        lead = _create(self.actor, self.body(CrmNewClient))
        return Response(CrmNewClientAnswer(lead, context={"chats": {}}).data, status=201)

    @documented(answer=CrmClientDetail)
    def get(self, request: Request, client_id: int) -> Response:
        """With the newest chats. `tasks` is empty: there are no tasks in this version yet."""
        return Response(_detail(self.actor, client_id))

    @documented(body=CrmClientChanges, answer=CrmClientDetail)
    def update(self, request: Request, client_id: int) -> Response:
        """Only what is sent changes; `custom_fields` are merged key by key, and null takes a key out. `lead_status`
        converted and lost take the lead to the stages ganado and perdido, any other takes it back from there.
        """
        _update(self.actor, client_id, self.body(CrmClientChanges))
        return Response(_detail(self.actor, client_id))

    @documented(status=204)
    def delete(self, request: Request, client_id: int) -> Response:
        """With conversations and all; the audit log keeps who did it."""
        actions.delete_client(actor=self.actor, lead_id=client_id)
        return Response(status=204)

    @documented(body=CrmNewTag, answer=CrmClientTags)
    def add_tag(self, request: Request, client_id: int) -> Response:
        """A tag that the client has already stays where it is."""
        lead = add_tags(actor=self.actor, lead_id=client_id, tags=[self.body(CrmNewTag)["tag"]])
        return Response(CrmClientTags(lead).data)

    @documented(status=204)
    def remove_tag(self, request: Request, client_id: int, tag: str) -> Response:
        remove_tag(actor=self.actor, lead_id=client_id, tag=tag)
        return Response(status=204)


def _filter_of(query: dict[str, Any]) -> LeadFilter:
    standing, segment = query.get("lead_status"), query.get("segment")
    conditions = joined(
        standing_conditions(standing) if standing else {},
        {"field": "segment", "op": "is", "value": segment} if segment else {},
        query.get("filter") or {},
    )
    return LeadFilter(search=query.get("search", ""), conditions=conditions)


def _detail(actor: Actor, client_id: int) -> dict[str, Any]:
    lead = get_lead(actor, client_id)
    chats = conversations_of_lead(actor, lead.pk)[:MOST_CHATS]
    return {**CrmClientCard(lead).data, "chats": CrmClientChat(chats, many=True).data, "tasks": []}


@transaction.atomic
def _create(actor: Actor, given: dict[str, Any]) -> Lead:
    standing = given.pop("lead_status")
    code = country_code(given.get("country", ""))
    lead = actions.create_lead(actor=actor, source="api", phone_country=code, **given)
    return set_standing(actor=actor, lead_id=lead.pk, standing=standing)


@transaction.atomic
def _update(actor: Actor, client_id: int, given: dict[str, Any]) -> None:
    standing, score = given.pop("lead_status", None), given.pop("lead_score", None)
    if "opt_in" in given:
        given["is_opted_out"] = not given.pop("opt_in")
    actions.update_lead(actor=actor, lead_id=client_id, phone_country=country_code(given.get("country", "")), **given)
    if score is not None:
        rules = scoring_rules()
        parts = [{"name": BY_HAND, "points": float(score), "most": 100.0}]
        limits = {"warm": rules.warm, "hot": rules.hot}
        actions.set_score(actor=actor, lead_id=client_id, score=score, parts=parts, thresholds=limits)
    if standing is not None:
        set_standing(actor=actor, lead_id=client_id, standing=standing)
