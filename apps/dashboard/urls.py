"""The pages under /app/."""

from django.urls import path

from apps.dashboard.duplicate_paths import DUPLICATE_PATHS
from apps.dashboard.import_paths import IMPORT_PATHS
from apps.dashboard.ingest_paths import INGEST_PATHS
from apps.dashboard.lead_paths import LEAD_PATHS
from apps.dashboard.pipeline_paths import PIPELINE_PATHS
from apps.dashboard.views import access, board, commands, inbox, profile, settings

app_name = "dashboard"
urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("login", access.sign_in, name="login"),
    path("login/code", access.second_step, name="two-factor"),
    path("register", access.register, name="register"),
    path("logout", access.sign_out, name="logout"),
    path("language", access.language, name="language"),
    path("reset", access.password_reset, name="password-reset"),
    path("reset/sent", access.password_reset_sent, name="password-reset-sent"),
    path("reset/done", access.password_reset_done, name="password-reset-done"),
    path("reset/<str:uid>/<str:token>", access.password_reset_confirm, name="password-reset-confirm"),
    path("profile", profile.profile, name="profile"),
    path("profile/password", profile.password, name="password-change"),
    path("profile/two-factor", profile.two_factor, name="two-factor-setup"),
    path("profile/two-factor/off", profile.two_factor_off, name="two-factor-off"),
    path("board", board.board, name="board"),
    path("board/columns", board.columns, name="board-columns"),
    path("board/heads", board.heads, name="board-heads"),
    path("board/more/<str:stage>", board.more, name="board-more"),
    path("board/card/<int:lead_id>", board.card, name="board-card"),
    *LEAD_PATHS,
    *INGEST_PATHS,
    path("settings", settings.settings, name="settings"),
    *PIPELINE_PATHS,
    *DUPLICATE_PATHS,
    *IMPORT_PATHS,
    path("presence", commands.presence, name="presence"),
    path("inbox/rows", inbox.rows, name="inbox-rows"),
    path("inbox/counts", inbox.counts, name="inbox-counts"),
    path("inbox/<int:conversation_id>", inbox.inbox, name="conversation"),
    path("inbox/<int:conversation_id>/row", inbox.row, name="row"),
    path("inbox/<int:conversation_id>/pane", inbox.pane, name="pane"),
    path("inbox/<int:conversation_id>/head", inbox.head, name="head"),
    path("inbox/<int:conversation_id>/lead", inbox.lead, name="inbox-lead"),
    path("inbox/<int:conversation_id>/older", inbox.older, name="older"),
    path("inbox/<int:conversation_id>/tail", inbox.tail, name="tail"),
    path("inbox/<int:conversation_id>/messages", commands.write, name="write"),
    path("inbox/<int:conversation_id>/read", commands.mark_read, name="read"),
    path("inbox/<int:conversation_id>/take", commands.take, name="take"),
    path("inbox/<int:conversation_id>/return", commands.return_to_bot, name="return"),
    path("inbox/<int:conversation_id>/transfer-form", inbox.transfer_form, name="transfer-form"),
    path("inbox/<int:conversation_id>/transfer", commands.transfer, name="transfer"),
    path("inbox/<int:conversation_id>/close-form", inbox.close_form, name="close-form"),
    path("inbox/<int:conversation_id>/close", commands.close, name="close"),
    path("inbox/<int:conversation_id>/reopen", commands.reopen, name="reopen"),
    path("inbox/<int:conversation_id>/stage", commands.stage, name="stage"),
    path("inbox/<int:conversation_id>/tags", commands.tag, name="tag"),
    path("inbox/<int:conversation_id>/lead/edit", commands.edit_lead, name="edit-lead"),
    path("messages/<int:message_id>/retry", commands.retry, name="retry"),
    path("messages/<int:message_id>/confirm", commands.confirm_sent, name="confirm-sent"),
]
