// Does the page say that clir is gone, and find it when it is back?

import assert from 'node:assert/strict';
import http from 'node:http';
import readline from 'node:readline';

import { DESK, chromium } from './chromium.mjs';

const { CLIR_VIEW } = process.env;

/** Asks the test to do something with clir, and waits until it has. The answer is where the proxy is now. */
const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function order(what) {
    console.log(what);
    return (await answers.next()).value;
}

const site = http.createServer((request, response) => response.end('a page'));
await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
const address = `127.0.0.1:${site.address().port}`;

function visit(proxy, target) {
    const [host, port] = proxy.split(':');
    return new Promise((resolve, reject) =>
        http
            .get({ host, port, path: `http://${address}${target}`, headers: { Host: address } }, (response) =>
                response.resume().on('end', resolve),
            )
            .on('error', reject),
    );
}

const shown = (target) => `[...document.querySelectorAll('.row')].some((row) => row.innerText.includes('${target}'))`;

const browser = await chromium();
try {
    const page = await browser.page(DESK);
    await page.go(CLIR_VIEW);
    await page.until(`document.querySelector('#line.up')`);
    await visit(process.env.CLIR_PROXY, '/before');
    await page.until(shown('/before'));
    await order('stop');
    await page.says('clir has not answered since');
    assert.ok(await page.ask(shown('/before')), 'what was there stays');
    const proxy = await order('start');
    await visit(proxy, '/meanwhile');
    await page.until(`document.querySelector('#line.up') && !document.querySelector('#gone')`);
    await page.until(shown('/meanwhile'));
    await visit(proxy, '/after');
    await page.until(shown('/after'));
} finally {
    await browser.close();
    site.close();
}
process.exit(0);
