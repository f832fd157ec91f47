"""The readout network: dilated convolutions over a packed batch, templates as extra rows.

Residual blocks of dilated convolutions in the manner of ByteNet (Kalchbrenner et al. 2016; for
proteins Yang et al. 2024, doi:10.1016/j.cels.2024.01.008), each of which adds the mean over the
protein. Aligned templates are rows with short convolutions along the row, combined at each residue
by attention over the rows. Proteins lie one after the other without padding.
"""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional as F

from pepseq.network.architecture import ARCHITECTURE, BUNDLED_SIZES, NO_RESIDUE


class PackedProteins:
    """The proteins of a packed batch; `protein`, (N,), and `share` as in `forward`."""

    def __init__(self, protein: torch.Tensor, share: torch.Tensor):
        self.protein = protein
        numbers = torch.arange(share.shape[0], device=share.device)
        self._means = (numbers[:, None] == protein) * share  # (B, N)
        self._masks: dict[int, torch.Tensor] = {}

    def mean(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean over each protein of x, (rows, N, width): (rows, B, width)."""
        return torch.matmul(self._means.to(x.dtype), x)

    def spread(self, x: torch.Tensor) -> torch.Tensor:
        """Return for each residue its protein's row of x, (rows, B, width): (rows, N, width)."""
        return x.index_select(1, self.protein)

    def shift(self, x: torch.Tensor, distance: int) -> torch.Tensor:
        """Return x of the residue `distance` further in the same protein, or 0, at each residue."""
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
        self.mix, self.up = nn.Linear(ARCHITECTURE.kernel * half, half), nn.Linear(half, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: torch.Tensor, proteins: PackedProteins) -> torch.Tensor:
        """Return x, (rows, N, width), after this block."""
        y = self.before(x)
        y = self.down(y) + proteins.spread(self.mean(proteins.mean(y)))
        y = F.gelu(self.middle(y))
        reach = ARCHITECTURE.kernel // 2
        around = [proteins.shift(y, k * self.dilation) for k in range(-reach, reach + 1)]
        return x + self.up(F.gelu(self.after(self.mix(torch.cat(around, 2)))))


class ReadoutNet(nn.Module):
    """Takes what each residue may be and returns a correction of its odds.

    `sizes`: width, blocks, row_width, row_blocks. The amino acids come in the order of AMINO_ACIDS.
    Names of modules are those of the weights in files; `reads` takes the emission.
    """

    def __init__(self, sizes: Mapping[str, int] = BUNDLED_SIZES):
        super().__init__()
        width, row_width, edges = sizes["width"], sizes["row_width"], ARCHITECTURE.edge + 2
        self.sizes = dict(sizes)
        self.reads, self.prior = nn.Linear(40, width), nn.Linear(21, width, bias=False)
        self.begin, self.end = nn.Embedding(edges, width), nn.Embedding(edges, width)
        self.length = nn.Linear(1, width, bias=False)
        self.row, self.row_match = nn.Embedding(NO_RESIDUE + 1, row_width), nn.Linear(4, row_width)
        self.row_blocks = nn.ModuleList(
            Block(row_width, 2**number) for number in range(sizes["row_blocks"])
        )
        self.attention, self.value = nn.Linear(row_width, 1), nn.Linear(row_width, width)
        self.blocks = nn.ModuleList(
            Block(width, ARCHITECTURE.dilation(number)) for number in range(sizes["blocks"])
        )
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 20)
        for embedding in (self.begin, self.end):
            nn.init.normal_(embedding.weight, std=0.1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self,
        emission: torch.Tensor,
        prior: torch.Tensor,
        none: torch.Tensor,
        begin: torch.Tensor,
        end: torch.Tensor,
        protein: torch.Tensor,
        share: torch.Tensor,
        rows: torch.Tensor,
        weights: torch.Tensor,
        scores: torch.Tensor,
    ) -> torch.Tensor:
        """Return states of shape (residues, width), for `odds`; arguments in GRAPH_INPUTS' order.

        For N residues of B proteins and T template rows: `emission`, (N, 20): P(read symbol | amino
        acid), the largest 1; `prior`, (N, 20): probabilities before the network; `none`, (N, 1):
        share of them that is not copied from templates; `begin`, `end`, (N,): distances to the
        protein's ends, see Architecture.edge; `protein`, (N,): its number; `share`, (B, 1): 1 / its
        length; `rows`, (T, N): residue codes of the templates or NO_RESIDUE; `weights`, (T, N):
        probability that each is copied; `scores`, (T, N): its alignment's score in bits.
        """
        proteins = PackedProteins(protein, share)
        lengths = -torch.log(share).index_select(0, protein) / ARCHITECTURE.length_scale
        shares = ARCHITECTURE.contrast * emission / emission.sum(1, keepdim=True)
        logs = torch.log(prior + ARCHITECTURE.prior_floor) / ARCHITECTURE.prior_scale
        x = self.reads(torch.cat([emission, shares], 1))
        x = x + self.prior(torch.cat([logs, none], 1))
        x = x + self.begin(begin) + self.end(end) + self.length(lengths)
        x = x + self._attend_to_rows(emission, proteins, rows, weights, scores)
        x = x[None]
        for block in self.blocks:
            x = block(x, proteins)
        return self.norm(x[0])

    def odds(self, states: torch.Tensor) -> torch.Tensor:
        """Return what to add to the logarithm of `prior`, (residues, 20), float32."""
        return self.head(states.float())

    def _attend_to_rows(
        self,
        emission: torch.Tensor,
        proteins: PackedProteins,
        rows: torch.Tensor,
        weights: torch.Tensor,
        scores: torch.Tensor,
    ) -> torch.Tensor:
        """Return the templates' part of each residue's state, (N, width); it may be none."""
        fits = F.pad(emission, (0, 2)).t().gather(0, rows)
        aligned = rows < NO_RESIDUE
        known = fits * (emission.sum(1) < ARCHITECTURE.identified_sum)
        bits = scores / ARCHITECTURE.score_scale * aligned
        x = self.row(rows) + self.row_match(torch.stack([fits, known, weights, bits], 2))
        for block in self.row_blocks:
            x = block(x, proteins)
        logs = torch.log(weights + ARCHITECTURE.weight_floor)
        score = self.attention(x)[..., 0].float() + ARCHITECTURE.weight_scale * logs
        score = score.masked_fill(~aligned, ARCHITECTURE.absent_score)
        score = F.pad(score, (0, 0, 0, 1))  # 0: none of the rows
        shares = torch.softmax(score, 0)[:-1, :, None].to(x.dtype)
        return self.value((shares * x).sum(0))


def add_log_odds(odds: torch.Tensor, prior: torch.Tensor) -> torch.Tensor:
    """Return log-probabilities, (residues, 20): `odds` added to the logarithm of `prior`."""
    expected = torch.log(prior.clamp(min=ARCHITECTURE.min_prior)).masked_fill(
        prior <= 0, -torch.inf
    )
    return torch.log_softmax(odds + expected, 1)
