// The small site that the browser tests go to, itself without a word of Inlay. Prints its port; ends with its standard input.

import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const links = ['/', '/two', '/kept', '/shared'].map((path) => `<a href="${path}">${path}</a>`).join(' ');

/** Has the next page made ahead of time, and goes there when it stands (or after a while, where browsers make none). */
function ahead() {
  const next = `/landed${location.search}`;
  const rules = document.createElement('script');
  rules.type = 'speculationrules';
  rules.textContent = JSON.stringify({ prerender: [{ urls: [next], eagerness: 'immediate' }] });
  document.head.append(rules);
  const go = () => location.assign(next);
  new BroadcastChannel('ahead').onmessage = go;
  setTimeout(go, 5000);
}

/** Reports what Inlay's script told before and after the page was shown to the address in its query. */
function landed() {
  const told = {};
  const after = () => {
    told.shown = window.__inlay;
    told.start = performance.getEntriesByType('navigation')[0].activationStart;
    navigator.sendBeacon(new URLSearchParams(location.search).get('report'), JSON.stringify(told));
  };
  addEventListener('load', () => {
    told.ahead = document.prerendering ? String(window.__inlay) : 'shown at once';
    if (!document.prerendering) return after();
    document.addEventListener('prerenderingchange', () => setTimeout(after));
    new BroadcastChannel('ahead').postMessage('ready');
  });
}

/** A page: its path, its field, and what it holds besides the links. */
const pages = {
  '/': { cache: 'no-cache' },
  '/two': { cache: 'no-cache' },
  '/kept': { cache: 'private, max-age=600' },
  '/shared': { cache: 'public, max-age=600' },
  '/frames': { cache: 'no-cache', body: '<iframe src="/two" title="two"></iframe>' },
  '/embeds': { cache: 'no-cache', body: '<iframe src="/_inlay/privacy" title="privacy"></iframe>' },
  '/ahead': { cache: 'no-cache', body: `<script>(${ahead})()</script>` },
  '/landed': { cache: 'no-cache', body: `<script>(${landed})()</script>` },
};

/** Answers a request as the site does. */
export function answer(request, response) {
  const page = pages[new URL(request.url, 'http://site').pathname];
  const title = page ? request.url : 'not found';
  const html = `<!doctype html>\n<html lang="en">\n<head>\n<title>${title}</title>\n</head>\n<body>\n<p>${links}</p>\n${page?.body ?? ''}</body>\n</html>\n`;
  response.writeHead(page ? 200 : 404, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(html),
    'Cache-Control': page?.cache ?? 'no-store',
  });
  response.end(request.method === 'HEAD' ? '' : html);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.stdin.on('end', () => process.exit(0)).resume();
}
