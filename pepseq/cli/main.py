"""The `pepseq` command as a process: signals, standard streams and exit code.

Signals are handled before anything that takes time is imported.
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
"""Commands that resume an interrupted run, each with the option that it needs for that."""
TERMINATED, INTERRUPTED, TRY_AGAIN = 143, 130, 75
"""Exit codes."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command line, by default that of this process, and end the process with its exit code.

    The interpreter is not shut down, because threads of native libraries may still run.
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
            code, message = _result_of_signal(arguments, message if code == TRY_AGAIN else None)
    except signals.Stop:
        signals.ignore_signals()
        code, message = _result_of_signal(arguments)
    _end_process(code, message)


def _result_of_signal(arguments: list[str] | None, message: str | None = None) -> tuple[int, str]:
    """Return exit code and message of a run that a signal ended; `message` is the command's own.

    If a run has several processes, only the first (RANK 0) gives a message.
    """
    names = (name for name in arguments or [] if not name.startswith("-") and not name.isdecimal())
    command = next(names, "")  # numbers are values of options that come before the command
    if signals.signal_received() == signal.SIGINT:
        return INTERRUPTED, "Error: stopped"
    if command in RESUMABLE:
        if message is None and os.environ.get("RANK", "0") == "0":
            message = f"Error: stopped; to resume, run the same command{RESUMABLE[command]}"
        return TRY_AGAIN, message or ""
    return TERMINATED, ""


def _end_process(code: int, message: str) -> None:
    import atexit

    from pepseq.cli import streams

    try:
        if message and sys.stderr:
            sys.stderr.write(message.rstrip("\n") + "\n")
        atexit._run_exitfuncs()  # temporary files of libraries
    finally:
        streams.flush()
        os._exit(code)
