// Chromium and Firefox behind one small interface, as far as the tests need both: what is the same page to a person is the
// same calls here. A launch has a profile of its own, with a cache that lasts as long as the launch does.
//
//   const browser = await launch('firefox', { preferences: { 'privacy.globalprivacycontrol.enabled': true } });
//   const page = await browser.newPage();
//   const { status, headers } = await page.goto('https://shop.test/');
//   await page.evaluate((name) => window[name], '__inlay');
//   page.violations();     // what policies have reported to the page, also report-only ones
//
// `CHROMIUM` and `FIREFOX` are the browsers, /usr/bin/chromium and /usr/bin/firefox-esr where they are not set.

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { Bidi } from './bidi.mjs';

/** The browsers that there are. */
export const names = ['chromium', 'firefox'];

/** How long anything may take before it counts as failed, in milliseconds. */
const PATIENCE = 30_000;

const CHROMIUM_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--no-first-run', '--disable-quic'];

/** Nothing goes out by itself, and no window asks anything. */
const FIREFOX_PREFERENCES = {
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.topsites.contile.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.security.https_first': false,
  'extensions.getAddons.cache.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.proxy.allow_hijacking_localhost': true,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.server': 'data:,',
};

/**
 * Starts a browser with a fresh profile.
 * `proxy`: the port of a local proxy for everything, names too. `preferences`: Firefox's own (GPC, DNT). `flags`: Chromium's own.
 */
export async function launch(name, { proxy, preferences, flags } = {}) {
  const profile = await mkdtemp(join(tmpdir(), `inlay-${name}-`));
  const forget = () => rm(profile, { recursive: true, force: true, maxRetries: 5 });
  try {
    const start = name === 'firefox' ? Firefox.start(profile, forget, proxy, preferences) : Chromium.start(profile, forget, proxy, flags);
    return await start;
  } catch (error) {
    await forget();
    throw error;
  }
}

/** Runs in each document before its own scripts: keeps what policies report. */
function watch() {
  if (window.__violations) return;
  const violations = [];
  Object.defineProperty(window, '__violations', { value: violations });
  window.addEventListener('securitypolicyviolation', (event) => {
    const { effectiveDirective, blockedURI, disposition } = event;
    violations.push({ directive: effectiveDirective, blocked: blockedURI, disposition });
  }, true);
}

/** What both kinds of pages do by the few things that each does in its own way. */
class Page {
  /** What the document's policies have reported so far. */
  violations() {
    return this.evaluate(() => window.__violations ?? []);
  }

  /** Waits until the function returns something true in the page, also through navigations, and returns that. */
  async waitFor(body, ...args) {
    const late = Date.now() + PATIENCE;
    for (;;) {
      const found = await this.evaluate(body, ...args).catch(() => undefined);
      if (found) return found;
      if (Date.now() > late) throw new Error(`never came true: ${body}`);
      await new Promise((next) => setTimeout(next, 20));
    }
  }

  /** Follows a link or presses a button: the first element of the selector; tells of the answer like `goto`. */
  click(selector) {
    return this.load(() => this.evaluate((selector) => void document.querySelector(selector).click(), selector));
  }
}

class Chromium {
  name = 'chromium';
  #context;
  #forget;

  static async start(profile, forget, proxy, flags = []) {
    const browser = new Chromium();
    browser.#forget = forget;
    const args = [...CHROMIUM_FLAGS, ...flags];
    if (proxy) args.push(`--proxy-server=http://127.0.0.1:${proxy}`, '--proxy-bypass-list=<-loopback>');
    browser.#context = await chromium.launchPersistentContext(profile,
      { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args, ignoreHTTPSErrors: true });
    browser.#context.setDefaultTimeout(PATIENCE);
    await browser.#context.addInitScript(watch);
    return browser;
  }

  async newPage() {
    return new ChromiumPage(await this.#context.newPage());
  }

  /** Name and value of each cookie that a page at the address would send. */
  async cookies(url) {
    return (await this.#context.cookies(url)).map(({ name, value }) => ({ name, value }));
  }

  async close() {
    await this.#context.close();
    await this.#forget();
  }
}

class ChromiumPage extends Page {
  #page;
  /** What was written to the console, and errors that no script took. */
  console = [];

  constructor(page) {
    super();
    this.#page = page;
    page.on('console', (message) => this.console.push(message.text()));
    page.on('pageerror', (error) => this.console.push(String(error)));
  }

  /** Loads an address: status and header of the answer, names in lower case. */
  goto(url) {
    return this.load(() => this.#page.goto(url, { waitUntil: 'commit' }));
  }

  reload() {
    return this.load(() => this.#page.reload({ waitUntil: 'commit' }));
  }

  /** Does what brings a new document, waits until that has loaded, and tells of its answer (from the cache: that as stored). */
  async load(act) {
    const main = (response) => response.request().isNavigationRequest() && response.frame() === this.#page.mainFrame();
    const final = (response) => main(response) && !(response.status() >= 300 && response.status() < 400);
    const [response] = await Promise.all([this.#page.waitForEvent('response', final), this.#page.waitForEvent('load'), act()]);
    return { status: response.status(), headers: await response.allHeaders() };
  }

  evaluate(body, ...args) {
    return this.#page.evaluate(([body, args]) => (0, eval)(`(${body})`)(...args), [String(body), args]);
  }

  async close() {
    await this.#page.close();
  }
}

class Firefox {
  name = 'firefox';
  #bidi;
  #forget;

  static async start(profile, forget, proxy, preferences) {
    const browser = new Firefox();
    browser.#forget = forget;
    const wanted = { ...FIREFOX_PREFERENCES, ...(proxy ? throughProxy(proxy) : {}), ...preferences };
    const lines = Object.entries(wanted).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
    await writeFile(join(profile, 'user.js'), lines.join(''));
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank'];
    browser.#bidi = await Bidi.start(process.env.FIREFOX ?? '/usr/bin/firefox-esr', args, PATIENCE);
    const events = ['browsingContext.load', 'network.responseCompleted', 'log.entryAdded'];
    await browser.#bidi.send('session.subscribe', { events });
    await browser.#bidi.send('script.addPreloadScript', { functionDeclaration: String(watch) });
    return browser;
  }

  async newPage() {
    const { context } = await this.#bidi.send('browsingContext.create', { type: 'tab' });
    return new FirefoxPage(this.#bidi, context);
  }

  /** Name and value of each cookie that a page at the address would send. */
  async cookies(url) {
    const { hostname } = new URL(url);
    const { cookies } = await this.#bidi.send('storage.getCookies', { filter: { domain: hostname } });
    return cookies.map(({ name, value }) => ({ name, value: value.value }));
  }

  async close() {
    await this.#bidi.stop();
    await this.#forget();
  }
}

function throughProxy(port) {
  const host = '127.0.0.1';
  return { 'network.proxy.type': 1, 'network.proxy.http': host, 'network.proxy.http_port': port, 'network.proxy.ssl': host,
    'network.proxy.ssl_port': port, 'network.proxy.no_proxies_on': '' };
}

class FirefoxPage extends Page {
  #bidi;
  #context;
  /** What was written to the console, and errors that no script took. */
  console = [];

  constructor(bidi, context) {
    super();
    this.#bidi = bidi;
    this.#context = context;
    bidi.on('log.entryAdded', (entry) => entry.source?.context === context && this.console.push(entry.text));
  }

  /** Loads an address: status and header of the answer, names in lower case. */
  goto(url) {
    return this.load(() => this.#send('browsingContext.navigate', { url, wait: 'none' }));
  }

  reload() {
    return this.load(() => this.#send('browsingContext.reload', { wait: 'none' }));
  }

  /**
   * Does what brings a new document, waits until that has loaded, and tells of its answer. Back and forward load nothing where
   * Firefox has kept the page itself ('browser.sessionhistory.max_total_viewers': 0 forbids it); Chromium keeps none here.
   */
  async load(act) {
    const answers = new Map();
    const note = ({ context, navigation, response }) => context === this.#context && navigation && answers.set(navigation, response);
    this.#bidi.on('network.responseCompleted', note);
    try {
      const [navigation] = await Promise.all([this.#loaded(), act()]);
      const response = answers.get(navigation);
      const headers = {};
      for (const { name, value } of response?.headers ?? []) {
        const key = name.toLowerCase();
        headers[key] = key in headers ? `${headers[key]}, ${value.value}` : value.value;
      }
      return { status: response?.status, headers };
    } finally {
      this.#bidi.off('network.responseCompleted', note);
    }
  }

  async evaluate(body, ...args) {
    const declaration = `async () => JSON.stringify(await (${body})(...${JSON.stringify(args)}))`;
    const answer = await this.#bidi.send('script.callFunction',
      { functionDeclaration: declaration, awaitPromise: true, target: { context: this.#context } });
    if (answer.type !== 'success') throw new Error(answer.exceptionDetails.text);
    return answer.result.type === 'string' ? JSON.parse(answer.result.value) : undefined;
  }

  close() {
    return this.#send('browsingContext.close');
  }

  #send(method, params = {}) {
    return this.#bidi.send(method, { context: this.#context, ...params });
  }

  /** The navigation whose document has loaded next. */
  async #loaded() {
    const late = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const [{ context, navigation }] = await once(this.#bidi, 'browsingContext.load', { signal: late });
      if (context === this.#context) return navigation;
    }
  }
}
