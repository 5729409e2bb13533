"""The executed pages: run the chapters whose outputs jupyter-cache does not hold, several at once, for the book's build.

Jupyter Book would run them one after the other, and would not notice that nstlib, the pictures or the weights changed:
then the outputs that they were computed with are thrown away here. Each chapter is kept as soon as it is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_ext"))

from blocks import BlockError, solved
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode
from page_imports import Library

from nstlib.apps.offspring import end_with_parent

CACHE = Path("_build") / ".jupyter_cache"
STAMP = "computed-with.json"
PICTURES = ("images/content/*", "images/style/*", "models/*")  # cells get them by names of their own
DATA = ("book/data/**/*", "gallery/lighthouse.json")  # of these only what a page, or a module behind it, calls by name
NOT_BEGUN = "Kernel died before replying"  # jupyter_client's words
TOOLS = ("jupyter-book", "myst-nb", "torch", "matplotlib", "ipywidgets")
KERNEL = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "NST_FIGURES": "plain",  # pictures are compared, and their words stand in the chapters
    "NST_STATIC_WIDGETS": "1",  # no kernel will run behind the page
    "NST_DENSITY": "2",  # figures for sharp screens; notebooks get them half as large
    "NST_PROGRESS": "off",  # nor are the book's own solutions the reader's progress
    "PYTHONUTF8": "1",
}


def digest(root: Path, patterns: Iterable[str]) -> str:
    """Return a hash of the names and contents of the files that match."""
    return digest_files(root, matching(root, patterns))


def matching(root: Path, patterns: Iterable[str]) -> set[Path]:
    """Return the files that match."""
    return {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}


def digest_files(root: Path, paths: Iterable[Path]) -> str:
    """Return a hash of the files' names and contents; of large files (weights) the size stands for the content."""
    result = hashlib.sha256()
    for path in sorted(paths):
        if "__pycache__" in path.parts:
            continue
        large = path.stat().st_size > 5_000_000
        content = str(path.stat().st_size).encode() if large else path.read_bytes()
        result.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(content).digest())
    return result.hexdigest()


def computed_with(root: Path) -> dict[str, str]:
    """Return what the outputs of each page depend on besides its own code, hashed."""
    library, data = Library(root), matching(root, DATA)
    named_in = cache(lambda text: {path for path in data if path.name in text})
    text_of = cache(lambda file: file.read_text(encoding="utf-8"))
    used, named = {}, {}
    for page in sorted((root / "book").glob("*.md")):
        cells = [cell.source for cell in code_cells(read_page(page))]
        used[page.stem] = library.files_behind(page.stem.partition("_")[2], cells)
        named[page.stem] = set().union(*map(named_in, [*cells, *map(text_of, used[page.stem])]))
    common = [digest(root, PICTURES), *(f"{name}={version(name)}" for name in TOOLS)]
    anybodys = data.difference(*named.values())  # what nobody names may be read by all
    found = {}
    for page, files in used.items():
        read = named[page] | anybodys
        found[page] = hashlib.sha256(" ".join([digest_files(root, {*files, *read}), *common]).encode()).hexdigest()
    return found


def read_page(chapter: Path) -> NotebookNode:
    """Return a chapter as the book's build reads it; ``metadata.source_map`` says where its cells begin."""
    syntax = MdParserConfig(enable_extensions=set(read_config(chapter)["parse"]["myst_enable_extensions"]))
    text = chapter.read_text(encoding="utf-8")
    return read_myst_markdown_notebook(text, syntax, add_source_map=True, path=str(chapter))


def read_config(chapter: Path) -> dict:
    """Return the configuration of the book that a chapter belongs to."""
    return yaml.safe_load((chapter.parent.parent / "_config.yml").read_text(encoding="utf-8"))


def executed_page(chapter: Path) -> NotebookNode | None:
    """Return a chapter with its outputs, or None if it was not run yet."""
    try:
        return get_cache(str(chapter.parent.parent / CACHE)).merge_match_into_notebook(read_page(chapter))[1]
    except KeyError:
        return None


def shown(cell: NotebookNode) -> str:
    """Return a page's cell as the solution has it."""
    try:
        return solved(cell.source) if "exercise" in cell.metadata.get("tags", []) else cell.source
    except BlockError:
        return cell.source


def run_page(chapter: Path) -> ExecutionResult:
    """Run a chapter in its folder, as the build would."""
    os.environ.update(KERNEL)
    timeout = read_config(chapter)["execute"]["timeout"]
    # ipykernel warns on the terminal of whoever builds the book that others on this machine could listen to the kernel.
    quiet = {"extra_arguments": ["--log-level=ERROR"]}

    def run() -> ExecutionResult:
        return single_nb_execution(read_page(chapter), str(chapter.parent), timeout, allow_errors=False, **quiet)

    try:
        return run()
    except RuntimeError as error:
        if NOT_BEGUN not in str(error):
            raise
        return run()  # another kernel had taken a port that was free when this one chose it


def forget_stale(root: Path) -> None:
    """Throw away the outputs of the pages whose means have changed since they were run."""
    cache, stamp, now = get_cache(str(root / CACHE)), root / CACHE / STAMP, computed_with(root)
    before = json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else {}
    for record in cache.list_cache_records():
        page = Path(record.uri).stem
        if page not in now or before.get(page) != now[page]:
            cache.remove_cache(record.pk)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps(now, indent=1), encoding="utf-8")


def take_over(chapter: Path) -> None:
    """Keep the outputs of a page where only what its cells say of them has changed: captions, alternative texts."""
    outputs, page = get_cache(str(chapter.parent.parent / CACHE)), read_page(chapter)
    for record in outputs.list_cache_records():
        if record.uri != str(chapter):
            continue
        run = outputs.get_cache_bundle(record.pk).nb
        if code_of(run) == code_of(page):
            for cell, now in zip(code_cells(run), code_cells(page), strict=True):
                cell.metadata = now.metadata
            outputs.cache_notebook_bundle(
                CacheBundleIn(run, record.uri, data=record.data), check_validity=False, overwrite=True
            )
            return


def code_cells(page: NotebookNode) -> list[NotebookNode]:
    """Return the cells that are run."""
    return [cell for cell in page.cells if cell.cell_type == "code"]


def code_of(page: NotebookNode) -> list[tuple[str, list[str]]]:
    """Return all that outputs depend on: what is run, and the tags, some of which say how."""
    return [(cell.source, cell.metadata.get("tags", [])) for cell in code_cells(page)]


def run_missing(chapters: Sequence[Path], *, only: Sequence[Path] | None = None) -> list[str]:
    """Run the chapters that need it, each on one core; return which failed and why. ``only``: leave out all but these.

    The later chapters compute most, so they go first: a long one that starts last would keep one core waiting.
    """
    root = chapters[0].parent.parent
    forget_stale(root)
    for chapter in only or chapters:
        if executed_page(chapter) is None:
            take_over(chapter)
    waiting = [chapter for chapter in reversed(only or chapters) if executed_page(chapter) is None]
    if not waiting:
        return []
    cache = get_cache(str(root / CACHE))
    print(f"Running {len(waiting)} of {len(chapters)} chapters ...", flush=True)
    failed = []
    workers = min(len(waiting), max(2, (os.cpu_count() or 2) // 2))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
        running = {pool.submit(run_page, chapter): chapter for chapter in waiting}
        for done in as_completed(running):
            chapter, result = running[done], done.result()
            if result.err is None:
                bundle = CacheBundleIn(result.nb, str(chapter), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                print(f"{chapter.stem}: run in {result.time:.0f} s", flush=True)
            else:
                failed.append(f"{chapter.parent.name}/{chapter.name} fails when it runs:\n{result.exc_string}")
                print(f"{chapter.stem}: FAILED", file=sys.stderr, flush=True)
    return failed
