"""Readouts to proteins: every network, and every training set as templates, across species."""


rule predict:
    input:
        readouts=f"{results}/readouts/{{readout}}/{{tested}}.fasta.gz",
        model=branch(
            lambda wildcards: wildcards.mode != "templates",
            then=f"{results}/models/{{readout}}/{{trained}}/model.safetensors",
        ),
        reference=branch(
            lambda wildcards: wildcards.mode != "model",
            then=f"{results}/splits/{{trained}}/train.fasta.gz",
        ),
        more=lambda wildcards: files_of(more_references(wildcards.mode)),
    output:
        proteins=f"{results}/predictions/{{readout}}/{{mode}}/{{trained}}-on-{{tested}}.fasta.gz",
        table=f"{results}/predictions/{{readout}}/{{mode}}/{{trained}}-on-{{tested}}.tsv.gz",
    log:
        f"{results}/logs/predict/{{readout}}_{{mode}}_{{trained}}-on-{{tested}}.log",
    benchmark:
        f"{results}/benchmarks/predict/{{readout}}_{{mode}}_{{trained}}-on-{{tested}}.tsv"
    wildcard_constraints:
        mode="model|auto",
    conda:
        "../envs/pepseq.yaml"
    threads: 8
    resources:
        gpu=0,
        mem="16GB",
        runtime="12h",
    params:
        readout=lambda wildcards: shlex.quote(config["readouts"][wildcards.readout]["readout"]),
        model=lambda wildcards, input: (
            f"--model {Path(input.model).parent}" if input.model else ""
        ),
        reference=lambda wildcards, input: (
            f"--reference {input.reference}" if input.reference else ""
        ),
        more=lambda wildcards: options({"reference": more_references(wildcards.mode)}),
        options=options(config.get("predict"), "reference"),
    shell:
        """
        pepseq predict {input.readouts} --mode {wildcards.mode} {params.model} {params.reference} \
            {params.more} --readout {params.readout} {params.options} --threads {threads} --force \
            -o {output.proteins} --table {output.table} >{log} 2>&1
        """


use rule predict as predict_from_templates with:
    wildcard_constraints:
        mode="templates",
