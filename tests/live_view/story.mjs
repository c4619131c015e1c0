// Does somebody see a number leave within a second, open it, write the rule, and see it hold on the next request?

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { assertAccessible } from './axe.mjs';
import { DESK, PHONE, chromium } from './chromium.mjs';

const { CLIR_VIEW, CLIR_PROXY, CLIR_PICTURES } = process.env;
const FIELD = 'x-up-calling-line-id';

/** A site that remembers what it was sent. */
const site = http.createServer((request, response) => {
    site.heads.push(request.headers);
    response.end('a page');
});
site.heads = [];
await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
const address = `127.0.0.1:${site.address().port}`;

let visits = 0;

/** A request as it leaves the carrier: its number is in it. */
function visit(target, headers = {}) {
    visits += 1;
    const [host, port] = CLIR_PROXY.split(':');
    const asked = { host, port, path: `http://${address}${target}`, headers: { Host: address, ...headers } };
    return new Promise((resolve, reject) =>
        http
            .get(asked, (response) => response.resume().on('end', () => resolve(response.statusCode)))
            .on('error', reject),
    );
}

const leak = (target) => visit(target, { 'User-Agent': 'a phone', Accept: '*/*', [FIELD]: '447700900123' });
const picture = (page, name) => (CLIR_PICTURES ? page.picture(path.join(CLIR_PICTURES, `${name}.png`)) : null);
const row = (target) =>
    `[...document.querySelectorAll('.row')].find((row) => row.innerText.includes(${JSON.stringify(target)}))`;

const browser = await chromium();
try {
    const page = await browser.page(DESK);
    await page.go(CLIR_VIEW);
    await page.until(`document.querySelector('#line.up')`);
    await page.says('What passes now');

    // What the carrier puts in is there within a second, and the sentence says so.
    await visit('/harmless');
    const took = await seen(page, '/first');
    assert.ok(took < 1000, `seen after ${took} ms`);
    await page.until(
        `document.querySelector('#statement').textContent.includes('1 site received your phone number today')`,
    );
    assert.equal(await page.ask(`${row('/first')}.className`), 'row leaked');
    assert.equal(await page.ask(`${row('/first')}.closest('ol').getAttribute('aria-label')`), 'With findings');
    await page.until(row('/harmless'));
    assert.equal(site.heads.at(-1)[FIELD], '447700900123');
    await page.until(`document.querySelector('#said').textContent.includes('1 went on to a site')`);
    await assertAccessible(page, 'the live view');
    await picture(page, 'story-leak');

    await filter(page);
    await openAndWrite(page);
    await nextIsSpared(page);
    await everyView(page);
    await onAPhone();
    assert.deepEqual(page.faults, []);
    console.log(`seen after ${took} ms`);
} finally {
    await browser.close();
    site.close();
}

/** How long it takes until a number is seen to leave. On a machine that is busy with much else, the best of three. */
async function seen(page, target) {
    const times = [];
    while (times.length < 3 && !times.some((time) => time < 1000)) {
        const start = Date.now();
        await leak(times.length ? `${target}/${times.length}` : target);
        await page.until(row(times.length ? `${target}/${times.length}` : target));
        times.push(Date.now() - start);
    }
    return Math.min(...times);
}

/** Typed into the form, the filter stands in the address, and holds for what streams in as well. */
async function filter(page) {
    await page.ask(`document.querySelector('[name=host]').focus()`);
    await page.type('nowhere.example');
    await page.until(`location.hash.includes('host=nowhere.example') && !document.querySelector('.row')`);
    await leak('/elsewhere');
    await page.until(`document.querySelector('.figures').textContent.startsWith('${visits} ')`);
    assert.equal(await page.ask(row('/elsewhere')), undefined);
    await page.press('.filters button', 'Clear');
    await page.until(row('/elsewhere'));
    await page.ask(`location.hash = '#/live?identifier=imsi'`);
    await page.until(`!document.querySelector('.row')`);
    await page.ask(`location.hash = '#/live?identifier=msisdn&severity=critical&found=1'`);
    await page.until(row('/first'));
    assert.equal(await page.ask(row('/harmless')), undefined);
}

/** By keyboard alone: open, read why, write the rule, be told of a fault at its line, mend it, save. */
async function openAndWrite(page) {
    await page.press('.row a', '/first');
    await page.until(`document.querySelector('dialog[open] .heads')`);
    assert.equal(await page.ask(`document.querySelectorAll('.finding.leaked').length`), 1);
    assert.match(
        await page.ask(`document.querySelector('.finding').innerText`),
        /Phone number in header x-up-calling-line-id/,
    );
    const marked = await page.ask(
        `[...document.querySelectorAll('.pair')].filter((pair) => pair.querySelector('mark.leaked')).map((pair) => pair.innerText)`,
    );
    assert.equal(marked.length, 1);
    assert.match(marked[0], /x-up-calling-line-id:\s+44770•+23/);
    assert.ok(
        !(await page.ask('document.documentElement.outerHTML')).includes('447700900123'),
        'what is masked stays masked',
    );

    await page.press('dialog button', 'Write a rule');
    await page.until(`document.querySelector('textarea')?.value.includes('[[rule]]')`);
    await assertAccessible(page, 'a rule being written');
    await page.ask(
        `document.querySelector('textarea').focus(); document.querySelector('textarea').value = document.querySelector('textarea').value.replace('"strip"', '"stripp"'); document.querySelector('textarea').dispatchEvent(new Event('input'))`,
    );
    await page.press('dialog button', 'Save the rule');
    await page.until(`document.querySelector('.gutter .bad')`);
    const bad = await page.ask(
        `document.querySelector('textarea').value.split('\\n')[document.querySelector('.gutter .bad').textContent - 1]`,
    );
    assert.match(bad, /stripp/);
    await picture(page, 'story-fault');
    await page.ask(
        `document.querySelector('textarea').value = document.querySelector('textarea').value.replace('"stripp"', '"strip"'); document.querySelector('textarea').dispatchEvent(new Event('input'))`,
    );
    await page.press('dialog button', 'Save the rule');
    await page.says('It holds from the next request on');
    await page.key('Escape');
    await page.until(`!document.querySelector('dialog').open && !location.hash.includes('open=')`);
}

async function nextIsSpared(page) {
    await page.ask(`location.hash = '#/live'`);
    await page.until(row('/harmless'));
    await leak('/second');
    assert.equal(site.heads.at(-1)[FIELD], undefined, 'the rule holds on the next request');
    await page.ask('document.activeElement.blur()');
    await page.until(row('/second'));
    assert.equal(await page.ask(`${row('/second')}.className`), 'row spared');
    await page.ask(`${row('/second')}.querySelector('a').click()`);
    await page.until(`document.querySelector('dialog[open] .pair.gone')`);
    const said = await page.ask(`document.querySelector('.finding').innerText`);
    assert.match(said, /Stripped by the rule .*\(.*policy\.toml:\d+\)/s);
    assert.match(said, /It did not reach the site/);
    assert.match(await page.ask(`document.querySelector('.pair.gone').innerText`), /x-up-calling-line-id.*taken out/s);
    await assertAccessible(page, 'an exchange');
    await picture(page, 'story-spared');
    await page.key('Escape');
    await page.until(`!document.querySelector('dialog').open`);
}

async function everyView(page) {
    const shown = {
        counts: `document.querySelector('rect.leaked') && document.querySelector('.counted')`,
        rules: `document.querySelector('.stacked')`,
        passed: `document.querySelector('.empty, .stacked')`,
        alerts: `document.querySelector('.alerts')`,
        health: `document.querySelector('.facts')`,
    };
    for (const [view, sign] of Object.entries(shown)) {
        await page.ask(`location.hash = '#/${view}'`);
        await page.until(
            `document.title.replace(/^[(][0-9]+[)] /, '').toLowerCase().startsWith('${view === 'passed' ? 'passed through' : view}') && ${sign}`,
        );
        await assertAccessible(page, view);
        await picture(page, `story-${view}`);
    }
    await page.ask(`location.hash = '#/rules'`);
    await page.until(`document.querySelector('.stacked tbody')?.innerText.includes('${FIELD}')`);
    const row = await page.ask(`document.querySelector('.stacked tbody tr').innerText`);
    assert.doesNotMatch(row, /never/, 'the rule has a hit');
}

async function onAPhone() {
    for (const isDark of [false, true]) {
        // As narrow as any; in the dark, as a phone is.
        const page = await browser.page(isDark ? PHONE : { ...PHONE, width: 320 }, isDark);
        await page.go(CLIR_VIEW);
        await page.until(row('/second'));
        await assertAccessible(page, `on a phone${isDark ? ', in the dark' : ''}`);
        await picture(page, `story-phone${isDark ? '-dark' : ''}`);
        await page.press('.row a', '/second');
        await page.until(`document.querySelector('dialog[open] .heads')`);
        await assertAccessible(page, 'an exchange on a phone');
        for (const view of ['counts', 'rules', 'health']) {
            await page.ask(`location.hash = '#/${view}'`);
            await page.until(
                `document.querySelector('h1').textContent.toLowerCase() === '${view}' && document.querySelector('.card')`,
            );
            await assertAccessible(page, `${view} on a phone`);
        }
        assert.deepEqual(page.faults, []);
    }
}
