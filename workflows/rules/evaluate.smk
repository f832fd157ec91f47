"""Accuracy of each prediction, and of all side by side: the paper's cross-species table."""


rule evaluate:
    input:
        truth=f"{results}/splits/{{tested}}/test.fasta.gz",
        proteins=rules.predict.output.proteins,
        table=rules.predict.output.table,
        train=f"{results}/splits/{{trained}}/train.fasta.gz",
    output:
        multiext(
            f"{results}/evaluations/{{readout}}/{{mode}}/{{trained}}-on-{{tested}}/",
            summary="summary.json",
            lengths="lengths_fine.tsv",
            amino_acids="amino_acids.tsv",
        ),
    log:
        f"{results}/logs/evaluate/{{readout}}_{{mode}}_{{trained}}-on-{{tested}}.log",
    conda:
        "../envs/pepseq.yaml"
    resources:
        mem="16GB",
        runtime="6h",
    params:
        folder=lambda wildcards, output: Path(output.summary).parent,
        readout=lambda wildcards: shlex.quote(config["readouts"][wildcards.readout]["readout"]),
        reference=lambda wildcards, input: (
            f"--reference {input.train}" if config.get("nearest") else ""
        ),
        more=lambda wildcards: options(
            {"reference": more_references(wildcards.mode) if config.get("nearest") else []}
        ),
    shell:
        """
        pepseq evaluate {input.truth} {input.proteins} --readout {params.readout} \
            --table {input.table} --background {input.train} {params.reference} {params.more} \
            -o {params.folder} --force >{log} 2>&1
        """


rule compare:
    input:
        [f"{evaluation_of(one)}/summary.json" for one in completions()],
    output:
        multiext(f"{results}/comparison/", table="compared.tsv", cross="cross.tsv"),
    log:
        f"{results}/logs/compare.log",
    conda:
        "../envs/pepseq.yaml"
    resources:
        mem="2GB",
        runtime="15m",
    params:
        folder=lambda wildcards, output: Path(output.table).parent,
        evaluations=" ".join(f"--evaluation {columns_of(one)}" for one in completions()),
    shell:
        "pepseq compare {params.evaluations} -o {params.folder} --force > {log} 2>&1"
