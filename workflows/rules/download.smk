"""Proteins that are not given: downloaded."""


rule download:
    output:
        proteins=f"{results}/proteins/{{species}}.fasta.gz",
    log:
        f"{results}/logs/download/{{species}}.log",
    retries: 3
    conda:
        "../envs/pepseq.yaml"
    resources:
        mem="2GB",
        runtime="1d",
    params:
        taxon=lambda wildcards: shlex.quote(str(config["species"][wildcards.species]["taxon"])),
        options=options(config.get("download")),
    shell:
        "pepseq download --taxon {params.taxon} {params.options} -o {output.proteins} > {log} 2>&1"
