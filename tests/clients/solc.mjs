// A solc command line for forge over the wasm build: `--version` and `--standard-json` on standard input.
import fs from "node:fs";
import { createRequire } from "node:module";

const [modules, ...args] = process.argv.slice(2);
const solc = createRequire(modules + "/")("solc");
if (args.includes("--version")) {
  const version = solc.version().replace(/\.Emscripten.*$/, ".Linux.g++");
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}`);
} else {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
}
