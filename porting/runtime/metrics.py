"""What `mx.metric` measures."""

from __future__ import annotations

from typing import Any


class Accuracy:
    """`mx.metric.Accuracy`: the share of labels equal to the predictions, or to their argmax."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.right, self.seen = 0, 0

    def update(self, labels: Any, preds: Any) -> None:
        """Count one batch; `preds` of another shape than `labels` are scores along axis 1."""
        pairs = zip(labels, preds, strict=True) if isinstance(labels, list) else [(labels, preds)]
        for label, prediction in pairs:
            chosen = prediction if prediction.shape == label.shape else prediction.argmax(dim=1)
            self.right += int((chosen.long() == label.long()).sum())
            self.seen += label.numel()

    def get(self) -> tuple[str, float]:
        return "accuracy", self.right / self.seen if self.seen else float("nan")
