// One JSON line in, one out: how the tests call a client that is written in JavaScript; see ../other/loop.py.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const FIELDS = ["name", "status", "statusCode", "code", "param", "type", "requestID", "reason", "message"];

function words(error) {
  const fields = FIELDS.map((name) => [name, error?.[name]]);
  return {
    ...Object.fromEntries(fields.filter(([, value]) => ["string", "number"].includes(typeof value))),
    kind: error?.constructor?.name,
    text: String(error),
    last: error?.lastError ? words(error.lastError) : null,
    cause: error?.cause ? String(error.cause) : null,
  };
}

function version(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

/** Answers until standard input ends. What the client itself prints goes to standard error. */
export async function serve(calls) {
  console.log = console.info = console.error;
  const known = { version: ({ name }) => version(name), ...calls };
  for await (const line of createInterface({ input: process.stdin })) {
    const { call, given } = JSON.parse(line);
    let answer;
    try {
      answer = { returned: (await known[call](given)) ?? null };
    } catch (error) {
      answer = { raised: words(error) };
    }
    if (!process.stdout.write(`${JSON.stringify(answer)}\n`)) await once(process.stdout, "drain");
  }
}
