"""What Kinesis does and kinesalite does not: put into the client of the bus by events of botocore.
Keeps a record of every call besides."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ReadTimeoutError

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

Params = dict[str, Any]
Answer = tuple[SimpleNamespace, Params]
THROTTLE = "ProvisionedThroughputExceededException"


class Faults:
    """`calls` are the names of the operations, in order; `requests` the partition keys of each
    PutRecords, with the sizes of their records."""

    def __init__(self, client: "KinesisClient") -> None:
        self.calls: list[str] = []
        self.questions: list[Params] = []
        self.requests: list[dict[str, int]] = []
        self._events = client.meta.events
        self._events.register("provide-client-params.kinesis", self._note)

    def before(self, operation: str, do: Callable[[], None]) -> None:
        self._events.register(f"provide-client-params.kinesis.{operation}", lambda **_: do())

    def lose_question(self, operation: str, when: Callable[[Params], bool]) -> None:
        """Kinesis does not hear of a call with such parameters, and we do not know."""

        def lose(params: Params, **_: object) -> None:
            if when(params):
                raise ReadTimeoutError(endpoint_url="kinesis")

        self._events.register(f"provide-client-params.kinesis.{operation}", lose)

    def throttle(self, operation: str, *, times: int = 1, after: int = 0) -> None:
        self.answer_error(operation, THROTTLE, times=times, after=after)

    def answer_error(
        self, operation: str, code: str, *, times: int = 1, after: int = 0, status: int = 400
    ) -> None:
        """`times` calls behind the next `after` ones are refused, and nothing is done."""
        self.answer_error_when(
            operation, code, _counted(lambda call: after < call <= after + times), status=status
        )

    def answer_error_when(
        self, operation: str, code: str, when: Callable[[], bool], *, status: int = 400
    ) -> None:
        error = {"Code": code, "Message": "put in by a test"}

        def refuse(**_: object) -> Answer | None:
            return _answer(status, {"Error": error}) if when() else None

        self._events.register(f"before-call.kinesis.{operation}", refuse)

    def answer(self, operation: str, *answers: Mapping[str, Any]) -> None:
        """The next calls are answered so; Kinesis does not hear of them."""
        left = list(answers)

        def reply(**_: object) -> Answer | None:
            return _answer(200, dict(left.pop(0))) if left else None

        self._events.register(f"before-call.kinesis.{operation}", reply)

    def change_answer(self, operation: str, change: Callable[[Params], None]) -> None:
        """Of every call."""

        def after_call(parsed: Params, **_: object) -> None:
            change(parsed)

        self._events.register(f"after-call.kinesis.{operation}", after_call)

    def lose_answer(self, operation: str, when: Callable[[], bool] | None = None) -> None:
        """Of the next call, or of those that are named: it is carried out, and nobody hears."""
        is_lost = when or _counted(lambda call: call == 1)

        def lose(**_: object) -> None:
            if is_lost():
                raise ReadTimeoutError(endpoint_url="kinesis")

        self._events.register(f"after-call.kinesis.{operation}", lose)

    def refuse_records(self, which: Callable[[int, str], bool]) -> None:
        """Those of PutRecords, by the number of their request, from 1, and their partition key:
        kinesalite does not get them, the bus is told that they were throttled."""
        requests = 0

        def withhold(params: Params, context: Params, **_: object) -> Params:
            nonlocal requests
            requests += 1
            records = params["Records"]
            context["refused"] = [which(requests, each["PartitionKey"]) for each in records]
            return {**params, "Records": _kept(records, context["refused"])}

        def answer_empty(context: Params, **_: object) -> Answer | None:
            return _answer(200, {"Records": []}) if all(context["refused"]) else None

        def tell(parsed: Params, context: Params, **_: object) -> None:
            if "Error" in parsed:
                return
            taken = iter(parsed["Records"])
            parsed["Records"] = [
                {"ErrorCode": THROTTLE, "ErrorMessage": "put in by a test"} if no else next(taken)
                for no in context["refused"]
            ]
            parsed["FailedRecordCount"] = sum(context["refused"])

        # botocore checks the parameters between the first event and the second.
        self._events.register("provide-client-params.kinesis.PutRecords", withhold)
        self._events.register("before-call.kinesis.PutRecords", answer_empty)
        self._events.register("after-call.kinesis.PutRecords", tell)

    def _note(self, params: Params, model: Any, **_: object) -> None:
        self.calls.append(model.name)
        self.questions.append(params)
        if model.name == "PutRecords":
            self.requests.append(
                {each["PartitionKey"]: len(each["Data"]) for each in params["Records"]}
            )


def _answer(status: int, parsed: Params) -> Answer:
    http = SimpleNamespace(status_code=status, headers={})
    return http, {**parsed, "ResponseMetadata": {"HTTPStatusCode": status}}


def _counted(when: Callable[[int], bool]) -> Callable[[], bool]:
    calls = 0

    def is_due() -> bool:
        nonlocal calls
        calls += 1
        return when(calls)

    return is_due


def _kept(records: Sequence[Any], refused: Sequence[bool]) -> list[Any]:
    """botocore does not send an empty list to be checked, so one stays; it is not sent on."""
    return [each for each, no in zip(records, refused, strict=True) if not no] or list(records)
