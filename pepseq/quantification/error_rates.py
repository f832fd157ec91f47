"""Error rates of dye sequences, from any of the forms in which they are given."""

import logging
from pathlib import Path

from pepseq.errors import SettingsError
from pepseq.fluorosequencing.config import EqualChannelRates
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.readout.dye_sequences import check_channels
from pepseq.readout.readout import Readout

log = logging.getLogger(__name__)
Errors = SequencingErrors | EqualChannelRates | str | Path
"""Error rates: by channel, the same for all, or the path of whatprot's sequencing parameters."""


def warn_without_rates(errors: Errors | None) -> None:
    """Warn that reads of dye sequences are taken as free of errors, if no rate is given."""
    if errors is None or errors == EqualChannelRates():
        log.warning("no error rates given: reads are taken as free of errors")


def dye_error_rates(readout: Readout, errors: Errors | None, scale: float) -> SequencingErrors:
    """Return the error rates of a readout's channels, multiplied by `scale`; none for None.

    Raises SettingsError for rates that do not fit the readout, InputError for a faulty file.
    """
    check_channels(readout)
    channels = len(readout.labels)
    if errors is None:
        errors = EqualChannelRates()
    if isinstance(errors, str | Path):
        errors = SequencingErrors.from_whatprot(errors, channels)
    elif isinstance(errors, EqualChannelRates):
        errors = SequencingErrors.of_equal_channels(errors, channels)
    if errors.channels != channels:
        raise SettingsError(
            f"errors: expected rates of {channels} channels, one for each of the labels "
            f"{','.join(readout.labels)}, found {errors.channels}"
        )
    return errors.scaled(scale)
