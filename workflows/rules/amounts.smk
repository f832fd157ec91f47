"""Amounts of proteins: reads of several samples to one table."""


rule quantify:
    input:
        reads=lambda wildcards: reads_of(wildcards.name)[wildcards.sample],
        others=lambda wildcards: references_of(wildcards.name),
    output:
        f"{results}/amounts/{{name}}/samples/{{sample}}.tsv",
    log:
        f"{results}/logs/quantify/{{name}}_{{sample}}.log",
    benchmark:
        f"{results}/benchmarks/quantify/{{name}}_{{sample}}.tsv"
    wildcard_constraints:
        sample=SAMPLE,
    conda:
        "../envs/pepseq.yaml"
    threads: 2
    resources:
        mem="8GB",
        runtime="2h",
    params:
        options=lambda wildcards: options(config["amounts"][wildcards.name], "samples", *OF_MERGE),
    shell:
        """
        pepseq quantify {input.reads} {params.options} --max-q 1 --threads {threads} --force \
            -o {output} >{log} 2>&1
        """


rule merge_amounts:
    input:
        tables=lambda wildcards: [
            f"{results}/amounts/{wildcards.name}/samples/{sample}.tsv"
            for sample in reads_of(wildcards.name)
        ],
        sheet=lambda wildcards: sheet_of(wildcards.name),
    output:
        table=f"{results}/amounts/{{name}}/amounts.tsv",
        msstats=f"{results}/amounts/{{name}}/msstats.csv",
    log:
        f"{results}/logs/merge_amounts/{{name}}.log",
    conda:
        "../envs/pepseq.yaml"
    resources:
        mem="4GB",
        runtime="15m",
    params:
        sheet=lambda wildcards, input: f"--samples {input.sheet}" if input.sheet else "",
        options=lambda wildcards: options(
            {key: config["amounts"][wildcards.name].get(key) for key in OF_MERGE}
        ),
    shell:
        """
        pepseq merge-amounts {input.tables} {params.sheet} {params.options} --force \
            -o {output.table} >{log} 2>&1
        pepseq merge-amounts {input.tables} {params.sheet} {params.options} --force \
            --format msstats -o {output.msstats} >>{log} 2>&1
        """
