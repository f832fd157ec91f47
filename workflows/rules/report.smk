"""One page about everything."""


rule report:
    input:
        reported(),
    output:
        f"{results}/report.html",
    log:
        f"{results}/logs/report.log",
    conda:
        "../envs/pepseq.yaml"
    resources:
        mem="16GB",
        runtime="1h",
    params:
        results=lambda wildcards, input: " ".join(dict.fromkeys(map(shown, input))),
        options=options(config.get("report"), "residues"),
    shell:
        "pepseq report {params.results} {params.options} -o {output} --force > {log} 2>&1"
