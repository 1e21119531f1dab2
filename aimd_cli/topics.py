"""What `aimd help TOPIC` prints.

`make fix` generates docs/reference/topics.md and docs/reference/exit-codes.md from the same text.
"""

from __future__ import annotations

from aimd_core.language import translated

WIDTH = 80

TOPICS = {
    "environment": "variables and files that aimd reads",
    "exit-codes": "what the exit code of a command means",
    "formatting": "how output looks on a terminal, in a pipe and as JSON",
    "query": "how to select and sort trials by their contents",
}

_ENVIRONMENT = """\
Variables. An option wins over a variable, which wins over the config file.

  AIMD_HOST       The server's address, or a part that matches one known server.
  AIMD_API_KEY    The API key: for AIMD_HOST if that is set, else for the active
                  server. It is sent to no other server, whatever --host says.
  T9K_CONFIG      Where the SDK config file is.
                  [default: ~/.t9k/t9k-sdk-config.yaml]
  AIMD_DIR        The directory that holds .aimd, for recording and for reading.
                  [default: the working directory]
  AIMD_LANG       The language to speak: en or zh.
                  [default: that of LC_ALL, LC_MESSAGES or LANG]
  AIMD_AUTOLOAD   If set, training frameworks know report_to="aimd" without an
                  import; "tensorboard" also records TensorBoard's writers.
  AIMD_PROGRESS   If 0, Jupyter shows no line below a cell that trains.
  AIMD_DEBUG      If set, errors show their traceback, as with --debug.
  NO_COLOR        If set, no colour.
  FORCE_COLOR     If set and not 0, colour even without a terminal.
  AIMD_PAGER      The pager for what is higher than the terminal; empty: none.
                  [default: PAGER, else less]
  AIMD_PICTURES   How pictures are shown: kitty, sixel, blocks or off.
                  [default: auto, which asks the terminal]
  COLUMNS         The width to lay tables out for. [default: the terminal's own]
  VISUAL, EDITOR  The editor for: aimd config edit
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                  The proxy for requests to the server.

Files.

  .aimd/trials/    The trials of a directory, one directory each.
  SDK config file  Servers and keys, readable by you only. See: aimd config list
  user cache       Names for completion, in ~/.cache/aimd; may be deleted.
"""

_FORMATTING = """\
stdout is for data, stderr for everything else: notes, warnings, progress and
errors never mix with what you pipe.

  On a terminal  A table as wide as the terminal. What does not fit is left out
                 by whole columns; numbers and ids are never cut.
  In a pipe      Lines of fields separated by tabs; the first line names them.
                 Nothing is cut, no colour.
  --json         One JSON document; its "schema" is the version of the format
                 ("aimd/1"). NaN and the infinities, which JSON lacks, are
                 strings.

Colour only repeats what a word or a sign says. NO_COLOR=1 turns it off,
FORCE_COLOR=1 forces it. If the terminal cannot show signs beyond ASCII, words
stand alone. Control characters in names are shown as escapes, so they cannot
affect the terminal.
"""

_QUERY = """\
A query compares fields of a trial with values, and joins comparisons with and,
or, not and ( ).

  params.lr >= 1e-3 and val.acc.max > 0.9 and state = Running and name ~ mnist

Names

  name, alternative_name, id  what describes the trial; also state, reason,
                              folder, started, ended, age, duration, tags,
                              note, parent, nan_since
  params.NAME                 a parameter; nested: params.optimizer.lr
  platform.NAME               a platform fact
  git.commit, git.branch      where the code stood; also dirty, remote_url,
                              entrypoint, local_path
  TYPE.NAME                   a metric's last value, as in val.acc
  TYPE.NAME.AGGREGATE         last, min, max, mean, count, min_step, max_step,
                              last_step or nan_since

Comparisons

  =  !=  <  <=  >  >=         equal, different, ordered
  ~  !~                       the text contains, or does not contain, the other
  in [a, b], not in [a, b]    equal to one of them, or to none
  is missing, is not missing  the trial has none, or has one
  tag:WORD, note:WORD         has that tag, or a note that contains the word

Put text with spaces or signs in quotes. Durations: 90s, 10m, 2h, 1h30m, 3d, 1w.
Times: 2026-11-23T15:03. A sort key is a name; a leading minus puts the largest
first, as in -val.acc.max.
"""


def topic_text(topic: str) -> str:
    """Return a topic's plain text, with a final newline.

    Raises:
        KeyError: There is no such topic.
    """
    if topic == "exit-codes":
        import textwrap

        from aimd_cli.errors import MEANINGS

        rows = [
            textwrap.fill(translated(meaning), WIDTH, initial_indent=f"  {code:>3}  ", subsequent_indent=" " * 7)
            for code, meaning in MEANINGS.items()
        ]
        return "\n".join([translated("Codes keep their meaning; new ones may be added."), "", *rows, ""])
    return _in_language({"environment": _ENVIRONMENT, "formatting": _FORMATTING, "query": _QUERY}[topic])


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a topic, which are translated separately, with their line breaks."""
    return text.rstrip("\n").split("\n\n")


def _in_language(text: str) -> str:
    return "\n\n".join(translated(paragraph) for paragraph in paragraphs(text)) + "\n"
