// The script by itself, before windows that no browser of today has: old ones, ones that forbid cookies, ones being
// prerendered. Reads its source; needs neither browser nor proxy.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { runInNewContext } from 'node:vm';

import { check, run } from './report.mjs';

const file = (name) => readFile(new URL(`../../src/collect/script/${name}`, import.meta.url), 'utf8');
const [source, placing] = [await file('t.js'), await file('place.js')];
const ID = '0123456789abcdef0123456789abcdef';

/** Runs the script before such a window and returns the window. */
function shown({ cookie = '', navigator = {}, timing = [{ name: 'inlay', description: ID }], honor, ...more } = {}) {
  const listeners = { pageshow: [], prerenderingchange: [] };
  const listen = (name, listener) => listeners[name].push(listener);
  const window = { addEventListener: listen, __inlay: more.already };
  window.top = more.framed ? {} : window;
  window.fire = (name, event) => listeners[name].forEach((listener) => listener(event));
  window.document = { addEventListener: listen, prerendering: more.prerendering, cookie };
  if (more.sandboxed) {
    Object.defineProperty(window.document, 'cookie', { get: () => assert.fail('a sandboxed page has no cookies') });
  }
  window.performance = more.performance ?? { getEntriesByType: () => [{ serverTiming: timing }] };
  window.navigator = navigator;
  window.run = () => {
    const { document, performance } = window;
    const switches = JSON.stringify(honor ?? { gpc: true, dnt: true });
    runInNewContext(`${source.trim()}(${switches})`, { window, document, navigator, performance });
  };
  window.run();
  return window;
}

function said(window) {
  return window.__inlay && { ...window.__inlay };
}

check('the script tells the id and that nobody said no', () => {
  const window = shown();
  assert.deepEqual(said(window), { view: ID, off: false });
  assert.ok(Object.isFrozen(window.__inlay), 'nobody can change it');
});

check('the last entry named inlay is ours', () => {
  const entry = (name, description) => ({ name, description });
  const timing = [entry('db', 'x'), entry('inlay', 'theirs'), entry('inlay', ID), entry('cdn', 'y')];
  assert.equal(shown({ timing }).__inlay.view, ID);
  assert.equal(shown({ timing: [entry('inlay', '')] }).__inlay.view, '');
  assert.equal(shown({ timing: [entry('db', 'x')] }).__inlay.view, '');
});

check('a browser that knows no server timing has no id', () => {
  for (const performance of [{}, { getEntriesByType: () => [] }, { getEntriesByType: () => [{}] }]) {
    assert.deepEqual(said(shown({ performance })), { view: '', off: false });
  }
});

check('any opt-out cookie but an empty one or 0 is a no', () => {
  const no = ['inlay_optout=1', 'a=b; inlay_optout=1; c=d', 'a=b;inlay_optout=yes', 'inlay_optout=00', 'inlay_optout="0"',
    'inlay_optout', 'inlay_optout; a=b', 'inlay_optout=0; inlay_optout=1', 'inlay_optout = 1'];
  const yes = ['', 'a=b', 'inlay_optout=', 'inlay_optout=0', 'inlay_optout=0; a=b', 'a=b; inlay_optout=; c=d', 'xinlay_optout=1',
    'inlay_optout_=1', 'inlay_optouts=1', 'a=inlay_optout', 'a=inlay_optout=1'];
  for (const cookie of no) assert.deepEqual(said(shown({ cookie })), { view: '', off: true }, cookie);
  for (const cookie of yes) assert.deepEqual(said(shown({ cookie })), { view: ID, off: false }, cookie);
});

check('cookies that cannot be read are a no', () => {
  assert.deepEqual(said(shown({ sandboxed: true })), { view: '', off: true });
});

check('GPC and DNT are a no where the site honours them', () => {
  const gpc = { globalPrivacyControl: true };
  const dnt = { doNotTrack: '1' };
  for (const [navigator, honor, off] of [
    [gpc, { gpc: true, dnt: false }, true],
    [gpc, { gpc: false, dnt: true }, false],
    [dnt, { gpc: false, dnt: true }, true],
    [dnt, { gpc: true, dnt: false }, false],
    [{ globalPrivacyControl: false, doNotTrack: '0' }, undefined, false],
    [{ globalPrivacyControl: '1', doNotTrack: null }, undefined, false],
    [{ ...gpc, ...dnt }, { gpc: false, dnt: false }, false],
  ]) {
    const expected = { view: off ? '' : ID, off };
    assert.deepEqual(said(shown({ navigator, honor })), expected, JSON.stringify({ navigator, honor }));
  }
  assert.equal(shown({ cookie: 'inlay_optout=1', honor: { gpc: false, dnt: false } }).__inlay.off, true, 'the cookie always');
});

check('in a frame it does nothing', () => {
  assert.equal(shown({ framed: true }).__inlay, undefined);
});

check('it runs once a document', () => {
  const already = { view: 'first', off: false };
  assert.equal(shown({ already }).__inlay, already);
  const window = shown();
  const before = window.__inlay;
  window.run();
  assert.equal(window.__inlay, before);
});

check('a page made ahead of time waits until it is shown', () => {
  const window = shown({ prerendering: true });
  assert.equal(window.__inlay, undefined);
  window.document.cookie = 'inlay_optout=1';
  window.fire('prerenderingchange');
  assert.deepEqual(said(window), { view: '', off: true }, 'and asks for the signals then');
});

check('a page shown again is a new view without an id', () => {
  const window = shown();
  const before = window.__inlay;
  window.fire('pageshow', { persisted: false });
  assert.equal(window.__inlay, before, 'the first pageshow is the same view');
  window.fire('pageshow', { persisted: true });
  assert.deepEqual(said(window), { view: '', off: false });
  assert.ok(Object.isFrozen(window.__inlay) && window.__inlay !== before, 'a new frozen object');
  window.navigator.globalPrivacyControl = true;
  window.fire('pageshow', { persisted: true });
  assert.deepEqual(said(window), { view: '', off: true }, 'the signals are asked for again');
});

/** Has such snippets placed in a page of this address and tells what was put where, in order. */
function placed(snippets, { path = '/', search = '', cookie = '', loading = false, random = 0.5, trusted } = {}) {
  const put = [];
  const home = (name) => ({ firstChild: `first of ${name}`, insertBefore: (part, before) => put.push({ name, before, part }) });
  const later = [];
  const element = (tag) => ({ tag, set: {}, setAttribute(name, value) { this.set[name] = value; } });
  const fragment = () => ({ made: [], appendChild(made) { this.made.push(made); } });
  const document = { cookie, head: home('head'), body: home('body'), readyState: loading ? 'loading' : 'complete',
    createElement: element, createDocumentFragment: fragment, addEventListener: (_, listener) => later.push(listener) };
  const window = { trustedTypes: trusted };
  const location = { pathname: path, search };
  const math = Object.assign(Object.create(Math), { random: () => random });
  const context = { window, document, location, Math: math };
  runInNewContext(`${placing.trim()}(${JSON.stringify(snippets)})`, context)({ nonce: 'n' });
  const before = put.length;
  later.forEach((listener) => listener());
  return { put, before };
}

const image = { tag: 'img', set: { src: '/p.gif' } };
const places = (rule, page) => placed([{ at: 'body-end', is: [image], ...rule }], page).put.length === 1;

check('a snippet stands in its place, in the body once the page was read', () => {
  const all = ['head-start', 'head-end', 'body-start', 'body-end'].map((at) => ({ at, is: [image] }));
  const { put, before } = placed(all, { loading: true });
  assert.equal(before, 2, 'the head is there already');
  assert.deepEqual(put.map(({ name, before: next }) => [name, next]),
    [['head', 'first of head'], ['head', null], ['body', 'first of body'], ['body', null]]);
  assert.deepEqual(put[0].part.made[0].set, { src: '/p.gif' });
});

check('scripts run in order unless they are async, with the nonce of our own and a trusted address', () => {
  const is = [{ tag: 'script', set: { src: 'a.js' } }, { tag: 'script', set: { src: 'b.js', async: '' } }];
  const named = [];
  const trusted = { createPolicy: (name, rules) => { named.push(name); return rules; } };
  const [one, two] = placed([{ at: 'head-end', is }], { trusted }).put[0].part.made;
  assert.deepEqual([one.async, two.async, one.nonce], [false, true, 'n']);
  assert.deepEqual([one.set.src, two.set.src, named], ['a.js', 'b.js', ['inlay']]);
  const refused = { createPolicy: () => { throw new TypeError('not allowed'); } };
  assert.equal(placed([{ at: 'head-end', is }], { trusted: refused }).put.length, 1, 'without a policy it is tried');
});

check('paths, parameters, cookies and the draw decide', () => {
  for (const [glob, path, is] of [['/**', '/a/b', true], ['/help/*', '/help/a', true], ['/help/*', '/help/a/b', false],
    ['/a?c', '/abc', true], ['/a?c', '/a/c', false], ['/a.b', '/axb', false], ['/a+(b)', '/a+(b)', true], ['/***/x', '/a/b/x', true]]) {
    assert.equal(places({ on: [glob] }, { path }), is, `${glob} and ${path}`);
    assert.equal(places({ off: [glob] }, { path }), !is, `not ${glob} and ${path}`);
  }
  for (const [query, search, is] of [[[['a', null]], '?a', true], [[['a', 'b c']], '?x&a=b+c', true], [[['a', 'ü']], '?a=%C3%BC', true],
    [[['a', 'b']], '?a=c', false], [[['a', null]], '', false], [[['a', '%']], '?a=%', true]]) {
    assert.equal(places({ query }, { search }), is, `${JSON.stringify(query)} in ${search}`);
  }
  assert.ok(places({ cookie: [['a', 'b'], ['c', null]] }, { cookie: 'x=y; a=b; c' }));
  assert.ok(!places({ cookie: [['a', 'b']] }, { cookie: 'a=c' }));
  assert.ok(places({ percent: 20 }, { random: 0.199 }) && !places({ percent: 20 }, { random: 0.2 }));
});

await run();
