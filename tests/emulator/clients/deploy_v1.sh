#!/usr/bin/env bash
# Creates an agent and publishes a draft with curl and jq alone, the way migrating teams script it.
# Prints the agent's id, the version that was live before, and the version that the publish made.
set -euo pipefail
base="$1/atoms/v1"
call() { curl --silent --show-error --request "$1" "$base$2" --header "Authorization: Bearer sk_shell" \
  --header "Content-Type: application/json" ${3:+--data "$3"}; }

agent=$(call POST /agent '{"name": "Shell", "workflowType": "single_prompt"}' | jq -r .data)
live=$(call GET "/agent/$agent" | jq -r .data.activeVersionId)
draft=$(call POST "/agent/$agent/drafts" "{\"sourceVersionId\": \"$live\"}" | jq -r .data.draftId)
call PATCH "/agent/$agent/drafts/$draft/config" \
  '{"singlePromptConfig": {"prompt": "Answer briefly."}, "slmModel": "gpt-4o"}' > /dev/null
version=$(call POST "/agent/$agent/drafts/$draft/publish" '{"label": "initial", "activate": true}' | jq -r .data._id)
echo "$agent $live $version"
