// Can every page be read on a small screen, in the dark, by keyboard and by a screen reader?

import assert from 'node:assert/strict';
import path from 'node:path';

import { assertAccessible } from '../live_view/axe.mjs';
import { DESK, PHONE, chromium } from '../live_view/chromium.mjs';
import { Networks } from './networks.mjs';

const { CLIR_HTTP, CLIR_HTTPS, CLIR_PICTURES } = process.env;
const NARROW = { ...PHONE, width: 320, height: 640 };
const COMPARED = `document.documentElement?.dataset.compared === 'yes'`;
const NUMBER = 'x-up-calling-line-id: 447700900123\r\n';

/** What is written into requests, what is asked for, and what stands in the page once it is done. */
const PAGES = [
    ['clean', '', '/', 'Nothing was added on the way', COMPARED],
    ['boxed', NUMBER, '/', 'Your carrier tells every site your phone number', COMPARED],
    ['odd', 'X-Unheard-Of: 1\r\n', '/', 'Something on the way added 1 header field', COMPARED],
    ['400', 'Host: another.example\r\n', '/', 'no request that every server reads alike'],
    ['431', '', `/${'long/'.repeat(15000)}`, 'no request that every server reads alike'],
];

async function look(page, name) {
    await assertAccessible(page, name);
    if (CLIR_PICTURES) await page.picture(path.join(CLIR_PICTURES, `reflect-${name}.png`));
    // What folds stays readable when it is open.
    await page.ask(`document.querySelectorAll('details').forEach((one) => (one.open = true))`);
    await assertAccessible(page, `${name}, unfolded`);
    // Everything that can be followed has the keyboard in turn, and shows that it has.
    const wanted = await page.ask(`document.querySelectorAll('a[href], summary').length`);
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

const browser = await chromium(['--no-proxy-server', '--ignore-certificate-errors']);
try {
    for (const [size, isDark, pages] of [
        [PHONE, false, PAGES],
        [NARROW, true, PAGES],
        [DESK, false, PAGES.slice(0, 2)],
    ])
        for (const [name, insert, target, sentence, isDone] of pages) {
            const networks = await Networks.to(CLIR_HTTP, insert);
            networks.change('cellular');
            const page = await browser.page(size, isDark);
            await page.go(`${networks.url}${target}`);
            await page.says(sentence);
            await page.until(isDone ?? `document.readyState === 'complete'`);
            await look(page, `${name}-${size.width}`);
            networks.close();
        }

    // Inside HTTPS, and beside the request before it without.
    const page = await browser.page(PHONE, true);
    await page.go(`https://${CLIR_HTTPS}/`);
    await page.says('inside HTTPS nothing can be');
    await look(page, 'inside');
    const networks = await Networks.to(CLIR_HTTP, NUMBER);
    networks.change('cellular');
    await page.call('Emulation.setScriptExecutionDisabled', { value: true });
    await page.go(`${networks.url}/`);
    await page.says('Compare by opening this page inside HTTPS');
    await page.until(`document.querySelector('noscript img')?.naturalWidth > 0`);
    if (CLIR_PICTURES) await page.picture(path.join(CLIR_PICTURES, 'reflect-links.png'));
    await page.press('a', 'Compare by opening this page inside HTTPS');
    await page.says('The request without HTTPS beside that inside HTTPS');
    await page.says('Your carrier tells every site your phone number');
    await page.call('Emulation.setScriptExecutionDisabled', { value: false });
    await look(page, 'beside');
    networks.close();
} finally {
    await browser.close();
}
process.exit(0);
