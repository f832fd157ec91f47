"""The `pepseq` command: from the first signal that may come to the exit code.

Nothing that takes time is imported before signals are heard.
"""

import os
import signal
import sys

from pepseq.processes import signals

RESUMABLE = {
    "download": "",
    "finetune": " with --resume",
    "fold": "",
    "fetch-structures": "",
}
"""Commands that resume an interrupted run, and how to call them for that."""
TERMINATED, INTERRUPTED, TRY_AGAIN = 143, 130, 75


def main(arguments: list[str] | None = None) -> None:
    """Run a command line, by default that of this process, and end the process with its code.

    The interpreter is not shut down: threads of native libraries may still run.
    """
    try:
        signals.raise_stop_on_signals()
        arguments = sys.argv[1:] if arguments is None else arguments
        from pepseq.cli import streams

        streams.set_up()
        from pepseq.cli.commands import run

        code, message = run(arguments)
        signals.ignore_signals()
        if code and signals.signal_received():
            code, message = _stopped(arguments, message if code == TRY_AGAIN else None)
    except signals.Stop:
        signals.ignore_signals()
        code, message = _stopped(arguments)
    _leave(code, message)


def _stopped(arguments: list[str] | None, message: str | None = None) -> tuple[int, str]:
    """Return exit code and message of a run that a signal has ended; `message` is its own.

    Of several processes of one run the first speaks for all.
    """
    words = (word for word in arguments or [] if not word.startswith("-") and not word.isdecimal())
    command = next(words, "")  # numbers are values of options that come before it
    if signals.signal_received() == signal.SIGINT:
        return INTERRUPTED, "Error: stopped"
    if command in RESUMABLE:
        if message is None and os.environ.get("RANK", "0") == "0":
            message = f"Error: stopped; the same command{RESUMABLE[command]} goes on"
        return TRY_AGAIN, message or ""
    return TERMINATED, ""


def _leave(code: int, message: str) -> None:
    import atexit

    from pepseq.cli import streams

    try:
        if message and sys.stderr:
            sys.stderr.write(message.rstrip("\n") + "\n")
        atexit._run_exitfuncs()  # temporary files of libraries
    finally:
        streams.flush()
        os._exit(code)
