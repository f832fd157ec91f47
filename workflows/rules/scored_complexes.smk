"""Complexes against the known one: a table of the models of all pairings."""


rule score_complexes:
    input:
        models=lambda wildcards: models_of(wildcards.name),
        reference=lambda wildcards: config["complexes"][wildcards.name]["reference"],
    output:
        models=f"{results}/complexes/{{name}}/models.tsv",
        scores=f"{results}/complexes/{{name}}/scores.tsv",
        interfaces=f"{results}/complexes/{{name}}/interfaces.tsv",
    log:
        f"{results}/logs/score_complexes/{{name}}.log",
    conda:
        "../envs/pepseq.yaml"
    threads: 4
    resources:
        mem="8GB",
        runtime="4h",
    shell:
        """
        printf 'id\\tmodel\\treference\\n' >{output.models}
        for folder in {input.models}; do
            method=$(basename "$folder")
            model=$(find "$(realpath "$folder")" -name "$method.pdb" -o -name "$method.cif")
            printf '%s\\t%s\\t%s\\n' "$method" "$model" "$(realpath {input.reference})"
        done >>{output.models}
        pepseq score {output.models} --complex --interfaces {output.interfaces} \
            --threads {threads} --force -o {output.scores} >{log} 2>&1
        """
