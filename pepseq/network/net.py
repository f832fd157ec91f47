"""The readout network: dilated convolutions over a packed batch, templates as extra rows.

Residual blocks of dilated convolutions in the manner of ByteNet (Kalchbrenner et al. 2016; for
proteins Yang et al. 2024, doi:10.1016/j.cels.2024.01.008), each told the mean over its protein.
Aligned templates are rows of their own, read by short convolutions along the row and put together
at each residue by attention over the rows. Proteins lie one after the other without padding.
"""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional as F

ROW_CODES = 22
"""What a template has at a residue: an amino acid, an unknown residue (20), or nothing (21)."""
EDGE = 32
"""Distances to an end below EDGE are told apart, EDGE is any farther one, EDGE + 1 unknown."""
KERNEL = 5
SMALLEST = 1e-5
CONTRAST = 5.0
"""How much stronger an identified residue enters than a hidden one: with 1, training stalls."""
DILATIONS = 7
"""Dilations double from block to block so many times, then begin at 1 again."""
SETTINGS = {"width": 192, "blocks": 10, "row_width": 32, "row_blocks": 3}


class Proteins:
    """Which residues of a batch belong together; `protein`, (N,), and `share` as in `forward`."""

    def __init__(self, protein: torch.Tensor, share: torch.Tensor):
        self.protein = protein
        numbers = torch.arange(share.shape[0], device=share.device)
        self._means = (numbers[:, None] == protein) * share  # (B, N)
        self._masks: dict[int, torch.Tensor] = {}

    def mean(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean over each protein of x, (rows, N, width): (rows, B, width)."""
        return torch.matmul(self._means.to(x.dtype), x)

    def spread(self, x: torch.Tensor) -> torch.Tensor:
        """Return what `mean` gave, changed or not, at each residue."""
        return x.index_select(1, self.protein)

    def shifted(self, x: torch.Tensor, distance: int) -> torch.Tensor:
        """Return what is `distance` residues on in the same protein, or 0, at each residue."""
        if distance == 0:
            return x
        if distance not in self._masks:
            same = self.protein == _shift(self.protein[:, None], distance, -1)[:, 0]
            self._masks[distance] = same[:, None]
        return _shift(x, distance, 0) * self._masks[distance].to(x.dtype)


def _shift(x: torch.Tensor, distance: int, fill: int) -> torch.Tensor:
    if distance > 0:
        return F.pad(x, (0, 0, 0, distance), value=fill)[..., distance:, :]
    return F.pad(x, (0, 0, -distance, 0), value=fill)[..., :distance, :]


class Block(nn.Module):
    """One residual block: a dilated convolution over neighbours, and the protein's mean."""

    def __init__(self, width: int, dilation: int):
        super().__init__()
        half = width // 2
        self.dilation = dilation
        self.before, self.middle, self.after = (nn.LayerNorm(n) for n in (width, half, half))
        self.down, self.mean = nn.Linear(width, half), nn.Linear(width, half, bias=False)
        self.mix, self.up = nn.Linear(KERNEL * half, half), nn.Linear(half, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: torch.Tensor, proteins: Proteins) -> torch.Tensor:
        """Return x, (rows, N, width), after this block."""
        y = self.before(x)
        y = self.down(y) + proteins.spread(self.mean(proteins.mean(y)))
        y = F.gelu(self.middle(y))
        reach = KERNEL // 2
        around = [proteins.shifted(y, k * self.dilation) for k in range(-reach, reach + 1)]
        return x + self.up(F.gelu(self.after(self.mix(torch.cat(around, 2)))))


class ReadoutNet(nn.Module):
    """Completes readouts: what each residue may be in, a correction of its odds out.

    `settings`: width, blocks, row_width, row_blocks. The amino acids come in the order of
    AMINO_ACIDS.
    """

    def __init__(self, settings: Mapping[str, int] = SETTINGS):
        super().__init__()
        width, row_width = settings["width"], settings["row_width"]
        self.settings = dict(settings)
        self.reads, self.prior = nn.Linear(40, width), nn.Linear(21, width, bias=False)
        self.begin, self.end = nn.Embedding(EDGE + 2, width), nn.Embedding(EDGE + 2, width)
        self.length = nn.Linear(1, width, bias=False)
        self.row, self.row_match = nn.Embedding(ROW_CODES, row_width), nn.Linear(4, row_width)
        self.row_blocks = nn.ModuleList(
            Block(row_width, 2**number) for number in range(settings["row_blocks"])
        )
        self.attention, self.value = nn.Linear(row_width, 1), nn.Linear(row_width, width)
        self.blocks = nn.ModuleList(
            Block(width, 2 ** (number % DILATIONS)) for number in range(settings["blocks"])
        )
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 20)
        for embedding in (self.begin, self.end):
            nn.init.normal_(embedding.weight, std=0.1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, reads, prior, none, begin, end, protein, share, rows, weights, scores):
        """Return states of shape (residues, width), for `odds`.

        For N residues of B proteins and T template rows: `reads`, (N, 20): P(what is read | amino
        acid), the largest 1; `prior`, (N, 20): what is expected of each; `none`, (N, 1): how much
        of that is not copied from templates; `begin`, `end`, (N,): distances to the protein's
        ends, see EDGE; `protein`, (N,): its number; `share`, (B, 1): 1 / its length; `rows`,
        (T, N): what the templates have, see ROW_CODES; `weights`, (T, N): how likely each is
        copied; `scores`, (T, N): its alignment's score in bits.
        """
        proteins = Proteins(protein, share)
        lengths = -torch.log(share).index_select(0, protein) / 6
        whole = CONTRAST * reads / reads.sum(1, keepdim=True)
        x = self.reads(torch.cat([reads, whole], 1))
        x = x + self.prior(torch.cat([torch.log(prior + 1e-4) / 3, none], 1))
        x = x + self.begin(begin) + self.end(end) + self.length(lengths)
        x = x + self._templates(reads, proteins, rows, weights, scores)
        x = x[None]
        for block in self.blocks:
            x = block(x, proteins)
        return self.norm(x[0])

    def odds(self, states):
        """Return what to add to the logarithm of `prior`, (residues, 20), float32."""
        return self.head(states.float())

    def _templates(self, reads, proteins: Proteins, rows, weights, scores):
        """Return what the rows say together at each residue, (N, width); a row may be silent."""
        fits = F.pad(reads, (0, 2)).t().gather(0, rows)
        there = rows < ROW_CODES - 1
        known = fits * (reads.sum(1) < 1.5)
        x = self.row(rows) + self.row_match(
            torch.stack([fits, known, weights, scores / 50 * there], 2)
        )
        for block in self.row_blocks:
            x = block(x, proteins)
        score = self.attention(x)[..., 0].float() + 0.3 * torch.log(weights + 1e-3)
        score = F.pad(score.masked_fill(~there, -30.0), (0, 0, 0, 1))  # or none of the rows
        shares = torch.softmax(score, 0)[:-1, :, None].to(x.dtype)
        return self.value((shares * x).sum(0))


def probabilities(odds: torch.Tensor, prior: torch.Tensor) -> torch.Tensor:
    """Return log-probabilities, (residues, 20): `odds` added to the logarithm of `prior`."""
    expected = torch.log(prior.clamp(min=SMALLEST)).masked_fill(prior <= 0, -torch.inf)
    return torch.log_softmax(odds + expected, 1)
