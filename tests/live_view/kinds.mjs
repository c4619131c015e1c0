// Are many phones, sites and identifiers told apart, and are the numbers those of what was sent?

import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';

import { assertAccessible } from './axe.mjs';
import { DESK, PHONE, chromium } from './chromium.mjs';

const { CLIR_VIEW, CLIR_PROXY, CLIR_PICTURES } = process.env;
const SITES = ['news.example', 'weather.example', 'shop.example', 'video.example', 'maps.example', 'billing.example'];
const PHONES = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
const PATHS = [
    '/',
    '/v2/forecast?lat=51.5&lon=-0.1',
    '/img/logo.png',
    '/style.css',
    '/search?q=tea',
    '/api/items?page=3',
];
/** What a carrier puts in, and what it names. All but the last is stripped; the partner receives the first. */
const FIELDS = {
    'x-up-calling-line-id': ['447700900123', 'msisdn'],
    'x-nokia-imsi': ['001010123456789', 'imsi'],
    'X-UIDH': ['OTgxNTk2NDk0ADJVquRu5NS5+rSbBANlrp+13QL7CXLGsFHpMi4LsUHw', 'subscriber-id'],
};
const PARTNER = 'billing.example';

const heads = [];
const site = http.createServer((request, response) => {
    heads.push({ host: request.headers.host.split(':')[0], fields: request.headers });
    response.end('a page');
});
await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
const port = site.address().port;

function visit(phone, host, target, field) {
    const [address, proxy] = CLIR_PROXY.split(':');
    const headers = {
        Host: `${host}:${port}`,
        'User-Agent': 'Mozilla/5.0 (Linux; Android 15; Pixel 9) Mobile',
        Accept: 'text/html,*/*;q=0.8',
        'Accept-Language': 'en-GB',
        ...(field ? { [field]: FIELDS[field][0] } : {}),
    };
    const asked = { host: address, port: proxy, localAddress: phone, path: `http://${host}:${port}${target}`, headers };
    return new Promise((resolve, reject) =>
        http.get(asked, (response) => response.resume().on('end', resolve)).on('error', reject),
    );
}

const browser = await chromium();
try {
    const page = await browser.page(DESK);
    await page.go(CLIR_VIEW);
    await page.until(`document.querySelector('#line.up')`);
    const names = Object.keys(FIELDS);
    let sent = 0;
    for (let round = 0; round < 6; round += 1) {
        for (const [at, host] of SITES.entries()) {
            const phone = PHONES[(at + round) % PHONES.length];
            for (const target of [PATHS[(at + round) % PATHS.length], PATHS[(at + 3) % PATHS.length]])
                await visit(phone, host, target);
            await visit(phone, host, PATHS[round], names[(at + round) % 4]);
            sent += 3;
        }
    }
    await visit(PHONES[1], PARTNER, '/pay', names[0]);
    await visit(PHONES[0], 'shop.example', '/basket', names[0]);
    sent += 2;
    // What the sites have, is what the page says that they have.
    const has = (name) => new Set(heads.filter(({ fields }) => fields[name.toLowerCase()]).map(({ host }) => host));
    assert.deepEqual([...has(names[0])], [PARTNER]);
    assert.equal(has(names[1]).size + has(names[2]).size, 0);
    await page.until(`document.querySelector('.figures').textContent.startsWith('${sent} ')`);
    assert.equal(
        await page.ask(`document.querySelector('#statement').textContent`),
        `1 site received your phone number today; ${SITES.length - 1} were spared`,
    );
    const tally = await page.ask(
        `[...document.querySelectorAll('.tally li')].map((one) => [one.querySelector('a').textContent, one.querySelector('.went b')?.textContent ?? '0', one.querySelector('.kept b')?.textContent ?? '0'])`,
    );
    assert.deepEqual(
        tally.map(([, received, spared]) => [received, spared]),
        [
            ['1', '5'],
            ['0', '6'],
            ['0', '6'],
        ],
        JSON.stringify(tally),
    );
    await picture(page, 'live');

    await page.ask(`location.hash = '#/live?client=Anna'`);
    await page.until(
        `document.querySelector('.row') && [...document.querySelectorAll('.row .who')].every((who) => who.textContent === 'Anna’s phone')`,
    );
    await page.ask(`location.hash = '#/live?host=news.*'`);
    await page.until(
        `document.querySelector('.row') && [...document.querySelectorAll('.row .host')].every((host) => host.textContent === 'news.example')`,
    );

    await page.ask(`location.hash = '#/counts?range=hour'`);
    await page.until(`document.querySelectorAll('.counted').length === 4`);
    const fields = await page.ask(`[...document.querySelectorAll('.counted')][1].innerText`);
    for (const name of names) assert.ok(fields.toLowerCase().includes(name.toLowerCase()), fields);
    await page.ask(`document.querySelector('figure summary').click()`);
    const rows = await page.ask(
        `[...document.querySelectorAll('figure tbody tr')].map((row) => [...row.cells].slice(1).map((cell) => Number(cell.textContent.replace(/\\D/g, ''))))`,
    );
    const sums = [0, 1, 2].map((at) => rows.reduce((sum, row) => sum + row[at], 0));
    assert.equal(sums[0], sent, 'the table beside the picture has them all');
    assert.ok(sums[1] > sums[2] && sums[2] > 0, String(sums));
    await page.ask(`document.querySelector('figure summary').click()`);
    await picture(page, 'counts');

    await openFirst(page, 'spared');
    await picture(page, 'exchange');
    await page.key('Escape');
    // On a phone it is looked at elsewhere; here it is drawn, where somebody wants pictures.
    const phones = CLIR_PICTURES ? [false, true] : [];
    await again(DESK, true, 'dark');
    for (const isDark of phones) await again(PHONE, isDark, isDark ? 'phone-dark' : 'phone');
    assert.deepEqual(page.faults, []);
} finally {
    await browser.close();
    site.close();
}

async function again(size, isDark, name) {
    const page = await browser.page(size, isDark);
    await page.go(CLIR_VIEW);
    await page.until(`document.querySelectorAll('.row').length > 20 && document.querySelector('.tally li')`);
    await picture(page, `live-${name}`);
    await openFirst(page, 'spared');
    await picture(page, `exchange-${name}`);
}

async function openFirst(page, kind) {
    await page.ask(`location.hash = '#/live?identifier=msisdn'`);
    await page.until(`document.querySelector('.row.${kind}')`);
    await page.ask(`document.querySelector('.row.${kind} a').click()`);
    await page.until(`document.querySelector('dialog[open] .heads')`);
}

async function picture(page, name) {
    await assertAccessible(page, name);
    if (CLIR_PICTURES) await page.picture(path.join(CLIR_PICTURES, `${name}.png`));
}
