#!/usr/bin/env python3
# A complete Jobgate client on Python's standard library alone: one file to copy.
"""Submits jobs to a Jobgate gateway and follows them to their end.

    from jobgate import Jobgate

    jobs = Jobgate("http://127.0.0.1:8080", "jg_...")
    job_id = jobs.submit("/v1/text/count", {"text": "one two three"})
    print(jobs.wait_for(job_id))

Or from the command line, with JOBGATE_URL and JOBGATE_API_KEY set:

    python3 jobgate.py /v1/text/count '{"text": "one two three"}'

Needs Python 3.9 or newer and a key of scope `submit`.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Optional

# The longest that the gateway holds a status back.
LONGEST_WAIT_SECONDS = 55
REQUEST_TIMEOUT_SECONDS = 30
# The gateway says something every 15 s on a stream on which nothing happens.
STREAM_TIMEOUT_SECONDS = 45
LONGEST_DELAY_SECONDS = 10

# What may go wrong on the way, or with an answer that is not the gateway's.
EXCHANGE_ERRORS = (OSError, ValueError, http.client.HTTPException)


class JobgateError(Exception):
    """The gateway refused a call (`status`), or did not answer at all (`status` is None)."""

    def __init__(
        self, message: str, status: Optional[int] = None, retry_after_seconds: float = 0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_seconds = retry_after_seconds

    @property
    def is_passing(self) -> bool:
        """Whether the same call may be answered a little later."""
        return self.status is None or self.status in (408, 429) or self.status >= 500


class JobNotFound(JobgateError):
    """There is no such job, or not any more."""


class JobDidNotSucceed(Exception):
    """The job ended without a result. `code`: 400 to 599, from the worker; 499 when cancelled."""

    def __init__(self, job_id: str, envelope: Mapping[str, Any]) -> None:
        super().__init__(envelope["message"])
        self.job_id = job_id
        self.code: int = envelope["code"]
        self.envelope = envelope


class JobFailed(JobDidNotSucceed):
    """The last attempt failed; the text of the error is the worker's reason."""


class JobCancelled(JobDidNotSucceed):
    """The job was cancelled."""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to wherever it points."""

    def redirect_request(self, *_args: Any) -> None:
        return None


class Jobgate:
    """A gateway. Its calls raise JobgateError.

    Calls that are not answered, 408, 429 and 5xx are made again for `retry_seconds`: after as long
    as Retry-After says, else after 0.2 s, doubling to 10 s.
    """

    def __init__(self, url: str, api_key: str, retry_seconds: float = 120) -> None:
        self.url = url.rstrip("/")
        self.retry_seconds = retry_seconds
        self._headers = {"x-api-key": api_key, "content-type": "application/json"}
        self._opener = urllib.request.build_opener(NoRedirects)

    def submit(
        self,
        endpoint: str,
        payload: Optional[Mapping[str, Any]] = None,
        *,
        idempotency_key: Optional[str] = None,
        **fields: Any,
    ) -> str:
        """Submits a job and gives its id.

        Fields: id, priority, delay_seconds or run_at, max_attempts, max_runtime_seconds,
        retention_seconds, webhook_url. Without an idempotency key one is made for this call, so
        that a call whose answer was lost does not become two jobs.
        """
        body = {
            "endpoint": endpoint,
            "payload": payload or {},
            "idempotency_key": idempotency_key or str(uuid.uuid4()),
            **fields,
        }
        return self._post("job/submit", body)["job_id"]

    def status(self, job_id: str, wait_seconds: int = 0) -> dict[str, Any]:
        """`job_status`, and in `response` the result envelope once the job has ended.

        With wait_seconds (up to 55) the answer comes when the job ends or the time is up.
        """
        body = {"job_id": job_id, "wait_seconds": wait_seconds}
        return self._post("job/status", body, REQUEST_TIMEOUT_SECONDS + wait_seconds)["response"]

    def wait_for(self, job_id: str, timeout_seconds: float = float("inf")) -> Any:
        """Waits until the job has ended and gives its result.

        Raises JobFailed, JobCancelled, or TimeoutError when it has not ended in time. The time is
        kept to the second.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            left = max(deadline - time.monotonic(), 0)
            state = self.status(job_id, int(min(left + 1, LONGEST_WAIT_SECONDS)))
            if state["response"]:
                return result_of(state)
            if time.monotonic() >= deadline:
                raise TimeoutError(f"job {job_id} is still {state['job_status']}")

    def events(self, job_id: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """Every event of the job as it happens, until it has ended.

        An event has `seq`, `kind` (queued, running, progress, done, ...), `job_status`, `at` and
        `data`. A stream that breaks is resumed where it was; `after` resumes behind the event of
        that `seq`.
        """
        give_up_at, delay = time.monotonic() + self.retry_seconds, 0.2
        while True:
            error = JobgateError("the stream of events broke off")
            try:
                with self._open_stream(job_id, after) as stream:
                    if stream.status == 204:
                        return
                    for event_type, event in read_events(stream):
                        yield event
                        after = event["seq"]
                        if event_type == "end":
                            return
                        give_up_at, delay = time.monotonic() + self.retry_seconds, 0.2
            except JobgateError as refused:
                error = refused
            except EXCHANGE_ERRORS as broken:
                error = JobgateError(f"the stream of events broke off: {broken}")
            delay = pause_or_raise(error, give_up_at, delay)

    def cancel(self, job_id: str) -> dict[str, Any]:
        """Ends a waiting job, asks the worker of a running one to stop; gives the job."""
        return self._post("job/cancel", {"job_id": job_id})

    def _post(
        self, path: str, body: Mapping[str, Any], timeout_seconds: float = REQUEST_TIMEOUT_SECONDS
    ) -> Any:
        data = json.dumps(body, allow_nan=False).encode()
        request = urllib.request.Request(self._address(path), data, self._headers)
        give_up_at, delay = time.monotonic() + self.retry_seconds, 0.2
        while True:
            try:
                with self._open(request, timeout_seconds) as answer:
                    return json.load(answer)
            except JobgateError as error:
                delay = pause_or_raise(error, give_up_at, delay)
            except EXCHANGE_ERRORS as error:
                broken = JobgateError(f"the gateway's answer broke off: {error}")
                delay = pause_or_raise(broken, give_up_at, delay)

    def _open_stream(self, job_id: str, after: int) -> Any:
        headers = {**self._headers, "last-event-id": str(after)}
        address = self._address(f"job/events?job_id={job_id}")
        return self._open(urllib.request.Request(address, None, headers), STREAM_TIMEOUT_SECONDS)

    def _address(self, path: str) -> str:
        return f"{self.url}/v1/toolkit/{path}"

    def _open(self, request: urllib.request.Request, timeout_seconds: float) -> Any:
        try:
            return self._opener.open(request, timeout=timeout_seconds)
        except urllib.error.HTTPError as error:
            raise refusal(error) from error
        except EXCHANGE_ERRORS as error:
            raise JobgateError(f"the gateway does not answer: {error}") from error


def pause_or_raise(error: JobgateError, give_up_at: float, delay: float) -> float:
    """Sleeps until the next try and gives the delay after it, or raises when it would not help."""
    seconds = error.retry_after_seconds or delay * random.uniform(0.5, 1)
    if not error.is_passing or time.monotonic() + seconds > give_up_at:
        raise error
    time.sleep(seconds)
    return min(delay * 2, LONGEST_DELAY_SECONDS)


def refusal(error: urllib.error.HTTPError) -> JobgateError:
    try:
        answer = json.load(error)
        message = f"{error.code}: {answer['error']}"
    except (*EXCHANGE_ERRORS, KeyError, TypeError):
        answer, message = {}, f"{error.code}, not as a gateway does"
    if error.code == 404 and "job_id" in answer:
        return JobNotFound(f"there is no job {answer['job_id']}", 404)
    retry_after = error.headers.get("retry-after") or ""
    seconds = float(retry_after) if retry_after.isdigit() else 0
    return JobgateError(f"the gateway answered {message}", error.code, seconds)


def result_of(state: Mapping[str, Any]) -> Any:
    """The result of a job that has ended; raises JobFailed or JobCancelled."""
    if state["job_status"] == "failed":
        raise JobFailed(state["job_id"], state["response"])
    if state["job_status"] == "cancelled":
        raise JobCancelled(state["job_id"], state["response"])
    return state["response"]["response"]


def read_events(lines: Iterator[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a stream (WHATWG, Server-Sent Events): their type, and their data as JSON."""
    fields: dict[str, str] = {}
    for raw in lines:
        name, _, value = raw.decode().rstrip("\r\n").partition(":")
        if name:
            fields[name] = value[1:] if value.startswith(" ") else value
        elif "data" in fields:
            yield fields.get("event", "message"), json.loads(fields["data"])
            fields = {}


def tell(event: Mapping[str, Any]) -> None:
    print(event["kind"], json.dumps(event["data"]), file=sys.stderr)


def main(endpoint: str, payload: str = "{}") -> int:
    try:
        jobs = Jobgate(os.environ["JOBGATE_URL"], os.environ["JOBGATE_API_KEY"])
    except KeyError as error:
        sys.exit(f"Set {error.args[0]}: JOBGATE_URL is the gateway, JOBGATE_API_KEY a key of it")
    try:
        job_id = jobs.submit(endpoint, json.loads(payload))
        for event in jobs.events(job_id):
            tell(event)
        print(json.dumps(jobs.wait_for(job_id)))
        return 0
    except JobDidNotSucceed as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    except (JobgateError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("Usage: python3 jobgate.py ENDPOINT [PAYLOAD]")
    sys.exit(main(*sys.argv[1:]))
