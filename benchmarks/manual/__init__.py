"""Baselines: trainings with their gradients written out, in a framework's operations.

Lockstep's experiments leave gradients to the frameworks, whose bookkeeping takes most of the time
where arrays are small; here it takes none. A function computes what the experiment reports, the
losses too, and takes and returns what those of `benchmarks.book` do.
"""
