// Does the token open the live view, and nothing else?

import assert from 'node:assert/strict';

import { assertAccessible } from './axe.mjs';
import { PHONE, chromium } from './chromium.mjs';

const { CLIR_VIEW, CLIR_TOKEN } = process.env;

const browser = await chromium();
try {
    const page = await browser.page(PHONE, true);
    await page.go(CLIR_VIEW);
    await page.until(`location.pathname === '/login' && document.querySelector('#token')`);
    await assertAccessible(page, 'the page that asks for the token');
    assert.equal(await page.ask(`fetch('/api/v1/summary').then(({ status }) => status)`), 401);
    await show(page, 'something else');
    await page.until(`location.pathname === '/login' && !document.querySelector('#line')`);
    assert.equal(await page.ask(`fetch('/api/v1/summary').then(({ status }) => status)`), 401);
    await page.go(new URL('/login', CLIR_VIEW).href);
    await page.until(`document.querySelector('#token')`);
    await show(page, CLIR_TOKEN);
    await page.until(`document.querySelector('#line.up')`);
    await page.says('What passes now');
    assert.equal(await page.ask('document.cookie'), '', 'no script sees the cookie');
} finally {
    await browser.close();
}

async function show(page, token) {
    await page.ask(`document.querySelector('#token').focus()`);
    await page.type(token);
    await page.key('Enter');
}
