"""What the frameworks say to people, in our words."""

from pathlib import Path

import django
import pytest
import rest_framework
from babel.messages.mofile import read_mo
from django import forms
from django.utils.translation import override
from rest_framework import serializers

from apps.core import framework_words

CATALOGUES = [
    Path(str(package.__file__)).parent / folder for package, folder in ((django, "conf"), (rest_framework, ""))
]


class AForm(forms.Form):
    name = forms.CharField(max_length=3)
    email = forms.EmailField()


class ASerializer(serializers.Serializer):
    name = serializers.CharField(max_length=3)
    email = serializers.EmailField()


def test_every_sentence_is_still_one_of_the_frameworks():
    known: set[str] = set()
    for path in CATALOGUES:
        with (path / "locale/es/LC_MESSAGES/django.mo").open("rb") as file:
            for message in read_mo(file):
                known.update([message.id] if isinstance(message.id, str) else message.id)

    assert set(framework_words.SINGLE) <= known


@pytest.mark.parametrize("form", [AForm, ASerializer])
@pytest.mark.parametrize("values", [{}, {"name": "abcd", "email": "x"}])
def test_in_spanish_nobody_is_called_usted(form, values):
    with override("es"):
        checked = form(data=values)
        assert not checked.is_valid()
        said = " ".join(str(error) for errors in checked.errors.values() for error in errors)

    assert not any(word in said for word in ("Introduzca", "Asegúrese", "Seleccione", "Envíe"))
