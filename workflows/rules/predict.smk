"""Readouts to proteins: every network, and every training set as templates, across species."""


rule predict:
    input:
        **prediction_inputs(),
        shards=shards_of,
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
        call=lambda wildcards, input: (
            f"merge {input.shards}"
            if input.shards
            else f"predict {input.readouts} {prediction_call(wildcards, input)}"
        ),
        threads=lambda wildcards, input, threads: "" if input.shards else f"--threads {threads}",
    shell:
        "pepseq {params.call} {params.threads} --force -o {output.proteins} --table {output.table} >{log} 2>&1"


use rule predict as predict_from_templates with:
    wildcard_constraints:
        mode="templates",
