"""/api/v1/leads: the broker's leads; agents see and touch those that are theirs."""

import math
from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.pagination import SkipLimitQuery, skip_limit, skip_limit_page_of, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import AnyCaseChoice, Email, Int, JSONObject, Serializer, Strings, Text, Time, serializers
from apps.api.kit.views import ApiViewSet
from apps.leads import actions
from apps.leads.models import Lead
from apps.leads.pipeline import auto_advance_lead, calificacion_of
from apps.leads.queries import LeadFilter, get_lead, page_of_leads, recent_activities
from apps.leads.scoring import rescore_lead
from apps.leads.types import LeadStatus, Stage


class Score(serializers.FloatField):
    """A number from 0 to 100; `nan` is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, **options)

    def to_internal_value(self, data: Any) -> float:
        number = super().to_internal_value(data)
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class Tags(Strings):
    """At most fifty labels of sixty characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Text(max_length=60), max_length=50, **options)


class LeadsQuery(SkipLimitQuery):
    status = AnyCaseChoice(choices=LeadStatus.values, required=False)
    min_score = Score(default=0)
    max_score = Score(default=100)
    search = Text(max_length=200, required=False, allow_blank=True)
    pipeline_stage = AnyCaseChoice(choices=Stage.values, required=False)


class LeadResponse(Serializer):
    id = Int(source="pk")
    phone = Text(allow_null=True)
    name = Text()
    email = Text()
    status = Text()
    lead_score = serializers.FloatField(source="score")
    pipeline_stage = Text(source="stage")
    tags = Strings()
    metadata = JSONObject(source="attributes")
    last_contacted = Time(source="last_contacted_at", allow_null=True)
    created_at = Time()
    assigned_agent_id = Int(allow_null=True)
    updated_at = Time()


LeadPage = skip_limit_page_of(LeadResponse)


class ActivityEntry(Serializer):
    id = Int(source="pk")
    action_type = Text(source="kind")
    details = JSONObject()
    created_at = Time()


class LeadDetailResponse(LeadResponse):
    recent_activities = ActivityEntry(many=True)


class NewLead(Serializer):
    phone = Text(max_length=40)
    name = Text(max_length=150, required=False, allow_blank=True)
    email = Email(max_length=254, required=False, allow_blank=True)
    tags = Tags(required=False)
    metadata = JSONObject(source="attributes", required=False)


class LeadChanges(Serializer):
    name = Text(max_length=150, required=False, allow_blank=True)
    email = Email(max_length=254, required=False, allow_blank=True)
    status = AnyCaseChoice(choices=LeadStatus.values, required=False)
    tags = Tags(required=False)
    metadata = JSONObject(source="attributes", required=False)
    phone = Text(max_length=40, required=False)


class Assignment(Serializer):
    agent_id = Int(min_value=1)


@extend_schema_field({"type": "string", "description": "A stage, under its other documented name."})
class OtherNameOfStage(AnyCaseChoice):
    """Checked as `stage` is; OpenAPI names the values once, there."""


class StageMove(Serializer):
    """`stage` and `new_stage` are one thing under its two documented names."""

    stage = AnyCaseChoice(choices=Stage.values, required=False)
    new_stage = OtherNameOfStage(choices=Stage.values, required=False)
    reason = Text(max_length=300, required=False, allow_blank=True)


class RecalculatedLead(Serializer):
    lead_id = Int(source="pk")
    lead_score = serializers.FloatField(source="score")
    score = serializers.FloatField()
    qualification = Text(source="status")
    calificacion = serializers.SerializerMethodField()
    pipeline_stage = Text(source="stage")

    def get_calificacion(self, lead: Lead) -> str:
        """no_calificado, potencial or calificado."""
        return calificacion_of(float(lead.score))


class LeadViewSet(ApiViewSet):
    """A lead out of the caller's sight does not exist."""

    takes_broker_id = True

    @documented(query=LeadsQuery, answer=LeadPage)
    def list(self, request: Request) -> Response:
        """Newest first; each word of `search` must be in the name, the phone or the e-mail."""
        query = self.query(LeadsQuery)
        window = window_of(query)
        page = page_of_leads(self.actor, _filter_of(query), window.offset, window.limit)
        return Response(skip_limit(page, LeadResponse(page.items, many=True).data))

    @documented(answer=LeadDetailResponse)
    def get(self, request: Request, lead_id: int) -> Response:
        """With the last ten lines of its timeline, newest first."""
        lead = get_lead(self.actor, lead_id)
        activities = ActivityEntry(recent_activities(lead.pk), many=True).data
        return Response({**LeadResponse(lead).data, "recent_activities": activities})

    @documented(body=NewLead, answer=LeadResponse, status=201)
    def create(self, request: Request) -> Response:
        """A phone without its country code is read as one of the broker's country. An agent's new lead is theirs."""
        lead = actions.create_lead(actor=self.actor, source="api", **self.body(NewLead))
        return Response(LeadResponse(lead).data, status=201)

    @documented(body=LeadChanges, answer=LeadResponse)
    def update(self, request: Request, lead_id: int) -> Response:
        """Only what is sent changes; `metadata` is merged key by key, and null takes a key out."""
        lead = actions.update_lead(actor=self.actor, lead_id=lead_id, **self.body(LeadChanges))
        return Response(LeadResponse(lead).data)

    @documented(status=204)
    def delete(self, request: Request, lead_id: int) -> Response:
        """With conversations and all; the audit log keeps who did it."""
        actions.delete_lead(actor=self.actor, lead_id=lead_id)
        return Response(status=204)

    @documented(body=Assignment, answer=LeadResponse)
    def assign(self, request: Request, lead_id: int) -> Response:
        """By the broker's administrators alone."""
        lead = actions.assign_lead_by_hand(actor=self.actor, lead_id=lead_id, **self.body(Assignment))
        return Response(LeadResponse(lead).data)

    @documented(body=StageMove, answer=LeadResponse)
    def move_stage(self, request: Request, lead_id: int) -> Response:
        """ganado makes the lead converted, perdido lost."""
        return Response(LeadResponse(move_lead(self, lead_id)).data)

    @documented(answer=RecalculatedLead)
    def recalculate(self, request: Request, lead_id: int) -> Response:
        """The stage only goes forward, by the rules of auto-advance."""
        with transaction.atomic():
            lead = get_lead(self.actor, lead_id)
            rescore_lead(actor=self.actor, lead_id=lead.pk)
            advance = auto_advance_lead(actor=self.actor, lead_id=lead.pk)
        return Response(RecalculatedLead(advance.lead).data)


def move_lead(view: ApiViewSet, lead_id: int) -> Lead:
    """The lead in the stage that the body names under either name."""
    given = view.body(StageMove)
    stage = given.get("stage") or given.get("new_stage") or ""
    return actions.move_stage(actor=view.actor, lead_id=lead_id, stage=stage, reason=given.get("reason", ""))


def _filter_of(query: dict[str, Any]) -> LeadFilter:
    return LeadFilter(
        status=query.get("status", ""),
        stage=query.get("pipeline_stage", ""),
        search=query.get("search", ""),
        min_score=query["min_score"],
        max_score=query["max_score"],
    )
