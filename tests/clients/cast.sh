#!/usr/bin/env bash
# cast and forge against a node: deploy, send, call, logs, run, proof, forge create, forge script with a salted `new`.
# Env: RPC, MODULES, ARTIFACTS.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# The native binaries: the npm shims lose the exit code.
arch=$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')
cast="$MODULES/@foundry-rs/cast-linux-$arch/bin/cast"
forge="$MODULES/@foundry-rs/forge-linux-$arch/bin/forge"
key=$("$cast" wallet private-key "test test test test test test test test test test test junk" 4)
me=$("$cast" wallet address "$key")
step() { echo "ok cast: $*"; }
contains() { grep -qi -- "$2" <<<"$1" || { echo "no '$2' in: $1" >&2; exit 1; }; }
equal() { [ "$1" = "$2" ] || { echo "expected '$2', got '$1'" >&2; exit 1; }; }
export ETH_RPC_URL=$RPC FOUNDRY_DISABLE_NIGHTLY_WARNING=1 NO_COLOR=1

equal "$("$cast" chain-id)" "${CHAIN_ID:-31337}"
code=$(node -p 'require(process.argv[1]).bytecode' "$ARTIFACTS/Probe.json")
arguments=$("$cast" abi-encode 'f(uint256)' 7)
address=$("$cast" send --private-key "$key" --json --create "$code${arguments#0x}" | node -p 'JSON.parse(require("fs").readFileSync(0)).contractAddress')
equal "$("$cast" call "$address" 'value()(uint256)')" 7
step "deploy and call"

tx=$("$cast" send --private-key "$key" --json "$address" 'store(uint256)' 42 | node -p 'JSON.parse(require("fs").readFileSync(0)).transactionHash')
equal "$("$cast" call "$address" 'value()(uint256)')" 42
equal "$("$cast" storage "$address" 0)" 0x000000000000000000000000000000000000000000000000000000000000002a
contains "$("$cast" logs --from-block 0 --address "$address" 'Stored(address indexed,uint256)')" "$tx"
contains "$("$cast" receipt "$tx" status)" true
step "send, storage, logs, receipt"

if "$cast" call "$address" 'store(uint256)' 13 2>"$ARTIFACTS/cast.err"; then exit 1; fi
grep -q "unlucky number" "$ARTIFACTS/cast.err"
step "revert reason"

"$cast" run "$tx" >"$ARTIFACTS/cast.run"
grep -q "Transaction successfully executed" "$ARTIFACTS/cast.run"
grep -qi "store" "$ARTIFACTS/cast.run" || grep -q 6057361d "$ARTIFACTS/cast.run"
step "run"

contains "$("$cast" proof "$address" 0)" '"storageProof"'
contains "$("$cast" access-list "$address" 'store(uint256)' 1)" "access list"
contains "$("$cast" send --private-key "$key" --json --sync "$me" --value 1)" '"status":"0x1"'
step "proof, access list, send --sync"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/src" "$work/script"
cp "$here/contracts/Probe.sol" "$work/src/"
cp "$here/contracts/Deploy.s.sol.txt" "$work/script/Deploy.s.sol"
# forge wants a native compiler; this one speaks the same protocol over the wasm build.
cat >"$work/solc" <<S
#!/usr/bin/env bash
exec node "$here/solc.mjs" "$MODULES" "\$@"
S
chmod +x "$work/solc"
printf '[profile.default]\nsrc = "src"\nsolc = "%s/solc"\nevm_version = "cancun"\noptimizer = true\noffline = true\n' "$work" >"$work/foundry.toml"
cd "$work"
"$forge" create --broadcast --private-key "$key" --rpc-url "$RPC" src/Probe.sol:Probe --constructor-args 9 >"$work/create.log"
created=$(sed -n 's/^Deployed to: //p' "$work/create.log")
equal "$("$cast" call "$created" 'value()(uint256)')" 9
echo "ok forge: create"
"$forge" script script/Deploy.s.sol:Deploy --broadcast --private-key "$key" --rpc-url "$RPC" >"$work/script.log" 2>&1 || { cat "$work/script.log" >&2; exit 1; }
grep -q "ONCHAIN EXECUTION COMPLETE" "$work/script.log"
salted=$("$cast" create2 --deployer 0x4e59b44847b379578588920cA78FbF26c0B4956C --salt 0x0000000000000000000000000000000000000000000000000000000000000001 --init-code "$code$("$cast" abi-encode 'f(uint256)' 11 | cut -c3-)" 2>/dev/null | sed -n 's/^Address: //p' || true)
made=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).transactions.find(t=>t.contractName==="Probe").contractAddress' "$(ls -t "$work"/broadcast/Deploy.s.sol/*/run-latest.json)")
equal "$("$cast" call "$made" 'value()(uint256)')" 11
echo "ok forge: script with a salted new ($made${salted:+, cast computes $salted for the plain artifact})"
