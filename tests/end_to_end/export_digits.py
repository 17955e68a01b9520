"""Writes scikit-learn's digits (1,797 images of 8 x 8, values 0 to 16) as a stranger would.

Usage: export_digits.py FOLDER: digits.csv (a header line, the column "digit" holds the labels),
images.npy (float32, n x 8 x 8) and labels.npy (int64, as scikit-learn has them).
"""

import pathlib
import sys

import numpy
from sklearn.datasets import load_digits

folder = pathlib.Path(sys.argv[1])
digits = load_digits()
numpy.save(folder / "images.npy", digits.images.astype("<f4"))
numpy.save(folder / "labels.npy", digits.target)
numpy.savetxt(
    folder / "digits.csv",
    numpy.column_stack([digits.data, digits.target]),
    fmt="%d",
    delimiter=",",
    header=",".join([f"pixel_{i}" for i in range(64)] + ["digit"]),
    comments="",
)
