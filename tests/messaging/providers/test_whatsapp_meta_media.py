"""Received files: fetched in two steps, checked, and gone when they are gone."""

import base64
import hashlib
from typing import Any

import pytest

from apps.messaging.errors import MediaCorrupt, MediaGone, MediaTooLarge, ProviderCallFailed
from apps.messaging.providers.whatsapp_meta import WhatsAppMeta
from apps.messaging.types import AccountRef, MediaRef
from tests.fakes.graph_api import FakeGraph

PHOTO = b"\xff\xd8" + b"photo" * 1000
HEX = hashlib.sha256(PHOTO).hexdigest()
BASE64 = base64.b64encode(hashlib.sha256(PHOTO).digest()).decode()


def test_a_file_comes_whole_with_its_name_and_kind(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph
) -> None:
    media_id = graph.add_media(PHOTO, "image/jpeg")

    with whatsapp.fetch_media(number, MediaRef(provider_id=media_id, sha256=BASE64)) as file:
        assert file.read() == PHOTO
        assert (file.mime_type, file.filename, file.size, file.sha256) == (
            "image/jpeg",
            f"{media_id}.jpg",
            len(PHOTO),
            HEX,
        )


def test_the_address_gets_the_same_token_and_nothing_else_does(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph
) -> None:
    media_id = graph.add_media(PHOTO, "image/jpeg")

    whatsapp.fetch_media(number, MediaRef(provider_id=media_id)).close()

    record, download = graph.requests
    assert record.query == {"phone_number_id": "200000000000002"}
    assert download.headers["authorization"] == f"Bearer {graph.token}"


def test_an_expired_address_is_asked_for_once_more(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph
) -> None:
    once = graph.add_media(PHOTO, "image/jpeg", expired_downloads=1)
    twice = graph.add_media(PHOTO, "image/jpeg", expired_downloads=2)

    whatsapp.fetch_media(number, MediaRef(provider_id=once)).close()
    with pytest.raises(MediaGone):
        whatsapp.fetch_media(number, MediaRef(provider_id=twice))


def test_a_file_that_meta_no_longer_has_is_gone(whatsapp: WhatsAppMeta, number: AccountRef) -> None:
    with pytest.raises(MediaGone):
        whatsapp.fetch_media(number, MediaRef(provider_id="400000000000999"))


def test_other_bytes_than_announced_are_refused(whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph) -> None:
    media_id = graph.add_media(PHOTO, "image/jpeg", sha256="0" * 64)

    with pytest.raises(MediaCorrupt):
        whatsapp.fetch_media(number, MediaRef(provider_id=media_id))


@pytest.mark.parametrize("written", [HEX, HEX.upper(), BASE64, "not a digest"])
def test_a_digest_is_read_in_either_spelling(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph, written: str
) -> None:
    media_id = graph.add_media(PHOTO, "image/jpeg", sha256=written)

    whatsapp.fetch_media(number, MediaRef(provider_id=media_id)).close()


def test_a_file_over_the_limit_is_not_downloaded(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph, settings: Any
) -> None:
    settings.INBOUND_MEDIA_MAX_BYTES = 100
    media_id = graph.add_media(PHOTO, "image/jpeg")

    with pytest.raises(MediaTooLarge):
        whatsapp.fetch_media(number, MediaRef(provider_id=media_id))
    assert len(graph.requests) == 1


def test_a_server_that_is_away_is_a_temporary_failure(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph
) -> None:
    graph.stop()

    with pytest.raises(ProviderCallFailed) as failure:
        whatsapp.fetch_media(number, MediaRef(provider_id="1"))
    assert failure.value.is_temporary


def test_a_lost_token_is_no_temporary_failure(whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph) -> None:
    graph.token = "another"

    with pytest.raises(ProviderCallFailed) as failure:
        whatsapp.fetch_media(number, MediaRef(provider_id="1"))
    assert not failure.value.is_temporary
