#!/usr/bin/env bash
# A first session with memo: docs/first-session.sh [FOLDER]
#
# Signs up a new user, keeps each file of FOLDER as a memo (three small notes of its own if no folder is named), pages
# through them, edits one, loses a race on purpose, compares all of them with the files byte for byte, moves one to the
# trash and back, and signs out. It stops with an exit status other than 0 at the first unexpected response.
#
# Needs bash, curl and jq, and a server at MEMO_URL (default http://127.0.0.1:8080).
set -euo pipefail

url=${MEMO_URL:-http://127.0.0.1:8080}
url=${url%/}
# The most that a memo holds, in characters.
limit=100000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*"; }
fail() {
  say "first session: $*" >&2
  if [[ -s $work/body ]]; then
    say "the last answer was ${status:-none}:" >&2
    head -c 2000 "$work/body" >&2
    say >&2
  fi
  exit 1
}

for tool in curl jq; do
  command -v "$tool" >/dev/null || { say "first session: $tool is needed" >&2; exit 1; }
done

# call METHOD PATH [CURL'S ARGUMENTS...]: leaves the answer in $status, $work/body and $work/head.
call() {
  : >"$work/body"
  status=$(curl --silent --show-error --max-time 60 --request "$1" \
    --output "$work/body" --dump-header "$work/head" --write-out '%{http_code}' \
    "${@:3}" "$url$2") || fail "$1 $2 got no answer"
}
# As the user who is signed in.
as_user() { call "$@" --header "Authorization: Bearer $token"; }
# The body by a jq filter; the header of a name.
body() { jq --raw-output "$@" "$work/body"; }
header() { sed -n "s/^$1: *//Ip" "$work/head" | tr -d '\r' | head -n 1; }
expect() { [[ $status == "$1" ]] || fail "$2: expected $1, got $status"; }
json=(--header 'Content-Type: application/json')
merge_patch=(--header 'Content-Type: application/merge-patch+json')

# The notes.
folder=${1:-}
if [[ -z $folder ]]; then
  folder=$work/notes
  mkdir "$folder"
  printf '# Groceries\n\n- [ ] milk\n- [x] bread\n' >"$folder/groceries.md"
  printf '# 주간 회의록\n\n1. 지난주 할 일\n2. 이번 주 계획 ✅\n' >"$folder/회의록.md"
  printf 'No line end here, a tab\there, and one more line\r\nthe Windows way' >"$folder/odd ends.md"
fi
[[ -d $folder ]] || fail "$folder is not a folder"

say "1. Sign up and sign in at $url"
random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
email="reader-$(random 8)@example.com"
password="pass phrase $(random 12)"
jq --null-input --arg email "$email" --arg password "$password" \
  '{email: $email, password: $password, display_name: "A reader 독자"}' >"$work/request"
call POST /api/v1/auth/sign-up "${json[@]}" --data-binary "@$work/request"
expect 201 'sign-up'
say "   $email is a user, id $(body .id)"

call POST /api/v1/auth/token --data-urlencode grant_type=password \
  --data-urlencode "username=$email" --data-urlencode "password=$password"
expect 200 'sign-in'
token=$(body .access_token)
refresh_token=$(body .refresh_token)
say "   signed in for $(body .expires_in) seconds"
as_user GET /api/v1/me
expect 200 'who am I'
[[ $(body .email) == "$email" ]] || fail 'the token is of another user'

say "2. Keep each file of $folder as a memo"
ids=()
names=()
mkdir "$work/kept"
for file in "$folder"/*; do
  [[ -f $file ]] || continue
  name=${file##*/}
  # A memo is text: what is not UTF-8 would not come back byte for byte, and NUL is refused.
  if ! jq --null-input --join-output --rawfile text "$file" '$text' | cmp --silent - "$file" ||
    ! tr -d '\0' <"$file" | cmp --silent - "$file"; then
    say "   left out, not text in UTF-8: $name"
    continue
  fi
  length=$(jq --null-input --rawfile text "$file" '$text | length')
  if ((length > limit)); then
    say "   left out, longer than $limit characters: $name ($length)"
    continue
  fi
  jq --null-input --arg title "$name" --rawfile content "$file" '{title: $title, content: $content}' >"$work/request"
  as_user POST /api/v1/memos "${json[@]}" --data-binary "@$work/request"
  expect 201 "keeping $name"
  id=$(body .id)
  [[ $(header location) == */api/v1/memos/$id ]] || fail "no Location of the new memo: $(header location)"
  cp "$file" "$work/kept/$id"
  ids+=("$id")
  names+=("$name")
  say "   $id $name ($length characters)"
done
count=${#ids[@]}
((count > 0)) || fail "$folder has no file to keep"

say '3. Page through them, two at a time'
cursor=
pages=0
: >"$work/seen"
while :; do
  query=(--get --data-urlencode limit=2)
  [[ -z $cursor ]] || query+=(--data-urlencode "cursor=$cursor")
  as_user GET /api/v1/memos "${query[@]}"
  expect 200 'a page'
  body '.items[].id' >>"$work/seen"
  pages=$((pages + 1))
  cursor=$(body '.page.next_cursor // empty')
  [[ -n $cursor ]] || break
  ((pages <= count)) || fail "the pages do not end"
done
doubled=$(sort "$work/seen" | uniq -d)
[[ -z $doubled ]] || fail "seen twice: $doubled"
printf '%s\n' "${ids[@]}" | sort >"$work/expected"
sort "$work/seen" | cmp --silent - "$work/expected" || fail "the pages skip some: $(wc -l <"$work/seen") of $count seen"
say "   $count memos on $pages pages, none skipped, none doubled"

# The shortest has room for one more line.
edited=${ids[0]}
for id in "${ids[@]}"; do
  (($(wc -c <"$work/kept/$id") >= $(wc -c <"$work/kept/$edited"))) || edited=$id
done

say '4. Edit one, if it is still what was read'
as_user GET "/api/v1/memos/$edited"
expect 200 'reading a memo'
etag=$(header etag)
[[ -n $etag ]] || fail 'a memo without an ETag'
printf '\n- [ ] read this again 다시 읽기\n' >>"$work/kept/$edited"
jq --null-input --rawfile content "$work/kept/$edited" '{content: $content}' >"$work/request"
as_user PATCH "/api/v1/memos/$edited" "${merge_patch[@]}" --header "If-Match: $etag" --data-binary "@$work/request"
expect 200 'the edit'
[[ $(header etag) != "$etag" ]] || fail 'the edit left the ETag as it was'
say "   $edited was $etag and is $(header etag)"

say '5. Lose a race: edit it once more with the old ETag'
as_user PATCH "/api/v1/memos/$edited" "${merge_patch[@]}" --header "If-Match: $etag" --data-binary '{"title": "too late"}'
expect 412 'the lost race'
[[ $(header content-type) == application/problem+json* ]] || fail "not a problem document: $(header content-type)"
[[ $(body .code) == precondition_failed ]] || fail 'another problem than expected'
body . | sed 's/^/   /'

say '6. Read all back and compare byte for byte'
for at in "${!ids[@]}"; do
  id=${ids[at]}
  as_user GET "/api/v1/memos/$id"
  expect 200 "reading ${names[at]}"
  [[ $(body .title) == "${names[at]}" ]] || fail "another title than ${names[at]}"
  body --join-output .content | cmp - "$work/kept/$id" || fail "${names[at]} came back changed"
done
say "   $count memos are what was kept"

say '7. Move one to the trash and take it out again'
total() {
  as_user GET /api/v1/memos --get --data-urlencode limit=1 --data-urlencode include_total=true --data-urlencode "trashed=$1"
  expect 200 'the list'
  [[ $(body .total) == "$2" ]] || fail "expected $2 memos with trashed=$1"
}
as_user DELETE "/api/v1/memos/$edited"
expect 204 'to the trash'
total true 1
total false $((count - 1))
as_user POST "/api/v1/memos/$edited/restore"
expect 200 'out of the trash'
[[ $(body .deleted_at) == null ]] || fail 'restored, and still in the trash'
body --join-output .content | cmp - "$work/kept/$edited" || fail 'restored, but changed'
total true 0
total false "$count"
say "   $edited went and came back"

say '8. Sign out'
call POST /api/v1/auth/revoke --data-urlencode "token=$refresh_token"
expect 200 'sign-out'
as_user GET /api/v1/me
expect 401 'the token after sign-out'
[[ -n $(header www-authenticate) ]] || fail '401 without WWW-Authenticate'
say "   the token is refused now: $status $(body .code)"
say "The first session went as expected: $count memos."
