// The AI SDK, by its provider for OpenAI-compatible services and by its provider for OpenAI.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateImage } from "ai";
import { readFile } from "node:fs/promises";
import { serve } from "./loop.mjs";

const PROVIDERS = {
  compatible: ({ at, key }) => createOpenAICompatible({ name: "mock", baseURL: at, apiKey: key }),
  openai: ({ at, key }) => createOpenAI({ baseURL: at, apiKey: key }),
};

/** A call of generateImage; with `files` it is an edit. Pictures come back as base64. */
async function generate({ by = "compatible", at, key, model, files, retries = 0, ...options }) {
  const images = files && (await Promise.all(files.map((path) => readFile(path))));
  const answer = await generateImage({
    model: PROVIDERS[by]({ at, key }).imageModel(model),
    maxRetries: retries,
    ...options,
    prompt: images ? { text: options.prompt, images } : options.prompt,
  });
  return {
    images: answer.images.map(({ base64, mediaType }) => ({ base64, mediaType })),
    warnings: answer.warnings,
    usage: answer.usage,
  };
}

await serve({ generate });
