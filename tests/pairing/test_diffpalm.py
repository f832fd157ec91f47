"""DiffPALM against its definition, on planted pairs, and under changes that must not matter."""

import logging
from dataclasses import replace

import numpy as np
import published_msa
import pytest
import torch
from contacts import planted
from scipy.optimize import linear_sum_assignment
from torch.nn.functional import cross_entropy, one_hot

from pepseq.errors import InputError
from pepseq.models.msa_transformer import MASK, TOKEN_OF_CODE, TOKENS, MsaTransformer
from pepseq.models.msa_weights import network_from_tensors
from pepseq.pairing.canonical_order import tasks_of
from pepseq.pairing.config import DiffPalmConfig
from pepseq.pairing.diffpalm import diffpalm
from pepseq.pairing.method_interface import Families, Species

LENGTH = 12
QUICK = DiffPalmConfig(runs=1, steps=3, device="cpu", threads=1)


@pytest.fixture(scope="module")
def random_weights():
    return published_msa.checkpoint()


@pytest.fixture
def network(random_weights):
    return network_from_tensors(random_weights["model"], "random", 4)


def tokens_of(codes):
    return one_hot(torch.from_numpy(TOKEN_OF_CODE[codes]), len(TOKENS)).float()


def trained(steps=350):
    """Train a small network on alignments of other pairs that follow the same rule."""
    torch.manual_seed(0)
    network = MsaTransformer(2, 64, 4, 128, positions=2 * LENGTH + 1, depth=64)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        families, _ = planted(10_000 + step, 6, (3, 5), shuffled=False)
        residues = tokens_of(np.hstack([families.codes_a, families.codes_b]))
        of_a = torch.rand(len(residues), 1) < 0.7
        mask = torch.cat([of_a.expand(-1, LENGTH), ~of_a.expand(-1, LENGTH)], dim=1)
        rows, columns = (mask & (torch.rand(mask.shape) < 0.7)).nonzero(as_tuple=True)
        seen = residues.clone()
        seen[rows, columns] = torch.eye(len(TOKENS))[MASK]
        optimizer.zero_grad()
        cross_entropy(network(seen, rows, columns), residues[rows, columns]).backward()
        optimizer.step()
        schedule.step()
    return network


@pytest.fixture(scope="module")
def expert():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield trained()
    torch.set_num_threads(threads)


def correct(frequencies, truth):
    """Return the share of true pairs that the best one-to-one pairing of frequencies has."""
    good = 0
    for frequency, pairs in zip(frequencies, truth, strict=True):
        chosen = set(zip(*linear_sum_assignment(frequency, maximize=True), strict=True))
        good += sum(tuple(pair) in chosen for pair in pairs.tolist())
    return good / sum(map(len, truth))


def naive(families, module, steps, config):
    """DiffPALM as published, in one block, square species: losses, and gradients of each step."""
    tasks, _ = tasks_of(families)
    sizes = [len(task.a) for task in tasks]
    a = tokens_of(np.concatenate([task.codes_a for task in tasks]))
    b = tokens_of(np.concatenate([task.codes_b for task in tasks]))
    random = np.random.default_rng([config.seed, 0])
    alphas = [torch.zeros(n, n, requires_grad=True) for n in sizes]
    optimizer = torch.optim.Adadelta(alphas, lr=9, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.8, patience=20)
    losses, gradients = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        factor = 0.1 * optimizer.param_groups[0]["lr"] / 9
        hard, soft = [], []
        for alpha in alphas:
            alpha.data -= alpha.data.mean()
        # The random numbers of species of one size are drawn together.
        for n in sorted(set(sizes)):
            same = [alpha for alpha in alphas if len(alpha) == n]
            gumbel = torch.from_numpy(random.gumbel(size=(len(same), n, n))).float()
            noisy = [x + factor * x.std() * g for x, g in zip(same, gumbel, strict=True)]
            for x in noisy:
                p, q = np.eye(n)[random.permutation(n)], np.eye(n)[random.permutation(n)]
                shuffled = p @ x.detach().double().numpy() @ q.T
                best = np.zeros((n, n))
                best[linear_sum_assignment(shuffled, maximize=True)] = 1
                hard.append(torch.from_numpy(p.T @ best @ q).float())
                share = x
                for _ in range(10):
                    share = share - share.logsumexp(1, keepdim=True)
                    share = share - share.logsumexp(0, keepdim=True)
                soft.append(share.exp())
        by_hard = torch.einsum("pq,pls->qls", torch.block_diag(*hard), a)
        by_soft = torch.einsum("pq,pls->qls", torch.block_diag(*soft), a)
        permuted = (by_hard - by_soft).detach() + by_soft
        draws = random.random((len(a), a.shape[1] + b.shape[1]))
        random.integers(2**32)
        mask = torch.from_numpy(draws < 0.7)[:, : a.shape[1]]
        hidden = permuted.clone()
        hidden[mask] = torch.eye(len(TOKENS))[MASK]
        logits = published_msa.logits_of(module, torch.cat([hidden, b], dim=1))
        loss = cross_entropy(logits[:, : a.shape[1]][mask], permuted[mask])
        loss.backward()
        losses.append(loss.item())
        gradients.append([alpha.grad.clone() for alpha in alphas])
        optimizer.step()
        scheduler.step(loss.item())
    return losses, gradients


def test_losses_are_those_of_the_definition(random_weights, network):
    families, _ = planted(3, 5, (2, 4))
    tasks, _ = tasks_of(families)
    assert len({len(task.a) for task in tasks}) > 1
    expected, _ = naive(families, published_msa.module_of(random_weights), 4, QUICK)
    chosen = diffpalm(families, replace(QUICK, steps=4), network)
    np.testing.assert_allclose(chosen.losses[0], expected, atol=2e-5)


def test_gradients_are_those_of_the_definition(random_weights, network, monkeypatch):
    families, _ = planted(4, 1, (4, 4))
    found = []
    step = torch.optim.Adadelta.step

    def keep(self, *arguments):
        found.append([weight.grad.clone() for weight in self.param_groups[0]["params"]])
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.Adadelta, "step", keep)
    diffpalm(families, replace(QUICK, steps=2), network)
    own, found = found, []
    _, gradients = naive(families, published_msa.module_of(random_weights), 2, QUICK)
    for ours, theirs in zip(own, gradients, strict=True):
        scale = theirs[0].abs().max().item()
        assert scale > 1e-4
        torch.testing.assert_close(ours[0][0], theirs[0], atol=1e-4 * scale, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("surplus", [(0, 0), (2, 0), (0, 2)])
def test_planted_pairs_are_found(expert, surplus):
    families, truth = planted(5, 5, (3, 5), surplus=surplus)
    chosen = diffpalm(families, replace(QUICK, steps=60), expert)
    assert correct(chosen.frequencies, truth) > 0.8
    assert chosen.losses[0, -10:].mean() < chosen.losses[0, 0] - 1
    for frequency in chosen.frequencies:
        assert frequency.sum() == pytest.approx(min(frequency.shape))
        assert frequency.sum(0).max() <= 1 + 1e-9 and frequency.sum(1).max() <= 1 + 1e-9


@pytest.mark.slow
def test_families_that_do_not_coevolve_are_paired_at_random(expert):
    families, truth = planted(5, 5, (3, 5), strength=0.0)
    chosen = diffpalm(families, replace(QUICK, steps=60), expert)
    assert correct(chosen.frequencies, truth) < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("depth", [2, 7])
def test_deep_alignments_go_through_in_parts(expert, depth):
    families, truth = planted(6, 3, (4, 6))
    chosen = diffpalm(families, replace(QUICK, steps=60, max_depth=depth), expert)
    assert correct(chosen.frequencies, truth) > 0.6


def changed(families, seed):
    """Return the same families with rows and species in another order and under other names.

    Also what each species' positions have become, for A and for B.
    """
    random = np.random.default_rng(seed)
    rows_a, rows_b = (
        random.permutation(len(families.codes_a)),
        random.permutation(len(families.codes_b)),
    )
    species, moves = [], []
    for number in random.permutation(len(families.species)):
        old = families.species[number]
        order_a, order_b = random.permutation(len(old.rows_a)), random.permutation(len(old.rows_b))
        places = np.argsort(order_a), np.argsort(order_b)
        known = np.stack([places[k][old.known[:, k]] for k in (0, 1)], axis=1)
        a, b = np.argsort(rows_a)[old.rows_a[order_a]], np.argsort(rows_b)[old.rows_b[order_b]]
        species.append(Species(f"other {number}", a, b, random.permutation(known)))
        moves.append((number, order_a, order_b))
    return Families(families.codes_a[rows_a], families.codes_b[rows_b], tuple(species)), moves


def with_doubles(families):
    """Make some proteins, and two species, equal in sequence."""
    a, b = families.codes_a.copy(), families.codes_b.copy()
    first, second, third, *_ = families.species
    a[second.rows_a], b[second.rows_b] = a[first.rows_a], b[first.rows_b]
    a[third.rows_a[1]] = a[third.rows_a[0]]
    b[third.rows_b[2]] = b[third.rows_b[0]]
    return Families(a, b, families.species)


def with_known(families, number, pairs):
    species = list(families.species)
    species[number] = replace(species[number], known=np.array(pairs, dtype=np.int64))
    return replace(families, species=tuple(species))


@pytest.mark.parametrize("surplus", [(0, 0), (1, 0), (0, 2)])
def test_order_and_names_do_not_matter(network, surplus):
    families, _ = planted(7, 5, (4, 4), surplus=surplus)
    families = with_known(with_doubles(families), 3, [[1, 2], [0, 3]])
    config = replace(QUICK, runs=3)
    first = diffpalm(families, config, network)
    other, moves = changed(families, 1)
    again = diffpalm(other, config, network)
    np.testing.assert_array_equal(again.losses, first.losses)
    for (number, order_a, order_b), found in zip(moves, again.frequencies, strict=True):
        np.testing.assert_allclose(
            found, first.frequencies[number][np.ix_(order_a, order_b)], atol=1e-12
        )
    third = first.frequencies[2]
    np.testing.assert_allclose(third[0], third[1])
    np.testing.assert_allclose(third[:, 0], third[:, 2])
    np.testing.assert_allclose(first.frequencies[0], first.frequencies[1])


def test_losses_and_pairs_depend_on_the_seed_alone(network):
    families, _ = planted(8, 4, (3, 5))
    first, again, other = (
        diffpalm(families, replace(QUICK, seed=seed, runs=2), network) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.losses, again.losses)
    for frequency, same in zip(first.frequencies, again.frequencies, strict=True):
        np.testing.assert_array_equal(frequency, same)
    assert (first.losses != other.losses).all()
    assert (first.losses[0] != first.losses[1]).all()


def test_known_pairs_are_kept_and_are_context(network):
    families, _ = planted(9, 4, (3, 4))
    known = with_known(families, 1, [[0, 2], [2, 1]])
    first = diffpalm(families, QUICK, network)
    chosen = diffpalm(known, QUICK, network)
    assert chosen.frequencies[1][0, 2] == chosen.frequencies[1][2, 1] == 1
    assert chosen.frequencies[1][0].sum() == chosen.frequencies[1][:, 2].sum() == 1
    assert (chosen.losses != first.losses).all()
    tasks, settled = tasks_of(known)
    rows = {row.tobytes() for row in settled}
    species = known.species[1]
    for a, b in species.known:
        pair = np.concatenate([known.codes_a[species.rows_a[a]], known.codes_b[species.rows_b[b]]])
        assert pair.tobytes() in rows
    of_known = {known.codes_a[species.rows_a[a]].tobytes() for a, _ in species.known}
    assert not any(row.tobytes() in of_known for task in tasks for row in task.codes_a)


@pytest.mark.slow
def test_known_pairs_help_the_network(expert):
    families, truth = planted(10, 4, (4, 4))
    known = families
    for number in range(3):
        known = with_known(known, number, truth[number])
    chosen = diffpalm(known, replace(QUICK, steps=60), expert)
    assert correct(chosen.frequencies, truth) > 0.8


def test_a_species_of_one_pair_is_settled(network):
    families, _ = planted(11, 3, (1, 1))
    chosen = diffpalm(families, QUICK, network)
    assert all(np.array_equal(frequency, [[1]]) for frequency in chosen.frequencies)
    assert chosen.losses.shape == (1, 0)
    more, _ = planted(12, 3, (1, 1), surplus=(0, 2))
    chosen = diffpalm(more, QUICK, network)
    assert chosen.losses.shape == (1, 3)
    assert all(frequency.sum() == 1 for frequency in chosen.frequencies)


def test_one_family_of_a_species_may_be_known_completely(network):
    families, _ = planted(13, 3, (2, 2), surplus=(1, 0))
    known = with_known(families, 0, [[0, 0], [1, 1]])
    chosen = diffpalm(known, QUICK, network)
    np.testing.assert_array_equal(chosen.frequencies[0], [[1, 0], [0, 1], [0, 0]])


def test_steps_are_counted(network):
    class Count:
        done = 0

        def add(self, amount):
            self.done += amount

    count = Count()
    diffpalm(planted(14)[0], replace(QUICK, runs=2), network, count)
    assert count.done == 6


def test_too_long_alignments_are_refused(network):
    families, _ = planted(15, length=40)
    with pytest.raises(InputError, match="at most 63 columns.*found 40 \\+ 40"):
        diffpalm(families, QUICK, network)


def test_a_loss_that_is_no_number_stops_before_the_step(network, monkeypatch):
    steps = []
    monkeypatch.setattr(torch.optim.Adadelta, "step", lambda self: steps.append(1))
    network.head.bias.data[:] = torch.inf
    with pytest.raises(InputError, match="run 1, step 1: expected a finite loss, found nan"):
        diffpalm(planted(16)[0], QUICK, network)
    assert not steps


class NetworkWithLittleMemory(torch.nn.Module):
    """A network that has memory for `rows` rows, and for half of them without checkpointing."""

    def __init__(self, network, rows):
        super().__init__()
        self._network, self._rows = network, rows
        self.checkpointing, self.seen = False, []
        self.max_rows, self.max_columns = network.max_rows, network.max_columns

    def freeze(self, precision):
        self._network.freeze(precision)
        return self

    def forward(self, residues, rows, columns):
        if len(residues) > (self._rows if self.checkpointing else self._rows // 2):
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.seen.append(len(residues))
        return self._network(residues, rows, columns)


def test_large_alignments_compute_layers_again_on_a_cpu(network, monkeypatch):
    families, _ = planted(18)
    first = diffpalm(families, QUICK, network)
    assert not network.checkpointing
    monkeypatch.setattr("pepseq.pairing.diffpalm_loss.MAX_RESIDUES_KEPT_ON_CPU", 24 * 24 - 1)
    again = diffpalm(families, QUICK, network)
    assert network.checkpointing
    np.testing.assert_array_equal(first.losses, again.losses)


def test_out_of_memory_halves_the_parts_and_the_run_continues(network, caplog):
    families, _ = planted(17, 4, (4, 4))
    with caplog.at_level(logging.WARNING):
        enough = NetworkWithLittleMemory(network, 16)
        chosen = diffpalm(families, QUICK, enough)
        assert enough.checkpointing and set(enough.seen) == {16}
        np.testing.assert_array_equal(chosen.losses, diffpalm(families, QUICK, network).losses)
        little = NetworkWithLittleMemory(network, 5)
        assert np.isfinite(diffpalm(families, QUICK, little).losses).all()
        assert max(little.seen) == 4
    assert [record.message for record in caplog.records] == [
        "out of memory: computing layers again in the backward pass",
        "out of memory: computing layers again in the backward pass",
        "out of memory: halving the rows at once to 8",
        "out of memory: halving the rows at once to 4",
    ]
    with pytest.raises(InputError, match="out of memory with 2 rows of 24 columns: give"):
        diffpalm(families, QUICK, NetworkWithLittleMemory(network, 1))
