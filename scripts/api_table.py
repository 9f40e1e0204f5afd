"""Rewrites the table of places in docs/api.md from the OpenAPI document: ``python -m scripts.api_table``."""

from pathlib import Path
from typing import Any

from scripts.marked import replaced
from skrytka.web.api.openapi import document

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
BEGIN = "<!-- places:begin (made by python -m scripts.api_table) -->"
END = "<!-- places:end -->"


def table(openapi: dict[str, Any]) -> str:
    """Each place with its command, its permission and what it wants besides."""
    lines = ["| place | command | permission | besides |", "|---|---|---|---|"]
    for path, methods in sorted(openapi["paths"].items()):
        for method, operation in sorted(methods.items()):
            wanted = ["a fresh proof"] if operation.get("x-step-up") else []
            if two := operation.get("x-four-eyes"):
                wanted.append("a second person" if two == "always" else f"a second person {two}")
            permission = f"`{operation['x-permission']}`" if "x-permission" in operation else ""
            cells = (f"`{method.upper()} {path}`", f"`{operation['operationId']}`", permission, ", ".join(wanted))
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def rewritten(page: str, openapi: dict[str, Any]) -> str:
    """The page with the table between its two marks replaced."""
    return replaced(page, BEGIN, END, table(openapi), "docs/api.md")


def main() -> None:
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), document()), encoding="utf-8")


if __name__ == "__main__":
    main()
