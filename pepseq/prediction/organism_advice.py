"""What the organisms of templates say of a sample, for the log."""

import logging

from pepseq.prediction.predictor import Predictor
from pepseq.prediction.read_filter import file_argument
from pepseq.templates.template_organisms import SampleOrganisms

log = logging.getLogger(__name__)


def log_organisms(predictor: Predictor, source: str) -> SampleOrganisms | None:
    """Return the organisms of the templates of all reads that were predicted, and log advice.

    `source` names the reads. None without templates.
    """
    if predictor.templates is None:
        return None
    organisms = predictor.templates.organisms.result()
    rates = predictor.misses_labels, predictor.config.misread, predictor.confusion
    log_advice(organisms, source, predictor.config.kind == "protein" and not any(rates))
    return organisms


def log_advice(organisms: SampleOrganisms, source: str, judges_relatives: bool) -> None:
    """Log that a sample is of another organism, or of a relative, or a mixture.

    `source` names the reads; `judges_relatives`: whether they are whole proteins without errors,
    of which few have nearly the labels of a relative's.
    """
    suggest = f"pepseq reference suggest {file_argument(source)}"
    with_template = 100 * organisms.explained.reads / max(organisms.all.reads, 1)
    near = 100 * organisms.explained.near_share
    if judges_relatives and organisms.has_few_templates and not organisms.is_relative:
        log.warning(
            "%s: the reference lacks most proteins of the sample: only %.0f %% have a template in "
            "it, but %.0f %% of these have nearly its labels. Give a complete proteome with "
            "--reference; see %s",
            source,
            with_template,
            near,
            suggest,
        )
    elif judges_relatives and organisms.has_few_templates:
        log.warning(
            "%s: the sample is not of this reference: only %.0f %% of the proteins have a template "
            "in it. Give the proteome of its organism or of a relative, or many proteins, such as "
            "Swiss-Prot, with --reference; see %s",
            source,
            with_template,
            suggest,
        )
    elif judges_relatives and organisms.is_relative:
        log.warning(
            "%s: the reference lacks an organism or strain of the sample: only %.0f %% of the "
            "proteins with a template have nearly its labels. Add the proteome of this organism "
            "with --reference; see %s",
            source,
            near,
            suggest,
        )
    if organisms.mixture:
        log.info("%s: the sample is a mixture: %s", source, ", ".join(organisms.mixture))
