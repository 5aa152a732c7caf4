"""Mail of the accounts room."""

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.accounts.actions.passwords import SEND_RESET, reset_link_parts
from apps.accounts.models import User
from apps.core.work import work_handler


@work_handler(SEND_RESET, max_attempts=5)
def send_password_reset(payload: dict[str, Any]) -> None:
    """Write the user a link that sets a new password."""
    user = User.objects.select_related("broker").filter(pk=payload["user_id"]).first()
    if user is None or not user.is_active:
        return
    uid, token = reset_link_parts(user)
    link = f"{settings.PUBLIC_URL}/app/reset/{uid}/{token}"
    with override(user.language or (user.broker.language if user.broker else settings.LANGUAGE_CODE)):
        send_mail(
            subject=_("Set a new password for Sofía CRM"),
            message=_(
                "Hello %(name)s,\n\nOpen this address to set a new password:\n\n%(link)s\n\n"
                "If you did not ask for it, ignore this message: your password stays as it is.\n"
            )
            % {"name": user.first_name, "link": link},
            from_email=None,
            recipient_list=[user.email],
        )
