"""What schemathesis checks of our API beside its own checks; `SCHEMATHESIS_HOOKS` names this file."""

import schemathesis
from schemathesis import GenerationMode

# Why something that the document allows may be refused: no schema can say these.
RELATIONS = (
    "lies after to",  # two parameters together
    "lies too far before to",
    "is no time",  # a date-time of a year that 64 bits of nanoseconds cannot hold
)


@schemathesis.check
def what_the_document_allows_is_accepted(ctx, response, case):
    """Valid data is refused for a reason that the document cannot tell, or not at all."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if response.status_code not in (400, 405, 406, 413, 415, 422, 426):
        return
    if case.path == "/ws" and response.status_code == 426:
        return  # an upgrade that a plain request does not ask for
    error = response.json()["error"]
    if error["details"].get("field") == "set":
        return  # which indicators there are, and what their parameters may be, is told by /indicators
    assert any(why in error["message"] for why in RELATIONS), error


@schemathesis.check
def every_answer_of_the_api_is_in_the_envelope(ctx, response, case):
    """Data or an error, the name of the request, and no word of what is inside."""
    kind = response.headers.get("content-type", [""])[0]
    is_error = response.status_code >= 400
    if response.status_code == 304 or not (is_error or case.path.startswith("/api/")):
        return
    if not kind.startswith("application/json"):
        assert not is_error, f"an error of type {kind!r}"
        return  # csv and arrow, when asked for
    if case.path.startswith("/health"):
        return  # never in the envelope: probes read it
    body = response.json()
    assert body["success"] is not is_error, body
    assert body["meta"]["requestId"] == response.headers["x-request-id"][0], body
    assert set(body) == ({"success", "error", "meta"} if is_error else {"success", "data", "meta"}), set(body)
    for word in ("panicked", "/home/", "/tmp/", ".rs:"):
        assert word not in response.text, f"{word} in an answer"
