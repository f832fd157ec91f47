"""Search of one part of a reference, for `predict` to choose from the searches of all parts."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pepseq.errors import SettingsError
from pepseq.io.failures import FailedRecord, no_usable_record
from pepseq.io.files import check_inputs, check_outputs
from pepseq.io.outputs import Outputs
from pepseq.io.plurals import plural
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.models.checkpoints import find_checkpoint
from pepseq.prediction.config import PredictConfig
from pepseq.prediction.fitting_share import FITTING, sample_peptides
from pepseq.prediction.found_searches import (
    JOB,
    LIKELIHOODS,
    SHARD,
    SUFFIX,
    describe_search,
    search_name,
)
from pepseq.prediction.predict import ReadRecords, check_shareable, records_of
from pepseq.prediction.predictor import CHUNKS, Predictor
from pepseq.prediction.readout_choice import groups_of, survey_reads
from pepseq.prediction.references import References, choose_references
from pepseq.prediction.shards import PartShare, Shard, ShardSelector, chunk_reads
from pepseq.prediction.soft_records import read_of
from pepseq.processes.cores import available_cores
from pepseq.readout.confusion import ConfusionTable
from pepseq.readout.readout import Readout
from pepseq.settings import check_config
from pepseq.templates.soft_reads import Read

if TYPE_CHECKING:  # compiles kernels
    from pepseq.templates.reference_parts import Found, MeanLikelihoods, ReferencePart
    from pepseq.templates.search_files import SearchWriter


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Searched:
    """What `search` did: `own` of all `parts` of the reference were searched for `reads`."""

    reads: int
    own: int
    parts: int
    readout: Readout


def search(
    reads: str | Path,
    output: str | Path,
    *,
    part: str | PartShare,
    reference: References = None,
    readout: str | Readout | None = None,
    config: PredictConfig = PredictConfig(),  # noqa: B008 - frozen
    confusion: ConfusionTable = None,
    shard: str | Shard | None = None,
    force: bool = False,
) -> Searched:
    """Search the parts of a reference of one job, and write what `predict` chooses from.

    `part`, such as `3/8`: which job; a reference has a part for each `config.part_residues`. The
    files of all jobs are the `searches` of `predict`. The other arguments are those of `predict`,
    and must be the same there.

    Raises SettingsError, InputError and OutputError.
    """
    started = time.time()
    check_config(config, PredictConfig)
    part = part if isinstance(part, PartShare) else PartShare.parse(part)
    shard = Shard.parse(shard) if isinstance(shard, str) else shard
    if Path(output).suffix != SUFFIX:
        raise SettingsError(f"{output}: expected a name that ends in {SUFFIX}")
    check_shareable(reads, [output], "--part")
    # reads that some candidates do not fit are searched too
    config = replace(config, mode="templates", candidates="all")
    references = choose_references(reference, None, config)
    matrices = [confusion] if isinstance(confusion, str | Path) else []
    check_outputs([output], [reads, *references, *matrices], force)
    check_inputs(matrices)
    checkpoint = find_checkpoint(None, offline=True)
    groups = groups_of(checkpoint.readouts)
    records = records_of(reads, readout, config)
    survey = survey_reads(records([], groups), groups)
    predictor = Predictor.load(
        survey, str(reads), checkpoint, references, readout, config, confusion
    )
    about = describe_search(predictor, reads)
    about |= {JOB: str(part), SHARD: None if shard is None else str(shard)}
    if None in about["reference"]:
        raise SettingsError("--part: expected files as references, found a stream")
    numbers = part.numbers(about["parts"])
    from pepseq.templates.search_files import SearchWriter

    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        writer = SearchWriter(outputs.open(output, "searches"), about)
        selector = None if shard is None else ShardSelector(shard, survey.residues)
        number = 0
        if numbers:
            number = _search_parts(predictor, str(reads), records, selector, numbers, writer, bad)
            if bad and not number and selector is None:
                raise no_usable_record(bad)
        writer.finish()
        settings = asdict(config) | about
        outputs.record(output, run_record("search", settings, [reads, *matrices], started))
    if bad:
        noun = plural(len(bad), "read")
        log.warning("%d %s left out, the first: %s", len(bad), noun, bad[0])
    return Searched(number, len(numbers), about["parts"], predictor.readout)


def _search_parts(
    predictor: Predictor,
    source: str,
    records: ReadRecords,
    selector: ShardSelector | None,
    numbers: range,
    writer: "SearchWriter",
    bad: list[FailedRecord],
) -> int:
    """Search the parts with these numbers for all reads, and return the number of reads.

    Reads that cannot be used go to `bad`.
    """
    from pepseq.templates.reference_parts import Searches

    templates = predictor.templates
    assert templates is not None
    templates.finder.keep_parts(numbers)
    recorder = _SearchRecorder(writer)
    templates.finder.searches = Searches(recorder.search, recorder.mean_likelihoods)
    groups = predictor.readout.group_symbols
    count = 0
    with (
        ThreadPoolExecutor(predictor.config.threads or available_cores()) as pool,
        Progress("searching", 0, "reads") as progress,
    ):
        if number := FITTING.reads(predictor.config.kind):
            sample = sample_peptides(records([], dict(groups)), predictor.readout, number)
            if sample:
                templates.measure_share(sample, pool)
                recorder.flush()
                templates.share = None  # it is of these parts alone
        fitting = predictor.fitting_reads(records(bad, groups), source, bad, groups)
        chunks = chunk_reads(fitting, CHUNKS.residues)
        for chunk in chunks if selector is None else selector.select(chunks):
            for _ in pool.map(templates.find_evidence, map(read_of, chunk)):
                progress.add(1)
            recorder.flush()
            count += len(chunk)
    return count


class _SearchRecorder:
    """Searches parts and keeps what they find, until it is written; safe in several threads."""

    def __init__(self, writer: "SearchWriter"):
        self._writer = writer
        self._entries: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def search(self, part: "ReferencePart", read: Read, thorough: bool) -> "Found":
        """Return the templates of a read in a part."""
        from pepseq.templates.search_files import pack_found, search_key

        found = part.search(read, thorough)
        self._keep(search_key(part.number, search_name(thorough), read), pack_found(found))
        return found

    def mean_likelihoods(
        self, part: "ReferencePart", read: Read, emission: np.ndarray
    ) -> "MeanLikelihoods":
        """Return how well a read fits a part."""
        from pepseq.templates.search_files import pack_likelihoods, search_key

        found = part.mean_likelihoods(read, emission)
        key = search_key(part.number, LIKELIHOODS, read)
        self._keep(key, pack_likelihoods(found))
        return found

    def flush(self) -> None:
        """Write the entries, in an order that does not depend on threads."""
        for key in sorted(self._entries):
            self._writer.add(key, self._entries[key])
        self._entries.clear()

    def _keep(self, key: bytes, content: bytes) -> None:
        with self._lock:
            self._entries[key] = content
