// What did the phone send, and beside it, line by line, what did the site receive?

import { h } from './dom.js';
import { foreign, plain } from './text.js';

/** A longer value is folded until somebody wants all of it. */
const LONG = 600;

const CHANGES = { stripped: 'taken out', redacted: 'made unreadable', replaced: 'replaced', added: 'added' };

/** What is between two machines only (RFC 9110 §7.6.1): that it goes is no rule's doing. */
const HOP = ['connection', 'proxy-connection', 'keep-alive', 'te', 'proxy-authorization', 'proxy-authenticate'];

/** Pairs of lines: what stands on both sides stands beside itself. Order is kept on the way, so one pass is enough. */
export function aligned(received, sent) {
    const pairs = [];
    let right = 0;
    for (const [left, line] of received.entries()) {
        const at = left === 0 ? 0 : partner(line, sent, right);
        if (at < 0 || at >= sent.length) {
            pairs.push([line, null]);
            continue;
        }
        for (; right < at; right += 1) pairs.push([null, sent[right]]);
        pairs.push([line, sent[right]]);
        right += 1;
    }
    return [...pairs, ...sent.slice(right).map((line) => [null, line])];
}

function partner(line, sent, from) {
    if (line.change === 'stripped') return -1;
    const name = line.name.toLowerCase();
    return sent.findIndex((other, at) => at >= from && other.change !== 'added' && other.name.toLowerCase() === name);
}

/** Both heads as one table. `sent` is null where nothing was sent. */
export function heads(received, sent, findings) {
    const pairs = sent ? aligned(received, sent) : received.map((line) => [line, null]);
    const rows = pairs.map(([before, after]) => row(before, after, sent, findings));
    const names = h(
        'div.pair.names',
        { role: 'row' },
        name('As received'),
        name(sent ? 'As sent to the site' : 'Sent to the site'),
    );
    return h(
        'div.heads',
        { role: 'table', 'aria-label': 'The head as received and as sent' },
        h('div', { role: 'rowgroup' }, names),
        h('div', { role: 'rowgroup' }, rows),
    );
}

const name = (words) => h('div.side', { role: 'columnheader' }, words);

function row(before, after, sent, findings) {
    const isSame = Boolean(
        before && after && before.name === after.name && before.value === after.value && !change(before, after),
    );
    const isHop = before && !after && !before.marks?.length && HOP.includes(before.name.toLowerCase());
    const kind = isHop ? '.hop' : isSame ? '.same' : before && after ? '.changed' : before ? '.gone' : '.new';
    return h(
        `div.pair${sent ? kind : '.unsent'}`,
        { role: 'row' },
        side(before, after, findings, 'received', sent),
        side(after, before, findings, 'sent', sent),
    );
}

const change = (before, after) => before?.change || after?.change;

function side(line, other, findings, which, sent) {
    if (line) {
        const isHop = HOP.includes(line.name.toLowerCase()) && !line.marks?.length;
        const note = isHop && !other ? 'ends here, as between any two machines' : CHANGES[line.change];
        // What a line became is told once, on the side where it can be seen.
        const isTold = note && (which === 'sent' || !other);
        return h(
            `div.side.${which}`,
            { role: 'cell' },
            h('code', {}, text(line, findings)),
            isTold ? h('span.note', {}, note) : null,
        );
    }
    const words = sent ? (which === 'sent' ? 'not sent' : 'not there') : 'nothing was sent';
    return h(`div.side.none.${which}`, { role: 'cell' }, h('span.unseen', {}, words));
}

function text(line, findings) {
    const value = h('span.value', {}, marked(line.value, line.marks, findings, LONG));
    if (String(line.value).length > LONG) value.append(unfold(value, line, findings));
    return line.name === '' ? value : [h('span.name', {}, foreign(line.name, 200), ':'), ' ', value];
}

function unfold(value, line, findings) {
    const all = () => value.replaceChildren(...marked(line.value, line.marks, findings, Infinity));
    return h('button.quiet.unfold', { type: 'button', onclick: all }, `Show all ${line.value.length} characters`);
}

/** The value in pieces, with what was found marked. Marks may overlap, or reach past the end: neither is trusted. */
function marked(value, marks, findings, most) {
    const whole = String(value ?? '');
    const end = Math.min(whole.length, most);
    const spans = (marks ?? [])
        .map(({ span: [from, to], finding }) => ({ from: clamp(from, end), to: clamp(to, end), finding }))
        .filter(({ from, to }) => from < to)
        .sort((a, b) => a.from - b.from);
    const pieces = [];
    let at = 0;
    for (const { from, to, finding } of spans) {
        if (to <= at) continue;
        const start = Math.max(from, at);
        if (start > at) pieces.push(piece(whole.slice(at, start)));
        const isLeak = Boolean(findings[finding]?.reached);
        pieces.push(
            h(
                `mark${isLeak ? '.leaked' : '.spared'}`,
                { title: isLeak ? 'went on to the site' : 'did not reach the site' },
                piece(whole.slice(start, to)),
            ),
        );
        at = to;
    }
    if (at < end) pieces.push(piece(whole.slice(at, end)));
    if (end < whole.length) pieces.push('… ');
    return pieces;
}

const piece = (value) => h('bdi', {}, plain(value));
const clamp = (number, end) => Math.max(0, Math.min(end, Number.isFinite(number) ? Math.trunc(number) : 0));
