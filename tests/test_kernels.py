import errno

import pytest
from numba.core import caching

from pepseq.kernels import kernel


def double(x):
    return 2 * x


def test_a_full_disk_keeps_nothing_from_running(monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    assert kernel(double)(21) == 42


def test_code_is_kept_for_the_next_run(monkeypatch, tmp_path):
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    assert kernel(double)(21) == 42
    assert list(tmp_path.rglob("*.nbc"))


@pytest.mark.parametrize("places", [[]])
def test_where_no_cache_can_be_kept_it_still_runs(monkeypatch, places):
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", places)
    assert kernel(double)(21) == 42
