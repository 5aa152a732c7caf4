"""When there is a demo, and when there must be none."""

import pytest
from django.core.management import CommandError, call_command

from apps.brokers.models import Broker


def test_an_installation_with_a_broker_gets_no_demo(broker, capsys):
    call_command("seed_demo", "--if-empty")

    assert "no demo made" in capsys.readouterr().out
    assert not Broker.objects.filter(name="Inmobiliaria Los Andes").exists()
    with pytest.raises(CommandError):
        call_command("seed_demo")


def test_without_a_demo_the_logins_say_how_to_begin(broker, capsys):
    call_command("demo_logins")

    assert "/app/register" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["seed_demo", "demo_logins"])
def test_production_has_no_demo(settings, command):
    settings.IS_PRODUCTION = True

    with pytest.raises(CommandError):
        call_command(command)
