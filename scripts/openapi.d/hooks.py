"""Whose each request is, and a check beside schemathesis' own: a request that fulfils its schema may be refused with
400 only for what no schema tells. Without it, positive_data_acceptance would have to take any 400."""

import itertools
import re

import schemathesis

peers = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """As if over a proxy, each request from an address of its own: one that sends many wrong tokens is slowed down."""
    case.headers["X-Forwarded-For"] = f"2001:db8:0:{next(peers):x}::1"

REASONS = re.compile(
    "must be the id of "  # an id in a query or a body names nothing
    "|is read-only; omit it or send its current value"
    "|cannot be combined with "  # starting_after and ending_before; contact_id and group_id
    "|must contain a word of letters or digits|must have at most 16 words"  # what a search takes
    "|must have at most 2048 bytes"  # JSON Schema counts characters
    "|must be a member of the conversation's group"  # the sender of a message
    "|must be an integer, not [0-9]+\\."  # sent as 76.0, which JSON Schema takes for an integer
    "|has the character NUL in it"  # in a property that is ignored beside an `id`
    "|must be \\* or entity tags in quotes such as .*, not \"0\""  # schemathesis sends this 0, which breaks the pattern
)
# What the names with brackets spell together, items with gaps or without a username, and NUL in their values.
OF_FORMS = re.compile(r"^(contacts|contact|reactions)\b")


@schemathesis.check
def refused_for_its_state_alone(ctx, response, case):
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    error = response.json()
    is_form = case.media_type == "application/x-www-form-urlencoded"
    if is_form and (OF_FORMS.match(error["param"] or "") or error["code"] == "body_malformed"):
        return
    assert REASONS.search(error["message"]), f"refused, though it fulfils its schema: {error['message']}"
