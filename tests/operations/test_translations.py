"""The translations' tool: what it finds, what it keeps, what it complains about, and that ours are complete."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import gettext, override, trans_real
from django.utils.translation.reloader import translation_file_changed

from apps.operations import catalogs

PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext
title = _("Leads of %(name)s")
count = ngettext("%(count)d lead", "%(count)d leads", 2)
month = pgettext("month", "May")
plain = "not a text"
"""
TEMPLATE = """{% load i18n %}
<div>
      {% if leads %}
  <p title="{% translate 'Search' %}">{% blocktranslate with name=lead.name trimmed %}
      Hello {{ name }}
    {% endblocktranslate %}</p>
      {% endif %}
 {% blocktranslate count n=total %}{{ n }} message{% plural %}{{ n }} messages{% endblocktranslate %}
{{ _("Close")|upper }} {% include "x.html" with label=_("Open") %}
</div>
"""


@pytest.fixture
def own_words() -> Iterator[None]:
    """What other tests have read of the product's catalogues is not known here, and the other way round."""
    translation_file_changed(None, Path("django.mo"))
    yield
    translation_file_changed(None, Path("django.mo"))


@pytest.fixture
def project(own_words: None, tmp_path: Path, settings) -> Path:
    """A tiny project with a catalogue folder of its own."""
    for folder in ("apps/leads", "config", "templates"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "apps/leads/models.py").write_text(PYTHON)
    (tmp_path / "templates/lead.html").write_text(TEMPLATE)
    settings.BASE_DIR = tmp_path
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    return tmp_path


def test_texts_of_python_and_templates_are_found(project):
    texts = catalogs.extract_texts(project)

    found = {(message.id, message.context) for message in texts if message.id}
    assert found == {
        ("Leads of %(name)s", None),
        (("%(count)d lead", "%(count)d leads"), None),
        ("May", "month"),
        ("Search", None),
        ("Hello %(name)s", None),
        (("%(n)s message", "%(n)s messages"), None),
        ("Close", None),
        ("Open", None),
    }


def test_collecting_twice_changes_nothing_and_names_files_without_lines(project):
    call_command("translations")
    first = catalogs.po_path("es").read_text()

    (project / "templates/lead.html").write_text("\n\n" + TEMPLATE)
    call_command("translations")

    assert catalogs.po_path("es").read_text() == first
    assert "#: templates/lead.html\n" in first
    assert "Date" not in first


def test_translations_survive_collecting_and_obsolete_ones_go(project):
    call_command("translations")
    _translate("es", "Search", "Buscar")

    (project / "templates/lead.html").write_text("{% load i18n %}{% translate 'Search' %}")
    call_command("translations")

    written = catalogs.po_path("es").read_text()
    assert 'msgid "Search"\nmsgstr "Buscar"' in written
    assert "Close" not in written


def test_the_check_names_what_is_missing_and_lets_english_be_empty(project, capsys):
    call_command("translations")

    with pytest.raises(CommandError):
        call_command("translations", "--check")

    complaints = capsys.readouterr().err
    assert "es: untranslated: 'Search'" in complaints
    assert "pt: untranslated: 'Search'" in complaints
    assert "en:" not in complaints


@pytest.mark.parametrize(
    ("translation", "what"),
    [
        ("Hola %(nombre)s", "placeholders differ"),
        ("Hola", "placeholders differ"),
        (" Hola %(name)s", "spaces or line ends differ at the edges"),
        ("Hola <b>%(name)s</b>", "markup differs"),
    ],
)
def test_a_translation_that_would_break_is_named(project, translation, what):
    call_command("translations")
    _translate("es", "Hello %(name)s", translation)

    faults = list(catalogs.faults_of(catalogs.extract_texts(project), "es"))

    assert catalogs.Fault(language="es", what=what, text="Hello %(name)s") in faults


def test_a_text_that_was_not_collected_and_one_that_is_gone_are_named(project):
    call_command("translations")
    (project / "templates/lead.html").write_text("{% load i18n %}{% translate 'New' %}")

    faults = [str(fault) for fault in catalogs.faults_of(catalogs.extract_texts(project), "en")]

    assert "en: not collected: 'New'" in faults
    assert "en: obsolete: 'Close'" in faults


def test_compiling_writes_what_django_reads_and_only_when_newer(project):
    call_command("translations")
    _translate("es", "Search", "Buscar")

    assert catalogs.compile_catalog("es")
    assert not catalogs.compile_catalog("es")

    reader = trans_real.DjangoTranslation("es")
    assert reader.gettext("Search") == "Buscar"


def test_who_compiled_speaks_the_new_words_at_once(project):
    """The first start of a clone compiles and then makes the demo in one process."""
    call_command("translations")
    with override("es"):
        assert gettext("Leads of %(name)s") == "Leads of %(name)s"
    _translate("es", "Leads of %(name)s", "Clientes de %(name)s")

    call_command("compile_translations")

    with override("es"):
        assert gettext("Leads of %(name)s") == "Clientes de %(name)s"


def test_the_products_translations_are_complete(settings):
    """The same as `manage.py translations --check`."""
    faults = catalogs.all_faults(catalogs.extract_texts(settings.BASE_DIR))

    assert [str(fault) for fault in faults[:20]] == []


def _translate(language: str, text: str, translation: str) -> None:
    path = catalogs.po_path(language)
    source = path.read_text()
    assert f'msgid "{text}"\nmsgstr ""' in source
    path.write_text(source.replace(f'msgid "{text}"\nmsgstr ""', f'msgid "{text}"\nmsgstr "{translation}"'))
