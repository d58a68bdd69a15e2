// Compiles the Solidity interfaces with solc and prints the selectors of each as JSON. Args: node_modules, folder.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const [modules, folder] = process.argv.slice(2);
const solc = createRequire(path.resolve(modules) + "/")("solc");
const files = fs.readdirSync(folder).filter((file) => file.endsWith(".sol"));
const sources = Object.fromEntries(files.map((file) => [file, { content: fs.readFileSync(path.join(folder, file), "utf8") }]));
const settings = { outputSelection: { "*": { "*": ["evm.methodIdentifiers"] } } };
const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
const errors = (output.errors ?? []).filter((error) => error.severity === "error");
if (errors.length) throw new Error(errors.map((error) => error.formattedMessage).join("\n"));
const selectors = {};
for (const contracts of Object.values(output.contracts)) {
  for (const [name, contract] of Object.entries(contracts)) selectors[name] = Object.values(contract.evm.methodIdentifiers).sort();
}
console.log(JSON.stringify(selectors));
