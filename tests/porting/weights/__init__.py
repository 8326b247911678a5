"""Weights of Gluon and of torch, in both directions."""
