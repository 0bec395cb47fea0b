// The visitor's page by the rules of WCAG 2, levels A and AA, as axe reads them: in each language, light and dark, and as it
// stands before and behind an opt-out.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const languages = ['en', 'de', 'fr', 'es'];

/** Fails where the page breaks a rule, and where no rule was looked at; tells how many it keeps. */
export async function assertAccessible(page, what) {
  await page.evaluate(source);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa'] }));
  const broken = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(broken, [], what);
  assert.ok(found.passes.length > 0, `${what}: axe looked at no rule`);
  return found.passes.length;
}
