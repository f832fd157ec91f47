"""The pairing benchmark: two families whose true pairs are known, paired by several methods."""


rule pair:
    input:
        family_a=lambda wildcards: config["pairing"][wildcards.name]["family_a"],
        family_b=lambda wildcards: config["pairing"][wildcards.name]["family_b"],
        known=lambda wildcards: config["pairing"][wildcards.name].get("known") or [],
    output:
        pairs=f"{results}/pairing/{{name}}/{{method}}.tsv",
        unpaired=f"{results}/pairing/{{name}}/{{method}}.tsv.unpaired.tsv",
    log:
        f"{results}/logs/pair/{{name}}_{{method}}.log",
    benchmark:
        f"{results}/benchmarks/pair/{{name}}_{{method}}.tsv"
    conda:
        "../envs/pepseq.yaml"
    threads: 4
    resources:
        gpu=0,
        mem="16GB",
        runtime="12h",
    params:
        known=lambda wildcards, input: f"--known {input.known}" if input.known else "",
        options=lambda wildcards: options(
            config["pairing"][wildcards.name], "family_a", "family_b", "known", "truth", "methods"
        ),
    shell:
        """
        pepseq pair {input.family_a} {input.family_b} --method {wildcards.method} {params.known} \
            {params.options} --threads {threads} --force -o {output.pairs} >{log} 2>&1
        """


rule evaluate_pairs:
    input:
        truth=lambda wildcards: config["pairing"][wildcards.name]["truth"],
        pairs=lambda wildcards: [
            f"{results}/pairing/{wildcards.name}/{method}.tsv"
            for method in config["pairing"][wildcards.name]["methods"]
        ],
    output:
        multiext(
            f"{results}/pairing/{{name}}/accuracy/", table="accuracy.tsv", bands="confidence.tsv"
        ),
    log:
        f"{results}/logs/evaluate_pairs/{{name}}.log",
    conda:
        "../envs/pepseq.yaml"
    resources:
        mem="2GB",
        runtime="15m",
    params:
        folder=lambda wildcards, output: Path(output.table).parent,
    shell:
        "pepseq evaluate-pairs {input.truth} {input.pairs} -o {params.folder} --force > {log} 2>&1"
