"""What a check says when the contract is not kept."""


class Violation(AssertionError):  # noqa: N818 - of the contract
    """The method does not do what the contract says."""


def expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raises Violation."""
    if not holds:
        raise Violation(otherwise)
