// Does axe find fault with a page?

import assert from 'node:assert/strict';
import fs from 'node:fs';

const AXE = fs.readFileSync(process.env.CLIR_AXE, 'utf8');

/** Of long lists, what is alike is looked at a few times: hundreds of rows take axe many seconds. */
const PART = { include: [['html']], exclude: [['.row:nth-child(n+9)'], ['.pair:nth-child(n+30)']] };
const WORDS = `({ violations }) => violations.map(({ id, help, nodes }) =>
    [id, help, ...nodes.slice(0, 3).map(({ html }) => html.slice(0, 200))])`;

/** Every rule that axe has, its recommendations included. */
export async function assertAccessible(page, what) {
    await page.ask(`${AXE};0`);
    const told = await page.ask(`axe.run(${JSON.stringify(PART)}, { resultTypes: ['violations'] }).then(${WORDS})`);
    assert.deepEqual(told, [], what);
    // Nothing sticks out sideways.
    const [wide, has] = await page.ask('[document.documentElement.scrollWidth, innerWidth]');
    assert.ok(wide <= has, `${what}: ${wide} wide, in a window of ${has}`);
}
