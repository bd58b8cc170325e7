// The `openai` package for JavaScript. Every call names the base address, so that one process serves all tests.
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import OpenAI, { toFile } from "openai";
import { serve } from "./loop.mjs";

const client = ({ at, key, retries = 0 }) => new OpenAI({ baseURL: at, apiKey: key, maxRetries: retries });

const shown = ({ data, response, request_id }) => ({
  answer: data,
  status: response.status,
  type: response.headers.get("content-type"),
  redirected: response.redirected,
  request_id,
});

async function generate({ at, key, retries, body }) {
  return shown(await client({ at, key, retries }).images.generate(body).withResponse());
}

/** An edit: of one file or several, as bytes with a type or as a stream without one. */
async function edit({ at, key, files, stream, body }) {
  const images = await Promise.all(
    files.map(async (path) =>
      stream ? createReadStream(path) : toFile(await readFile(path), basename(path), { type: "image/png" }),
    ),
  );
  const image = images.length === 1 ? images[0] : images;
  return shown(await client({ at, key }).images.edit({ ...body, image }).withResponse());
}

/** An edit of a picture that stands somewhere else: the package lets a text pass where a file is meant. */
async function editOfAddress({ at, key, image, body }) {
  return shown(await client({ at, key }).images.edit({ ...body, image }).withResponse());
}

await serve({ generate, edit, edit_of_address: editOfAddress });
