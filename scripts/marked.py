"""The part of a page that a script writes, between two marks."""


def replaced(page: str, begin: str, end: str, text: str, name: str) -> str:
    """The page with what stands between its two marks replaced; ValueError names the page that has no such marks."""
    before, found_begin, rest = page.partition(begin)
    _old, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        msg = f"{name} has no place for the table: {begin} ... {end}"
        raise ValueError(msg)
    return f"{before}{begin}\n{text}\n{end}{after}"
