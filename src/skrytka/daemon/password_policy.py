"""Composition of the rules for passwords: one for what people choose and for what they are given."""

from skrytka.daemon.layout import Layout
from skrytka.mail.identity.policy import PasswordPolicy
from skrytka.model.events import Emitter
from skrytka.model.settings import Settings


def password_policy(settings: Settings, layout: Layout, events: Emitter) -> PasswordPolicy:
    """With what this place is called and its list of breached passwords."""
    words = (settings.hostname, settings.reports.organization)
    return PasswordPolicy(settings.passwords, layout.breaches, events, words=words)


def given_policy(settings: Settings, layout: Layout, events: Emitter) -> PasswordPolicy | None:
    """The same for passwords that an administrator gives; a demo's are for tests, and nobody is forced there."""
    return None if settings.is_demo else password_policy(settings, layout, events)
