"""The bodies that we post to Meta, against its documented requests, and what is refused before it leaves."""

from typing import Any

import pytest

from apps.messaging.errors import InvalidOutgoing
from apps.messaging.providers import split_text
from apps.messaging.providers.whatsapp_meta.outbound import build
from apps.messaging.types import ContentType, Outgoing, OutgoingMedia
from tests.messaging.providers.conftest import sample

PHONE, BSUID = "+5215500000001", "MX.10000000000000000005"


def message(kind: ContentType = ContentType.TEXT, **values: Any) -> Outgoing:
    return Outgoing(**{"to": PHONE, "type": kind, **values})


DOCUMENTED: dict[str, Outgoing] = {
    "send_text": message(text="Hola Ana, tu pedido está listo.", payload={"preview_url": False}),
    "send_text_reply_quoting": message(
        text="Sí, tenemos en azul.", reply_to="wamid.SEJnTmKLSdltzel6Qw3U9ZdwWJngmpaPeTSR5A=="
    ),
    "send_text_to_bsuid": message(to=BSUID, to_kind="bsuid", text="Hola"),
    "send_text_with_tracker": message(text="Hola", tracker="outbox:7f3a"),
    "send_image_by_id": message(
        ContentType.IMAGE, text="Modelo X azul", media=OutgoingMedia(provider_id="400000000000101")
    ),
    "send_image_by_link": message(
        ContentType.IMAGE, text="Modelo X azul", media=OutgoingMedia(url="https://cdn.example.com/x-azul.jpg")
    ),
    "send_video_by_link": message(
        ContentType.VIDEO, text="Demo", media=OutgoingMedia(url="https://cdn.example.com/demo.mp4")
    ),
    "send_audio_voice_by_id": message(ContentType.VOICE, media=OutgoingMedia(provider_id="400000000000103")),
    "send_document_by_id": message(
        ContentType.DOCUMENT,
        text="Tu cotización",
        media=OutgoingMedia(provider_id="400000000000102", filename="cotizacion.pdf"),
    ),
    "send_interactive_buttons": message(
        ContentType.BUTTONS,
        text="¿Confirmas tu cita del lunes 23 a las 10:00?",
        payload={
            "header": "Tu cita",
            "footer": "ACME",
            "buttons": [{"id": "confirm:42", "title": "Confirmar"}, {"id": "cancel:42", "title": "Cancelar"}],
        },
    ),
    "send_interactive_list": message(
        ContentType.LIST,
        text="Elige un horario",
        payload={
            "header": "Horarios",
            "footer": "ACME",
            "button": "Ver horarios",
            "sections": [
                {
                    "title": "Lunes 23",
                    "rows": [
                        {"id": "slot:2026-11-23T10:00", "title": "10:00", "description": "Sucursal Centro"},
                        {"id": "slot:2026-11-23T11:00", "title": "11:00"},
                    ],
                }
            ],
        },
    ),
    "send_interactive_cta_url": message(
        ContentType.BUTTONS,
        text="Paga tu pedido aquí",
        payload={"buttons": [{"title": "Pagar", "url": "https://pay.example.com/o/42"}]},
    ),
    "send_interactive_location_request": message(
        ContentType.BUTTONS, text="Compártenos tu ubicación para el envío", payload={"request": "location"}
    ),
    "send_interactive_request_contact_info": message(
        ContentType.BUTTONS,
        to=BSUID,
        to_kind="bsuid",
        text="Comparte tu teléfono para continuar",
        payload={"request": "contact"},
    ),
    "send_template_positional": message(
        ContentType.TEMPLATE,
        payload={
            "name": "cita_recordatorio",
            "language": "es_MX",
            "components": [
                {
                    "type": "body",
                    "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "lunes 23, 10:00"}],
                }
            ],
        },
    ),
    "send_template_named_params": message(
        ContentType.TEMPLATE,
        payload={
            "name": "cita_recordatorio_v2",
            "language": "es_MX",
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "parameter_name": "nombre", "text": "Ana"},
                        {"type": "text", "parameter_name": "fecha", "text": "lunes 23"},
                    ],
                }
            ],
        },
    ),
    "send_location": message(
        ContentType.LOCATION,
        payload={
            "latitude": 19.427,
            "longitude": -99.1677,
            "name": "Sucursal Centro",
            "address": "Av. Ejemplo 100",
        },
    ),
    "send_reaction": message(
        ContentType.REACTION,
        payload={"message_id": "wamid.SEJnTmKLSdltzel6Qw3U9ZdwWJngmpaPeTSR5A==", "emoji": "👍"},
    ),
}


@pytest.mark.parametrize(("name", "outgoing"), DOCUMENTED.items(), ids=list(DOCUMENTED))
def test_a_message_is_posted_as_the_document_shows_it(name: str, outgoing: Outgoing) -> None:
    assert build(outgoing) == sample("whatsapp_cloud", name)["request"]["body"]


def test_the_components_of_a_template_go_out_as_they_are() -> None:
    documented = sample("whatsapp_cloud", "send_template_header_media_buttons")["request"]["body"]
    template = documented["template"]
    payload = {"name": template["name"], "language": "es_MX", "components": template["components"]}

    assert build(message(ContentType.TEMPLATE, payload=payload)) == documented


def test_a_group_is_named_as_one() -> None:
    body = build(message(to="Y2FwaV9ncm91cDpFWEFNUExF", to_kind="group", text="Hola"))

    assert (body["recipient_type"], body["to"]) == ("group", "Y2FwaV9ncm91cDpFWEFNUExF")


def buttons(*titles: str) -> dict[str, Any]:
    return {"buttons": [{"id": str(number), "title": title} for number, title in enumerate(titles)]}


def options(count: int, **row: str) -> dict[str, Any]:
    rows = [{"id": str(number), "title": f"Opción {number}", **row} for number in range(count)]
    return {"button": "Ver", "sections": [{"title": "Todas", "rows": rows}]}


REFUSED: dict[str, tuple[Outgoing, str]] = {
    "no recipient": (message(to="", text="x"), "The recipient is missing."),
    "empty text": (message(text=" \n "), "The text is empty."),
    "only NUL": (message(text="\x00"), "The text is empty."),
    "long text": (message(text="x" * 4097), "The text has 4097 characters; WhatsApp takes 4096 at most."),
    "long caption": (
        message(ContentType.IMAGE, text="x" * 1025, media=OutgoingMedia(provider_id="1")),
        "The caption has 1025 characters; WhatsApp takes 1024 at most.",
    ),
    "caption of a voice note": (
        message(ContentType.VOICE, text="x", media=OutgoingMedia(provider_id="1")),
        "WhatsApp cannot send a text together with this kind of file. Send them apart.",
    ),
    "no file": (message(ContentType.IMAGE), "The file is missing."),
    "link of a file on disk": (
        message(ContentType.IMAGE, media=OutgoingMedia(url="file:///etc/passwd")),
        "The file's address must start with https://.",
    ),
    "no buttons": (
        message(ContentType.BUTTONS, text="x", payload={}),
        "WhatsApp takes one to three buttons. Use a list for more.",
    ),
    "four buttons": (
        message(ContentType.BUTTONS, text="x", payload=buttons("a", "b", "c", "d")),
        "WhatsApp takes one to three buttons. Use a list for more.",
    ),
    "two buttons alike": (
        message(ContentType.BUTTONS, text="x", payload=buttons("a", "a")),
        "Two buttons have the same title.",
    ),
    "long button": (
        message(ContentType.BUTTONS, text="x", payload=buttons("x" * 21)),
        "A button's title has 21 characters; WhatsApp takes 20 at most.",
    ),
    "link among buttons": (
        message(
            ContentType.BUTTONS,
            text="x",
            payload={"buttons": [{"id": "1", "title": "a"}, {"title": "b", "url": "https://example.com"}]},
        ),
        "WhatsApp takes one link button alone, without other buttons.",
    ),
    "unknown request": (
        message(ContentType.BUTTONS, text="x", payload={"request": "password"}),
        "Only a location or a contact can be asked for.",
    ),
    "eleven options": (
        message(ContentType.LIST, text="x", payload=options(11)),
        "WhatsApp takes one to ten options in a list, over all its sections.",
    ),
    "no options": (
        message(ContentType.LIST, text="x", payload=options(0)),
        "WhatsApp takes one to ten options in a list, over all its sections.",
    ),
    "options alike": (
        message(ContentType.LIST, text="x", payload=options(2, id="same")),
        "Two options of the list have the same id.",
    ),
    "long description": (
        message(ContentType.LIST, text="x", payload=options(1, description="x" * 73)),
        "An option's description has 73 characters; WhatsApp takes 72 at most.",
    ),
    "template without language": (
        message(ContentType.TEMPLATE, payload={"name": "hola"}),
        "A template needs its name and language.",
    ),
    "location off the earth": (
        message(ContentType.LOCATION, payload={"latitude": 91, "longitude": 0}),
        "The location needs a latitude and a longitude.",
    ),
    "long tracker": (
        message(text="x", tracker="x" * 513),
        "The tracking mark has 513 characters; WhatsApp takes 512 at most.",
    ),
    "a note": (message(ContentType.NOTE, text="x"), "WhatsApp cannot send this kind of message."),
}


@pytest.mark.parametrize(("outgoing", "sentence"), REFUSED.values(), ids=list(REFUSED))
def test_what_meta_would_refuse_is_refused_in_words(outgoing: Outgoing, sentence: str) -> None:
    with pytest.raises(InvalidOutgoing) as refusal:
        build(outgoing)

    assert refusal.value.message == sentence


def test_the_limits_themselves_pass() -> None:
    build(message(text="x" * 4096))
    build(message(ContentType.LIST, text="x" * 4096, payload=options(10, description="x" * 72)))
    build(message(ContentType.BUTTONS, text="x" * 1024, payload=buttons("x" * 20, "b", "c")))


def test_a_long_text_is_cut_where_a_reader_would() -> None:
    text = "Primera frase. " * 10 + "\n\n" + "Segundo párrafo. " * 10

    pieces = split_text(text, 170)

    assert [piece.split()[0] for piece in pieces] == ["Primera", "Segundo"]
    assert all(len(piece) <= 170 for piece in pieces)


def test_a_text_without_breaks_is_cut_at_the_limit_and_loses_nothing() -> None:
    assert split_text("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert split_text("corto", 10) == ["corto"]
