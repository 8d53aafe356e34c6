"""A client address for each request, and a check in addition to schemathesis' own: a request that conforms to its
schema may be rejected with 400 only for reasons that a schema cannot express. positive_data_acceptance alone would have
to accept any 400."""

import itertools
import re

import schemathesis

addresses = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives each request its own address, as a proxy would: an address that sends many wrong tokens is rate-limited."""
    case.headers["X-Forwarded-For"] = f"2001:db8:0:{next(addresses):x}::1"


# Parts of the server's messages for these reasons.
REASONS = re.compile(
    "must be the id of "  # an id in a query or body that does not exist
    "|is read-only; omit it or send its current value"
    "|cannot be combined with "  # starting_after and ending_before; contact_id and group_id
    "|must contain a word of letters or digits|must have at most 16 words"  # search terms
    "|must have at most 2048 bytes"  # JSON Schema counts characters, not bytes
    "|must be a member of the conversation's group"  # the sender of a message
    "|must be an integer, not [0-9]+\\."  # beyond 2^53 with a point or an exponent, an integer in JSON Schema
    "|contains the character NUL"  # in a property that is ignored next to an `id`
    "|must be \\* or entity tags in quotes such as .*, not \"0\""  # schemathesis sends 0 against the pattern
)
# What a form schema cannot express: how bracketed names combine, items with gaps or without a username, and NUL.
FORM_PARAMS = re.compile(r"^(contacts|contact|reactions)\b")


@schemathesis.check
def conforming_request_rejected_only_for_state(ctx, response, case):
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    error = response.json()
    is_form = case.media_type == "application/x-www-form-urlencoded"
    if is_form and (FORM_PARAMS.match(error["param"] or "") or error["code"] == "body_malformed"):
        return
    assert REASONS.search(error["message"]), f"rejected although it conforms to its schema: {error['message']}"
