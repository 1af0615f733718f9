// An analyst's day in a real browser: log in, paste, review, publish, edit, revoke, import, undo; every page looked at in both colour schemes and at
// 400 px, and asked for faults by axe-core. Arguments: base URL, user, password, folder for the screenshots. Ends with 1 and says why if anything is wrong.
import { mkdir, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { chromium } from "playwright-core";

const [base, user, password, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const objects = `${base}/feeds/collections/private/objects/`;
const faults = [];

/** Notes what is not as it must be, and goes on. */
function expect(holds, what) {
  if (!holds) faults.push(what);
}

/** What a TAXII client gets: every object in its latest version, by id. */
async function pull() {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const found = new Map();
  let next = null;
  do {
    const url = `${objects}?limit=50${next ? `&next=${encodeURIComponent(next)}` : ""}`;
    const answer = await fetch(url, { headers: { authorization, accept: "application/taxii+json;version=2.1" } });
    if (answer.status !== 200) throw new Error(`TAXII answers ${answer.status}`);
    const envelope = await answer.json();
    for (const object of envelope.objects ?? []) found.set(object.id, object);
    next = envelope.more ? envelope.next : null;
  } while (next);
  return found;
}

const indicatorOf = (all, value) => [...all.values()].find((object) => object.type === "indicator" && object.pattern.includes(`'${value}'`));

/** Fifty values as reports write them. */
function report() {
  const lines = ["Report 17: the shells called out to these hosts.", ""];
  const values = [];
  for (let n = 1; n <= 20; n += 1) { lines.push(`C2 45.77.12[.]${n} over 443,`); values.push(`45.77.12.${n}`); }
  for (let n = 1; n <= 15; n += 1) { lines.push(`domain c${n}[.]evil-exchange[.]com.`); values.push(`c${n}.evil-exchange.com`); }
  for (let n = 1; n <= 10; n += 1) { lines.push(`hxxps://drop${n}[.]evil-exchange[.]net/owa/${n}.aspx`); values.push(`https://drop${n}.evil-exchange.net/owa/${n}.aspx`); }
  for (let n = 1; n <= 5; n += 1) { const hash = createHash("sha256").update(String(n)).digest("hex"); lines.push(`SHA-256: ${hash}`); values.push(hash); }
  lines.push("", "The server ran build 15.2.721.2; the loader was svchost.exe.");
  return { text: lines.join("\n"), values };
}

/** Fails on anything that a visitor would see in the console of the browser, the policy's refusals included. */
function watch(page) {
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("console", (message) => { if (message.type() === "error") faults.push(`console: ${message.text()} at ${page.url()}`); });
  page.on("request", (request) => { if (!request.url().startsWith(base) && !request.url().startsWith("data:")) faults.push(`foreign request: ${request.url()}`); });
}

async function logIn(page) {
  await page.goto(`${base}/console/browse/`);
  expect(page.url().includes("/console/login/"), "a page without a session leads to the log-in");
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL("**/console/browse/");
}

/** Paste, review, publish. */
async function publish(page) {
  const { text, values } = report();
  await page.keyboard.press("a");
  await page.waitForURL("**/console/add/");
  await page.locator("#text").fill(text);
  await page.getByRole("button", { name: "Find indicators" }).click();
  await page.getByRole("heading", { name: "What was found" }).waitFor();
  const found = await page.locator("tbody th code").allTextContents();
  for (const value of values) expect(found.includes(value), `the review lacks ${value}`);
  const before = await pull();
  expect(!indicatorOf(before, values[0]), "something was stored before it was published");
  await page.reload();
  expect((await page.locator("tbody th code").count()) === found.length, "the draft did not survive a reload");
  await look(page, "add-review");
  await page.getByRole("button", { name: "Go on with the chosen" }).click();
  await page.getByRole("heading", { name: /^Publish \d+ indicators$/ }).waitFor();
  await page.locator("select[name=collection]").selectOption("feeds/private");
  await page.locator("select[name=tlp]").selectOption("green");
  await page.getByLabel("Confidence, 0 to 100").fill("70");
  await page.getByLabel("Valid for, in days").fill("90");
  await page.getByLabel("Labels, with commas between").fill("report-17, exchange");
  await look(page, "add-publish");
  await page.getByRole("button", { name: "Publish" }).click();
  await page.getByRole("heading", { name: /published$/ }).waitFor();
  await look(page, "add-done");
  const after = await pull();
  for (const value of values) expect(indicatorOf(after, value), `TAXII does not serve ${value}`);
  const one = indicatorOf(after, values[0]);
  expect(one?.confidence === 70 && one?.labels?.includes("report-17"), "the defaults are not in what TAXII serves");
  return values;
}

/** Opens an indicator by searching for it. */
async function open(page, value) {
  await page.goto(`${base}/console/browse/`);
  await page.keyboard.press("/");
  await page.keyboard.type(value);
  await page.keyboard.press("Enter");
  await page.waitForURL("**q=*");
  await page.locator("tbody th a").first().click();
  await page.waitForURL("**/console/objects/**");
}

async function edit(page, value) {
  await open(page, value);
  const before = indicatorOf(await pull(), value);
  const acts = page.locator("#acts");
  await acts.getByLabel("Label").fill("seen-again");
  await acts.getByRole("button", { name: "Add" }).click();
  await page.locator(".flash").first().waitFor();
  const after = indicatorOf(await pull(), value);
  expect(after.labels.includes("seen-again") && after.modified > before.modified, "the edit is no new version over TAXII");
  await open(page, value);
  await look(page, "object");
}

async function revoke(page, value) {
  await open(page, value);
  await page.locator("#acts").getByLabel("Comment").fill("a false positive");
  await page.locator("#acts").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.locator(".flash").first().waitFor();
  expect(indicatorOf(await pull(), value)?.revoked === true, "the client does not see the revocation");
}

async function importAndUndo(page) {
  const rows = Array.from({ length: 200 }, (_, n) => `ip-dst,45.77.13.${n % 250},${n % 100},batch`);
  const table = ["type,value,confidence,tags", ...new Set(rows), "md5,nonsense,,"].join("\n");
  await page.goto(`${base}/console/imports/`);
  await page.getByLabel("File, up to").setInputFiles({ name: "batch.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
  await page.locator("select[name=collection]").selectOption("feeds/private");
  await look(page, "imports");
  await page.getByRole("button", { name: "Import" }).click();
  await page.waitForURL("**/console/imports/*/");
  await page.getByRole("button", { name: "Undo the import" }).waitFor();
  await look(page, "import");
  const brought = indicatorOf(await pull(), "45.77.13.77");
  expect(brought && !brought.revoked, "TAXII does not serve what was imported");
  await page.getByRole("button", { name: "Undo the import" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.locator(".flash").first().waitFor();
  const all = await pull();
  const left = [...all.values()].filter((object) => object.pattern?.includes("'45.77.13.") && !object.revoked);
  expect(left.length === 0, `${left.length} indicators of the import are in force after it was undone`);
}

/** Screenshots of a page in both colour schemes and at 400 px, and what axe-core finds in each. */
async function look(page, name) {
  for (const scheme of ["light", "dark"]) {
    for (const width of [1280, 400]) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`), fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(wide <= 0, `${name} at ${width} px is ${wide} px too wide`);
      // By the debugger's way, which the page's policy does not bind.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      for (const { id, impact, help, nodes } of violations.filter(({ impact }) => impact === "serious" || impact === "critical")) {
        faults.push(`${name}, ${scheme}, ${width} px: ${impact}: ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")}`);
      }
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** The pages that nothing above has shown. */
async function visit(page) {
  const pages = {
    overview: "/console/",
    browse: "/console/browse/",
    add: "/console/add/",
    campaigns: "/console/campaigns/",
    audit: "/console/audit/",
    collections: "/console/collections/",
    collection: "/console/collections/feeds/private/",
    sharing: "/console/sharing/",
    users: "/console/users/",
    user: "/console/users/writer/",
    missing: "/console/nothing-here/",
  };
  for (const [name, path] of Object.entries(pages)) {
    const answer = await page.goto(base + path);
    const wanted = name === "missing" ? 404 : 200;
    expect(answer.status() === wanted, `${path} answers ${answer.status()}`);
    await look(page, name);
  }
  await page.goto(`${base}/console/campaigns/`);
  await page.locator("main a[href*='/console/campaigns/']").first().click();
  await page.waitForURL("**/console/campaigns/*/**");
  await look(page, "campaign");
}

async function run() {
  await mkdir(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath: process.env.TAXIWAY_CHROMIUM, args: ["--no-sandbox"] });
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`${base}/console/login/`);
    await look(page, "login");
    watch(page);
    await logIn(page);
    // Of the addresses those that stand in no other.
    const [first, second] = (await publish(page)).slice(18);
    await edit(page, first);
    await revoke(page, second);
    await importAndUndo(page);
    // The page that is not there tells the browser so.
    page.removeAllListeners("console");
    await visit(page);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL("**/console/login/");
  } finally {
    await browser.close();
  }
}

await run().catch((error) => faults.push(String(error.stack ?? error)));
await writeFile(join(folder, "faults.txt"), faults.join("\n"));
if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
