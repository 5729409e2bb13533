"""Whatever dies, each row is there once in the end."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import psutil
import pytest
from small_grid import TINY
from waiting import wait_for

from nstlib.apps.study import workers
from nstlib.apps.study.grid import read_grid
from nstlib.apps.study.results import KEY, read_rows
from nstlib.apps.study.workers import run_study
from nstlib.errors import ChoiceError

# A worker that dies is warned of by those who keep the others: that is theirs to do.
pytestmark = pytest.mark.filterwarnings("default")


def keys(rows):
    return sorted(tuple(row[name] for name in KEY) for row in rows)


def all_keys(grid):
    return sorted(tuple(case.key.values()) for case in grid.cases())


def workers_of(process):
    """Return the processes that compute: those with torch in them, not multiprocessing's helper."""
    return [child for child in process.children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]


def test_two_processes_fill_the_file_and_a_second_study_finds_nothing_to_do(grid_file, tmp_path):
    grid, path = read_grid(grid_file()), tmp_path / "results.csv"
    *_, last = run_study(grid, path, workers=2)
    assert (last.done, last.total) == (16, 16)
    assert keys(read_rows(path)) == all_keys(grid)
    (only,) = run_study(grid, path, workers=2)
    assert (only.done, only.total, only.outcome) == (16, 16, None)


@pytest.mark.exhaustive
def test_a_larger_grid_runs_what_is_new_in_it(grid_file, tmp_path):
    path = tmp_path / "results.csv"
    *_, last = run_study(read_grid(grid_file()), path, workers=1)
    before = path.read_bytes()
    larger = read_grid(grid_file(TINY.replace("[10, 3]", "[10, 3, 30]")))
    first, *_, last = run_study(larger, path, workers=1)
    assert (first.done, last.done, last.total) == (16, 24, 24)
    assert path.read_bytes().startswith(before)


@pytest.mark.exhaustive
def test_a_worker_killed_on_the_way_costs_no_row_and_doubles_none(grid_file, tmp_path):
    grid, path = read_grid(grid_file()), tmp_path / "results.csv"
    for progress in run_study(grid, path, workers=2):
        if progress.done == 5:
            workers_of(psutil.Process())[0].kill()
        assert progress.outcome is None or not progress.outcome.error
    assert keys(read_rows(path)) == all_keys(grid)


@pytest.mark.exhaustive
def test_a_run_whose_process_dies_each_time_is_given_up_and_the_others_are_run(grid_file, tmp_path, monkeypatch):
    # A network of that name makes the process that loads it end.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, nstlib.apps.study.measure as measure\n"
        "old = measure.run_task\n"
        "def run(task):\n"
        "    return os._exit(9) if task.case.content == 'cat' and task.case.style_weight == 3 else old(task)\n"
        "measure.run_task = run\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.getcwd()]))
    text = TINY.replace('"woodcut", "mosaic"', '"woodcut"').replace('"classic", "dual"', '"classic"')
    grid, path = read_grid(grid_file(text)), tmp_path / "results.csv"
    outcomes = [progress.outcome for progress in run_study(grid, path, workers=1) if progress.outcome]
    errors = {(each.task.case.content, each.task.case.style_weight): each.error for each in outcomes}
    assert len(errors) == len(outcomes) == 4
    assert "died 3 times; is there enough memory?" in errors.pop(("cat", 3.0))
    assert set(errors.values()) == {""}
    assert len(read_rows(path)) == 3


def test_a_run_that_fails_says_why_and_the_others_are_run(grid_file, tmp_path):
    text = TINY.replace("steps = 2", 'steps = 2\noptimizer = "gd"').replace("[10, 3]", "[10, 1e38]")
    grid, path = read_grid(grid_file(text)), tmp_path / "results.csv"
    outcomes = [progress.outcome for progress in run_study(grid, path, workers=1) if progress.outcome]
    failed = [outcome for outcome in outcomes if outcome.error]
    assert {outcome.task.case.style_weight for outcome in failed} == {1e38}
    assert all("DivergenceError" in outcome.error for outcome in failed)
    assert len(read_rows(path)) == 8


@pytest.mark.exhaustive
def test_stopping_ends_the_processes_and_keeps_the_rows(grid_file, tmp_path):
    grid, path = read_grid(grid_file()), tmp_path / "results.csv"
    for _ in run_study(grid, path, workers=2, stop=lambda: path.read_bytes().count(b"\n") > 5):
        pass
    assert 5 <= len(read_rows(path)) < 16
    assert not workers_of(psutil.Process())


@pytest.mark.exhaustive
def test_no_worker_outlives_a_study_that_was_killed(grid_file, tmp_path):
    path = tmp_path / "results.csv"
    text = TINY.replace("steps = 2", "steps = 100000").replace("size = 48", "size = 256\ntv_weight = 0.5")
    command = [sys.executable, "-m", "nstlib", "study", "run", str(grid_file(text)), "-o", str(path), "--workers", "2"]
    study = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    process = psutil.Process(study.pid)
    wait_for(lambda: len(workers_of(process)) == 2)
    orphans = workers_of(process)
    study.kill()
    study.wait()
    # A worker notices once it has imported all it needs, which takes a busy machine some time.
    gone, alive = psutil.wait_procs(orphans, timeout=60)
    assert not alive
    assert len(gone) == 2


def test_a_worker_whose_study_has_died_ends_without_a_word(capfd):
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    worker = spawn.Process(target=workers._work, args=(theirs,), daemon=True)
    worker.start()
    ours.close()
    theirs.close()
    worker.join(120)
    assert (worker.exitcode, capfd.readouterr().err) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_a_worker_does_not_hear_ctrl_c_even_while_it_begins(capfd):
    processes = []
    pipe = workers._start(processes)
    while not pipe.poll(0.05):
        os.kill(processes[0].pid, signal.SIGINT)
    assert pipe.recv() is None  # it is ready
    processes[0].terminate()
    processes[0].join(60)
    assert capfd.readouterr().err == ""


def test_ctrl_c_stops_the_command_and_the_same_command_goes_on(grid_file, tmp_path):
    grid, path = read_grid(grid_file()), tmp_path / "results.csv"
    command = [sys.executable, "-m", "nstlib", "study", "run", str(grid_file()), "-o", str(path), "--workers", "1"]
    study = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: path.exists() and path.read_bytes().count(b"\n") > 3)
    study.send_signal(signal.SIGINT)
    _, complaints = study.communicate(timeout=60)
    rows = len(read_rows(path))
    assert study.returncode == 130
    assert f"results.csv holds {rows} of 16 rows; the same command goes on." in complaints
    assert 0 < rows < 16
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0
    assert again.stdout.endswith("holds 16 of 16 rows.\n")
    assert keys(read_rows(path)) == all_keys(grid)


# On a cluster ---------------------------------------------------------------------------------------------------------


@contextmanager
def cluster(folder, workers=2):
    """Start a dask scheduler and workers as a user does, each a process of its own, and yield the address and workers."""
    pytest.importorskip("distributed")
    (folder / "dask").mkdir()
    environment = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(folder / "dask"), "OMP_NUM_THREADS": "1"}
    where = folder / "scheduler.json"

    def start(*arguments):
        command = [sys.executable, "-m", *arguments]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    processes = [
        start("distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard",
              "--scheduler-file", str(where))
    ]  # fmt: skip
    try:
        wait_for(where.exists)
        wait_for(lambda: where.read_text())
        address = json.loads(where.read_text())["address"]
        for k in range(workers):
            processes.append(
                start("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
                      "--name", f"worker{k}", "--local-directory", str(folder / "dask"))
            )  # fmt: skip
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.exhaustive
def test_on_a_cluster_the_rows_are_those_of_this_machine(grid_file, tmp_path):
    grid = read_grid(grid_file(TINY.replace("[10, 3]", "[10]")))
    with cluster(tmp_path, workers=1) as (address, _):
        *_, last = run_study(grid, tmp_path / "there.csv", scheduler=address)
    assert (last.done, last.total) == (8, 8)
    *_, last = run_study(grid, tmp_path / "here.csv", workers=1)
    here, there = (
        {tuple(row[name] for name in KEY): row for row in read_rows(tmp_path / f"{x}.csv")} for x in ("here", "there")
    )
    for key, row in here.items():
        assert float(there[key]["ssim"]) == pytest.approx(float(row["ssim"]), rel=1e-3)
        assert float(there[key]["gram"]) == pytest.approx(float(row["gram"]), rel=1e-3)


@pytest.mark.exhaustive
def test_of_two_workers_of_a_cluster_one_is_killed_half_way_and_no_row_is_lost_and_none_there_twice(
    grid_file, tmp_path
):
    grid, path, killed = read_grid(grid_file()), tmp_path / "results.csv", False
    with cluster(tmp_path) as (address, workers):
        for progress in run_study(grid, path, scheduler=address):
            if progress.done >= 8 and not killed:
                workers[0].kill()
                killed = True
            assert progress.outcome is None or not progress.outcome.error
    assert killed
    assert keys(read_rows(path)) == all_keys(grid)


@pytest.mark.exhaustive
def test_a_scheduler_that_does_not_answer_is_named(grid_file, tmp_path):
    with pytest.raises(ChoiceError, match=r"No dask scheduler answers at tcp://127.0.0.1:9\. Start one"):
        list(run_study(read_grid(grid_file()), tmp_path / "results.csv", scheduler="tcp://127.0.0.1:9"))
