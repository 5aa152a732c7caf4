"""How facts and messages read on the screen."""

import pytest
from django.utils import translation

from apps.dashboard.templatetags.inbox import linked, score_parts, slots
from apps.dashboard.templatetags.ui import hue, icon, initials
from apps.leads.models import Lead


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Rosa Núñez Soto", "RS"),
        ("ana", "A"),
        ("Ñandú Ávila", "ÑÁ"),
        ("", "?"),
        ("😀 Sol", "S"),
        ("+56911112222", "22"),
        ("  ", "?"),
    ],
)
def test_initials(name, shown):
    assert initials(name) == shown


def test_a_persons_colour_never_changes():
    assert hue(17) == hue("17")
    assert all(0 <= hue(number) < 6 for number in range(50))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (
            'ver https://a.cl/x?y=1&z="2".',
            'ver <a href="https://a.cl/x?y=1&amp;z=" target="_blank" rel="noopener noreferrer nofollow">'
            "https://a.cl/x?y=1&amp;z=</a>&quot;2&quot;.",
        ),
    ],
)
def test_only_web_addresses_become_links_and_all_else_is_escaped(text, html):
    assert linked(text) == html


@pytest.mark.parametrize(
    ("language", "attributes", "shown"),
    [
        ("es", {"budget_amount": "410000", "budget_currency": "CLP"}, ["$410.000"]),
        ("es", {"budget_amount": "4200.5", "budget_currency": "UF"}, ["UF 4.200,50"]),
        ("en", {"income_amount": 1500000, "income_currency": "USD"}, ["US$1,500,000"]),
        ("es", {"budget_amount": "mucho"}, ["mucho"]),
        ("es", {"location": ["Ñuñoa", "Providencia"], "declined": ["income"]}, ["Ñuñoa, Providencia"]),
        ("es", {"mascota": True, "vacio": None, "extra": {"piso": 3}}, ["Piso: 3"]),
        ("es", {"visit_date": "nunca", "visit_time": "11:30:00"}, ["nunca, 11:30"]),
    ],
)
def test_what_is_known_reads_naturally_in_whatever_shape_it_was_stored(language, attributes, shown):
    with translation.override(language):
        values = [slot.value for slot in slots(Lead(attributes=attributes))]

    assert set(shown) <= set(values)


def test_parts_of_a_score_in_another_shape_are_left_out():
    lead = Lead(score_parts=[{"name": "budget", "points": 12.5}, "engaged", 3])

    assert [points for _label, points in score_parts(lead)] == ["+12.5"]


def test_an_icon_with_a_label_is_announced_and_without_one_is_decoration():
    assert 'aria-label="Caliente"' in icon("flame", "Caliente")
    assert 'aria-hidden="true"' in icon("flame")
