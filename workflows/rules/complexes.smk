"""Pairs to complexes: families paired in several ways, each folded, scored and shown side by side."""


rule pair_complex:
    input:
        family_a=lambda wildcards: config["complexes"][wildcards.name]["family_a"],
        family_b=lambda wildcards: config["complexes"][wildcards.name]["family_b"],
    output:
        known=f"{results}/complexes/{{name}}/pairs/{{method}}.known.tsv",
        pairs=f"{results}/complexes/{{name}}/pairs/{{method}}.tsv",
        a3m=f"{results}/complexes/{{name}}/alignments/{{method}}.a3m",
    log:
        f"{results}/logs/pair_complex/{{name}}_{{method}}.log",
    conda:
        "../envs/pepseq.yaml"
    threads: 4
    resources:
        gpu=0,
        mem="16GB",
        runtime="12h",
    params:
        query=lambda wildcards: quoted(config["complexes"][wildcards.name]["query"]),
        first=lambda wildcards: quoted(config["complexes"][wildcards.name]["query"][:1]),
        options=lambda wildcards: options(config["complexes"][wildcards.name].get("pair")),
    shell:
        """
        printf 'protein_a\\tprotein_b\\n%s\\t%s\\n' {params.query} >{output.known}
        pepseq pair {input.family_a} {input.family_b} --method {wildcards.method} \
            --known {output.known} --query {params.first} \
            --paired-msa {output.a3m} {params.options} --threads {threads} --force \
            -o {output.pairs} >{log} 2>&1
        """


rule fold_complex:
    input:
        f"{results}/complexes/{{name}}/alignments/{{method}}.a3m",
    output:
        directory(f"{results}/complexes/{{name}}/models/{{method}}"),
    log:
        f"{results}/logs/fold_complex/{{name}}_{{method}}.log",
    conda:
        "../envs/pepseq.yaml"
    threads: 4
    resources:
        gpu=1,
        mem="64GB",
        runtime="12h",
    params:
        options=lambda wildcards: options(config["complexes"][wildcards.name]["fold"]),
    shell:
        "pepseq fold {input} {params.options} -o {output} > {log} 2>&1"
