// Is a person led over Wi-Fi and cellular to a verdict, with script and without?

import assert from 'node:assert/strict';
import path from 'node:path';

import { assertAccessible } from '../live_view/axe.mjs';
import { PHONE, chromium } from '../live_view/chromium.mjs';
import { Networks } from './networks.mjs';

const { CLIR_HTTP, CLIR_PICTURES } = process.env;
const NUMBER = '447700900123';

const CASES = [
    {
        name: 'boxed',
        insert: `x-up-calling-line-id: ${NUMBER}\r\n`,
        verdict: /Your carrier tells every site your phone number$/,
    },
    { name: 'clean', insert: '', verdict: /^✓ Nothing was added over cellular that Wi-Fi does not show$/ },
];

async function walk(browser, { name, insert, verdict }, hasScript, isDark) {
    const networks = await Networks.to(CLIR_HTTP, insert);
    const page = await browser.page(PHONE, isDark);
    await page.call('Emulation.setScriptExecutionDisabled', { value: !hasScript });
    const look = async (step) => {
        const what = `walk-${name}-${hasScript ? 'script' : 'links'}-${step}`;
        if (hasScript) await assertAccessible(page, what);
        if (CLIR_PICTURES) await page.picture(path.join(CLIR_PICTURES, `${what}.png`));
    };
    const heading = () => page.ask(`document.querySelector('h1').innerText`);
    await page.go(`${networks.url}/test`);
    await page.says('1. Wi-Fi');
    await look('begin');
    await page.press('a.leg', 'I am on Wi-Fi');
    await page.says('Now cellular');
    assert.equal(await heading(), 'Does your carrier add anything?', 'nothing is said before there are two');
    assert.equal(await page.ask(`document.querySelectorAll('a.leg').length`), 1, 'one thing is left to do');
    await look('half');
    networks.change('cellular');
    await page.press('a.leg', 'I am on cellular');
    await page.says('Once more');
    assert.match(await heading(), verdict);
    const text = await page.ask('document.body.innerText');
    for (const told of ['On Wi-Fi: from 127.0.0.2', 'On cellular: from 127.0.0.3', 'came from different addresses'])
        assert.ok(text.includes(told), `${told}: ${text}`);
    assert.equal(text.includes(NUMBER), insert !== '', text);
    await look('end');
    // Who has no script has followed the links themselves.
    assert.equal(await page.ask(`location.search.includes('leg=')`), !hasScript);
    // That a connection ended with its network is none.
    assert.deepEqual(page.faults.filter((fault) => !fault.includes('net::ERR_')), []);
    networks.close();
}

const browser = await chromium(['--no-proxy-server']);
try {
    for (const [at, one] of CASES.entries()) {
        await walk(browser, one, true, at === 1);
        await walk(browser, one, false, at === 1);
    }
} finally {
    await browser.close();
}
process.exit(0);
