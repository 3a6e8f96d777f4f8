"""Which stretch of the rows: `skip` and `take`, given as arguments, among the options, or in both places (wire reference 3.4)."""

import re

from sidecar.dialects.call import Page
from sidecar.errors import Reason, Refusal

_NUMBER = re.compile(r"[0-9]{1,9}|-1")


def read_number(name: str, text: str) -> int:
    """A whole number of at most nine digits, or -1.

    :raises Refusal: PARAMETER_MALFORMED.
    """
    if _NUMBER.fullmatch(text) is None:
        raise Refusal(Reason.PARAMETER_MALFORMED, f"{name} is a whole number, or -1 with both skip and take for all rows")
    return int(text)


def combine(arguments: Page, options: Page) -> tuple[Page, Page]:
    """The page that is meant, where an argument wins over an option; and what of it stands among the options.

    :raises Refusal: PARAMETER_MALFORMED where one of them is -1 and the other is not: it has been seen to mean all rows, and to fail.
    """
    from_options = Page(
        options.skip if arguments.skip is None else None,
        options.take if arguments.take is None else None,
    )
    page = Page(
        arguments.skip if from_options.skip is None else from_options.skip,
        arguments.take if from_options.take is None else from_options.take,
    )
    if (page.skip == -1) is not (page.take == -1):
        raise Refusal(Reason.PARAMETER_MALFORMED, "all rows are asked for with skip and take -1, both of them")
    return page, from_options


def arguments_of(page: Page, options: Page) -> Page:
    """What of a page stands in the arguments, if that stands among the options."""
    return Page(page.skip if options.skip is None else None, page.take if options.take is None else None)
