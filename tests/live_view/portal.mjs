// Can the portal be read on a small screen, in the dark, by keyboard and by a screen reader?

import assert from 'node:assert/strict';
import path from 'node:path';

import { assertAccessible } from './axe.mjs';
import { DESK, PHONE, chromium } from './chromium.mjs';

const { CLIR_PROXY, CLIR_PICTURES } = process.env;
const NARROW = { ...PHONE, width: 320, height: 640 };
const AGENTS = {
    iphone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    android:
        'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
};

async function look(browser, url, name, size, isDark, agent) {
    const page = await browser.page(size, isDark);
    await page.call('Emulation.setUserAgentOverride', { userAgent: agent });
    await page.go(url);
    await page.until(`document.querySelector('h1') && document.readyState === 'complete'`);
    await assertAccessible(page, name);
    if (CLIR_PICTURES) await page.picture(path.join(CLIR_PICTURES, `${name}.png`));
    // Everything that can be opened or followed has the keyboard in turn, and shows that it has.
    const wanted = await page.ask(
        `[...document.querySelectorAll('a[href], summary, input, button')].filter((one) => one.checkVisibility()).length`,
    );
    const reached = new Set();
    for (let step = 0; step < wanted; step += 1) {
        await page.key('Tab');
        const [at, line] = await page.ask(
            `(() => { const one = document.activeElement; return [[...document.querySelectorAll('*')].indexOf(one), getComputedStyle(one).outlineStyle]; })()`,
        );
        reached.add(at);
        assert.notEqual(line, 'none', `${name}: what has the keyboard does not show it`);
    }
    assert.equal(reached.size, wanted, name);
}

for (const [way, flags, url] of [
    ['direct', [], `http://${CLIR_PROXY}/`],
    ['through', [`--proxy-server=${CLIR_PROXY}`, '--proxy-bypass-list=<-loopback>'], 'http://clir.test/'],
]) {
    const browser = await chromium(flags);
    try {
        await look(browser, url, `portal-${way}`, PHONE, false, AGENTS.iphone);
        await look(browser, url, `portal-${way}-dark`, PHONE, true, AGENTS.android);
        await look(browser, url, `portal-${way}-narrow`, NARROW, true, AGENTS.iphone);
        await look(browser, url, `portal-${way}-wide`, DESK, false, 'a desktop');
    } finally {
        await browser.close();
    }
}
