"""``glassnet bench``: how fast small networks train and answer here, beside the usual ways to do it.

Everything is measured in turn within a round, and there are several rounds, so that what disturbs the
machine disturbs all alike. What is compared does the same work from the same weights: a test says so.
"""
