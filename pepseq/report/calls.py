"""The call that a run record describes."""

import shlex
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from pepseq.io.compression import without_suffix
from pepseq.report.discover import Run
from pepseq.report.paths import local_call
from pepseq.report.tables import number, part

_CONFIGS = {
    "download": "pepseq.uniprot.config.DownloadConfig",
    "predict": "pepseq.prediction.config.PredictConfig",
    "lookup": "pepseq.lookup.config.LookupConfig",
    "finetune": "pepseq.training.config.FinetuneConfig",
    "split": "pepseq.splitting.config.SplitConfig",
    "pair": "pepseq.pairing.config.PairConfig",
    "fold": "pepseq.structure.folding.config.FoldConfig",
    "fetch-structures": "pepseq.structure.alphafold_db.config.FetchConfig",
    "score": "pepseq.structure.scoring.config.ScoreConfig",
}
"""Where each command's defaults are, which need not be written out."""

_OPTIONS = {"gzipped": "gzip", "exclude_names": "exclude-name", "readouts": "readout"}
"""Options whose name is not that of their setting."""

_MORE = {
    "mask": ("readout", "hidden_symbol", "seed", "noise", "dye_sequences"),
    "predict": ("readout", "model", "shard"),
    "evaluate": ("readout", "table", "background"),
    "lookup": ("readout",),
    "finetune": ("readouts", "base", "train", "validation", "teacher"),
    "split": ("gzipped",),
    "download": ("taxon",),
}
"""Settings that are options and stand in no class of settings."""

_CHOSEN = {"predict": ("device", "precision"), "finetune": ("precision",)}
"""Settings that record what `auto` chose."""

_ONE_INPUT = ("predict", "lookup", "fold", "fetch-structures")
_TABLES = (".tsv", ".txt", ".csv")
_FASTA = (".fasta", ".fa", ".faa", ".fas")
_BUNDLED_FILES = "templates/bundled"
BUNDLED, _DEFAULT_NETWORK = "bundled", "the bundled default"


def reference_files(record: dict) -> list[str]:
    """Return the reference files of a run record; BUNDLED for those that come with pepseq."""
    reference = part(record, "settings", "reference")
    listed = part(reference, "files") if isinstance(reference, dict) else reference
    paths = [part(one, "path") if isinstance(one, dict) else one for one in as_list(listed)]
    texts = [path for path in paths if isinstance(path, str) and path]
    return [BUNDLED if _BUNDLED_FILES in Path(path).as_posix() else path for path in texts]


def as_list(value: object) -> list:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def command_line(run: Run, table: Path | None = None) -> str:
    """Return the call that a run record describes; settings at their defaults are left out.

    `table` is the table of confidences that was written beside the output, if that is known; other
    tables and figures are not recorded, so they are not in it. Paths are those of `local_call`.
    """
    record = run.record
    command, settings = str(record["command"]), part(record, "settings")
    settings = settings if isinstance(settings, dict) else {}
    words = ["pepseq", command, *_positional(command, record, settings), "-o", run.output.name]
    words += ["--table", table.name] if table else []
    files = reference_files(record)
    if command == "predict" and files == [BUNDLED]:  # the default, but with another network
        files = [] if part(settings, "model") in (None, _DEFAULT_NETWORK) else files
    words += [word for path in files for word in ("--reference", path)]
    defaults, note = _defaults(command), ""
    for name, value in settings.items():
        known = name in defaults or name in _MORE.get(command, ())
        unsaid = name == "threads" or name in _CHOSEN.get(command, ())
        if unsaid or not known or value == defaults.get(name):
            continue
        if command == "finetune" and name == "base":
            base, note = _base(value, run.output.name)
            words += base
        elif command == "finetune" and name == "teacher":
            words += ["--teacher", _network(value)]
        else:
            words += _option(name, value)
    return " ".join(shlex.quote(word) for word in local_call(words)) + note


def _positional(command: str, record: dict, settings: dict) -> list[str]:
    """Return the inputs, those that options name included."""
    if command == "evaluate":
        return [str(settings.get(name)) for name in ("truth", "predicted")]
    inputs = [str(path) for one in as_list(record.get("inputs")) if (path := part(one, "path"))]
    if command == "evaluate-pairs":
        return [str(settings.get("truth")), *map(str, as_list(settings.get("pairs")))]
    if command == "compare":
        triples = as_list(settings.get("evaluations"))
        return [word for one in triples for word in ("--evaluation", *map(str, as_list(one)))]
    if command in ("mask", "split"):
        return inputs
    if command == "score":
        return _structures(inputs)
    if command == "pair":
        table = str(settings.get("species")).removeprefix("table:")
        known = [path for path in inputs[2:3] if path not in (table, settings.get("model"))]
        return inputs[:2] + [word for path in known for word in ("--known", path)]
    return inputs[:1] if command in _ONE_INPUT else []


def _structures(inputs: list[str]) -> list[str]:
    """Return the arguments of score, of which the record has all files as well: see `score`."""
    pairs = 1 if inputs and Path(inputs[0]).suffix.lower() in _TABLES else 2
    names = {path: without_suffix(path).lower() for path in inputs[pairs : pairs + 1]}
    sequences = [path for path, name in names.items() if name.endswith(_FASTA)]
    return inputs[:pairs] + [word for path in sequences for word in ("--sequences", path)]


def _base(value: object, output: str) -> tuple[list[str], str]:
    """Return which network a training started from, and a note if a file has to be made first."""
    if part(value, "model"):
        return ["--model", _network(value)], ""
    made = "network.json"
    return ["--from-scratch", made], f"  # {made}: what from_scratch says in {output}.run.json"


def _network(value: object) -> str:
    """Return how to name a network: its folder, or its id without the revision."""
    model = str(part(value, "model"))
    return model if part(value, "sha256") else model.partition("@")[0]


def _option(name: str, value: object) -> list[str]:
    option = f"--{_OPTIONS.get(name, name.replace('_', '-'))}"
    if value is None or value is False or value == {} or value == []:
        return []
    if name == "model" and value == _DEFAULT_NETWORK:
        return []
    if value is True:
        return [option]
    if name == "shard":
        return [option, f"{part(value, 'number')}/{part(value, 'of')}"]
    if name == "taxon":
        return [option, str(part(value, "id") or value)]
    if isinstance(value, dict):
        rates = {key: rate for key, rate in value.items() if number(rate)}
        return [word for key, rate in rates.items() for word in _option(key, rate)]
    if isinstance(value, list) and all(isinstance(one, list) and one for one in value):
        return [word for one in value for word in (option, str(one[0]))]  # [path, SHA-256]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [word for one in value for word in (option, one)]
    return [option, ",".join(map(str, value)) if isinstance(value, list) else str(value)]


def _defaults(command: str) -> dict[str, object]:
    """Return the defaults of a command's settings as JSON has them."""
    if command == "mask":  # whose few settings have no class
        return {"hidden_symbol": "X", "seed": 1}
    if command not in _CONFIGS:
        return {}
    module, _, name = _CONFIGS[command].rpartition(".")
    listed = {f.name: f.default for f in fields(getattr(import_module(module), name))}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in listed.items()
    }
