"""/api/v1/pipeline: the board, the funnel's figures, and leads that go on."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.inmo.leads import LeadPage, LeadResponse, StageMove, move_lead
from apps.api.kit.pagination import SkipLimitQuery, skip_limit, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, Serializer, Text, serializers
from apps.api.kit.views import ApiViewSet
from apps.core.pagination import page_of
from apps.leads import pipeline
from apps.leads.queries import inactive_leads, leads_in_stage

_HUNDRED_YEARS = 36_500


class BoardQuery(Serializer):
    limit = Int(default=50, min_value=1, max_value=200)


class BoardStage(Serializer):
    stage = Text()
    total = Int()
    leads = LeadResponse(many=True)


class PipelineBoard(Serializer):
    stages = BoardStage(many=True)


class StageMetrics(Serializer):
    stage = Text()
    count = Int()
    conversion_rate = serializers.FloatField(allow_null=True)
    reached = Int()
    average_seconds = serializers.FloatField(allow_null=True)
    average_seconds_so_far = serializers.FloatField(allow_null=True)


class PipelineMetrics(Serializer):
    total_leads = Int(source="total")
    stages = StageMetrics(many=True)
    won = Int()
    lost = Int()
    conversion_rate = serializers.FloatField()


class AutoAdvanced(Serializer):
    checked = Int()
    advanced = Int()


class AutoAdvancedLead(Serializer):
    lead_id = Int(source="lead.pk")
    advanced = serializers.BooleanField(source="is_advanced")
    previous_stage = Text()
    pipeline_stage = Text(source="lead.stage")


class InactiveQuery(SkipLimitQuery):
    inactivity_days = Int(default=7, min_value=1, max_value=_HUNDRED_YEARS)


class PipelineViewSet(ApiViewSet):
    """Of the leads in the caller's sight."""

    takes_broker_id = True

    @documented(query=BoardQuery, answer=PipelineBoard)
    def board(self, request: Request) -> Response:
        """All eight stages in order; of each the number of its leads and the `limit` most promising ones."""
        columns = pipeline.board(self.actor, per_stage=self.query(BoardQuery)["limit"])
        return Response(PipelineBoard({"stages": columns}).data)

    @documented(answer=PipelineMetrics)
    def metrics(self, request: Request) -> Response:
        """Rates from 0 to 1. A stage's is the share of the leads that ever stood there and went further."""
        return Response(PipelineMetrics(pipeline.funnel(self.actor)).data)

    @documented(answer=AutoAdvanced)
    def auto_advance(self, request: Request) -> Response:
        """At most a thousand leads go on in one call; where `advanced` says so, call again."""
        return Response(AutoAdvanced(pipeline.auto_advance_leads(actor=self.actor)).data)

    @documented(body=StageMove, answer=LeadResponse)
    def move_stage(self, request: Request, lead_id: int) -> Response:
        """ganado makes the lead converted, perdido lost."""
        return Response(LeadResponse(move_lead(self, lead_id)).data)

    @documented(answer=AutoAdvancedLead)
    def auto_advance_lead(self, request: Request, lead_id: int) -> Response:
        """As far as what is known of the lead allows; a second call changes nothing."""
        return Response(AutoAdvancedLead(pipeline.auto_advance_lead(actor=self.actor, lead_id=lead_id)).data)

    @documented(query=SkipLimitQuery, answer=LeadPage)
    def stage_leads(self, request: Request, stage: str) -> Response:
        """The most promising first."""
        window = window_of(self.query(SkipLimitQuery))
        page = page_of(leads_in_stage(self.actor, stage), offset=window.offset, limit=window.limit)
        return Response(skip_limit(page, LeadResponse(page.items, many=True).data))

    @documented(query=InactiveQuery, answer=LeadPage)
    def stage_inactive(self, request: Request, stage: str) -> Response:
        """Those whose last contact, or making where there was none, is so many days ago; the longest waiting first."""
        query = self.query(InactiveQuery)
        window = window_of(query)
        rows = inactive_leads(self.actor, stage, days=query["inactivity_days"])
        page = page_of(rows, offset=window.offset, limit=window.limit)
        return Response(skip_limit(page, LeadResponse(page.items, many=True).data))
