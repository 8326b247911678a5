"""Follow a training step by step, and find where two backends first compute something else."""
