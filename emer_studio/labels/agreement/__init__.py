"""How far raters agree: coefficients corrected for chance, each with its interval.

Every coefficient takes plain arrays and, for the bootstrap, how often each item counts in
each draw. What cannot be computed is NaN with a reason, never 1.
"""
