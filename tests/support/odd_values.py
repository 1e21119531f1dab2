"""Values at the edges of what `aimd_core.format.values` allows, as JSON text, for tests of every way in."""

from __future__ import annotations

import json

from aimd_core.format.values import MAX_NAME_BYTES, MAX_TEXT_BITS, STEP_LIMIT

WHOLE_NUMBERS = {
    "64 bits": str(STEP_LIMIT - 1),
    "64 bits below": str(-STEP_LIMIT),
    "65 bits": str(STEP_LIMIT),
    "66 bits": str(1 << 64),
    "308 digits": "9" * 308,
    "309 digits": "9" * 309,
    "310 digits": "-" + "9" * 310,
    "400 digits": "7" * 400,
    "as text": str(1 << MAX_TEXT_BITS - 1),
    "4,299 digits": "1" + "0" * 4298,
    "4,300 digits": "1" + "0" * 4299,
    "4,301 digits": "1" + "0" * 4300,
    "20,000 digits": "3" * 20_000,
}
OTHER_NUMBERS = {
    "huge exponent": "1e400",
    "negative huge exponent": "-1e999999999999",
    "tiny": "1e-400",
    "long fraction": "0." + "1" * 5000,
    "negative zero": "-0.0",
    "whole float": "1e18",
    "whole float beyond steps": "1e19",
    "true": "true",
    "nan": "NaN",
    "infinity": "Infinity",
    "negative infinity": "-Infinity",
    "nan in words": '"NaN"',
    "infinity in other words": '"+inf"',
    "python's long nan": '"-nan"',
    "full-width digits": '"１２３"',
    "digits with underscores": '"1_000"',
}
HIDDEN = {
    "C1 control": "a\x9bb",
    "escape": "a\x1b[31mb",
    "override": "a\u202eb",
    "isolate": "a\u2066b",
    "zero width space": "a\u200bb",
    "byte order mark": "\ufeffa",
    "soft hyphen": "a\u00adb",
    "joiner in ASCII": "a\u200db",
    "joiner at an end": "é\u200d",
    "line separator": "a\u2028b",
    "NUL": "a\0b",
    "tag character": "a\U000e0041b",
    "newline": "a\nb",
    "only invisible letters": "\u3164",
    "dot": ".",
    "two dots": "..",
    "blank": " \u3000",
    "slash": "a/b",
    "long": "é" * (MAX_NAME_BYTES // 2 + 1),
}  # no names
SURROGATES = {"lone surrogate": '"a\\ud800b"', "turned pair": '"\\udc00\\ud800"', "surrogate at the end": '"x\\udfff"'}
FINE_NAMES = {
    "accents": "café",
    "accents in pieces": "cafe\u0301",
    "width": "ｃａｆｅ",
    "emoji with a joiner": "👩\u200d💻",
    "Persian with a joiner": "می\u200cخواهم",
    "Chinese": "训练",
    "right to left": "שלום",
    "private use": "\ue000",
    "not assigned": "\U0003fff0",
    "full": "x" * MAX_NAME_BYTES,
    "dots within": "a..b",
    "per cent": "%2F%00",
    "query": "a?b#c&d=e",
    "markup": "<b>[red]{x}$HOME",
    "dotless i": "İıſK",
}
TEXTS = {**{name: json.dumps(text) for name, text in {**HIDDEN, **FINE_NAMES}.items()}, **SURROGATES}
DATES = {
    "year 0": '"0000-01-01T00:00:00Z"',
    "year 10000": '"10000-01-01T00:00:00Z"',
    "first day": '"0001-01-01T00:00:00+14:00"',
    "last day": '"9999-12-31T23:59:59.999999-14:00"',
    "day 32": '"2026-01-32T00:00:00Z"',
    "leap second": '"2026-06-30T23:59:60Z"',
    "odd offset": '"2026-01-01T00:00:00+99:99"',
    "nanoseconds": '"2026-01-01T00:00:00.123456789Z"',
    "week": '"2026-W01-1"',
    "full-width": '"２０２６-01-01"',
    "before the epoch": '"1583-01-01"',
}
SHAPES = {
    "null": "null",
    "list": "[]",
    "mapping": "{}",
    "deep list": "[" * 60 + "]" * 60,
    "deeper list": "[" * 70 + "]" * 70,
    "list as deep as half the stack": "[" * 600 + "]" * 600,
    "deepest list": "[" * 2000 + "]" * 2000,
    "empty text": '""',
    "odd key": '{"a\\ud800": {"": [{"\\u0000": 1}]}}',
    "equal keys": '{"a": 1, "a": {"a": 2}}',
    "keys that differ by form": json.dumps({"é": 1, "e\u0301": 2, "É": 3}, ensure_ascii=False),
    "dotted keys": '{"a.b": 1, "a": {"b": 2, "b.c": 3}}',
}
ALL = {**WHOLE_NUMBERS, **OTHER_NUMBERS, **TEXTS, **DATES, **SHAPES}
