"""Inputs and options of a prediction, and of a shard of it."""


def prediction_inputs():
    """Return the inputs of a prediction, or of a shard of it."""
    return dict(
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
    )


def prediction_call(wildcards, input):
    """Return the options of a prediction, or of a shard of it."""
    model = f"--model {Path(input.model).parent}" if input.model else ""
    reference = f"--reference {input.reference}" if input.reference else ""
    more = options({"reference": more_references(wildcards.mode)})
    readout = shlex.quote(config["readouts"][wildcards.readout]["readout"])
    others = options(config.get("predict"), "reference")
    words = (f"--mode {wildcards.mode}", model, reference, more, f"--readout {readout}", others)
    return " ".join(filter(None, words))
