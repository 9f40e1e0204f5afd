"""Pages without a script: one frame for all, whatever comes from outside escaped, in the language of the browser."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

from skrytka.protocol.http.server import Response
from skrytka.web.http import CSP, HTML

Language: TypeAlias = Literal["en", "pl"]
STYLE_PATH: Final = "/people.css"
STYLE: Final = b"""body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 32rem; padding: 0 1rem; }
label { display: block; margin: 1rem 0; }
input { box-sizing: border-box; display: block; font: inherit; padding: .4rem; width: 100%; }
button { font: inherit; margin: 1rem 1rem 1rem 0; padding: .5rem 1.5rem; } .wrong { color: #a00; }
select { display: block; font: inherit; padding: .4rem; } body:has(table) { max-width: 64rem; }
.check { margin: .5rem 0; } .check input { display: inline; margin: 0 .5rem 0 0; width: auto; }
.wide { overflow-x: auto; } table { border-collapse: collapse; } td button { margin: 0; padding: .1rem .6rem; }
th, td { border-bottom: 1px solid #ccc; padding: .4rem 1rem .4rem 0; text-align: left; vertical-align: top; }
.secret { font-size: 1.25rem; overflow-wrap: anywhere; user-select: all; } form { max-width: 32rem; }
@media (max-width: 40rem) { th { display: none; } tr, td { display: block; } td { border: 0; padding: .1rem 0; }
tr { border-bottom: 1px solid #ccc; padding: .4rem 0; }
td[data-name]:not(:empty)::before { content: attr(data-name) ": "; } }
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


def field(
    label: str,
    name: str,
    *,
    kind: str = "text",
    value: str = "",
    autocomplete: str = "off",
    is_needed: bool = True,
) -> str:
    required = " required" if is_needed else ""
    return (
        f'<label>{escape(label)}<input type="{kind}" name="{name}" value="{escape(value)}"{required}'
        f' autocomplete="{autocomplete}" autocapitalize="none" spellcheck="false"></label>'
    )


def checkbox(label: str, name: str) -> str:
    """Checked at first; where it is not, the form has no such field."""
    return f'<label class="check"><input type="checkbox" name="{escape(name)}" checked>{escape(label)}</label>'


def select(label: str, name: str, choices: Iterable[tuple[str, str]]) -> str:
    """Of values and what they say, the first one chosen."""
    options = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in choices)
    return f'<label>{escape(label)}<select name="{escape(name)}">{options}</select></label>'


def heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def link(place: str, text: str) -> str:
    return f'<p><a href="{escape(place)}">{escape(text)}</a></p>'


def secret(text: str) -> str:
    """What is shown once, so that a click marks all of it."""
    return f'<p><code class="secret">{escape(text)}</code></p>'


def table(names: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Names of columns are text, cells are markup already."""
    columns = [escape(name) for name in names]
    head = "".join(f"<th>{name}</th>" for name in columns)
    named = [f' data-name="{name}"' if name else "" for name in columns]  # for a screen that is too small for a table
    cells = ("".join(f"<td{name}>{cell}</td>" for name, cell in zip(named, row, strict=True)) for row in rows)
    body = "\n".join(f"<tr>{row}</tr>" for row in cells)
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def when(at_ms: int) -> str:
    """A time, to the minute (UTC)."""
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


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
