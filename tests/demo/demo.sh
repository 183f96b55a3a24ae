#!/usr/bin/env bash
# The product's main job on the embedded emulator, from an empty account to a bad deploy that did not stay live.
# Run by `make demo`. Works on a copy of agents/ in .agentops/demo, so it can be run again and again.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work="$root/.agentops/demo"

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

# run CODE COMMAND...: shows the command, runs it and insists on its exit code.
run() {
  local wanted=$1 code=0
  shift
  printf '\n$ %s\n' "$*"
  "$@" </dev/null || code=$?
  printf '(exit code %s)\n' "$code"
  if [ "$code" != "$wanted" ]; then
    printf 'demo: expected exit code %s from: %s\n' "$wanted" "$*" >&2
    exit 1
  fi
}

commit() {
  git add --all
  git -c user.name=demo -c user.email=demo@example.com commit --quiet --message "$1"
  printf '\n$ git commit -m "%s"\n' "$1"
  git --no-pager show --stat --format= HEAD | sed 's/^/  /'
}

# edit FILE PATTERN REPLACEMENT: replaces what the regular expression matches, which must be there. (sed differs between
# GNU and BSD.)
edit() {
  python -c '
import pathlib, re, sys
path, pattern, replacement = pathlib.Path(sys.argv[1]), *sys.argv[2:]
text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), flags=re.M)
assert count, f"nothing in {path} matches {pattern}"
path.write_text(text, encoding="utf-8", newline="")
' "$@"
}

rm -rf "$work"
mkdir -p "$work"
cp -R "$root/agents" "$root/agentops.yaml" "$work/"
cd "$work"
export NO_COLOR=1
if ! python -c 'import espeakng_loader, numpy, pocketsphinx' 2>/dev/null; then
  say "This machine can't speak and hear: pocketsphinx has no wheel for its Python or its processor"
  echo "The calls below are made in chat mode: what is said is sent as text."
  echo "Left out, since there is no sound: first_audio_ms, longest_silence_ms and turn_latency_ms."
  for script in agents/calls/*.yaml; do
    edit "$script" '^(mode: .*|  (first_audio|longest_silence|turn_latency)_ms: .*)\n|\Z' ''
    edit "$script" '^agent: .*\n' '\g<0>mode: chat\n'
  done
fi
git init --quiet --initial-branch=main
printf '.agentops/\n' > .gitignore
commit "Our three lines as code"

say "1. Check the specs"
run 0 agentops validate -e local

say "2. Plan and apply: everything is new"
run 0 agentops plan -e local
run 0 agentops apply -e local --yes
run 0 agentops plan -e local --detailed-exitcode

say "3. Call one: spoken sentences over the WebSocket, in real time"
run 0 agentops smoke agents/calls/support-hours.yaml -e local --output .agentops/calls

say "4. A change to a prompt and a voice, in an environment that calls after every deploy"
run 0 agentops apply -e demo --yes
edit agents/prompts/support.md 'within three working days\.' 'within two working days, and we send a message on the day.'
edit agentops.yaml '(?s)(^  demo:.*?voice: )nyah' '\1daniel'
commit "Promise faster delivery, and try another voice"
run 0 agentops plan -e demo
run 0 agentops apply -e demo --yes
run 0 agentops plan -e demo --detailed-exitcode

say "5. A bad change: somebody deletes the opening hours from the prompt"
edit agents/prompts/support.md '^.*We are open Monday to Friday.*\n' ''
commit "Tidy up the support prompt"
run 0 agentops plan -e demo
run 6 agentops apply -e demo --yes
run 4 agentops plan -e demo

say "6. History, and going back by hand"
git -c user.name=demo -c user.email=demo@example.com revert --no-edit HEAD >/dev/null
printf '\n$ git revert HEAD\n'
run 0 agentops plan -e demo --detailed-exitcode
run 0 agentops history support -e demo
run 0 agentops rollback support -e demo --yes
run 0 agentops history support -e demo

say "Done. The reports of the calls are in .agentops/demo/.agentops/; open one report.html in a browser."
