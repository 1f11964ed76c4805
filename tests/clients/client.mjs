// Asks a served recipe every recorded test item through OpenAI's JavaScript client, plain and streamed.
// usage: node client.mjs BASE_URL MODEL TASK_JSONL ITEMS_JSONL   exit status 1 if an answer is not the evaluation's
import { readFileSync } from "node:fs";
import OpenAI from "openai";

const [baseURL, model, taskFile, itemsFile] = process.argv.slice(2);
const rows = (file) => readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const client = new OpenAI({ baseURL, apiKey: "none" });
const inputs = new Map(rows(taskFile).map((row) => [row.id, row.messages.slice(0, -1)]));
const items = rows(itemsFile);
let different = 0;
for (const item of items) {
  const messages = inputs.get(item.id);
  const whole = (await client.chat.completions.create({ model, messages })).choices[0].message.content;
  let streamed = "";
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
    streamed += chunk.choices[0]?.delta?.content ?? "";
  }
  if (whole !== item.answer || streamed.trim() !== item.answer) {
    ++different;
    console.log(`${item.id}: evaluated ${JSON.stringify(item.answer)}, served ${JSON.stringify(whole)}, streamed ${JSON.stringify(streamed)}`);
  }
}
console.log(`javascript: ${items.length - different} of ${items.length} answers are the evaluation's`);
process.exit(different ? 1 : 0);
