#!/usr/bin/env bash
# cast reads blocks that end with a system transaction (type 0x7e). Env: RPC, MODULES.
set -euo pipefail
arch=$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')
cast="$MODULES/@foundry-rs/cast-linux-$arch/bin/cast"
export ETH_RPC_URL=$RPC NO_COLOR=1
key=$("$cast" wallet private-key "test test test test test test test test test test test junk" 4)
sent=$("$cast" send --private-key "$key" --json --value 1 "$("$cast" wallet address "$key")")
field() { node -p "JSON.parse(require('fs').readFileSync(0)).$1"; }
number=$(field blockNumber <<<"$sent")
block=$("$cast" block "$number" --full --json)
[ "$(field 'transactions.length' <<<"$block")" = 2 ]
[ "$(field 'transactions[1].type' <<<"$block")" = 0x7e ]
system=$(field 'transactions[1].hash' <<<"$block")
"$cast" block "$number" --full >/dev/null
"$cast" tx "$system" | grep -q "$system"
"$cast" receipt "$system" status | grep -q true
# `cast run` reads the whole block as Ethereum's types only and refuses the rest, on any chain; the node's own trace does not.
"$cast" rpc debug_traceTransaction "$(field transactionHash <<<"$sent")" '{"tracer":"callTracer"}' | grep -q '"type":"CALL"'
echo "ok cast: block, transaction, receipt of the system transaction; trace of its neighbour"
