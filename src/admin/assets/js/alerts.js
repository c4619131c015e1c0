// What happened for the first time?

import { ask } from './api.js';
import { h, show } from './dom.js';
import { opening } from './route.js';
import { on } from './stream.js';
import { foreign, moment, plain } from './text.js';

const KINDS = {
    'first-leak': 'Left for the first time',
    'carrier-header-started': 'The carrier began',
    'carrier-header-stopped': 'The carrier stopped',
};
const MOST = 100;

export function alerts(root) {
    const list = h('ol.alerts', { 'aria-label': 'Alerts' });
    const empty = h('p.empty', {}, 'Nothing has happened for the first time yet.');
    show(
        root,
        h('div.page-head', {}, h('h1', {}, 'Alerts')),
        h(
            'p.lead',
            {},
            'The first time that an identifier leaves for a site, and what a carrier begins or stops to insert.',
        ),
        list,
        empty,
    );
    ask('alerts', { limit: MOST })
        .then(({ items }) => {
            show(list, (items ?? []).map(item));
            empty.hidden = list.childElementCount > 0;
        })
        .catch((error) => show(empty, error.message));
    const stop = on('alert', (alert) => {
        list.prepend(item(alert));
        while (list.childElementCount > MOST) list.lastElementChild.remove();
        empty.hidden = true;
    });
    return { update: () => {}, stop };
}

function item({ ts, kind, words, exchange }) {
    const isLeak = kind === 'first-leak';
    const text = foreign(words, 600);
    return h(
        `li.alert${isLeak ? '.leaked' : ''}`,
        {},
        h('span.tag', {}, KINDS[kind] ?? plain(kind)),
        h('p', {}, exchange ? h('a', { href: opening(exchange) }, text) : text),
        moment(ts),
    );
}
