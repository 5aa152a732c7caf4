"""What changes users, their sessions, passwords and second factors."""

from apps.accounts.actions.passwords import (
    change_password,
    request_password_reset,
    reset_password,
    user_of_reset_link,
)
from apps.accounts.actions.sessions import (
    LoggedIn,
    SecondFactorNeeded,
    check_credentials,
    finish_log_in,
    log_in,
    log_out,
    open_session,
    refresh_by_access_token,
    refresh_by_refresh_token,
    revoke_sessions,
)
from apps.accounts.actions.two_factor import (
    BackupCodes,
    TwoFactorSetup,
    check_second_factor,
    disable_two_factor,
    enable_two_factor,
    renew_backup_codes,
    verify_two_factor,
)
from apps.accounts.actions.users import (
    NewUser,
    UserChanges,
    create_user,
    deactivate_user,
    ensure_superadmin,
    update_user,
)

__all__ = [
    "BackupCodes",
    "LoggedIn",
    "NewUser",
    "SecondFactorNeeded",
    "TwoFactorSetup",
    "UserChanges",
    "change_password",
    "check_credentials",
    "check_second_factor",
    "create_user",
    "deactivate_user",
    "disable_two_factor",
    "enable_two_factor",
    "ensure_superadmin",
    "finish_log_in",
    "log_in",
    "log_out",
    "open_session",
    "refresh_by_access_token",
    "refresh_by_refresh_token",
    "renew_backup_codes",
    "request_password_reset",
    "reset_password",
    "revoke_sessions",
    "update_user",
    "user_of_reset_link",
    "verify_two_factor",
]
