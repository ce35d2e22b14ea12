"""The course's sentiment network in six steps, each a module to be read in one sitting.

    words        1. theory: which words tell the classes apart; counts, ratios, logarithms
    bags         2. texts to numbers: vocabulary, vector of counts, label
    network      3. the network, on counts; 4. less noise: presence in place of counts
    sparse       5. less work: only the words that are there
    strategic    6. less vocabulary: minimum count and polarity cutoff, and what each costs

The whole of it, on four reviews:

    >>> reviews = ["an amazing film", "amazing and sad", "a terrible film", "just terrible"]
    >>> labels, names = two_labels(["POSITIVE", "POSITIVE", "NEGATIVE", "NEGATIVE"])
    >>> vocabulary = number_words(reviews)
    >>> bags = bags_of(reviews, vocabulary).presence()
    >>> weights = start(len(vocabulary))
    >>> for _ in range(50):
    ...     scores = train_sparse(bags, labels, weights, rate=0.1)
    >>> scores_sparse(bags_of(["amazing", "terrible"], vocabulary), weights) > 0
    array([ True, False])
"""

from __future__ import annotations

from glassnet.reference.sentiment.bags import (
    Bags,
    all_bags,
    bags_of,
    count_vector,
    number_words,
    presence_vector,
    two_labels,
)
from glassnet.reference.sentiment.network import (
    Weights,
    accuracy,
    course_start,
    directions,
    error,
    gradients,
    score,
    scores_dense,
    start,
    train_dense,
)
from glassnet.reference.sentiment.sparse import scores_sparse, train_sparse, train_word_by_word
from glassnet.reference.sentiment.strategic import (
    Setting,
    WordFacts,
    best_settings,
    frontier,
    recommended,
    word_facts,
)
from glassnet.reference.sentiment.words import (
    WordCounts,
    count_words,
    extremes,
    log_ratio,
    not_texts,
    polarity,
    ratio,
    words,
)

__all__ = [
    "Bags",
    "Setting",
    "Weights",
    "WordCounts",
    "WordFacts",
    "accuracy",
    "all_bags",
    "bags_of",
    "best_settings",
    "count_vector",
    "count_words",
    "course_start",
    "directions",
    "error",
    "extremes",
    "frontier",
    "gradients",
    "log_ratio",
    "not_texts",
    "number_words",
    "polarity",
    "presence_vector",
    "ratio",
    "recommended",
    "score",
    "scores_dense",
    "scores_sparse",
    "start",
    "train_dense",
    "train_sparse",
    "train_word_by_word",
    "two_labels",
    "word_facts",
    "words",
]
