// Inlay's script and the visitor's page in a real browser. `INLAY_URL` is a running proxy, by address and port
// (http://127.0.0.1:8080), before the site of `site.mjs`, with every default; the proxy answers `localhost` too.
// `CHROMIUM` is the browser, /usr/bin/chromium where it is not set.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { chromium } from 'playwright-core';

import { assertAccessible, languages } from './access.mjs';
import { check, run } from './report.mjs';

if (!process.env.INLAY_URL) {
  console.error('INLAY_URL is not set: give the address of a proxy before site.mjs, such as http://127.0.0.1:8080');
  process.exit(2);
}
const base = new URL(process.env.INLAY_URL).origin;
const elsewhere = base.replace('127.0.0.1', 'localhost');
const id = /^[0-9a-f]{32}$/;

const executable = process.env.CHROMIUM ?? '/usr/bin/chromium';
const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--no-first-run', '--disable-quic'];
const launch = (more = {}) => chromium.launch({ executablePath: executable, args: flags, ...more });
const browser = await launch();

/** A check with a visitor of its own. */
function visit(name, options, body) {
  check(name, async () => {
    const context = await browser.newContext(options);
    try {
      return await body(await context.newPage(), context);
    } finally {
      await context.close();
    }
  });
}

/** Goes somewhere (a path or an action) and tells what came of it. */
async function go(page, to) {
  const act = typeof to === 'string' ? () => page.goto(base + to) : to;
  const [response] = await Promise.all([page.waitForEvent('response', isPage), page.waitForEvent('load'), act()]);
  return { ...(await state(page)), ...(await described(response)) };
}

function isPage(response) {
  return response.request().isNavigationRequest() && response.frame().parentFrame() === null && response.status() < 300;
}

async function described(response) {
  const headers = await response.headersArray();
  const timing = headers.filter(({ name }) => name.toLowerCase() === 'server-timing').map(({ value }) => value);
  const inlay = timing.map((value) => /^inlay;desc="(.*)"$/.exec(value)).filter(Boolean).pop();
  return { sent: inlay?.[1], word: response.headers()['x-inlay'], html: await response.text().catch(() => '') };
}

/** What the page's own scripts see. */
function state(page) {
  return page.evaluate(() => ({
    tags: document.querySelectorAll('script[src*="/_inlay/t."]').length,
    inlay: window.__inlay && { ...window.__inlay },
    frozen: Object.isFrozen(window.__inlay),
  }));
}

const click = (page, path) => () => page.click(`a[href="${path}"]`);
const press = (page, choice) => () => page.click(`form[action="/_inlay/privacy/${choice}"] button`);

async function optOutCookies(context) {
  return (await context.cookies()).filter(({ name }) => name === 'inlay_optout');
}

for (const lang of languages) {
  for (const colorScheme of ['light', 'dark']) {
    visit(`the visitor's page breaks no rule of WCAG 2 A and AA: ${lang}, ${colorScheme}`, { locale: lang, colorScheme },
      async (page) => {
        await page.goto(`${base}/_inlay/privacy`);
        assert.equal(await page.getAttribute('html', 'lang'), lang);
        const before = await assertAccessible(page, 'before');
        await Promise.all([page.waitForEvent('load'), page.click('form[action="/_inlay/privacy/opt-out"] button')]);
        const behind = await assertAccessible(page, 'behind an opt-out');
        return `${before} and ${behind} rules kept`;
      });
  }
}

visit('on a first load the tag runs and tells the id that was sent', {}, async (page) => {
  const first = await go(page, '/');
  assert.equal(first.word, 'tagged');
  assert.equal(first.tags, 1);
  assert.match(first.sent, id);
  assert.deepEqual(first.inlay, { view: first.sent, off: false });
  assert.ok(first.frozen, 'window.__inlay is frozen');
});

visit('a reload, another page and the same link again are views of their own', {}, async (page) => {
  const views = [await go(page, '/'), await go(page, () => page.reload()), await go(page, click(page, '/two'))];
  views.push(await go(page, click(page, '/')));
  for (const view of views) assert.deepEqual(view.inlay, { view: view.sent, off: false });
  assert.equal(new Set(views.map((view) => view.inlay.view)).size, 4, 'four ids');
});

visit('a page out of the browser\'s store shows the id that it was stored with', {}, async (page) => {
  const stored = await go(page, '/kept');
  await go(page, click(page, '/two'));
  const again = await go(page, click(page, '/kept'));
  assert.match(stored.inlay.view, id);
  assert.deepEqual(again.inlay, stored.inlay);
});

visit('a page that a shared cache may keep is tagged and bears no id', {}, async (page) => {
  const shared = await go(page, '/shared');
  assert.deepEqual([shared.tags, shared.sent, shared.inlay], [1, '', { view: '', off: false }]);
});

visit('back, where the page is built again, shows the stored id', {}, async (page) => {
  const first = await go(page, '/');
  await go(page, click(page, '/two'));
  const back = await go(page, () => page.goBack());
  assert.deepEqual(back.inlay, first.inlay);
});

check('back, where the page itself was kept, is a view without an id', async () => {
  const keeping = await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  try {
    const page = await keeping.newPage();
    const first = await go(page, '/');
    await page.evaluate(() => {
      window.first = window.__inlay;
      window.addEventListener('pageshow', (event) => (window.kept = event.persisted));
    });
    await go(page, click(page, '/two'));
    await page.evaluate(() => history.back());
    await page.waitForURL(`${base}/`, { waitUntil: 'commit' });
    await page.waitForFunction(() => window.__inlay);
    const kept = await page.evaluate(() => window.kept && { replaced: window.first !== window.__inlay });
    const back = await state(page);
    assert.ok(kept, 'the browser kept the page');
    assert.ok(kept.replaced, 'another object');
    assert.equal(first.inlay.view, first.sent);
    assert.deepEqual([back.inlay, back.frozen], [{ view: '', off: false }, true]);
  } finally {
    await keeping.close();
  }
});

visit('in a frame the script does nothing, and a second copy changes nothing', {}, async (page) => {
  await go(page, '/frames');
  const frame = page.frames().find((frame) => frame.url() === `${base}/two`);
  await frame.waitForLoadState('load');
  assert.deepEqual(await state(frame), { tags: 1, inlay: undefined, frozen: true });
  const same = await page.evaluate(async () => {
    const before = window.__inlay;
    const copy = document.createElement('script');
    copy.src = document.querySelector('script[src*="/_inlay/t."]').src;
    await new Promise((done) => {
      copy.onload = done;
      document.head.append(copy);
    });
    return window.__inlay === before;
  });
  assert.ok(same, 'the object is the first one');
});

check('a page made ahead of time is a view when it is shown', async () => {
  // Browsers make no page ahead of time while they are driven: this one goes by itself, and the last page reports here.
  const profile = await mkdtemp(join(tmpdir(), 'inlay-'));
  const reports = createServer().listen(0, '127.0.0.1');
  await once(reports, 'listening');
  const start = `${base}/ahead?report=${encodeURIComponent(`http://127.0.0.1:${reports.address().port}/`)}`;
  const alone = spawn(executable, [...flags, '--headless', `--user-data-dir=${profile}`, '--remote-debugging-port=0', start]);
  try {
    const [request, response] = await once(reports, 'request', { signal: AbortSignal.timeout(30_000) });
    response.end();
    const told = await json(request);
    assert.match(told.shown.view, id);
    assert.ok(told.start > 0, 'the browser made the page ahead of time');
    assert.equal(told.ahead, 'undefined', 'not before it is shown');
  } finally {
    reports.close();
    alone.kill();
    await once(alone, 'exit');
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});

visit('opting out by the button leaves pages alone, opting in brings the tag back', {}, async (page, context) => {
  assert.equal((await go(page, '/kept')).tags, 1);
  await go(page, '/_inlay/privacy');
  assert.equal(await page.locator('.recorded').count(), 1);
  await go(page, press(page, 'opt-out'));
  assert.equal(page.url(), `${base}/_inlay/privacy`);
  assert.equal(await page.locator('.left-alone').count(), 1);
  const [cookie, ...more] = await optOutCookies(context);
  assert.deepEqual([cookie.value, cookie.path, cookie.sameSite, cookie.httpOnly, cookie.secure], ['1', '/', 'Lax', false, false]);
  assert.ok(cookie.expires > Date.now() / 1000 + 399 * 86400, 'it lasts 400 days');
  assert.equal(more.length, 0);

  for (const path of ['/', '/shared', '/kept']) {
    const alone = await go(page, path);
    assert.equal(alone.word, 'skipped; reason=opt-out', path);
    assert.deepEqual([alone.tags, alone.inlay, alone.sent], [0, undefined, undefined], `${path}: no tag, no id; no stored copy`);
  }

  await go(page, '/_inlay/privacy');
  await go(page, press(page, 'opt-in'));
  assert.equal(await page.locator('.recorded').count(), 1);
  assert.deepEqual(await optOutCookies(context), []);
  const again = await go(page, '/');
  assert.deepEqual([again.tags, again.inlay], [1, { view: again.sent, off: false }]);
});

visit('a stored page from before the no asks again', {}, async (page, context) => {
  await go(page, '/kept');
  await context.addCookies([{ name: 'inlay_optout', value: 'yes', url: base }]);
  await go(page, '/_inlay/privacy');
  const stored = await go(page, '/kept');
  assert.deepEqual([stored.tags, stored.inlay], [1, { view: '', off: true }]);
});

for (const { name, header, script, word } of [
  { name: 'GPC', header: { 'Sec-GPC': '1' }, script: 'globalPrivacyControl', word: 'gpc' },
  { name: 'DNT', header: { DNT: '1' }, script: 'doNotTrack', word: 'dnt' },
]) {
  visit(`${name} leaves pages alone, and the visitor's page says why`, { extraHTTPHeaders: header }, async (page) => {
    const alone = await go(page, '/');
    assert.deepEqual([alone.word, alone.tags, alone.sent], [`skipped; reason=${word}`, 0, undefined]);
    await go(page, '/_inlay/privacy');
    assert.equal(await page.locator('.left-alone').count(), 1);
    const answer = await page.request.get(`${base}/_inlay/privacy`, { headers: { ...header, Accept: 'application/json' } });
    assert.equal((await answer.json()).reason, word);
  });

  visit(`${name} that only scripts can see is a no to the script`, {}, async (page, context) => {
    await context.addInitScript((name) => {
      Object.defineProperty(navigator, name, { get: () => (name === 'doNotTrack' ? '1' : true) });
    }, script);
    const seen = await go(page, '/');
    assert.deepEqual([seen.tags, seen.inlay], [1, { view: '', off: true }]);
  });
}

visit('another site cannot opt a visitor out, the visitor can confirm it', {}, async (page, context) => {
  await page.goto(`${elsewhere}/`);
  await page.evaluate((action) => {
    document.body.innerHTML = `<form method="post" action="${action}"><button>go</button></form>`;
  }, `${base}/_inlay/privacy/opt-out`);
  const [refused] = await Promise.all([page.waitForResponse((answer) => answer.url().endsWith('/opt-out')), page.click('button')]);
  assert.equal(refused.status(), 403);
  assert.deepEqual(await optOutCookies(context), []);
  await page.waitForURL(`${base}/_inlay/privacy/opt-out`);
  await go(page, press(page, 'opt-out'));
  assert.equal((await optOutCookies(context)).length, 1);
});

visit('the visitor\'s page cannot be framed', {}, async (page) => {
  await go(page, '/embeds');
  const frame = page.frames().find((frame) => frame.parentFrame() !== null);
  assert.ok(!(await frame.content()).includes('/_inlay/privacy/opt-out'), 'nothing of it is shown');
});

const phone = { viewport: { width: 360, height: 740 }, javaScriptEnabled: false, colorScheme: 'dark' };
visit('the visitor\'s page works by keyboard, on a phone, in the dark and without JavaScript', phone, async (page, context) => {
  const problems = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(`${base}/_inlay/privacy`);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `nothing is cut off: ${width}`);
  const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [red] = /\d+/.exec(paper);
  assert.ok(Number(red) < 64, `the style applies and is dark: ${paper}`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BUTTON', 'the button comes first');
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
  assert.equal((await optOutCookies(context)).length, 1);
  assert.equal(await page.locator('.left-alone').count(), 1);
  assert.deepEqual(problems.filter((text) => !text.includes('favicon')), []);
});

await run();
