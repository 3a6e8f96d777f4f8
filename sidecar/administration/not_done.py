"""Why an operation was not done: nothing of it has happened then. Messages name things and remedies, never a secret."""


class NotDoneError(Exception):
    """The operation was not done."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message, self.remedy = message, remedy

    def __str__(self) -> str:
        return f"{self.message}: {self.remedy}" if self.remedy else self.message


class NotFoundError(NotDoneError):
    """What it is about is not there."""


class AlreadyThereError(NotDoneError):
    """What it would make is there already."""


class RefusedError(NotDoneError):
    """It would leave something behind that must not be."""


class InvalidError(NotDoneError):
    """What was asked can't be read. `place` is the key path within the request."""

    def __init__(self, place: str, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {super().__str__()}" if self.place else super().__str__()
