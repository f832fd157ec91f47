"""Structures that were predicted elsewhere against reference structures."""


rule score:
    input:
        models=lambda wildcards: config["structures"][wildcards.name]["models"],
        references=lambda wildcards: config["structures"][wildcards.name]["references"],
        sequences=lambda wildcards: reconstructions_of(wildcards.name),
    output:
        f"{results}/structures/{{name}}.tsv",
    log:
        f"{results}/logs/score/{{name}}.log",
    conda:
        "../envs/pepseq.yaml"
    threads: 4
    resources:
        mem="8GB",
        runtime="4h",
    params:
        sequences=lambda wildcards, input: (
            f"--sequences {input.sequences}" if input.sequences else ""
        ),
        options=lambda wildcards: options(
            config["structures"][wildcards.name], "models", "references", "reconstructions"
        ),
    shell:
        "pepseq score {input.models} {input.references} {params.sequences} {params.options} --threads {threads} --force -o {output} > {log} 2>&1"
