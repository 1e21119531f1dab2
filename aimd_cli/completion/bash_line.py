"""Completion for bash, which passes a line: it is split as bash would, and candidates are quoted as the user began.

bash replaces only the part after the last word break (such as `:` and `=`), so candidates begin there.
"""

from aimd_cli.completion.answer import complete

_SPECIAL = frozenset(" \t\"'`$&|;<>()[]{}*?!#~\\^")


def answer_bash(line: str, word_breaks: str) -> str:
    """Return the answer for a line up to the cursor.

    Args:
        line: As typed, the program's name included.
        word_breaks: The shell's COMP_WORDBREAKS.
    """
    words, start, quote = split_line(line)
    mode, offers, _ = complete(words[1:])
    raw = line[start:]
    cut = 0
    if not quote:  # in quotes readline does not break at these characters
        cut = max((raw.rfind(sign) + 1 for sign in word_breaks if sign in ":="), default=0)
    quoted = [_quoted(value, quote)[cut:] for value in offers]
    return "\n".join([mode, *quoted, ""])


def split_line(line: str) -> tuple[list[str], int, str]:
    """Return the words without quotes, where the last one begins (after an open quote), and that quote."""
    words, word, start, quote, inside = [], "", 0, "", False
    position = 0
    while position < len(line):
        sign = line[position]
        position += 1
        if quote:
            if sign == quote:
                quote = ""
            elif sign == "\\" and quote == '"' and line[position : position + 1] in ('"', "\\", "$", "`"):
                word += line[position]
                position += 1
            else:
                word += sign
        elif sign in " \t":
            if inside:
                words.append(word)
            word, inside, start = "", False, position
        else:
            start = position - 1 if not inside else start
            inside = True
            if sign in "\"'":
                quote = sign
                start = position
            elif sign == "\\":
                word += line[position : position + 1]
                position += 1
            else:
                word += sign
    return [*words, word], start if inside else len(line), quote


def _quoted(value: str, quote: str) -> str:
    if quote == "'":
        return value.replace("'", "'\\''")
    if quote == '"':
        return "".join(f"\\{sign}" if sign in '"\\$`' else sign for sign in value)
    return "".join(f"\\{sign}" if sign in _SPECIAL else sign for sign in value)
