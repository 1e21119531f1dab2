"""Entry point: runs the application, and turns every error into a message and an exit code."""

import os
import sys

_PACKAGES = ("typer", "rich", "httpx", "yaml", "platformdirs")  # that a wheel installed alone does not bring


def main() -> None:
    """Run the command line in `sys.argv` and exit."""
    _open_closed_streams()
    if sys.argv[1:] == ["--version"]:  # answered before Typer is loaded: it costs five times a bare interpreter
        from aimd_core.version import __version__

        sys.exit(_print(f"aimd {__version__}\n"))
    if sys.argv[-1] in ("-h", "--help"):
        from aimd_cli.pages import page

        text = page(sys.argv[1:-1])
        if text is not None:
            sys.exit(_print(text))
    if sys.argv[1:2] == ["__complete"]:  # so is a completion
        from aimd_cli.completion.answer import main as answer

        answer(sys.argv[2:])
        sys.stdout.flush()
        os._exit(0)  # nothing is left to do, and tidying up would double the cost
    try:
        sys.exit(_run())
    except ModuleNotFoundError as error:
        if error.name not in _PACKAGES:
            raise
        from aimd_cli.errors import report
        from aimd_core.errors import MissingPackageError

        sys.exit(report(MissingPackageError(library=error.name)))


def _run() -> int:
    import gc

    gc.set_threshold(50_000, 20, 50)  # collecting garbage while modules load is a tenth of the cost of a list
    from aimd_core import late_modules

    late_modules.is_own_process = True
    import aimd_cli.typer_inside  # noqa: F401 - before Typer is loaded: it leaves out what is not needed
    from aimd_cli.app import install_completion, root, show_completion
    from aimd_cli.errors import BROKEN_PIPE, INTERRUPTED, report
    from aimd_cli.output import ReaderGoneError
    from aimd_core.errors import AimdError
    from aimd_core.language import ENGLISH, language, translated

    if language() != ENGLISH:
        from aimd_cli.translated_help import install

        install()
    try:
        try:
            # Typer has no options with an optional value, so the name of a shell is taken here.
            if "--no-pager" in (words := sys.argv[1:]) and "--" not in words[: words.index("--no-pager")]:
                words.remove("--no-pager")  # an option of the whole application, which is taken anywhere
                sys.argv[1:] = ["--no-pager", *words]
            option, _, shell = "=".join(sys.argv[1:]).partition("=")
            if option in ("--install-completion", "--show-completion") and not shell.startswith("-"):
                (install_completion if option == "--install-completion" else show_completion)(shell or None)
            else:
                root()(prog_name="aimd")
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 0
        finally:
            sys.stdout.flush()  # so that a reader that is gone is noticed here, not when the interpreter ends
    except (BrokenPipeError, ReaderGoneError):
        _silence_stdout()
        return BROKEN_PIPE
    except (AimdError, OSError) as error:
        return report(error)
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{translated('Stopped.')}\n")
        return INTERRUPTED
    return 0


def _print(text: str) -> int:
    """Print a prepared text, and return the exit code."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        from aimd_cli.errors import BROKEN_PIPE, report

        _silence_stdout()
        return BROKEN_PIPE if isinstance(error, BrokenPipeError) else report(error)
    return 0


def _open_closed_streams() -> None:
    """Let nothing that this process opens take the number of a stream that its parent closed, as daemons do."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - until the process ends


def _silence_stdout() -> None:
    """Keep the interpreter from reporting a closed pipe again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def start() -> None:
    """Run the command line in `sys.argv` and end the process without cleaning up.

    Cleaning up would cost a list of trials another sixth of its time. Running threads are still waited for.
    """
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:  # while modules load, of which one may be that with the messages
        sys.stderr.write("\nStopped.\n")
        code = 130
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        sys.exit(code)
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # a message, and data has been flushed before
            pass
    os._exit(code)


if __name__ == "__main__":
    start()
