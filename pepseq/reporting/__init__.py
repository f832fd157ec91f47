"""Results of other commands as one HTML page, and as one protein in a terminal.

`pepseq.report` is the function `pepseq.reporting.build.report`; the package has another name, so
that importing one of its modules does not put a module in the place of that function.
"""
