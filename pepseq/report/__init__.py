"""Results of other commands as one page to read, and as one protein in a terminal.

The package can be called: `pepseq.report(results, output)` is `pepseq.report.build.report`, also
once this package, which has the function's name, is loaded.
"""

import sys
from types import ModuleType


class _Package(ModuleType):
    @property
    def __call__(self):
        from pepseq.report.build import report

        return report


sys.modules[__name__].__class__ = _Package
