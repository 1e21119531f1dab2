"""Completion for bash, which passes a line: it is split as bash would, and candidates are quoted as the user began.

bash replaces only the part after the last word break (such as `:` and `=`), so candidates begin there.
"""

_SPECIAL = frozenset(" \t\"'`$&|;<>()[]{}*?!#~\\^")


class BashLine:
    """A line up to the cursor.

    Attributes:
        words: Its words without quotes, the program's name included; the last one is to complete.
    """

    def __init__(self, line: str) -> None:
        self._line = line
        self.words, self._start, self._quote = split_line(line)

    def replacements(self, offers: list[str], word_breaks: str) -> list[str]:
        """Return candidates as bash replaces the end of the line with them.

        Args:
            offers: Candidates for the last word.
            word_breaks: The shell's COMP_WORDBREAKS.
        """
        cut = 0
        if not self._quote:  # in quotes readline does not break at these characters
            raw = self._line[self._start :]
            cut = max((raw.rfind(sign) + 1 for sign in word_breaks if sign in ":="), default=0)
        return [_quoted(value, self._quote)[cut:] for value in offers]


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
