"""The engine that the settings name."""

from pepseq.structure.folding.command_engine import CommandEngine
from pepseq.structure.folding.config import COLABFOLD, COMMAND, FoldConfig
from pepseq.structure.folding.engines import Engine


def find_engine(config: FoldConfig) -> Engine:
    """Return the engine of the settings; nothing is loaded yet.

    Raises SettingsError if a program or placeholder is missing, InputError for a model that is not
    there.
    """
    kind, _, rest = config.engine.partition(":")
    if kind == COMMAND:
        return CommandEngine(rest, config.timeout)
    if kind == COLABFOLD:
        from pepseq.structure.folding.colabfold import ColabFold

        return ColabFold(rest, config.pair_mode, config.timeout, config.offline)
    from pepseq.structure.folding.esmfold import EsmFold

    return EsmFold(config)
