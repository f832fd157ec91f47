"""The `pepseq` command, also as `python -m pepseq`."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends it without a traceback until `main` listens

from pepseq.cli.main import main

if __name__ == "__main__":
    main()
