// Opens every chart (.svg) and page (.html) under the directories given, and exits with 1 if any is
// not as scripts/check-rendering says. In node, with playwright-core and axe-core.
const { readFileSync, readdirSync, statSync } = require("node:fs");
const { join, resolve } = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");
const { checkChart, checkTexts } = require("./in_page.js");

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const flags = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const assets = join(__dirname, "../../reports/assets");
const fontFace = (file, weight) => {
  const data = readFileSync(join(assets, file)).toString("base64");
  return `@font-face { font-family: Inter; font-weight: ${weight}; src: url(data:font/otf;base64,${data}); }`;
};
const fonts = fontFace("Inter-Regular.otf", 400) + fontFace("Inter-SemiBold.otf", 600);
// The one that texts are measured with, and the widest of those that a reader's system may have instead.
const FAMILIES = ["Inter", "DejaVu Sans"];

const problems = [];
const complain = (file, what) => problems.push(`${file}: ${what}`);

function files(path, ending) {
  if (statSync(path).isFile()) return path.endsWith(ending) ? [path] : [];
  return readdirSync(path).sort().flatMap((name) => files(join(path, name), ending));
}

async function checkCharts(browser, charts) {
  const page = await browser.newPage({ viewport: { width: 900, height: 900 } });
  await page.setContent(`<style>${fonts} body { margin: 0 } svg { display: block }</style><main></main>`);
  await page.evaluate(() => Promise.all([document.fonts.load("400 12px Inter"), document.fonts.load("600 12px Inter")]));
  for (const chart of charts) {
    const svg = readFileSync(chart, "utf8");
    for (const family of FAMILIES) {
      for (const what of await page.evaluate(checkChart, { svg, family })) complain(chart, `${what} (${family})`);
    }
  }
  await page.close();
}

// What must be found, lest the check finds nothing in anything.
const PLANTED = [
  ["covers", '<text x="10" y="20" fill="#222222">one</text><text x="12" y="20" fill="#222222">two</text>'],
  ["leaves the drawing", '<text x="190" y="20" fill="#222222">one that is long</text>'],
  ["a rect leaves", '<text x="10" y="20" fill="#222222">one</text><rect x="150" y="0" width="60" height="9" fill="#222222"/>'],
  ["a contrast of", '<rect x="0" y="0" width="99" height="40" fill="#555555"/><text x="10" y="20" fill="#222222">one</text>'],
  ["no text", ""],
  ["no well-formed", "<rect>"],
];

async function checkTheCheck(browser) {
  const page = await browser.newPage();
  await page.setContent("<main></main>");
  for (const [finding, parts] of PLANTED) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40">${parts}</svg>`;
    const found = await page.evaluate(checkChart, { svg, family: FAMILIES[1] });
    if (found.length !== 1 || !found[0].includes(finding)) throw new Error(`planted "${finding}", found ${JSON.stringify(found)}`);
  }
  await page.close();
}

async function open(browser, file, options) {
  const context = await browser.newContext({ ...options, offline: true });
  const page = await context.newPage();
  page.on("pageerror", (error) => complain(file, `the script throws: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && complain(file, `console: ${message.text()}`));
  page.on("request", (request) => {
    const url = request.url();
    if (url !== pathToFileURL(resolve(file)).href && !url.startsWith("data:")) complain(file, `it fetches ${url}`);
  });
  await page.goto(pathToFileURL(resolve(file)).href, { waitUntil: "load" });
  return page;
}

async function checkAxe(page, file, where) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, impact, nodes } of found.violations) {
    if (impact !== "serious" && impact !== "critical") continue;
    complain(file, `axe, ${where}: ${impact} ${id}, ${nodes.length} times: ${nodes[0].html.slice(0, 160)}`);
  }
}

async function checkPage(browser, file) {
  const words = {};
  const say = () => document.body.innerText.replace(/\s+/g, " ");
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(browser, file, { viewport: { width: 1280, height: 900 }, colorScheme });
    await checkAxe(page, file, colorScheme);
    for (const what of await page.evaluate(checkTexts)) complain(file, `${colorScheme}: ${what}`);
    await page.context().close();
  }
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "400 px" : "400 px without JavaScript";
    const page = await open(browser, file, { viewport: { width: 400, height: 800 }, javaScriptEnabled });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > 400) complain(file, `${how}: it scrolls sideways, ${width} px wide`);
    const first = await page.evaluate(() => document.querySelector("main")?.firstElementChild?.innerText.trim() ?? "");
    if (!/^Verdict\n+\S/.test(first)) complain(file, `${how}: it does not begin with a verdict`);
    if (javaScriptEnabled) await checkAxe(page, file, how);
    // What the script adds is marked, and no part of what the page says.
    await page.evaluate(() => document.querySelectorAll(".filter").forEach((it) => it.remove()));
    words[javaScriptEnabled] = await page.evaluate(say);
    await page.context().close();
  }
  if (words[true] !== words[false]) complain(file, "it says something else without JavaScript");
  const paper = await open(browser, file, { viewport: { width: 1040, height: 1470 } });
  await paper.emulateMedia({ media: "print" });
  await paper.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const hidden = await paper.evaluate(() => {
    const folded = [...document.querySelectorAll("details:not(.data) > :not(summary, .filter)")];
    const unseen = folded.filter((it) => !it.checkVisibility({ contentVisibilityAuto: true }));
    return unseen.length + (document.documentElement.scrollWidth > innerWidth + 1 ? 1 : 0);
  });
  if (hidden > 0) complain(file, `print: ${hidden} parts are cut off or folded`);
  await paper.context().close();
}

async function checkPages(browser, pages) {
  for (const file of pages) await checkPage(browser, file);
}

async function main() {
  const roots = process.argv.slice(2);
  const [charts, pages] = [".svg", ".html"].map((ending) => roots.flatMap((root) => files(root, ending)));
  if (charts.length === 0) throw new Error(`there is no chart in ${roots.join(", ")}`);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: flags });
  try {
    await checkTheCheck(browser);
    // Side by side: each waits for a process of its own.
    await Promise.all([checkCharts(browser, charts), checkPages(browser, pages)]);
  } finally {
    await browser.close();
  }
  if (problems.length > 0) {
    console.error(problems.sort().map((it) => `error: ${it}`).join("\n"));
    process.exit(1);
  }
  console.log(`${charts.length} charts and ${pages.length} pages are as they should be`);
}

main().catch((error) => {
  console.error(`error: ${error.stack}`);
  process.exit(1);
});
