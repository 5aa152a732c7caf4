"""The fast reading of phones says what the slow one says."""

import random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.phones import match_key, parse_phone
from apps.leads.importing.phones import PhoneReader, is_cut_number

COUNTRIES = [
    "CL",
    "CO",
    "MX",
    "AR",
    "BR",
    "PE",
    "UY",
    "EC",
    "VE",
    "DO",
    "PR",
    "CR",
    "PA",
    "GT",
    "ES",
    "US",
    "IT",
    "PY",
    "",
]
READERS = {country: PhoneReader(country) for country in COUNTRIES}
CODES = sorted(str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)

digits = st.text("0123456789", min_size=4, max_size=13)
plain = st.builds(
    lambda plus, code, rest: plus + code + rest,
    st.sampled_from(["+", "", "00", "+ ", "0", "9", "011"]),
    st.sampled_from([*CODES, "", "521", "549", "55"]),
    digits,
)
messy = st.text("+0123456789 ()-./x#e", max_size=24)


@given(text=plain | messy, country=st.sampled_from(COUNTRIES))
@settings(max_examples=3000, deadline=None)
def test_every_text_is_read_as_the_core_reads_it(text, country):
    assert READERS[country].parse(text, country) == parse_phone(text, country=country)


@pytest.mark.parametrize("country", COUNTRIES)
def test_real_numbers_in_every_spelling_are_read_as_the_core_reads_them(country):
    chance = random.Random(7)
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            for shape in range(4):
                text = phonenumbers.format_number(example, shape)
                for each in (text, text.lstrip("+"), text.replace(" ", "-"), f"{text[:-2]}{chance.randrange(100):02}"):
                    assert READERS[country].parse(each, country) == parse_phone(each, country=country), each


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+56 9 1234 5678", "+56912345678"),
        ("56912345678", "+56912345678"),
        ("9 1234-5678", "+56912345678"),
        ("'+56912345678", "+56912345678"),
        ("56912345678.0", "+56912345678"),
        ("+56 9 1234 5678 / +56 2 2345 6789", "+56912345678"),
        ("sin teléfono; 912345678", "+56912345678"),
        ("+5215512345678", "+525512345678"),
    ],
)
def test_what_people_write_is_one_number(written, read):
    assert PhoneReader("CL").read(written) == (read, match_key(read))


@pytest.mark.parametrize("written", ["", "-", "n/a", "12", "5.69123E+10", "pendiente"])
def test_what_is_no_number_is_none(written):
    assert PhoneReader("CL").read(written) is None


def test_a_row_s_own_country_reads_its_phone():
    assert PhoneReader("CL").read("300 123 4567", "CO") == ("+573001234567", "573001234567")


def test_a_number_with_an_exponent_was_cut():
    assert is_cut_number("5.69123E+10")
    assert is_cut_number("5,69E10")
    assert not is_cut_number("+56912345678")
