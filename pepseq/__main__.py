"""`python -m pepseq` is `pepseq`."""

from pepseq.cli.main import main

main()
