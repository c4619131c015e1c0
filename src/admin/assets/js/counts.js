// How often, since when, and to whom?

import { ask } from './api.js';
import { bar, timeline } from './charts.js';
import { h, show, table } from './dom.js';
import { go, here, to } from './route.js';
import { on } from './stream.js';
import { count, foreign, moment, plain, wordsOf } from './text.js';

const RANGES = {
    hour: ['hour', 3600, 60],
    day: ['24 hours', 86400, 1800],
    week: ['7 days', 7 * 86400, 6 * 3600],
    month: ['30 days', 30 * 86400, 86400],
};
const BY = { identifier: 'Identifiers', header: 'Fields of the head', host: 'Sites', client: 'Devices' };
const PAUSE = 5000;

export function counts(root) {
    let range = rangeOf(here().parameters);
    let timer = null;
    const body = h('div', {});
    const ranges = h(
        'div.choices',
        { role: 'group', 'aria-label': 'How far back' },
        Object.entries(RANGES).map(([name, [words]]) =>
            h(
                'button',
                {
                    type: 'button',
                    'data-range': name,
                    onclick: () => go('counts', { range: name === 'day' ? '' : name }),
                },
                words,
            ),
        ),
    );
    show(root, h('div.page-head', {}, h('h1', {}, 'Counts'), ranges), body);

    async function refresh() {
        timer = null;
        for (const button of ranges.children)
            button.setAttribute('aria-pressed', String(button.dataset.range === range));
        try {
            show(body, await pictures(range));
        } catch (error) {
            show(body, h('p.banner.bad', {}, error.message));
        }
    }

    // Pictures are drawn anew a few seconds after something was found, and never while somebody reads the table below.
    const stop = on('exchange', (row) => {
        if (row.severity)
            timer ??= setTimeout(() => (body.querySelector('details[open]') ? (timer = null) : refresh()), PAUSE);
    });
    refresh();
    return {
        update: (parameters) => {
            if (rangeOf(parameters) === range) return;
            range = rangeOf(parameters);
            refresh();
        },
        stop: () => {
            clearTimeout(timer);
            stop();
        },
    };
}

const rangeOf = ({ range }) => (Object.hasOwn(RANGES, range ?? '') ? range : 'day');

/** The end of the step that is under way, counted from midnight where the viewer is. */
function whole(now, step) {
    const shift = new Date().getTimezoneOffset() * 60;
    return Math.ceil((now - shift) / step) * step + shift;
}

async function pictures(range) {
    const [words, seconds, step] = RANGES[range];
    const until = whole(Date.now() / 1000, step);
    const [from, to] = [until - seconds, until].map((second) => new Date(second * 1000).toISOString());
    const times = { from, to };
    const asked = Object.keys(BY).map((by) => ask('counts', { by, ...times, limit: 30 }));
    const [line, ...lists] = await Promise.all([ask('timeline', { ...times, step }), ...asked]);
    const sections = Object.entries(BY).map(([by, title], at) => counted(by, title, lists[at].items ?? []));
    return [timeline(line, `the last ${words}`), h('div.grid', {}, sections)];
}

function counted(by, title, items) {
    const most = Math.max(0, ...items.map(({ leaked, spared }) => (leaked ?? 0) + (spared ?? 0)));
    const rows = items.map((item) => [
        h('span.label', {}, labelled(by, item)),
        bar(item.leaked ?? 0, item.spared ?? 0, most),
        h(`span${item.leaked ? '.went' : ''}`, {}, count(item.leaked)),
        count(item.spared),
        moment(item.last),
    ]);
    const columns = [
        { name: title, kind: 'first' },
        { name: h('span.unseen', {}, 'As a bar'), kind: 'picture' },
        { name: 'Went on', kind: 'number' },
        { name: 'Spared', kind: 'number' },
        { name: 'Last', kind: 'number.when' },
    ];
    const inside = items.length
        ? table(title, columns, rows, '.counted')
        : h('p.empty', {}, 'Nothing was found in this time.');
    return h('section.card', {}, h('h2', {}, title), inside);
}

/** A link to the exchanges themselves, where the list can be filtered by this. */
function labelled(by, { key, label }) {
    const words = by === 'identifier' ? plain(wordsOf(key)) : foreign(label || key, 80);
    if (by === 'header') return h('code', {}, words);
    return h('a', { href: to('live', { [by]: key, found: '1' }) }, words);
}
