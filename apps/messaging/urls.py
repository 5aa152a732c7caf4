"""The web chat's pages."""

from django.urls import re_path

from apps.messaging import views

urlpatterns = [
    re_path(r"^chat/(?P<public_key>[\w\-]{8,64})/?$", views.chat_page, name="chat-page"),
    re_path(r"^chat/(?P<public_key>[\w\-]{8,64})/config\.json$", views.chat_config, name="chat-config"),
]
