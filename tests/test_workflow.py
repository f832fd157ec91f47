"""The Snakemake workflow: its configuration, its graph, its profiles, and a real small run."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from complex_references import known_complex
from documentation import TEXT
from places import ROOT
from uniprot_server import play_uniprot, proteins
from workflow import (
    AMOUNTS,
    COMPLEX,
    PAPER,
    SMALL,
    checkout,
    counts,
    environment,
    finished,
    kill_after,
    play_slurm,
    snakemake,
    submitted,
)

for name in ("snakemake", "snakemake_executor_plugin_slurm", "snakefmt"):
    pytest.importorskip(name, reason="pip install '.[workflow]' snakefmt; .ci/run does")
import jsonschema  # noqa: E402
import yaml  # noqa: E402

from pepseq.library.add import add_reference  # noqa: E402
from pepseq.sequences.fasta import read_fasta  # noqa: E402

FOLDER = ROOT / "workflows"
SCHEMA = yaml.safe_load((FOLDER / "config.schema.yaml").read_text())
CONFIGS = [FOLDER / "config.yaml", *(ROOT / name for name in (SMALL, PAPER, AMOUNTS, COMPLEX))]
SECTIONS = {
    "download": "download",
    "split": "split",
    "mask": "mask",
    "finetune": "finetune",
    "predict": "predict",
    "structures": "score",
    "pairing": "pair",
    "amounts": "quantify",
    "report": "report",
}
NO_CYCLES = {"samples": {"a": "a.tsv"}, "reference": ["r"], "labels": "K", "dye_sequences": True}
OF_MERGE = ("max_q", "min_samples", "value")
"""Keys of the section amounts that are options of merge-amounts."""
SLURM = ("--workflow-profile", "workflows/profiles/slurm")
SLURM += ("--slurm-init-seconds-before-status-checks", 1)
NO_OPTIONS = {
    "structures": {"models", "references", "reconstructions"},
    "pairing": {"family_a", "family_b", "truth", "methods"},
    "amounts": {"samples", *OF_MERGE},
    "report": {"residues"},
}
"""Keys of a section that are files or choices of the workflow, not options."""

JOBS = {
    SMALL: {"split": 2, "mask": 3, "finetune": 3, "predict": 5, "evaluate": 10, "compare": 1}
    | {"predict_from_templates": 5}
    | {"score": 1, "pair": 3, "evaluate_pairs": 1, "report": 1, "all": 1, "total": 36},
    PAPER: {"download": 3, "split": 3, "mask": 11, "finetune": 11, "predict": 23, "evaluate": 46}
    | {"predict_from_templates": 23}
    | {"compare": 1, "report": 1, "all": 1, "total": 123},
    AMOUNTS: {"quantify": 4, "merge_amounts": 1, "report": 1, "all": 1, "total": 7},
}


def errors(config):
    return [e.message for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(config)]


def resolve(schema):
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def objects(schema, path=()):
    """Yield every mapping of the schema, with its path."""
    schema = resolve(schema)
    if schema.get("type") == "object":
        yield path, schema
        inner = [
            *schema.get("properties", {}).items(),
            *schema.get("patternProperties", {}).items(),
        ]
        for name, one in inner:
            yield from objects(one, (*path, name))


def keys(value, path=()):
    """Yield the path of every key of a configuration."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield (*path, key)
        yield from keys(inner, (*path, key))


def test_the_schema_is_one_and_every_mapping_refuses_unknown_keys():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = dict(objects(SCHEMA))
    assert len(found) > 12
    assert all(one["additionalProperties"] is False for one in found.values())


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_configurations_fit_the_schema(path):
    assert errors(yaml.safe_load(path.read_text())) == []


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_an_unknown_key_at_any_place_is_refused(path):
    config = yaml.safe_load(path.read_text())
    places = [()] + [p for p in keys(config) if isinstance(_at(config, p), dict)]
    for place in places:
        changed = json.loads(json.dumps(config))
        _at(changed, place)["no such key"] = 1
        assert errors(changed), place


def _at(value, path):
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize(("section", "command"), SECTIONS.items())
def test_keys_of_a_section_are_options_with_pepseqs_own_choices(section, command):
    schema = resolve(SCHEMA["properties"][section])
    schema = resolve(next(iter(schema.get("patternProperties", {"": schema}).values())))
    options = {
        name: option
        for option in importlib.import_module(f"pepseq.cli.{command}").command.params
        for name in option.opts
    }
    for key in set(schema["properties"]) - NO_OPTIONS.get(section, set()):
        option = options[f"--{key.replace('_', '-')}"]
        allowed = resolve(schema["properties"][key]).get("enum")
        if allowed:
            assert set(map(str, allowed)) <= set(map(str, option.type.choices)), key


def test_keys_of_amounts_that_are_of_merge_amounts():
    from pepseq.quantification.merge_config import VALUES, MergeAmountsConfig

    text = (FOLDER / "rules" / "samples.smk").read_text()
    assert f"OF_MERGE = {OF_MERGE!r}".replace("'", '"') in text
    assert all(hasattr(MergeAmountsConfig, key) for key in OF_MERGE)
    (of_name,) = SCHEMA["properties"]["amounts"]["patternProperties"].values()
    assert of_name["properties"]["value"]["enum"] == list(VALUES)


def test_every_key_is_in_config_yaml_with_a_comment():
    lines = (FOLDER / "config.yaml").read_text().splitlines()
    named = set()
    for at, line in enumerate(lines):
        if match := re.match(r"#? *([a-z_A-Z0-9]+):( |$)", line):
            named.add(match[1])
            above = lines[at - 1].strip("# ")
            choice = match[1] in ("ecoli_536", "fergusonii", "K1", "K2", "barnase", "planted")
            choice = choice or match[1] in ("experiment", "malg_malk")
            assert choice or (lines[at - 1].strip().startswith("#") and above), line
    wanted = {key for _, one in objects(SCHEMA) for key in one.get("properties", {})}
    left = wanted - named - {"from_scratch", "window", "overlap", "batch_residues"}
    assert left <= {"max_depth", "align", "steps"}, left


@pytest.mark.slow
@pytest.mark.parametrize("config", JOBS)
def test_dry_run_lists_the_jobs(config, tmp_path):
    done = snakemake(checkout(tmp_path), config, "--dry-run", "--cores", 2)
    assert done.returncode == 0, done.stdout
    assert counts(done.stdout) == JOBS[config]
    assert f"{JOBS[config]['total']} jobs" in TEXT


def test_the_papers_calls_are_the_papers():
    config = yaml.safe_load((ROOT / PAPER).read_text())
    assert [one["taxon"] for one in config["species"].values()] == [562, 208962, 564]
    shown = {one["readout"] for one in config["readouts"].values()}
    assert shown == {"KCYM", "KCYMRHWST", *(f"KCYM{one}" for one in "RHWST")}
    assert config["split"]["max_proteins"] == [50000, 25000, 15000]
    tuned = config["finetune"]
    assert (tuned["model"], tuned["window"], tuned["loss"]) == ("protbert", 1022, "all")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("finetune={batch: 3}", "finetune: unknown key 'batch'; known: model, from_scratch,"),
        ("nearest=maybe", "nearest: 'maybe' is not of type 'boolean'"),
        ("readouts={K1: {readout: KCYM, species: [mouse]}}", "readouts.K1.species: no species"),
        ("readouts={K3: {readout: K3}}", "readouts.K3.readout: expected amino acids such as KCYM"),
        (
            "readouts={all: {readout: acdefghiklmnpqrstvwy}}",
            "readouts.all: expected a readout that",
        ),
        ("split={by: clusters}", "split.by: expected random, cluster, species"),
        ("species={e-coli: {taxon: 562}}", "digits and underscores, found 'e-coli'"),
        (
            "amounts={x: {samples: no.tsv, reference: [r], labels: K}}",
            "amounts.x.samples: no.tsv: cannot be read: [Errno 2] No such file",
        ),
        (
            "amounts={x: {samples: data/pairs_true.tsv, reference: [r], labels: K}}",
            "amounts.x.samples: data/pairs_true.tsv: row 2: expected a TSV with the columns sample",
        ),
        (
            "amounts={x: {samples: {a: a.tsv}, reference: [r]}}",
            "amounts.x: expected one of labels and readout",
        ),
    ],
)
def test_a_wrong_configuration_ends_in_one_message(tmp_path, settings, words):
    done = snakemake(checkout(tmp_path), SMALL, "--dry-run", "--cores", 1, "--config", settings)
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if words in line], done.stdout
    assert "Traceback" not in done.stdout and "Building DAG" not in done.stdout


@pytest.mark.slow
def test_wrong_values_in_a_file_are_refused_before_any_work(tmp_path):
    folder = checkout(tmp_path)
    for section, values, words in (
        ("split", {"fractions": [0.8, 0.1, 0.2]}, "expected fractions of a split that add up to 1"),
        ("split", {"identity": 0}, "split.identity: 0 is less than or equal to the minimum of 0"),
        ("species", {562: {"taxon": 562}}, "expected texts as keys, found species.562: quote it"),
        ("amounts", {"x": NO_CYCLES}, "amounts.x: dye_sequences need cycles, so that all samples"),
    ):
        config = yaml.safe_load((folder / SMALL).read_text())
        config[section] = config.get(section, {}) | values
        (folder / "wrong.yaml").write_text(yaml.safe_dump(config))
        done = snakemake(folder, "wrong.yaml", "--dry-run", "--cores", 1)
        assert done.returncode == 1 and words in done.stdout


@pytest.mark.slow
def test_a_configuration_that_asks_for_nothing_is_refused(tmp_path):
    folder = checkout(tmp_path)
    (folder / "empty.yaml").write_text("results: results\n")
    done = snakemake(folder, "empty.yaml", "--dry-run", "--cores", 1)
    told = (
        "expected one of the sections species, structures, pairing, complexes, amounts, found none"
    )
    assert done.returncode == 1 and told in done.stdout


@pytest.mark.slow
def test_the_older_names_of_keys_are_accepted(tmp_path):
    folder = checkout(tmp_path)
    config = yaml.safe_load((folder / SMALL).read_text())
    config["split"]["at_most"] = [9, 5, 5]
    config["pairing"]["planted"] |= {"rounds": 2, "sure": 0.9}
    (folder / "older.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(folder, "older.yaml", "--dry-run", "--cores", 1, "--printshellcmds")
    assert done.returncode == 0, done.stdout
    assert "--max-proteins 9,5,5" in done.stdout and "--at-most" not in done.stdout
    assert "--known-confidence 0.9" in done.stdout and "--sure" not in done.stdout
    config["pairing"]["planted"]["known_confidence"] = 0.8
    (folder / "both.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(folder, "both.yaml", "--dry-run", "--cores", 1)
    told = "configuration: pairing.planted: sure is the older name of known_confidence; delete sure"
    assert done.returncode == 1 and told in done.stdout


@pytest.mark.slow
def test_lint_and_format_are_clean(tmp_path):
    done = snakemake(checkout(tmp_path), PAPER, "--lint")
    assert done.returncode == 0 and "good condition" in done.stdout, done.stdout
    formatter = Path(sys.executable).with_name("snakefmt")
    pyproject = ["--config", ROOT / "pyproject.toml"]
    done = subprocess.run(
        [formatter, "--check", *pyproject, FOLDER],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert all(len(p.read_text().splitlines()) <= 60 for p in (FOLDER / "rules").glob("*.smk"))


@pytest.mark.parametrize("name", ["laptop", "slurm", "gpu-node"])
def test_profiles_name_rules_and_options_that_there_are(name):
    from snakemake.cli import get_argument_parser

    profile = yaml.safe_load((FOLDER / "profiles" / name / "config.yaml").read_text())
    options = {word for action in get_argument_parser()._actions for word in action.option_strings}
    rules = re.findall(
        r"^rule (\w+):", "".join(p.read_text() for p in (FOLDER / "rules").glob("*.smk")), re.M
    )
    for key, value in profile.items():
        assert f"--{key}" in options
        if key in ("set-resources", "set-threads"):
            assert set(value) <= set(rules)


@pytest.mark.slow
def test_slurm_is_given_gpu_memory_and_time(tmp_path):
    folder = checkout(tmp_path)
    play_slurm(tmp_path / "bin", runs=False)
    for name in ("train", "validation", "test"):
        path = folder / "results/paper/splits/albertii" / f"{name}.fasta.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    targets = ("models/K1/albertii/pepseq.json", "readouts/K1/albertii.fasta.gz")
    done = snakemake(
        folder,
        PAPER,
        *(*SLURM, "--retries", 0),
        *(f"results/paper/{target}" for target in targets),
        path=str(tmp_path / "bin"),
    )
    assert done.returncode == 1 and "sbatch failed" in done.stdout
    calls = submitted(tmp_path / "bin")
    tuned, masked = (" ".join(calls[name]) for name in ("finetune", "mask"))
    for word in ("--gpus=1", "--mem 64000", "-t 2880", "--cpus-per-task=8"):
        assert word in tuned
    assert "--gpu" not in masked.partition("--wrap")[0]
    assert "--mem 2000" in masked and "-t 30 " in masked
    assert "--target-jobs 'finetune:readout=K1,species=albertii'" in tuned


@pytest.mark.workflow
def test_a_taxon_is_downloaded_split_and_masked(tmp_path):
    folder = checkout(tmp_path)
    config = {"results": "r", "modes": ["templates"], "species": {"coli": {"taxon": 562}}}
    config |= {"readouts": {"K1": {"readout": "KCYM"}}, "split": {"fractions": [0.5, 0.2, 0.3]}}
    with play_uniprot(proteins(40)) as server:
        config["download"] = {"server": server.url, "exclude_name": ["hypothetical protein"]}
        (folder / "my.yaml").write_text(yaml.safe_dump(config))
        done = snakemake(folder, "my.yaml", "--cores", 1, "r/readouts/K1/coli.fasta.gz")
    assert done.returncode == 0, done.stdout
    assert counts(done.stdout) == {"download": 1, "split": 1, "mask": 1, "total": 3}
    record = json.loads((folder / "r/proteins/coli.fasta.gz.run.json").read_text())
    assert "hypothetical protein" in json.dumps(record["settings"])
    assert (folder / "r/readouts/K1/coli.fasta.gz").stat().st_size > 200


@pytest.mark.workflow
def test_many_readouts_are_sharded_and_the_reference_searched_in_parts(tmp_path):
    folder = checkout(tmp_path)
    config = {"results": "r", "modes": ["templates"], "readouts": {"K1": {"readout": "KCYM"}}}
    config["species"] = {"W": {"proteins": ["data/ecoli_W3110_train.fasta.gz"]}}
    config["species"]["e"] = {"proteins": ["data/ecoli_536.fasta"]}
    config["split"] = {"fractions": [0.6, 0.15, 0.25], "max_proteins": [99, 9, 50], "sample": 5}
    config["predict"] = {"device": "cpu", "part_residues": 9000}
    target = "predictions/K1/templates/W-on-e"
    for results, jobs in (("one", {}), ("several", {"reads": 20, "parts": 2})):
        settings = config | {"results": results, "jobs": jobs}
        (folder / "my.yaml").write_text(yaml.safe_dump(settings))
        done = snakemake(folder, "my.yaml", "--cores", 1, f"{results}/{target}.fasta.gz")
        assert done.returncode == 0, done.stdout
    assert len(list(folder.glob("several/searches/K1/W-on-e/*-of-3/*-of-2.searches"))) == 6
    assert len(list(folder.glob("several/shards/K1/templates/W-on-e/*-of-3.fasta.gz"))) == 3
    assert not (folder / "one" / "shards").exists()
    for end in ("fasta.gz", "tsv.gz"):
        one, several = (folder / name / f"{target}.{end}" for name in ("one", "several"))
        assert one.read_bytes() == several.read_bytes()


@pytest.mark.workflow
def test_predict_takes_further_references(tmp_path):
    folder = checkout(tmp_path)
    known = add_reference("wide", folder / "data/ecoli_536.fasta", force=True)
    config = yaml.safe_load((folder / SMALL).read_text())
    config["predict"] = {"reference": ["wide", "data/ecoli_536.fasta"]}
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    masked = snakemake(folder, "my.yaml", "--cores", 2, "--until", "mask")
    assert masked.returncode == 0, masked.stdout  # how predict is called depends on the readouts
    listed = snakemake(folder, "my.yaml", "--cores", 1, "--dry-run", "-p").stdout
    calls = re.findall(r"pepseq predict .*?--force", listed)
    modes = {re.search("--mode ([a-z]+)", call)[1]: call for call in calls}
    assert modes.keys() == {"model", "templates"} and "--reference" not in modes["model"]
    assert modes["templates"].count("--reference") == 3
    assert "--reference wide --reference data/ecoli_536.fasta" in modes["templates"]
    assert f"{known.folder}/reference.json" in listed
    config["predict"] = {"reference": ["nothing"]}
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    refused = snakemake(folder, "my.yaml", "--cores", 1, "--dry-run")
    assert refused.returncode and "nothing/reference.json" in refused.stdout


@pytest.mark.workflow
def test_reads_of_several_samples_become_one_table(tmp_path):
    folder = checkout(tmp_path)
    config = yaml.safe_load((folder / AMOUNTS).read_text())
    given = config["amounts"]["drug"]
    names = ("control_1", "control_2", "drug_1", "drug_2")
    files = {name: f"data/samples/{name}.tsv.gz" for name in names[:2]}
    add_reference("coli-536", folder / "data/ecoli_536.fasta")
    of_controls = {"samples": files, "value": "expected_reads", "reference": ["coli-536"]}
    config["amounts"]["controls"] = given | of_controls
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    tables = {name: folder / f"results/samples/amounts/{name}" for name in config["amounts"]}
    done = snakemake(folder, "my.yaml", "--cores", 2)
    assert done.returncode == 0, done.stdout
    jobs = {"quantify": 6, "merge_amounts": 2, "report": 1, "all": 1, "total": 10}
    assert counts(done.stdout) == jobs
    table = pd.read_csv(tables["drug"] / "amounts.tsv", sep="\t")
    assert list(table)[3:] == list(names) and len(table) > 100
    assert table[list(names)].notna().mean(axis=None) > 0.95  # those of all q-values are kept
    msstats = pd.read_csv(tables["drug"] / "msstats.csv")
    assert list(msstats.Condition.unique()) == ["control", "drug"]
    assert list(msstats.BioReplicate.unique()) == ["control1", "control2", "drug1", "drug2"]
    page = (folder / "results/samples/report.html").read_text()
    assert "Proteins of E. coli in two conditions" in page and "control_2" in page
    both = pd.read_csv(tables["controls"] / "amounts.tsv", sep="\t")
    assert list(both)[3:] == list(names[:2]) and both.control_1.max() > 1


@pytest.mark.workflow
def test_jobs_run_through_slurm(tmp_path):
    folder = checkout(tmp_path)
    play_slurm(tmp_path / "bin", runs=True)
    target = "results/small/readouts/K1/e536.fasta.gz"
    done = snakemake(
        folder,
        SMALL,
        *(*SLURM, "--latency-wait", 5),
        target,
        path=str(tmp_path / "bin"),
    )
    assert done.returncode == 0, done.stdout
    assert (folder / target).exists() and {"split", "mask"} == set(submitted(tmp_path / "bin"))


@pytest.mark.workflow
def test_samples_are_one_job_array_of_slurm(tmp_path):
    folder = checkout(tmp_path)
    play_slurm(tmp_path / "bin", runs=True)
    done = snakemake(
        folder,
        AMOUNTS,
        *(*SLURM, "--latency-wait", 5, "--slurm-array-jobs", "quantify"),
        "results/samples/amounts/drug/amounts.tsv",
        path=str(tmp_path / "bin"),
    )
    assert done.returncode == 0, done.stdout
    calls = submitted(tmp_path / "bin")
    assert set(calls) == {"quantify", "merge"} and "--array=1-4" in calls["quantify"]
    assert len((tmp_path / "bin" / "states").read_text().splitlines()) == 5


@pytest.mark.workflow
def test_killed_and_rerun_it_does_what_was_left_and_ends_the_same(tmp_path):
    whole, killed = (checkout(tmp_path / name) for name in ("whole", "killed"))
    done = snakemake(whole, SMALL, "--cores", 2)
    assert done.returncode == 0, done.stdout
    before = finished(kill_after(killed, SMALL, 12, "--cores", 2))
    assert 12 <= len(before) < JOBS[SMALL]["total"] - 12
    made = [Path(killed, name) for _, names in before for name in names.split(", ") if name]
    times = {path: path.stat().st_mtime_ns for path in made}
    assert len(times) >= len(before)
    refused = snakemake(killed, SMALL, "--cores", 2)
    assert refused.returncode == 1
    assert re.search("--unlock|--rerun-incomplete", refused.stdout), refused.stdout  # what is first
    assert snakemake(killed, SMALL, "--cores", 2, "--unlock").returncode == 0
    again = snakemake(killed, SMALL, "--cores", 2, "--rerun-incomplete")
    assert again.returncode == 0, again.stdout
    assert not set(finished(again.stdout)) & set(before)
    assert len(finished(again.stdout)) == JOBS[SMALL]["total"] - len(before)
    assert times == {path: path.stat().st_mtime_ns for path in made}
    assert results(whole) == results(killed)
    assert "Nothing to be done" in snakemake(whole, SMALL, "--cores", 2).stdout


def results(folder):
    """Return the content of each result by path, without what tells when and how fast it was."""
    found = {}
    for path in sorted((folder / "results/small").rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or re.search("small/(logs|benchmarks)/|report.html|-index/|/[.]", name):
            continue
        content = path.read_bytes()
        if path.suffix == ".json":
            content = json.dumps(_timeless(json.loads(content)))
        found[name] = content
    assert len(found) > 200
    return found


def _timeless(value):
    if isinstance(value, dict):
        clock = ["started", "seconds", "pepseq.json"]  # the last is a hash in the manifests
        if str(value.get("path", "")).endswith(("pepseq.json", "manifest.json")):
            clock += ["bytes", "sha256"]  # in the run record of a network: these hold times
        return {key: _timeless(inner) for key, inner in value.items() if key not in clock}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


@pytest.mark.workflow
def test_pairings_of_one_complex_are_folded_and_scored(tmp_path):
    folder = checkout(tmp_path)
    config = yaml.safe_load((folder / COMPLEX).read_text())
    given = config["complexes"]["planted"]
    families = [read_fasta(folder / given[key], rows=True) for key in ("family_a", "family_b")]
    rows = [{record.id: record.sequence for record in family} for family in families]
    chains = [rows[at][given["query"][at]].replace("-", "") for at in range(2)]
    (folder / "known_complex.pdb").write_text(known_complex(chains))
    program = f"{sys.executable} {ROOT / 'tests' / 'complex_programs.py'}"
    files = f"{folder / 'known_complex.pdb'} {folder / 'data/pairs_true.tsv'}"
    engine = f"command:{program} {files} {{a3m}} {{folder}}"
    given |= {"reference": "known_complex.pdb", "fold": {"engine": engine}, "pair": {"runs": 4}}
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(folder, "my.yaml", "--cores", 2)
    assert done.returncode == 0, done.stdout
    jobs = {"pair_complex": 4, "fold_complex": 4, "score_complexes": 1, "report": 1, "all": 1}
    assert counts(done.stdout) == jobs | {"total": 11}
    results = folder / "results/complex"
    scores = pd.read_csv(results / "complexes/planted/scores.tsv", sep="\t", index_col="id")
    assert list(scores.index) == given["methods"]
    assert scores.dockq["information"] > scores.dockq["random"] + 0.02
    page = (results / "report.html").read_text()
    assert "One complex from four pairings" in page and "DockQ of each model" in page
    assert all(f"{value:.3f}" in page for value in scores.dockq)
