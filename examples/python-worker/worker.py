#!/usr/bin/env python3
# A complete Jobgate worker on Python's standard library alone: copy it and write your own handlers.
"""Claims jobs over HTTP, runs a handler for each, and reports what became of it.

    JOBGATE_URL=http://127.0.0.1:8080 JOBGATE_API_KEY=jg_... python3 worker.py

Needs Python 3.8 or newer and a key of scope `work`. The handlers are at the end of the file.
"""

import http.client
import json
import logging
import os
import random
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor, wait

LEASE_SECONDS = 30

# How long the gateway holds a claim back while there is no work. Also the longest that an idle
# worker takes to stop: a claim is never broken off, because its answer may hold a job.
CLAIM_WAIT_SECONDS = 5

# What a handler has to finish once the worker is told to stop; then its job is handed back.
STOP_GRACE_SECONDS = 5

REQUEST_TIMEOUT_SECONDS = 30
LONGEST_RETRY_SECONDS = 10
PROGRESS_INTERVAL_SECONDS = 1
LONGEST_MESSAGE = 2000

# What may go wrong on the way, or with an answer that is not the gateway's.
EXCHANGE_ERRORS = (OSError, ValueError, http.client.HTTPException)

log = logging.getLogger("worker")


class JobFailure(Exception):
    """Raise it in a handler to say more than that it failed.

    code: 400 to 599, for the caller. retry: False when another attempt would fail as well.
    retry_delay_seconds: how long to wait for the next attempt; None leaves it to the gateway.
    """

    def __init__(self, message, code=500, retry=True, retry_delay_seconds=None):
        super().__init__(message)
        self.code = code
        self.retry = retry
        self.retry_delay_seconds = retry_delay_seconds


class JobStopped(Exception):
    """Raised out of `job.check()`, `job.sleep()` and `job.progress()` when the work must end."""


class GatewayError(Exception):
    """The gateway refused a call (`status`), or did not answer at all (`status` is None)."""

    def __init__(self, message, status=None, retry_after=0.0):
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after

    @property
    def is_passing(self):
        """Whether the same call may be answered a little later."""
        return self.status is None or self.status in (408, 429) or self.status >= 500


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to wherever it points."""

    def redirect_request(self, *_args):
        return None


class Gateway:
    """The gateway's worker endpoints. Every call raises GatewayError only."""

    def __init__(self, url, api_key):
        self.url = url.rstrip("/")
        self._headers = {"x-api-key": api_key, "content-type": "application/json"}
        self._opener = urllib.request.build_opener(NoRedirects)

    def post(self, verb, body):
        """One call of /v1/toolkit/worker/<verb>; gives the answer's JSON object."""
        address = f"{self.url}/v1/toolkit/worker/{verb}"
        request = urllib.request.Request(address, to_json(body), self._headers)
        try:
            with self._opener.open(request, timeout=REQUEST_TIMEOUT_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise refusal(error) from error
        except EXCHANGE_ERRORS as error:
            raise GatewayError(f"the gateway does not answer: {error}") from error

    def post_until_answered(self, verb, body, give_up):
        """Calls until the gateway answers; once the event `give_up` is set, a last time."""
        delay = 0.2
        while True:
            try:
                return self.post(verb, body)
            except GatewayError as error:
                if not error.is_passing or give_up.is_set():
                    raise
                log.warning("%s: %s; trying again", verb, error)
                give_up.wait(error.retry_after + delay * random.uniform(0.5, 1))
                delay = min(delay * 2, LONGEST_RETRY_SECONDS)


def to_json(body):
    """Raises ValueError or TypeError on what JSON cannot say, such as NaN or a set."""
    return json.dumps(body, allow_nan=False).encode()


def refusal(error):
    try:
        message = json.load(error)["error"]
    except (*EXCHANGE_ERRORS, KeyError, TypeError):
        message = "not as a gateway does"
    retry_after = error.headers.get("retry-after") or ""
    seconds = float(retry_after) if retry_after.isdigit() else 0.0
    return GatewayError(f"the gateway answered {error.code}: {message}", error.code, seconds)


class Job:
    """What a handler gets: the payload, and a way to tell how far it is and to learn to stop."""

    def __init__(self, gateway, claimed):
        self.id = claimed["job_id"]
        self.endpoint = claimed["endpoint"]
        self.payload = claimed["payload"]
        self.attempt = claimed["attempt"]
        self.heartbeat_seconds = claimed["heartbeat_seconds"]
        self.lease = {"job_id": self.id, "lease_token": claimed["lease_token"]}
        self.is_lost = False
        self._gateway = gateway
        self._stop = threading.Event()
        self._progress_sent_at = float("-inf")

    def progress(self, **fields):
        """Tells percent (0 to 100), phase, message or eta_seconds; at most once a second."""
        self.check()
        now = time.monotonic()
        if now - self._progress_sent_at < PROGRESS_INTERVAL_SECONDS:
            return
        self._progress_sent_at = now
        self._tell("progress", fields)
        self.check()

    def check(self):
        """Raises JobStopped once the job is cancelled or lost, or the worker stops."""
        if self._stop.is_set():
            raise JobStopped

    def sleep(self, seconds):
        """Like time.sleep, but raises JobStopped as soon as the work must end."""
        if self._stop.wait(seconds):
            raise JobStopped

    def stop(self):
        self._stop.set()

    def keep_lease(self, over):
        """Heartbeats until `over` is set; a failed one is tried again after a second."""
        wait = self.heartbeat_seconds
        while not over.wait(wait):
            wait = self.heartbeat_seconds if self._tell("heartbeat", {}) else 1

    def _tell(self, verb, fields):
        """False when the gateway did not answer. Whatever it says, the handler goes on or stops."""
        try:
            answer = self._gateway.post(verb, {**self.lease, **fields})
        except GatewayError as error:
            self._on_refusal(verb, error)
            return not error.is_passing
        if answer["cancel_requested"]:
            log.info("job %s: cancellation was requested", self.id)
            self.stop()
        return True

    def _on_refusal(self, verb, error):
        log.warning("job %s: %s: %s", self.id, verb, error)
        # 409: another worker may have it by now. 404: it is gone. Nobody wants its result.
        if error.status in (404, 409):
            self.is_lost = True
            self.stop()


class Worker:
    """Runs one job at a time until `stop()`. Start several processes to run more."""

    def __init__(self, gateway, handlers):
        self._gateway = gateway
        self._handlers = handlers
        self._id = f"{socket.gethostname()}-{os.getpid()}"
        self._stopping = threading.Event()
        self._out_of_time = threading.Event()
        self._finished = threading.Event()
        self._job = None

    def run(self):
        """Raises GatewayError when the gateway refuses this worker, say for a bad key."""
        log.info("worker %s takes %s", self._id, ", ".join(self._handlers))
        while not self._stopping.is_set():
            for claimed in self._claim():
                self._run_job(Job(self._gateway, claimed))
        log.info("worker %s has stopped", self._id)

    def stop(self):
        """Claims no more; the job in hand may finish within the grace, then it is handed back."""
        if self._stopping.is_set():
            return
        log.info("worker %s stops", self._id)
        self._stopping.set()
        job = self._job
        if job:
            job.stop()
        grace = threading.Timer(STOP_GRACE_SECONDS, self._give_up)
        grace.daemon = True
        grace.start()

    def _give_up(self):
        self._out_of_time.set()
        self._finished.set()

    def _claim(self):
        claim = {
            "worker_id": self._id,
            "pid": os.getpid(),
            "endpoints": list(self._handlers),
            "lease_seconds": LEASE_SECONDS,
            "wait_seconds": CLAIM_WAIT_SECONDS,
        }
        try:
            answer = self._gateway.post_until_answered("claim", claim, self._stopping)
        except GatewayError as error:
            if self._stopping.is_set() and error.is_passing:
                return []
            raise
        return answer["jobs"]

    def _run_job(self, job):
        log.info("job %s: attempt %d of %s", job.id, job.attempt, job.endpoint)
        self._finished.clear()
        self._job = job
        reports = []
        over = threading.Event()
        start_thread(job.keep_lease, over)
        # A stop that came before the claim's answer has not seen this job.
        if not self._stopping.is_set():
            start_thread(self._work, job, reports)
            self._finished.wait()
        self._job = None
        # No report: the handler has not begun, or did not heed the stop and ends with the process.
        self._report(job, *(reports[0] if reports else ("release", {})))
        over.set()

    def _work(self, job, reports):
        reports.append(outcome_of(self._handlers[job.endpoint], job))
        self._finished.set()

    def _report(self, job, verb, fields):
        if job.is_lost:
            log.warning("job %s: lost, its result is dropped", job.id)
            return
        try:
            body = {**job.lease, **fields}
            answer = self._gateway.post_until_answered(verb, body, self._out_of_time)
            log.info("job %s: %s, it is %s now", job.id, verb, answer["job_status"])
        except GatewayError as error:
            log.warning("job %s: %s: %s", job.id, verb, error)
            if verb == "complete" and error.status in (400, 413):
                # Too large, or not storable: the next attempt would fare no better.
                self._report(job, *failure(f"The result was refused: {error}", 500, False))


def start_thread(target, *args):
    threading.Thread(target=target, args=args, daemon=True).start()


def outcome_of(handler, job):
    """Runs the handler; gives the report on it as a verb and its fields."""
    try:
        return completion(handler(job.payload, job))
    except JobStopped:
        # Where cancellation was requested this ends it as cancelled, else it goes to another worker.
        return "release", {}
    except JobFailure as error:
        return failure(str(error), error.code, error.retry, error.retry_delay_seconds)
    except (Exception, SystemExit) as error:
        log.exception("job %s: the handler failed", job.id)
        return failure(f"{type(error).__name__}: {error}", 500, True)


def completion(result):
    try:
        to_json(result)
        return "complete", {"result": result}
    except (TypeError, ValueError) as error:
        # The same handler would most likely return the same again.
        return failure(f"The result cannot be written as JSON: {error}", 500, False)


def failure(message, code, retry, retry_delay_seconds=None):
    # Without NUL and halves of surrogate pairs, which the gateway does not take.
    text = message.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    fields = {"message": text[:LONGEST_MESSAGE] or "no reason given", "code": code, "retry": retry}
    if retry_delay_seconds is not None:
        fields["retry_delay_seconds"] = retry_delay_seconds
    return "fail", fields


def count_text(payload, job):
    """Counts lines, words and characters of {"text": "..."}.

    `pause_seconds` between two words is there to watch the progress, or to cancel it.
    """
    text = payload.get("text")
    if not isinstance(text, str):
        raise JobFailure("The payload needs a text, a string", code=422, retry=False)
    words = text.split()
    for done, _word in enumerate(words):
        job.progress(percent=100 * done / len(words), phase="count")
        job.sleep(payload.get("pause_seconds", 0))
    return {"lines": len(text.splitlines()), "words": len(words), "characters": len(text)}


# The kinds of work this worker can do. Each handler takes the payload and the job, and returns the
# result: anything that JSON can say.
handlers = {"/v1/text/count": count_text}


def main():
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        gateway = Gateway(os.environ["JOBGATE_URL"], os.environ["JOBGATE_API_KEY"])
    except KeyError as error:
        sys.exit(f"Set {error.args[0]}: JOBGATE_URL is the gateway, JOBGATE_API_KEY a key of it")
    worker = Worker(gateway, handlers)
    # In a thread of its own: a signal interrupts this one at any line, whatever lock it holds.
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(worker.run)
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, lambda *_: worker.stop())
        # Not for ever at once: a signal that another thread received does not end a wait.
        while not running.done():
            wait([running], timeout=0.5)
        try:
            running.result()
        except GatewayError as error:
            sys.exit(f"{gateway.url} gives this worker no jobs: {error}")


if __name__ == "__main__":
    main()
