// When did it happen, as a picture that can also be read as a table?

import { h, svg, table } from './dom.js';
import { count, some } from './text.js';

const [WIDTH, FOUND, ALL, GAP] = [960, 110, 46, 26];

/** Found and gone on above, everything below on a scale of its own: a few leaks among thousands stay visible. */
export function timeline({ buckets, step }, label) {
    const items = (buckets ?? []).slice(0, 500);
    const sum = (key) => items.reduce((total, bucket) => total + (bucket[key] ?? 0), 0);
    const words = `${some(sum('exchanges'), 'exchange')}, ${count(sum('found'))} with findings, of which ${count(sum('leaked'))} went on to a site.`;
    const picture = svg(
        'svg.timeline',
        {
            viewBox: `0 0 ${WIDTH} ${FOUND + ALL + GAP + 22}`,
            role: 'img',
            'aria-labelledby': 'timeline-title timeline-desc',
            preserveAspectRatio: 'none',
        },
        svg('title', { id: 'timeline-title' }, `Timeline: ${label}`),
        svg('desc', { id: 'timeline-desc' }, words),
        bars(items, step),
    );
    const rows = items
        .filter(({ exchanges }) => exchanges)
        .map((bucket) => [
            spelled(bucket.at, step),
            count(bucket.exchanges),
            count(bucket.found),
            count(bucket.leaked),
        ]);
    const columns = [
        'Beginning',
        { name: 'Exchanges', kind: 'number' },
        { name: 'With findings', kind: 'number' },
        { name: 'Went on', kind: 'number' },
    ];
    const alternative = h(
        'details.folded',
        {},
        h('summary', {}, 'The same as a table'),
        table(`Timeline: ${label}`, columns, rows),
    );
    return h('figure', {}, picture, axis(items, step), legend(sum), alternative);
}

function bars(items, step) {
    const wide = WIDTH / Math.max(1, items.length);
    const most = Math.max(1, ...items.map(({ found }) => found ?? 0));
    const mostOfAll = Math.max(1, ...items.map(({ exchanges }) => exchanges ?? 0));
    const bar = (kind, at, from, height) =>
        height > 0
            ? svg(`rect.${kind}`, {
                  x: (at * wide + wide * 0.12).toFixed(2),
                  y: (from - height).toFixed(2),
                  width: (wide * 0.76).toFixed(2),
                  height: height.toFixed(2),
              })
            : null;
    const scaled = (value, top, room) => (value > 0 ? Math.max(2.5, (value / top) * room) : 0);
    const columns = items.map((bucket, at) => {
        const leaked = scaled(bucket.leaked ?? 0, most, FOUND);
        const spared = scaled((bucket.found ?? 0) - (bucket.leaked ?? 0), most, FOUND);
        const all = scaled(bucket.exchanges ?? 0, mostOfAll, ALL);
        const words = `${spelled(bucket.at, step)}: ${some(bucket.exchanges ?? 0, 'exchange')}, ${count(bucket.found)} with findings, ${count(bucket.leaked)} went on`;
        const whole = svg('rect.touch', {
            x: (at * wide).toFixed(2),
            y: 0,
            width: wide.toFixed(2),
            height: FOUND + ALL + GAP,
        });
        return svg(
            'g',
            {},
            svg('title', {}, words),
            whole,
            bar('leaked', at, FOUND, leaked),
            bar('spared', at, FOUND - leaked - (leaked && spared ? 1 : 0), spared),
            bar('all', at, FOUND + GAP + ALL, all),
        );
    });
    const line = (y) => svg('line.base', { x1: 0, x2: WIDTH, y1: y, y2: y });
    return [columns, line(FOUND + 0.5), line(FOUND + GAP + ALL + 0.5)];
}

/** As text beside the picture, so that it keeps its size on a phone. */
function axis(items, step) {
    if (!items.length) return null;
    const places = [0, 0.25, 0.5, 0.75].map((part) => items[Math.floor(part * items.length)]);
    return h(
        'div.axis',
        { 'aria-hidden': 'true' },
        places.map((bucket) => h('span', {}, spelled(bucket.at, step))),
        h('span', {}, 'now'),
    );
}

function legend(sum) {
    const entry = (kind, words) => h(`li.${kind}`, {}, words);
    return h(
        'ul.legend',
        {},
        entry('leaked', `went on (${count(sum('leaked'))})`),
        entry('spared', `spared (${count(sum('found') - sum('leaked'))})`),
        entry('all', `all exchanges, below (${count(sum('exchanges'))})`),
    );
}

const HOUR = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });

function spelled(time, step) {
    const date = new Date(time);
    return step >= 86400
        ? DAY.format(date)
        : step > 3600
          ? `${DAY.format(date)}, ${HOUR.format(date)}`
          : HOUR.format(date);
}

/** A bar for a row of a table: what went on, then what was spared. The numbers stand beside it. */
export function bar(leaked, spared, most) {
    const part = (value) => (value > 0 ? Math.max(1, (value / Math.max(1, most)) * 100) : 0);
    const [went, kept] = [part(leaked), part(spared)];
    return svg(
        'svg.ratio',
        { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        went ? svg('rect.leaked', { x: 0, y: 0, width: went.toFixed(2), height: 10 }) : null,
        kept
            ? svg('rect.spared', {
                  x: went.toFixed(2),
                  y: 0,
                  width: Math.max(0, Math.min(100 - went, kept)).toFixed(2),
                  height: 10,
              })
            : null,
    );
}
