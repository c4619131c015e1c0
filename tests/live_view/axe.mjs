// Does axe find fault with a page?

import assert from 'node:assert/strict';
import fs from 'node:fs';

const AXE = fs.readFileSync(process.env.CLIR_AXE, 'utf8');

/** Every rule that axe has, its recommendations included. */
export async function assertAccessible(page, what) {
    await page.ask(`${AXE};0`);
    const told = await page.ask(
        `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, help, nodes }) => [id, help, ...nodes.slice(0, 3).map(({ html }) => html.slice(0, 200))]))`,
    );
    assert.deepEqual(told, [], what);
    // Nothing sticks out sideways.
    const [wide, has] = await page.ask('[document.documentElement.scrollWidth, innerWidth]');
    assert.ok(wide <= has, `${what}: ${wide} wide, in a window of ${has}`);
}
