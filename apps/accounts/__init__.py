"""Users, roles, permission codes, login sessions, tokens and two-factor authentication."""
