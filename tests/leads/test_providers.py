"""Portal adapters: known shapes become names and values."""

import json

import pytest

from apps.brokers.ingest_keys import key_holder
from apps.leads.ingest import Delivery, receive
from apps.leads.models import IngestRecord, Lead
from apps.leads.providers import recognise, split

META_LEAD = {
    "created_time": "2026-03-01T08:49:14+0000",
    "id": "1234567890123456",
    "ad_id": "6001",
    "ad_name": "Departamentos Ñuñoa",
    "form_id": "7001",
    "campaign_name": "Verano",
    "platform": "ig",
    "field_data": [
        {"name": "full_name", "values": ["Ana Pérez"]},
        {"name": "email", "values": ["ana@example.com"]},
        {"name": "phone_number", "values": ["+56912345678"]},
        {"name": "¿qué_buscas?", "values": ["Arriendo", "Venta"]},
    ],
}


def announcement(*leadgen_ids):
    return {
        "object": "page",
        "entry": [
            {
                "id": "153125381133",
                "time": 1438292065,
                "changes": [
                    {
                        "field": "leadgen",
                        "value": {
                            "leadgen_id": leadgen_id,
                            "page_id": "153125381133",
                            "form_id": "7001",
                            "ad_id": "6001",
                            "adgroup_id": "6000",
                            "created_time": 1438292065,
                        },
                    }
                    for leadgen_id in leadgen_ids
                ],
            }
        ],
    }


def deliver(broker, payload=None, *, raw=b"", kind="application/json"):
    body = json.dumps(payload).encode() if payload is not None else raw
    return receive(holder=key_holder(broker.pk), delivery=Delivery(raw=body, content_type=kind))


def mail(body, *, sender="Portal <avisos@portalinmobiliario.com>", kind="text/plain; charset=utf-8", **headers):
    lines = {"From": sender, "To": "leads@corredora.cl", "Subject": "Nueva consulta", "Content-Type": kind, **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return (head + "\r\n" + body.replace("\n", "\r\n")).encode()


# ---- JSON


@pytest.mark.parametrize("wrapper", ["lead", "contact", "Data", "datos"])
def test_one_object_that_wraps_the_person_is_opened(wrapper):
    assert recognise({wrapper: {"nombre": "Ana"}}).names == {"nombre": "Ana"}


def test_any_other_object_is_taken_as_it_is():
    payload = {"nombre": "Ana", "contact": {"a": 1}}

    found = recognise(payload)

    assert (found.shape, found.names, found.external_id) == ("generic", payload, "")


# ---- Meta


def test_a_lead_of_meta_s_graph_api_is_a_lead(broker):
    answer = deliver(broker, META_LEAD)

    lead = Lead.objects.get()
    assert (lead.name, lead.email, lead.phone) == ("Ana Pérez", "ana@example.com", "+56912345678")
    assert lead.source == "meta_lead_ads"
    assert lead.attributes["¿qué_buscas?"] == ["Arriendo", "Venta"]
    assert (lead.attributes["ad_name"], lead.attributes["leadgen_id"]) == ("Departamentos Ñuñoa", "1234567890123456")
    assert answer.record.source == "meta_lead_ads"


def test_the_same_lead_of_meta_twice_is_one_call(broker):
    first, second = deliver(broker, META_LEAD), deliver(broker, META_LEAD)

    assert first.record.pk == second.record.pk
    assert Lead.objects.count() == 1


def test_meta_s_webhook_is_kept_with_what_it_holds_and_its_answers_find_it(broker):
    announced = deliver(broker, announcement("1234567890123456"))
    answered = deliver(broker, META_LEAD)

    assert announced.lead_uid == answered.lead_uid
    lead = Lead.objects.get()
    assert (lead.name, lead.phone, lead.source) == ("Ana Pérez", "+56912345678", "meta_lead_ads")
    assert lead.attributes["page_id"]


def test_a_webhook_that_announces_several_leads_makes_as_many(broker):
    deliver(broker, announcement("1", "2", "3"))

    assert Lead.objects.count() == 3
    assert IngestRecord.objects.filter(source="meta_lead_ads").count() == 3


def test_a_webhook_of_meta_s_about_something_else_is_plain_json():
    payload = {"object": "page", "entry": [{"changes": [{"field": "feed", "value": {}}]}]}

    assert recognise(payload).shape == "generic"
    assert split(payload) == [payload]


# ---- e-mail

SPANISH = """Tienes una nueva consulta

Nombre: Ana Pérez
Teléfono: +56 9 1234 5678
Correo: ana@example.com
Propiedad: Departamento 3D 2B en Ñuñoa
Código: 998877
Mensaje: Hola, me interesa.
¿Se puede visitar el sábado a las 10:30?

Saludos,
El equipo del portal
"""
PORTUGUESE = """Nome: João Silva
Telefone: (11) 98765-4321
E-mail: joao@example.com.br
Imóvel: Apartamento em Pinheiros
Mensagem: Gostaria de agendar uma visita.
"""
ENGLISH = """*Name*: John Smith
*Phone*: +1 305 555 0100
*Email*: john@example.com
*Property*: 2 bedroom apartment
*Message*: Is it still available?
"""


def test_a_portal_s_mail_in_spanish_becomes_a_lead(broker):
    answer = deliver(broker, raw=mail(SPANISH, **{"Message-ID": "<1@portal>"}), kind="message/rfc822")

    lead = Lead.objects.get()
    assert (lead.name, lead.phone, lead.email) == ("Ana Pérez", "+56912345678", "ana@example.com")
    assert lead.source == "portalinmobiliario"
    assert lead.attributes == {
        "propiedad": "Departamento 3D 2B en Ñuñoa",
        "codigo_propiedad": "998877",
        "mensaje": "Hola, me interesa.\n¿Se puede visitar el sábado a las 10:30?",
        "asunto": "Nueva consulta",
    }
    assert answer.record.source == "email"


@pytest.mark.parametrize(
    ("text", "name", "email", "home", "message"),
    [
        (
            PORTUGUESE,
            "João Silva",
            "joao@example.com.br",
            "Apartamento em Pinheiros",
            "Gostaria de agendar uma visita.",
        ),
        (ENGLISH, "John Smith", "john@example.com", "2 bedroom apartment", "Is it still available?"),
    ],
)
def test_other_languages_are_read_too(text, name, email, home, message):
    names = recognise({"raw_email": mail(text).decode()}).names

    assert (names["nombre"], names["email"], names["propiedad"]) == (name, email, home)
    assert names["mensaje"] == message


def test_html_is_read_as_people_see_it():
    html = (
        "<html><head><style>p{}</style></head><body><table><tr><td><b>Nombre</b></td><td>Ana P&eacute;rez</td></tr>"
        "<tr><td>Tel&eacute;fono:</td><td>+56912345678</td></tr></table><p><strong>Correo:</strong> ana@example.com</p>"
        "<p>Mensaje:<br>Hola, quiero visitarlo</p><script>x()</script></body></html>"
    )

    names = recognise({"raw_email": mail(html, kind="text/html; charset=utf-8").decode()}).names

    assert names == {
        "nombre": "Ana Pérez",
        "telefono": "+56912345678",
        "email": "ana@example.com",
        "mensaje": "Hola, quiero visitarlo",
        "asunto": "Nueva consulta",
    }


def test_a_message_of_several_parts_is_read_by_its_text():
    body = (
        "--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
        "Nombre: Jos=E9\n\n--b\nContent-Type: text/html\n\n<p>Nombre: Otro</p>\n"
        "--b\nContent-Type: text/plain\nContent-Disposition: attachment\n\nNombre: Adjunto\n--b--\n"
    )

    names = recognise({"raw_email": mail(body, kind='multipart/mixed; boundary="b"').decode()}).names

    assert names["nombre"] == "José"


def test_without_labels_the_sender_is_the_person():
    raw = mail("Hola, busco casa en Lima.\nGracias", sender="=?utf-8?q?Ana_P=C3=A9rez?= <ana@example.com>")

    found = recognise({"raw_email": raw.decode()})

    assert found.names == {
        "email": "ana@example.com",
        "nombre": "Ana Pérez",
        "asunto": "Nueva consulta",
        "mensaje": "Hola, busco casa en Lima.\nGracias",
    }
    assert found.origin == "email"


def test_who_only_passes_mail_on_is_nobody_and_the_reply_address_is():
    raw = mail(
        "Teléfono: +56912345678",
        sender="Zonaprop <noreply@mail.zonaprop.com.ar>",
        **{"Reply-To": "Ana Pérez <ana@example.com>"},
    )

    found = recognise({"raw_email": raw.decode()})

    assert (found.names["email"], found.names["nombre"]) == ("ana@example.com", "Ana Pérez")
    assert found.origin == "zonaprop"


@pytest.mark.parametrize("name", ["email", "body-mime", "RawEmail", "raw_email"])
def test_mail_services_may_hand_the_message_on_in_a_field(broker, name):
    deliver(broker, {name: mail(SPANISH).decode(), "envelope": "{}"})

    assert Lead.objects.get().phone == "+56912345678"


def test_mail_services_may_take_the_message_apart():
    found = recognise(
        {"From": "Ana <ana@example.com>", "Subject": "Casa", "TextBody": "", "HtmlBody": "<p>Nombre: Eva</p>"}
    )

    assert found.shape == "email"
    assert found.names["nombre"] == "Eva"


@pytest.mark.parametrize(
    "payload",
    [
        {"email": "ana@example.com", "nombre": "Ana"},
        {"email": "ana@example.com", "message": "Nombre: x\nAsunto: y\n"},
        {"from": "web", "subject": "x", "text": "y"},
    ],
)
def test_a_form_with_an_address_in_it_is_no_mail(payload):
    assert recognise(payload).shape == "generic"


def test_a_mail_that_comes_twice_is_one_call(broker):
    raw = mail(SPANISH, **{"Message-ID": "<1@portal>"})

    first, second = (deliver(broker, raw=raw, kind="message/rfc822") for _time in range(2))

    assert first.record.pk == second.record.pk


def test_several_people_in_one_call_are_several_records_under_one_key(broker):
    delivery = Delivery(
        raw=json.dumps(announcement("111", "222", "333")).encode(),
        content_type="application/json",
        idempotency_key="call-1",
    )

    receive(holder=key_holder(broker.pk), delivery=delivery)
    receive(holder=key_holder(broker.pk), delivery=delivery)

    assert IngestRecord.objects.count() == 3
