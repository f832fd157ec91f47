"""Proteins to train, validation and test, and the test proteins to readouts."""


rule split:
    input:
        lambda wildcards: config["species"][wildcards.species].get(
            "proteins", [f"{results}/proteins/{wildcards.species}.fasta.gz"]
        ),
    output:
        multiext(
            f"{results}/splits/{{species}}/",
            train="train.fasta.gz",
            validation="validation.fasta.gz",
            test="test.fasta.gz",
            report="report.tsv",
        ),
    log:
        f"{results}/logs/split/{{species}}.log",
    conda:
        "../envs/pepseq.yaml"
    threads: 4
    resources:
        mem="16GB",
        runtime="4h",
    params:
        folder=lambda wildcards, output: Path(output.train).parent,
        options=lambda wildcards: options(
            {**config["split"], **config["species"][wildcards.species].get("split", {})}
        ),
    shell:
        "pepseq split {input} -o {params.folder} {params.options} --gzip --threads {threads} --force > {log} 2>&1"


checkpoint mask:
    input:
        f"{results}/splits/{{species}}/test.fasta.gz",
    output:
        f"{results}/readouts/{{readout}}/{{species}}.fasta.gz",
    log:
        f"{results}/logs/mask/{{readout}}_{{species}}.log",
    conda:
        "../envs/pepseq.yaml"
    resources:
        mem="2GB",
        runtime="30m",
    params:
        readout=lambda wildcards: shlex.quote(config["readouts"][wildcards.readout]["readout"]),
        options=options(config.get("mask")),
    shell:
        "pepseq mask {input} -o {output} --readout {params.readout} {params.options} --force > {log} 2>&1"
