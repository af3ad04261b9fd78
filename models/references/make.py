"""Train and export the reference networks, one for each kind of model.

    python models/references/make.py [NAME ...]    write the folders models/NAME, by default all, and SHA256SUMS
    python models/references/make.py --check       make them again elsewhere, and compare

It prints the rows of the table in models/README.md. Each module of this folder says what it trains.
"""

import argparse
import csv
import sys
import tempfile
import time
from pathlib import Path

MODELS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(MODELS))

import train
from threadpoolctl import threadpool_limits

import capsule
import dbn
import ecg
import phrases
import quantised
import resnet
import segmentation
import trees

NETWORKS = {
    "dbn": dbn.generate,
    "resnet-8": resnet.generate,
    "ecg": ecg.generate,
    "phrases-transformer": phrases.generate_transformer,
    "phrases-bag": phrases.generate_bag,
    "capsule": capsule.generate,
    "segmentation": segmentation.generate,
    "forest": trees.generate_forest,
    "boosting": trees.generate_boosting,
    "resnet-8-int8": quantised.generate_residual,
    "dbn-dynamic": quantised.generate_belief,
}


def generate(root, names):
    """Writes the folders under `root`; returns their rows in the README."""
    rows = []
    for name in names:
        start = time.monotonic()
        rows.append(NETWORKS[name](root))
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    return rows


def check(names):
    """What differs between the folders and a fresh run: a list of complaints."""
    complaints = []
    listed = (MODELS / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = dict(line.split("  ", 1)[::-1] for line in listed)
    readme = (MODELS / "README.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        complaints += [f"README.md does not say: {row}" for row in generate(fresh, names) if row not in readme]
        made = train.generated(fresh)
        kept = [name for name in train.generated(MODELS) if name.split("/")[0] in names]
        complaints += [f"{name} is made by one run only" for name in set(made) ^ set(kept)]
        for name in set(made) & set(kept):
            if sums.get(name) != train.digest(MODELS / name):
                complaints.append(f"{name} is not the file that SHA256SUMS lists")
            if not same(fresh / name, MODELS / name):
                complaints.append(f"{name} differs from a fresh run")
    return sorted(complaints)


def same(fresh, kept):
    """The same bytes; a reference may differ in the last digits of its numbers."""
    if fresh.read_bytes() == kept.read_bytes():
        return True
    if kept.name not in ("reference.csv", "scores.csv"):
        return False
    a, b = ([cell for line in csv.reader(path.open(encoding="utf-8")) for cell in line] for path in (fresh, kept))
    return len(a) == len(b) and all(map(close, a, b))


def close(a, b):
    try:
        return a == b or abs(float(a) - float(b)) <= train.TOLERANCE * (1 + abs(float(b)))
    except ValueError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}")
    parser.add_argument("--check", action="store_true", help="compare a fresh run with the files")
    arguments = parser.parse_args()
    names = arguments.names or list(NETWORKS)
    if unknown := set(names) - set(NETWORKS):
        parser.error(f"no network is called {', '.join(sorted(unknown))}")
    train.warn_of_other_versions()
    with threadpool_limits(1):
        if not arguments.check:
            print("\n".join(generate(MODELS, names)))
            train.write_sums(MODELS)
        elif complaints := check(names):
            raise SystemExit("\n".join(complaints))
        else:
            print("the folders are what make.py makes")


if __name__ == "__main__":
    main()
