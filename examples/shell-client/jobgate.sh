#!/bin/sh
# A Jobgate client in POSIX sh and curl: submits a job, waits for it, prints its result.
set -eu

usage() {
  cat <<'USAGE'
Usage: jobgate.sh run ENDPOINT [PAYLOAD]      submit a job and print its result
       jobgate.sh submit ENDPOINT [PAYLOAD]   submit a job and print its id
       jobgate.sh wait JOB_ID                 wait for a job and print its result

PAYLOAD is a JSON object, - reads it from standard input; default: {}
JOBGATE_URL and JOBGATE_API_KEY (of scope submit) say where and who. JOBGATE_IDEMPOTENCY_KEY makes
the same submission twice, even in two runs, one job; default: a new key for each run.

Exit codes: 0 done, 2 wrong usage, 30 failed, 31 cancelled, 33 no such job, 34 refused,
35 the gateway does not answer, or cannot now.
USAGE
}

say() { printf '%s\n' "$*" >&2; }
die() {
  code=$1
  shift
  say "$@"
  exit "$code"
}

# post PATH BODY: the answer's body in $answer, its status in $status. Answers 408, 429 and 5xx, and
# connections that fail, are tried again; curl waits as long as Retry-After says, else 1 s, 2 s, 4 s, …
post() {
  printf '%s' "$2" >"$scratch/body"
  status=$(curl --silent --show-error --output "$scratch/answer" --write-out '%{http_code}' \
    --header "@$scratch/headers" --data-binary "@$scratch/body" \
    --max-time 90 --retry "${JOBGATE_RETRIES:-8}" --retry-all-errors --retry-max-time 600 \
    "$url/v1/toolkit/$1" 2>"$scratch/complaint") ||
    die 35 "$url does not answer: $(tail -n 1 "$scratch/complaint")"
  answer=$(cat "$scratch/answer")
}

refused() {
  case $status in
    404) die 33 "refused with $status: $answer" ;;
    408 | 429 | 5*) die 35 "refused with $status: $answer" ;;
    *) die 34 "refused with $status: $answer" ;;
  esac
}

# submit ENDPOINT PAYLOAD: the job's id in $job_id.
submit() {
  post job/submit "{\"endpoint\":\"$1\",\"payload\":$2}"
  [ "$status" = 202 ] || refused
  job_id=${answer#*\"job_id\":\"}
  job_id=${job_id%%\"*}
}

# wait_for JOB_ID: each call is held back until the job has ended or the time is up.
wait_for() {
  while :; do
    post job/status "{\"job_id\":\"$1\",\"wait_seconds\":${JOBGATE_WAIT_SECONDS:-55}}"
    [ "$status" = 200 ] || refused
    state=${answer#*\"job_status\":\"}
    state=${state%%\"*}
    case $state in
      queued | running) say "$1 is $state" ;;
      *) break ;;
    esac
  done
  # The result envelope is the second "response", and the job's own result the third. A quote
  # inside of a JSON string is escaped, so that no text can be taken for one of these.
  result=${answer#*\"response\":}
  result=${result#*\"response\":}
  result=${result#*\"response\":}
  result=${result%,\"message\":*}
  message=${result##*,\"message\":}
  message=${message%%,\"pid\":*}
  result=${result%,\"message\":*}
  case $state in
    done) printf '%s\n' "$result" ;;
    failed) die 30 "$1 failed: $message" ;;
    *) die 31 "$1 was $state" ;;
  esac
}

read_payload() {
  case ${1:-} in
    '') payload='{}' ;;
    -) payload=$(cat) ;;
    *) payload=$1 ;;
  esac
}

new_key() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

case ${1:-} in
  run | submit) [ $# -eq 2 ] || [ $# -eq 3 ] || { usage >&2; exit 2; } ;;
  wait) [ $# -eq 2 ] || { usage >&2; exit 2; } ;;
  -h | --help) usage; exit ;;
  *) usage >&2; exit 2 ;;
esac

url=${JOBGATE_URL:-http://127.0.0.1:8080}
url=${url%/}
[ -n "${JOBGATE_API_KEY:-}" ] || die 2 'JOBGATE_API_KEY is not set'

# The key goes through a file that only this user can read: a command line is shown to everyone.
umask 077
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
printf 'x-api-key: %s\nContent-Type: application/json\nIdempotency-Key: %s\n' \
  "$JOBGATE_API_KEY" "${JOBGATE_IDEMPOTENCY_KEY:-$(new_key)}" >"$scratch/headers"

case $1 in
  run)
    read_payload "${3:-}"
    submit "$2" "$payload"
    say "submitted $job_id"
    wait_for "$job_id"
    ;;
  submit)
    read_payload "${3:-}"
    submit "$2" "$payload"
    printf '%s\n' "$job_id"
    ;;
  wait) wait_for "$2" ;;
esac
