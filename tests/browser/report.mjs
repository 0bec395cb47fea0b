// One line a check, a last line that counts, and an exit code that is not 0 when one failed.

const checks = [];

/** Names a check; it fails when `body` throws or rejects. */
export function check(name, body) {
  checks.push({ name, body });
}

/** Runs all checks in order and ends the process. */
export async function run() {
  let failed = 0;
  for (const { name, body } of checks) {
    try {
      const note = await body();
      console.log(`ok - ${name}${note ? ` (${note})` : ''}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok - ${name}\n  ${String(error.stack ?? error).replaceAll('\n', '\n  ')}`);
    }
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
