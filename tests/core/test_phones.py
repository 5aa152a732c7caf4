import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import InvalidInput
from apps.core.phones import match_key, normalize_phone, parse_phone, phone_of_wa_id, spellings


@pytest.mark.parametrize(
    ("text", "country", "stored"),
    [
        ("+56912345678", "CL", "+56912345678"),
        ("9 1234 5678", "CL", "+56912345678"),
        ("+521234567890", "MX", "+521234567890"),
        ("+5215512345678", "MX", "+525512345678"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("+54 9 11 5555-1234", "AR", "+5491155551234"),
        ("+5511987654321", "BR", "+5511987654321"),
        ("+573001234567", "CO", "+573001234567"),
    ],
)
def test_a_phone_is_stored_as_e164(text, country, stored):
    assert normalize_phone(text, country=country) == stored


@pytest.mark.parametrize("text", ["", "hola", "12", "+", "+999999999999999999", "\x00", "٣٤"])
def test_what_is_no_phone_is_refused_with_its_field(text):
    with pytest.raises(InvalidInput) as refused:
        normalize_phone(text, country="CL")

    assert refused.value.field == "phone"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5215512345678", "+525512345678"),
        ("+5491155551234", "+541155551234"),
        ("+5531987654321", "+553187654321"),
    ],
)
def test_spellings_of_one_person_share_a_key(one, other):
    assert match_key(one) == match_key(other)
    assert {one, other} <= set(spellings(one))


def test_different_people_have_different_keys():
    assert match_key("+56912345678") != match_key("+56912345679")


@pytest.mark.parametrize(
    ("wa_id", "phone"),
    [
        ("5215512345678", "+525512345678"),
        ("56912345678", "+56912345678"),
        ("MX.1000", None),
        ("abc", None),
        ("1", None),
    ],
)
def test_a_wa_id_gives_its_phone_without_judging_it(wa_id, phone):
    assert phone_of_wa_id(wa_id) == phone


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text):
    parse_phone(text, country="CL")
