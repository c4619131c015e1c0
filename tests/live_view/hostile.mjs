// Is what a stranger sends only ever looked at?

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

import { assertAccessible } from './axe.mjs';
import { DESK, PHONE, chromium } from './chromium.mjs';

const { CLIR_VIEW, CLIR_PROXY, CLIR_PICTURES } = process.env;
const SCRIPT = '<script>document.title="owned"</script>';
const PICTURE = '<img src=x onerror=document.title="owned">';
const TURNED = '\u202Emoc.elpmaxe\u2066';

const site = http.createServer({ maxHeaderSize: 1 << 20 }, (request, response) => response.end('a page'));
await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
const address = `127.0.0.1:${site.address().port}`;

/** One request, byte for byte; done when it has been answered. */
function send(target, lines) {
    const [host, port] = CLIR_PROXY.split(':');
    const head = [
        `GET http://${address}${target} HTTP/1.1`,
        `Host: ${address}`,
        'Connection: close',
        ...lines,
        '',
        '',
    ].join('\r\n');
    return new Promise((resolve, reject) => {
        let said = '';
        const socket = net.connect(Number(port), host, () => socket.write(Buffer.from(head, 'utf8')));
        socket
            .on('data', (data) => (said += data))
            .on('error', reject)
            .on('close', () => resolve(said));
    });
}

const many = Array.from({ length: 190 }, (_, at) => `X-Field-${at}: ${at % 2 ? SCRIPT : PICTURE}`);
const lines = [
    `User-Agent: ${TURNED} ${SCRIPT}`,
    `X-Long: ${'v'.repeat(8192)}`,
    ...many,
    'x-up-calling-line-id: 447700900123',
    `X-Turned: ${TURNED}`,
];

const browser = await chromium();
try {
    for (const size of [DESK, PHONE]) {
        const page = await browser.page(size);
        await page.go(CLIR_VIEW);
        await page.until(`document.querySelector('#line.up')`);
        const target = `/${size.mobile}/%3Cscript%3E?q=${'a'.repeat(3000)}&%3Cimg%20src=x%20onerror=alert(1)%3E`;
        assert.match(await send(target, lines), /^HTTP\/1.1 200/);
        await page.until(`document.querySelector('.row a')?.innerText.includes('/${size.mobile}/')`);
        await assertAccessible(page, 'a list with hostile rows');
        await page.press('.row a', `/${size.mobile}/`);
        await page.until(`document.querySelectorAll('.pair').length > 190`);
        const text = await page.ask(`document.querySelector('.heads').innerText`);
        assert.ok(text.includes(SCRIPT) && text.includes(PICTURE), 'it is shown as it is written');
        // Nothing in the page turns letters round, is an element that was not meant, or ran.
        assert.doesNotMatch(await page.ask('document.documentElement.outerHTML'), /[\u202a-\u202e\u2066-\u2069]/);
        assert.equal(
            await page.ask(`document.querySelectorAll('script:not([src]), img:not([src="/icon.svg"])').length`),
            0,
        );
        assert.doesNotMatch(await page.ask('document.title'), /owned/);
        await page.press('.heads button', 'Show all 8192 characters');
        await page.until(`document.querySelector('.heads').textContent.includes('v'.repeat(8192))`);
        await assertAccessible(page, 'a hostile exchange');
        if (CLIR_PICTURES) await page.picture(path.join(CLIR_PICTURES, `hostile-${size.width}.png`));
        assert.deepEqual(page.faults, []);
    }

    // Thousands at once: the page keeps a few hundred, and goes on.
    const page = await browser.page(DESK);
    await page.go(CLIR_VIEW);
    await page.until(`document.querySelector('#line.up')`);
    for (let round = 0; round < 30; round += 1)
        await Promise.all(Array.from({ length: 24 }, (_, at) => send(`/crowd/${round}/${at}`, [])));
    await send('/last', []);
    await page.until(`[...document.querySelectorAll('.row')].some((row) => row.innerText.includes('/last'))`);
    const rows = await page.ask(`document.querySelectorAll('.row').length`);
    assert.ok(rows >= 90 && rows <= 500, `${rows} rows`);
} finally {
    await browser.close();
    site.close();
}
