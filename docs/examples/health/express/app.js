// Copyright: (c) 2026, the Kumawatch contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// An application with Express and its own health endpoint: `npm install && npm start`.
//
// Checks run in the background, each at its own pace and with a time limit; an answer is made of what they last found. So no
// number of requests loads the database, and a database that hangs delays no answer.

import { createHash, timingSafeEqual } from "node:crypto";
import net from "node:net";
import express from "express";

const INTERVAL = 1000 * Number(process.env.HEALTH_INTERVAL ?? 15);
const TIMEOUT = 3000;
const TOKEN = process.env.HEALTH_TOKEN ?? "";
const ORDER = ["pass", "warn", "fail"];
const worse = (one, other) => (ORDER.indexOf(one) >= ORDER.indexOf(other) ? one : other);

/** Stands for a query such as `SELECT 1`. */
function database(signal) {
  const [host, port] = process.env.DATABASE.split(":");
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port: Number(port) }, () => {
      socket.end();
      resolve();
    });
    socket.on("error", reject);
    signal.addEventListener("abort", () => socket.destroy(signal.reason));
  });
}

async function search(signal) {
  const answer = await fetch(process.env.SEARCH_URL, { signal });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
}

// A dependency that is not critical at worst warns.
const checks = [
  { name: "database", kind: "datastore", critical: true, run: database },
  { name: "search", kind: "component", critical: false, run: search },
].map((check) => ({ ...check, status: "fail", output: "it has not been checked yet", took: 0, at: 0, time: "" }));

async function repeat(check) {
  const began = performance.now();
  const signal = AbortSignal.timeout(TIMEOUT);
  try {
    // Whoever of the two is first: a call that ignores the signal is not waited for.
    await Promise.race([
      check.run(signal),
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    ]);
    Object.assign(check, { status: "pass", output: "" });
  } catch (error) {
    // Only its kind: what drivers say may hold addresses with passwords.
    const output = signal.aborted ? `no answer within ${TIMEOUT / 1000} s` : (error.code ?? error.cause?.code ?? error.name);
    Object.assign(check, { status: check.critical ? "fail" : "warn", output });
  }
  Object.assign(check, { took: performance.now() - began, at: performance.now(), time: new Date().toISOString() });
  setTimeout(repeat, INTERVAL, check).unref();
}
checks.forEach(repeat);

/** What nobody has refreshed for too long is not trusted. */
function state(check) {
  const stale = check.at && performance.now() - check.at > 3 * INTERVAL + TIMEOUT;
  return stale ? { status: worse(check.status, "warn"), output: "stale" } : check;
}

function maySeeDetails(request) {
  const digest = (text) => createHash("sha256").update(text).digest();
  return TOKEN !== "" && timingSafeEqual(digest(request.get("authorization") ?? ""), digest(`Bearer ${TOKEN}`));
}

function answer(request, response, asked) {
  const status = asked.map((check) => state(check).status).reduce(worse, "pass");
  const document = { status };
  if (maySeeDetails(request)) {
    document.serviceId = "example";
    document.checks = Object.fromEntries(
      asked.map((check) => [
        `${check.name}:responseTime`,
        [
          {
            componentId: check.name,
            componentType: check.kind,
            status: state(check).status,
            time: check.time,
            observedValue: Math.round(check.took * 10) / 10,
            observedUnit: "ms",
            ...(state(check).output && { output: state(check).output }),
          },
        ],
      ]),
    );
  }
  respond(response, document, status === "fail" ? 503 : 200);
}

function respond(response, document, code) {
  response.status(code).set("Cache-Control", "no-store").type("application/health+json").send(JSON.stringify(document));
}

const app = express();
app.disable("etag");
// The process answers. It knows no dependencies: restarting it mends no database.
app.get("/livez", (_request, response) => respond(response, { status: "pass" }, 200));
app.get("/readyz", (request, response) => answer(request, response, checks.filter((check) => check.critical)));
app.get("/health", (request, response) => answer(request, response, checks));
app.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? "127.0.0.1");
