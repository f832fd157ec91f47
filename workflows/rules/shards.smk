"""Shards of a prediction, and the searches of parts of its reference."""


rule search_part:
    input:
        readouts=f"{results}/readouts/{{readout}}/{{tested}}.fasta.gz",
        reference=f"{results}/splits/{{trained}}/train.fasta.gz",
        more=files_of(more_references("templates")),
    output:
        f"{results}/searches/{{readout}}/{{trained}}-on-{{tested}}/{{shard}}-of-{{shards}}/{{part}}-of-{{parts}}.searches",
    log:
        f"{results}/logs/search/{{readout}}_{{trained}}-on-{{tested}}_{{shard}}-of-{{shards}}_{{part}}-of-{{parts}}.log",
    conda:
        "../envs/pepseq.yaml"
    threads: 8
    resources:
        mem="16GB",
        runtime="12h",
    params:
        readout=lambda wildcards: shlex.quote(config["readouts"][wildcards.readout]["readout"]),
        more=options({"reference": more_references("templates")}),
        options=search_options(),
    shell:
        """
        pepseq search {input.readouts} --part {wildcards.part}/{wildcards.parts} \
            --shard {wildcards.shard}/{wildcards.shards} --reference {input.reference} {params.more} \
            --readout {params.readout} {params.options} --threads {threads} --force \
            -o {output} >{log} 2>&1
        """


rule predict_shard:
    input:
        **prediction_inputs(),
        searches=searches_of,
    output:
        proteins=f"{results}/shards/{{readout}}/{{mode}}/{{trained}}-on-{{tested}}/{{shard}}-of-{{shards}}.fasta.gz",
        table=f"{results}/shards/{{readout}}/{{mode}}/{{trained}}-on-{{tested}}/{{shard}}-of-{{shards}}.tsv.gz",
    log:
        f"{results}/logs/predict/{{readout}}_{{mode}}_{{trained}}-on-{{tested}}_{{shard}}-of-{{shards}}.log",
    conda:
        "../envs/pepseq.yaml"
    threads: 8
    resources:
        gpu=0,
        mem="16GB",
        runtime="12h",
    params:
        call=prediction_call,
        searches=lambda wildcards, input: options({"searches": list(input.searches)}),
    shell:
        """
        pepseq predict {input.readouts} {params.call} {params.searches} --threads {threads} \
            --shard {wildcards.shard}/{wildcards.shards} --keep-going --force \
            -o {output.proteins} --table {output.table} >{log} 2>&1
        """
