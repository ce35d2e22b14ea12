"""Estimators with scikit-learn's contract: they stand wherever its own stand.

from glassnet.estimators import MLPClassifier        # instead of: from sklearn.neural_network import ...
"""

from __future__ import annotations

from glassnet.estimators.descent import EpochReport
from glassnet.estimators.images import ImageClassifier
from glassnet.estimators.logistic import LogisticRegression
from glassnet.estimators.multilayer import MLPClassifier, MLPRegressor
from glassnet.estimators.perceptron import Perceptron
from glassnet.estimators.tables import TableClassifier, TableRegressor
from glassnet.estimators.texts import TextClassifier

__all__ = [
    "EpochReport",
    "ImageClassifier",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "Perceptron",
    "TableClassifier",
    "TableRegressor",
    "TextClassifier",
]
