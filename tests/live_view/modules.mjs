// Do the page's own judgements hold: what stands beside what, what passes a filter, what can be seen of a text?

import assert from 'node:assert/strict';

import { DESK, chromium } from './chromium.mjs';

const browser = await chromium();
const page = await browser.page(DESK);
/** Runs a function in the page, with one of its modules and what it is given. */
const within = (module, given, work) =>
    page.ask(`import('/js/${module}.js').then((it) => (${work})(it, ${JSON.stringify(given)}))`);

try {
    await page.go(process.env.CLIR_VIEW);
    await page.until(`document.querySelector('#line.up')`);

    const names = ['A', 'b', 'B', 'Cookie'];
    for (let round = 0; round < 200; round += 1) {
        const { received, sent } = heads(round, names);
        const pairs = await within('heads', { received, sent }, (it, { received, sent }) => it.aligned(received, sent));
        const what = JSON.stringify({ received, sent, pairs });
        // Every line once, in its order, beside itself.
        assert.deepEqual(pairs.map(([left]) => left).filter(Boolean), received, what);
        assert.deepEqual(pairs.map(([, right]) => right).filter(Boolean), sent, what);
        for (const [left, right] of pairs) {
            if (left && right) assert.equal(left.at, right.at, what);
            else assert.ok(left ? left.change === 'stripped' : right.change === 'added', what);
        }
    }

    const row = {
        host: 'www.example.org',
        client: '192.0.2.7:5123',
        client_name: 'Phone',
        severity: 'high',
        identifiers: ['imsi'],
        actions: ['strip'],
        rules: ['r'],
        verdict: 'forwarded',
        ts: '2026-11-22T14:00:00.500Z',
    };
    const passing = [
        {},
        { host: 'EXAMPLE' },
        { host: '*.example.*' },
        { host: 'www.example.or?' },
        { client: '192.0.2.7' },
        { client: 'phone' },
        { severity: 'high' },
        { severity: 'low' },
        { identifier: 'imsi' },
        { action: 'strip' },
        { rule: 'r' },
        { verdict: 'forwarded' },
        { found: '1' },
        { from: '2026-11-22T14:00:00Z', to: '2026-11-22T15:00:00Z' },
    ];
    const failing = [
        { host: '*.example' },
        { host: 'example.*' },
        { host: 'other' },
        { client: 'tablet' },
        { severity: 'critical' },
        { identifier: 'msisdn' },
        { action: 'redact' },
        { rule: 'R' },
        { verdict: 'failed' },
        { to: '2026-11-22T14:00:00Z' },
        { host: 'example', client: 'tablet' },
    ];
    for (const [filters, is] of [
        [passing, true],
        [failing, false],
    ]) {
        const told = await within('filters', { row, filters }, (it, { row, filters }) =>
            filters.map((one) => it.passes(row, it.chosen(one))),
        );
        assert.deepEqual(
            told,
            filters.map(() => is),
            JSON.stringify(filters),
        );
    }
    // A pattern that asks for much work gets little.
    const slow = { row: { ...row, host: `${'a'.repeat(5000)}!` }, filters: [{ host: `${'*a'.repeat(60)}b` }] };
    const start = Date.now();
    assert.deepEqual(
        await within('filters', slow, (it, { row, filters }) => filters.map((one) => it.passes(row, it.chosen(one)))),
        [false],
    );
    assert.ok(Date.now() - start < 5000);

    const texts = ['plain', 'a\u202Eb', '\u0000', 'x\u2066y\u2069', '\ud800', '😀', 'é', 'a\u200bb'];
    const seen = await within('text', texts, (it, texts) => texts.map(it.plain));
    assert.deepEqual(seen, [
        'plain',
        'a‹U+202E›b',
        '‹U+0000›',
        'x‹U+2066›y‹U+2069›',
        '‹U+D800›',
        '😀',
        'é',
        'a‹U+200B›b',
    ]);
    assert.deepEqual(page.faults, []);
} finally {
    await browser.close();
}

/** A head, and what may become of it; the same for the same number. */
function heads(seed, names) {
    let state = seed + 1;
    const next = (most) => (state = (state * 48271) % 2147483647) % most;
    const received = [{ name: '', value: 'GET / HTTP/1.1', change: null, at: 0 }];
    const sent = [{ ...received[0], value: 'GET /a HTTP/1.1' }];
    const length = next(12);
    for (let at = 1; at <= length; at += 1) {
        const change = [null, null, 'stripped', 'redacted'][next(4)];
        const line = { name: names[next(names.length)], value: String(next(3)), change, at };
        received.push(line);
        if (change !== 'stripped') sent.push({ ...line, value: change ? '•' : line.value });
    }
    if (next(2)) sent.push({ name: 'Via', value: '1.1 clir', change: 'added', at: -1 });
    return { received, sent };
}
