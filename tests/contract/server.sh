# shellcheck shell=bash
# Starts and stops the server under test. Sourced by tests/contract/run, tests/contract/first-session and the `run` of
# tests/browser and tests/oidc.
#
#   start_memo BINARY FOLDER   starts BINARY in the empty FOLDER; sets MEMO_URL and memo_pid, and writes FOLDER/memo.log.
#                              The array memo_settings has further settings (NAME=VALUE)
#   stop_memo                  sends SIGTERM; fails if the server does not exit with 0

memo_pid=
memo_settings=()

start_memo() {
  local binary folder address
  binary=$(realpath "$1")
  folder=$2
  [[ -x $binary ]] || { echo "$1 does not exist; build it first" >&2; return 1; }
  mkdir -p "$folder"
  if [[ -n $(ls -A "$folder") ]]; then
    echo "$folder is not empty" >&2
    return 1
  fi
  # Only the settings of this test apply, none of the caller's environment. The working directory is the empty folder, so
  # that neither a .env file nor the project's config folder is read.
  (
    for name in $(compgen -e | grep '^MEMO_' || true); do unset "$name"; done
    cd "$folder" || exit 1
    export MEMO_ENV=development
    export MEMO__DATA_DIR="$PWD/data"
    export MEMO__SERVER__LISTEN=127.0.0.1:0
    export MEMO__SERVER__METRICS_LISTEN=off
    export MEMO__RATE_LIMIT__ENABLED=false
    export MEMO__AUTH__BCRYPT_COST="${BCRYPT_COST:-12}"
    export MEMO__LOG__FORMAT=json
    for setting in "${memo_settings[@]}"; do export "${setting?}"; done
    exec "$binary"
  ) >"$folder/memo.log" 2>&1 </dev/null &
  memo_pid=$!
  # Port 0 selects a free port, which the log line `listening` contains.
  for _ in $(seq 600); do
    address=$(grep -m 1 '"listening"' "$folder/memo.log" 2>/dev/null | grep -o '127\.0\.0\.1:[0-9]*' | head -n 1 || true)
    [[ -z $address ]] || break
    kill -0 "$memo_pid" 2>/dev/null || break
    sleep 0.1
  done
  if [[ -z $address ]] || ! curl --silent --show-error --fail --max-time 60 --output /dev/null "http://$address/healthz"; then
    echo "$1 did not start:" >&2
    tail -n 20 "$folder/memo.log" >&2
    return 1
  fi
  export MEMO_URL=http://$address
}

stop_memo() {
  [[ -n $memo_pid ]] || return 0
  local pid=$memo_pid code=0
  memo_pid=
  kill -TERM "$pid" 2>/dev/null || true
  # Slightly longer than the server's own limit for requests in progress.
  for _ in $(seq 350); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" || code=$?
  if ((code != 0)); then
    echo "the server exited with $code after SIGTERM" >&2
    return 1
  fi
}
