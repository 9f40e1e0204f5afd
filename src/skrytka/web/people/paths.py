"""Where the pages about signing in and one's own security are."""

from typing import Final

SIGN_IN_PATH: Final = "/sign-in"
CODE_PATH: Final = "/sign-in/code"
PROVIDER_PATH: Final = "/sign-in/with"
SIGN_OUT_PATH: Final = "/sign-out"
PASSKEY_SIGN_IN_PATH: Final = "/sign-in/passkey"
PASSKEY_LOGIN_OPTIONS_PATH: Final = "/sign-in/passkey/options"
SECURITY_PATH: Final = "/security"
APP_PATH: Final = "/security/app"
PASSKEY_PATH: Final = "/security/passkey"
PASSKEY_OPTIONS_PATH: Final = "/security/passkey/options"
PROVIDERS_PATH: Final = "/security/providers"
APPS_PATH: Final = "/security/app-passwords"
SESSIONS_PATH: Final = "/security/sessions"
LOGINS_PATH: Final = "/security/logins"
REMOVE_PATH: Final = "/security/remove"
CODES_PATH: Final = "/security/codes"
PASSWORD_PATH: Final = "/security/password"  # noqa: S105 - a place
PASSWORD_CODE_PATH: Final = "/password"  # noqa: S105 - a place
SCRIPT_PATH: Final = "/passkey.js"
