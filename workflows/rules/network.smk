"""Training: one network for each species and readout."""


rule finetune:
    input:
        train=f"{results}/splits/{{species}}/train.fasta.gz",
        validation=f"{results}/splits/{{species}}/validation.fasta.gz",
    output:
        multiext(
            f"{results}/models/{{readout}}/{{species}}/",
            weights="model.safetensors",
            settings="pepseq.json",
            metrics="metrics.tsv",
        ),
    log:
        f"{results}/logs/finetune/{{readout}}_{{species}}.log",
    benchmark:
        f"{results}/benchmarks/finetune/{{readout}}_{{species}}.tsv"
    retries: 3
    conda:
        "../envs/pepseq.yaml"
    threads: 8
    resources:
        gpu=0,
        mem="32GB",
        runtime="2d",
    params:
        folder=lambda wildcards, output: Path(output.weights).parent,
        readout=lambda wildcards: shlex.quote(config["readouts"][wildcards.readout]["readout"]),
        options=options(config.get("finetune")),
        offline=options({"offline": config.get("offline")}),
    shell:
        """
        if [ {resources.gpu} -gt 1 ]; then
            run="torchrun --standalone --nproc-per-node {resources.gpu} -m pepseq"
        else
            run=pepseq
        fi
        $run finetune --train {input.train} --validation {input.validation} \
            --readout {params.readout} {params.options} {params.offline} --threads {threads} \
            --resume --force -o {params.folder} >{log} 2>&1
        """
