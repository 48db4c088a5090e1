# Sign up, and sign in.
curl -s $URL/api/v1/auth/sign-up -H 'Content-Type: application/json' \
  -d '{"email": "alice@example.com", "password": "correct horse battery", "display_name": "Alice"}' | jq
TOKEN=$(curl -s $URL/api/v1/auth/token -d grant_type=password \
  -d username=alice@example.com --data-urlencode 'password=correct horse battery' | jq -r .access_token)

# Create a memo and read it.
ID=$(curl -s $URL/api/v1/memos -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d '{"title": "주간회의록", "content": "# 안건\n\n- 배포 일정\n", "tags": ["work"]}' | jq -r .id)
curl -si $URL/api/v1/memos/$ID -H "Authorization: Bearer $TOKEN"
