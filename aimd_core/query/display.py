"""How the value of a field is written for people, in the lists of the terminal and in the tables of reports."""

from __future__ import annotations

from aimd_core.format.numbers import number_text
from aimd_core.format.values import visible
from aimd_core.format.wording import age_text, duration_text, plain_text, short_id
from aimd_core.query.tree import Field


def shown_value(field: Field, value: object) -> str:
    """Return the value that `value_of` has for a field as text; empty for None.

    Times and states are left to the caller, who knows the time zone and the colours.
    """
    if value is None:
        return ""
    if field.shape == "duration":
        seconds = float(str(value))
        return age_text(seconds) if field.name == "age" else duration_text(seconds)
    if field.kind == "trial" and field.name == "id":
        return short_id(str(value))
    if field.kind != "metric":
        return plain_text(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_text(value)
    return visible(str(value))
