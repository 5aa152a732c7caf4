"""/api/v1/admin/tasks: work that failed for good, for administrators."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.pagination import SkipLimitQuery, skip_limit, skip_limit_page_of, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, JSONObject, Serializer, Text, Time, serializers
from apps.api.kit.views import ApiViewSet
from apps.core.errors import NotFound
from apps.core.models import DeadLetter
from apps.core.pagination import page_of
from apps.operations import actions
from apps.operations.queries import visible_dead_letters


class FailedTask(Serializer):
    id = Text()
    task_name = Text()
    args = serializers.ListField()
    kwargs = JSONObject()
    error = Text()
    retries = Int()
    failed_at = Time()
    broker_id = Int(allow_null=True)


class RequeuedTask(Serializer):
    id = Text()
    status = serializers.ChoiceField(choices=["requeued"])


class FailedTaskViewSet(ApiViewSet):
    """An administrator sees their broker's failed work, a superadmin all, or one broker's with `?broker_id=`."""

    needs_broker = False
    takes_broker_id = True

    @documented(query=SkipLimitQuery, answer=skip_limit_page_of(FailedTask))
    def list(self, request: Request) -> Response:
        letters = visible_dead_letters(self.actor)
        window = window_of(self.query(SkipLimitQuery))
        page = page_of(letters, offset=window.offset, limit=window.limit)
        return Response(skip_limit(page, FailedTask([_as_task(letter) for letter in page.items], many=True).data))

    @documented(answer=RequeuedTask)
    def retry(self, request: Request, task_id: str) -> Response:
        """The task leaves the dead letters and runs again."""
        actions.retry_dead_letter(actor=self.actor, letter_id=_number(task_id))
        return Response(RequeuedTask({"id": task_id, "status": "requeued"}).data)

    @documented(status=204)
    def discard(self, request: Request, task_id: str) -> Response:
        """The task is forgotten for good; the audit log keeps what it was."""
        actions.discard_dead_letter(actor=self.actor, letter_id=_number(task_id))
        return Response(status=204)


def _as_task(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": str(letter.pk),
        "task_name": letter.kind,
        "args": [],
        "kwargs": letter.payload,
        "error": letter.error,
        "retries": letter.attempts,
        "failed_at": letter.failed_at,
        "broker_id": letter.broker_id,
    }


def _number(task_id: str) -> int:
    """The document's ids are strings; ours are numbers, so that any other string is nobody's."""
    if not (task_id.isascii() and task_id.isdigit() and len(task_id) <= 18):
        raise NotFound()
    return int(task_id)
