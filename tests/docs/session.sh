# What a document's commands run in: a shell like a reader's, with these differences. Sourced by session.rs, which sets
# BINARY, SESSION (a folder for what these functions keep) and the working directory.
#
# * A server that a document starts runs in the background; the one before it is stopped first. It listens on a free
#   port, and curl is sent there where a document says http://127.0.0.1:8080.
# * A response with a status from 400 on fails the command.
# * cargo builds nothing inside a test that it has built; where there is no sqlite3, Python's stands in for it.
set -euo pipefail

serve() {
  stop_server
  # Not by the server's own redirection, which comes a moment later.
  : >"$SESSION/out"
  GROUPS_LISTEN=127.0.0.1:0 "$@" >>"$SESSION/out" 2>"$SESSION/log" </dev/null &
  server=$!
  until grep -qs http:// "$SESSION/out"; do
    kill -0 "$server" 2>/dev/null || { server_ended; return; }
    sleep 0.02
  done
  grep -oE 'http://[0-9.]+:[0-9]+' "$SESSION/out" | head -n 1 >"$SESSION/url"
  cat "$SESSION/out"
}

# Stops the server, by SIGTERM unless another signal is named.
stop_server() {
  [ -n "${server:-}" ] || return 0
  local ended=$server
  server=
  kill -s "${1:-TERM}" "$ended" 2>/dev/null || true
  wait "$ended" || [ "${1:-TERM}" = KILL ]
}

# Waits until the server ends by itself; shows its log and fails as it did.
server_ended() {
  local status=0 ended=$server
  server=
  wait "$ended" || status=$?
  cat "$SESSION/log" >&2
  return "$status"
}

# The access token that the server printed.
printed_token() { grep -o 'groups_[A-Za-z0-9_-]*' "$SESSION/out" | head -n 1; }

demo() { CARGO_TARGET_DIR=$SESSION serve "$REPOSITORY/scripts/demo" "$@"; }

groups-server() {
  case ${1:-serve} in
    serve | --db) serve "$BINARY" "$@" ;;
    *) "$BINARY" "$@" ;;
  esac
}

curl() {
  local arg status=0 args=()
  for arg; do args+=("${arg//http:\/\/127.0.0.1:8080/$(cat "$SESSION/url")}"); done
  command curl -sS --fail-with-body --max-time 20 "${args[@]}" || status=$?
  # A response does not end in a line feed.
  echo
  return "$status"
}

cargo() {
  case $* in
    'run --release --locked -- '*) groups-server "${@:5}" ;;
    'build --release --locked' | 'build --release --locked --quiet' | 'test --locked') ;;
    *) echo "cargo $*: not a command that this test stands in for" >&2; return 1 ;;
  esac
}
# scripts/demo calls it, too.
export -f cargo

command -v sqlite3 >/dev/null || sqlite3() {
  python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print(*row, sep="|")' "$@"
}

trap stop_server EXIT
