/** Options that several commands take. */

import { Option } from "commander";
import { defaultPort } from "./client.ts";

export const endpointOption = (): Option =>
  new Option(
    "--endpoint <url>",
    `the region to speak to; else UNDERPASS_ENDPOINT, else http://127.0.0.1:${defaultPort}`,
  );

export const outputOption = (): Option =>
  new Option("-o, --output <form>", "how to print").choices(["table", "json"]).default("table");

export const allKeysOption = (): Option =>
  new Option("--all", "show every condition key, not only those that the policies name (JSON always does)");
