"""cohorts.click_segmentation: why a click cannot be answered with a node."""


class ClickRefused(ValueError):
    """A click, limit or stroke that no node can follow from; `code` is stable, for programs."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
