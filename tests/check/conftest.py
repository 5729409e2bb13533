import pytest
import torch

import nstlib.check
from nstlib.check.examiner import progress as record


@pytest.fixture(autouse=True)
def _private(monkeypatch):
    """No test touches the progress of whoever runs it, nor depends on the one before."""
    monkeypatch.setenv("NST_PROGRESS", "off")
    monkeypatch.delenv("NST_CHECK_RAISE", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    record.forget_session()
    nstlib.check._replaced.clear()


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """The tensors here are tiny."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
