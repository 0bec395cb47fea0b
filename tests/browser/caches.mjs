// What the browsers' own caches and Inlay make of each other, in Chromium and in Firefox. Prints the port of an origin whose
// pages the checks change; takes the addresses of two proxies before it, host and port in a line each, from standard input: the
// first with every default, the second with other tags.
//
// The browsers come through a forward proxy that keeps what goes over the wire, and that may change which of the two it leads
// to: to a browser both are http://localhost:8081, which is a secure context.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import { createInterface } from 'node:readline';

import { launch, names } from './browsers.mjs';
import { check, run } from './report.mjs';

const base = 'http://localhost:8081';
const date = 'Tue, 24 Nov 2026 08:00:00 GMT';

/** The origin's pages by path: their fields, and what else they have. */
const pages = new Map();
/** What the origin was asked, newest last. */
const asked = [];

const origin = createServer((request, response) => {
  asked.push({ path: request.url, headers: request.headers });
  const { status = 200, fields = {}, body = '' } = pages.get(request.url) ?? { status: 404 };
  const { 'if-none-match': named, 'if-modified-since': since } = request.headers;
  const unchanged = status === 200 && (named ? named === fields.ETag : since && since === fields['Last-Modified']);
  if (unchanged) return response.writeHead(304, fields).end();
  const kind = request.url.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
  const html = `<!doctype html><html lang=en><head><title>${request.url}</title></head><body>${body}</body></html>`;
  response.writeHead(status, { 'Content-Type': kind, ...fields }).end(kind === 'text/javascript' ? body : html);
});

/** What went over the wire for pages, newest last: both headers, and the status. */
const wire = [];
let upstream;

const forward = createServer((request, response) => {
  const url = new URL(request.url, base);
  const [host, port] = upstream.split(':');
  const headers = request.rawHeaders;
  const up = send({ host, port, method: request.method, path: url.pathname + url.search, headers, setHost: false });
  up.on('response', (answer) => {
    wire.push({ path: url.pathname, request: request.headers, status: answer.statusCode, headers: answer.headers });
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  up.on('error', () => response.destroy());
  request.pipe(up);
});

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

console.log(await listen(origin));
const lines = createInterface({ input: process.stdin });
const proxies = [];
for await (const line of lines) if (proxies.push(line.trim()) === 2) break;
[upstream] = proxies;
const proxy = await listen(forward);

/** The last exchange over the wire for a path, and how many there were. */
const last = (path) => wire.findLast((exchange) => exchange.path === path);
const count = (path) => wire.filter((exchange) => exchange.path === path).length;
const view = (exchange) => /(?:^|, )inlay;desc="([^"]*)"$/.exec(exchange.headers['server-timing'])?.[1];

/** What the page's own scripts see, once it has loaded. */
function state(page) {
  return page.evaluate(() => ({
    title: document.title,
    tags: document.querySelectorAll('script[src*="/_inlay/t."]').length,
    other: document.querySelectorAll('#other').length,
    view: window.__inlay?.view,
    modified: document.lastModified,
  }));
}

/** Goes to a page as a visitor who follows a link does, and tells what is shown and what went over the wire. */
async function visit(page, path) {
  const before = count(path);
  await page.goto(base + path);
  await page.waitFor((path) => location.pathname === path && document.readyState === 'complete', path);
  return { ...(await state(page)), requests: count(path) - before, exchange: last(path) };
}

const cookie = (page, text) => page.evaluate((text) => { document.cookie = text; }, text);
const optOut = (page) => cookie(page, 'inlay_optout=1; path=/');
const optIn = (page) => cookie(page, 'inlay_optout=; path=/; max-age=0');

/** A check in a browser, with a page and a path of its own. */
function inBoth(name, body) {
  for (const which of names) {
    check(`${which}: ${name}`, async () => {
      [upstream] = proxies;
      const browser = await launch(which, { proxy });
      const path = `/${which}-${wire.length}`;
      try {
        return await body(await browser.newPage(), path);
      } finally {
        await browser.close();
      }
    });
  }
}

inBoth('a tagged page is confirmed, its script runs, and the view is a new one', async (page, path) => {
  pages.set(path, { fields: { ETag: '"v1"', 'Last-Modified': date, 'Cache-Control': 'no-cache' } });
  const first = await visit(page, path);
  const again = await visit(page, path);
  assert.equal(first.exchange.status, 200);
  assert.equal(again.exchange.request['if-none-match'], first.exchange.headers.etag, 'our own tag comes back');
  assert.deepEqual([again.exchange.status, again.exchange.headers.etag], [304, first.exchange.headers.etag]);
  assert.deepEqual([first.tags, again.tags], [1, 1]);
  assert.deepEqual([first.view, again.view], [view(first.exchange), view(again.exchange)], 'each its own id, also from the 304');
  assert.ok(first.view.length === 32 && again.view.length === 32 && first.view !== again.view);
  assert.equal(new Date(`${again.modified} UTC`).getUTCFullYear(), 2026, 'scripts still read when it was changed');
});

inBoth('out and in again: no copy is shown that belongs to the other choice', async (page, path) => {
  pages.set(path, { fields: { ETag: '"v1"', 'Cache-Control': 'no-cache' } });
  const tagged = await visit(page, path);
  const ours = tagged.exchange.headers.etag;
  await optOut(page);
  const plain = await visit(page, path);
  assert.equal(plain.exchange.request['if-none-match'], ours, 'the browser asks for the tagged copy');
  assert.deepEqual([plain.exchange.status, plain.tags, plain.exchange.headers.etag], [200, 0, '"v1"']);
  const again = await visit(page, path);
  assert.deepEqual([again.exchange.request['if-none-match'], again.exchange.status, again.tags], ['"v1"', 304, 0]);
  await optIn(page);
  const back = await visit(page, path);
  assert.deepEqual([back.exchange.request['if-none-match'], back.exchange.status, back.tags], ['"v1"', 200, 1]);
  assert.equal(back.exchange.headers.etag, ours);
});

inBoth('other tags are fetched anew at the next visit', async (page, path) => {
  pages.set(path, { fields: { ETag: '"v1"', 'Cache-Control': 'no-cache' } });
  const first = await visit(page, path);
  upstream = proxies[1];
  const second = await visit(page, path);
  assert.equal(second.exchange.request['if-none-match'], first.exchange.headers.etag);
  assert.deepEqual([second.exchange.status, first.other, second.other], [200, 0, 1]);
  const third = await visit(page, path);
  assert.deepEqual([third.exchange.status, third.other], [304, 1], 'and are confirmed from then on');
});

inBoth('a page with a date alone is confirmed by it', async (page, path) => {
  pages.set(path, { fields: { 'Last-Modified': date, 'Cache-Control': 'no-cache' } });
  const first = await visit(page, path);
  const again = await visit(page, path);
  assert.match(first.exchange.headers.etag, /^W\/"inlay-[0-9a-f]{8}-d[0-9a-f]+"$/);
  assert.deepEqual([again.exchange.status, again.tags], [304, 1]);
  const { headers } = asked.findLast((request) => request.path === path);
  assert.deepEqual([headers['if-none-match'], headers['if-modified-since']], [undefined, date]);
});

inBoth('whatever stands in an entity tag goes through the browser and back', async (page, path) => {
  const odd = '"\\\\!#~%{}<>[]|`\'()*,;="';
  pages.set(path, { fields: { ETag: odd, 'Cache-Control': 'no-cache' } });
  await visit(page, path);
  const again = await visit(page, path);
  assert.deepEqual([again.exchange.status, again.tags], [304, 1]);
  assert.equal(asked.findLast((request) => request.path === path).headers['if-none-match'], odd);
});

inBoth('a policy that a 304 repeats lets the script of the stored page run', async (page, path) => {
  const policy = "default-src 'self'; object-src 'none'";
  pages.set(path, { fields: { ETag: '"v1"', 'Cache-Control': 'no-cache', 'Content-Security-Policy': policy } });
  await visit(page, path);
  const again = await visit(page, path);
  assert.deepEqual([again.exchange.status, again.view], [304, view(again.exchange)]);
  assert.deepEqual(await page.violations(), []);
});

inBoth('a page that changes is sent whole, with its new tag', async (page, path) => {
  pages.set(path, { fields: { ETag: '"v1"', 'Cache-Control': 'no-cache' } });
  const first = await visit(page, path);
  pages.set(path, { fields: { ETag: '"v2"', 'Cache-Control': 'no-cache' }, body: '<p id=other>new</p>' });
  const second = await visit(page, path);
  assert.deepEqual([second.exchange.status, second.tags, second.other], [200, 1, 1]);
  assert.equal(second.exchange.headers.etag, first.exchange.headers.etag.replace('-sv1', '-sv2'));
});

inBoth('a page that is gone is tagged, and asked for without a condition the next time', async (page, path) => {
  pages.set(path, { status: 410, fields: { ETag: '"v1"', 'Cache-Control': 'no-cache' } });
  const first = await visit(page, path);
  assert.deepEqual([first.exchange.status, first.tags, first.exchange.headers.etag], [410, 1, undefined]);
  const again = await visit(page, path);
  assert.deepEqual([again.exchange.request['if-none-match'], again.tags], [undefined, 1]);
});

inBoth('behind a service worker a page is confirmed as well', async (page, path) => {
  const worker = `${path}-worker.js`;
  pages.set(worker, { body: "addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));" });
  pages.set(path, { fields: { ETag: '"v1"', 'Cache-Control': 'no-cache' } });
  await visit(page, path);
  await page.evaluate(async (worker) => {
    await navigator.serviceWorker.register(worker, { scope: '/' });
    await navigator.serviceWorker.ready;
  }, worker);
  const first = await visit(page, path);
  assert.equal(first.tags, 1);
  const again = await visit(page, path);
  assert.deepEqual([again.exchange.request['sec-fetch-dest'], again.exchange.status, again.tags], ['empty', 304, 1]);
  assert.equal(first.exchange.status, 200, 'once anew: here the body was asked whether it is a document');
});

inBoth('pages that were stored before a choice are forgotten with it', async (page, path) => {
  pages.set(path, { fields: { 'Cache-Control': 'private, max-age=600' } });
  await visit(page, path);
  assert.equal((await visit(page, path)).requests, 0, 'a fresh copy is shown without a request');
  for (const [choice, tags] of [['opt-out', 0], ['opt-in', 1]]) {
    await page.goto(`${base}/_inlay/privacy`);
    await page.click(`form[action="/_inlay/privacy/${choice}"] button`);
    const after = await visit(page, path);
    assert.deepEqual([after.requests, after.tags], [1, tags], choice);
  }
});

inBoth('a fresh copy from before an opt-out is tagged, and its script keeps still', async (page, path) => {
  pages.set(path, { fields: { 'Cache-Control': 'private, max-age=600' } });
  await visit(page, path);
  await optOut(page);
  const stored = await visit(page, path);
  assert.deepEqual([stored.requests, stored.tags], [0, 1]);
  assert.equal(await page.evaluate(() => window.__inlay.off), true);
});

await run();
