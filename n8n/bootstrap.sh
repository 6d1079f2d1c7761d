#!/bin/sh
# Gives n8n its credentials and workflows, then becomes `n8n start`. docker-compose.yml and scripts/n8n-local run it.
# Needs node and n8n on PATH and, from the environment, what is named in credentials.example.json and in the workflows.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
umask 077

while IFS='=' read -r name value; do
  case $name in '' | \#*) continue ;; esac
  eval "given=\${$name-}"
  [ -n "$given" ] || export "$name=$value"
done <"$here/headless.env"

# Without an owner, whoever reaches n8n first makes himself the owner, also where the editor is off. This one has a
# password that nobody knows: the form of bcrypt, and nothing that it would be made of.
if [ -z "${N8N_INSTANCE_OWNER_PASSWORD_HASH-}" ]; then
  made_up=$(node -p 'require("crypto").randomBytes(40).toString("base64").slice(0, 53).replaceAll("+", ".")')
  N8N_INSTANCE_OWNER_PASSWORD_HASH="\$2b\$12\$$made_up"
  export N8N_INSTANCE_OWNER_PASSWORD_HASH
fi

for name in N8N_WEBHOOK_KEY CONFIRMATION_WEBHOOK_SECRET DISCORD_WEBHOOK_URL TARS_API_URL; do
  eval "given=\${$name-}"
  if [ -z "$given" ]; then
    echo "n8n is not started: $name is not set (docs/n8n.md)." >&2
    exit 2
  fi
done

case $CONFIRMATION_WEBHOOK_SECRET in whsec_*)
  echo 'n8n is not started: it signs with text, so CONFIRMATION_WEBHOOK_SECRET must not be whsec_... .' >&2
  exit 2
  ;;
esac

# The poll fails every 5 s where there is no bot to ask with.
flows='tars-events-to-discord discord-message-to-confirmation'
if [ -n "${DISCORD_BOT_TOKEN-}" ] && [ -n "${DISCORD_CHANNEL_ID-}" ]; then
  flows="$flows discord-poll-to-confirmation"
fi

credentials() {
  node -e '
    const text = require("fs").readFileSync(process.argv[1], "utf8");
    const escaped = (name) => JSON.stringify(process.env[name] ?? "").slice(1, -1);
    process.stdout.write(text.replace(/\$\{([A-Z0-9_]+)\}/g, (_, name) => escaped(name)));
  ' "$here/credentials.example.json"
}

id_of() {
  node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).id' "$1"
}

# Each call of n8n takes seconds, so all this is left out where nothing has changed since the last time.
state=${N8N_USER_FOLDER:-$HOME}/.n8n
stamp=$state/tars.imported
wanted=$( (echo "$flows"; credentials; cat "$here"/workflows/*.json) | sha256sum)
if [ "$wanted" != "$(cat "$stamp" 2>/dev/null || true)" ]; then
  mkdir -p "$state"
  file=$state/tars.credentials.json
  trap 'rm -f "$file"' EXIT
  credentials >"$file"
  n8n import:credentials --input="$file"
  rm -f "$file"
  if [ -e "$stamp" ]; then
    # Published over itself, a schedule would run its old version until the second start.
    before=$(cat "$state/tars.published")
    for id in $before; do n8n unpublish:workflow --id="$id" || true; done
  fi
  n8n import:workflow --separate --input="$here/workflows"
  ids=$(for flow in $flows; do id_of "$here/workflows/$flow.json"; done)
  echo "$ids" >"$state/tars.published"
  for id in $ids; do n8n publish:workflow --id="$id"; done
  echo "$wanted" >"$stamp"
fi
exec n8n start
