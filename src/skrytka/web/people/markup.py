"""Pages without a script: one frame for all, whatever comes from outside escaped, in the language of the browser."""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from skrytka.protocol.http.server import Response
from skrytka.web.http import CSP, HTML

Language: TypeAlias = Literal["en", "pl"]
STYLE_PATH: Final = "/people.css"
STYLE: Final = b"""body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 32rem; padding: 0 1rem; }
label { display: block; margin: 1rem 0; } input { display: block; font: inherit; padding: .4rem; width: 100%; }
button { font: inherit; margin: 1rem 1rem 1rem 0; padding: .5rem 1.5rem; } .wrong { color: #a00; }
"""
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escape(text: str) -> str:
    """As text, and inside an attribute in quotation marks."""
    return text.translate(_ESCAPES)


def page(
    language: Language, title: str, body: Iterable[str], *, status: int = 200, form_action: str = "'self'"
) -> Response:
    """``body`` is markup already; ``form_action`` names where a form's answer may lead to besides (CSP)."""
    text = (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="{STYLE_PATH}"></head>\n'
        f"<body><h1>{escape(title)}</h1>\n" + "\n".join(body) + "\n</body></html>\n"
    )
    policy = CSP.replace("form-action 'self'", f"form-action {form_action}")
    return Response(status, text.encode(), (HTML, ("Content-Security-Policy", policy), ("Content-Language", language)))


def paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def field(label: str, name: str, *, kind: str = "text", value: str = "", autocomplete: str = "off") -> str:
    return (
        f'<label>{escape(label)}<input type="{kind}" name="{name}" value="{escape(value)}" required'
        f' autocomplete="{autocomplete}" autocapitalize="none" spellcheck="false"></label>'
    )


def button(label: str, name: str = "", value: str = "") -> str:
    named = f' name="{escape(name)}" value="{escape(value)}"' if name else ""
    return f"<button{named}>{escape(label)}</button>"


def form(action: str, *content: str) -> str:
    return f'<form method="post" action="{escape(action)}">' + "\n".join(content) + "</form>"


def language_of(accepted: str) -> Language:
    """The first language of the list that there is (RFC 9110 12.5.4); weights are taken to be in its order."""
    for part in accepted.split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag == "pl":
            return "pl"
        if tag == "en":
            return "en"
    return "en"
