"""Baselines: the book's own code, called as its helper packages hold it.

`d2lzh` 1.0.0 is the first edition's package for MXNet, `d2l` 0.17.6 has the second edition's for
PyTorch. What a chapter defines and its package does not hold, a network's formula above all, is
written here and called glue; the docstring of every module says which lines are the package's.

Each function takes a case's given numbers and a device, begins from those numbers, and returns a
`benchmarks.programs.Program`. None of them imports `backends`' MXNet: that switches NumPy's shapes
on for the process, which breaks the initialisation of Gluon layers as the book uses them.
"""
