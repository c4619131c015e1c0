// Is clir itself well?

import { ask } from './api.js';
import { h, show, table } from './dom.js';
import { on } from './stream.js';
import { count, foreign, lasting, moment, plain, size } from './text.js';

const AGAIN = 10000;

export function health(root) {
    const body = h('div', {});
    show(root, h('div.page-head', {}, h('h1', {}, 'Health')), body);
    async function refresh() {
        try {
            show(body, told(await ask('health')));
        } catch (error) {
            show(body, h('p.banner.bad', {}, error.message));
        }
    }
    refresh();
    const timer = setInterval(refresh, AGAIN);
    const stopChanged = on('changed', ({ what }) => what === 'health' && refresh());
    return {
        update: () => {},
        stop: () => {
            clearInterval(timer);
            stopChanged();
        },
    };
}

function told({ version, started, uptime_s, listeners, events, index, configuration, connections }) {
    const problems = [configuration?.problem, events?.problem].filter(Boolean);
    const isWell = problems.length === 0 && !events?.dropped;
    const rows = (listeners ?? []).map(({ label, kind, address, vantage }) => [
        h('b', {}, foreign(label, 80)),
        plain(kind),
        h('code', {}, plain(address)),
        plain(vantage),
    ]);
    return [
        h(`p.verdict.${isWell ? 'spared' : 'leaked'}`, {}, isWell ? 'All is well.' : 'Something needs you.'),
        problems.map((problem) => h('p.banner.bad', {}, foreign(problem, 1000))),
        h(
            'div.grid',
            {},
            card('The process', [
                ['Version', plain(version)],
                ['Running for', [lasting(uptime_s), h('span.soft', {}, ' since ', moment(started, true))]],
                ['Open connections', count(connections)],
                [
                    'Configuration',
                    [
                        configuration?.problem ? 'not taken over: the one before holds' : 'in force',
                        h('span.soft', {}, ' since ', moment(configuration?.loaded, true)),
                    ],
                ],
            ]),
            card('The event log', [
                ['Written', count(events?.written)],
                ['Waiting', count(events?.waiting)],
                [
                    'Lost',
                    [
                        events?.dropped ? h('b.went', {}, count(events.dropped)) : '0',
                        events?.dropped ? h('span.soft', {}, ' because the disk was too slow') : null,
                    ],
                ],
                ['Folder', h('code', {}, plain(events?.dir))],
                ['Free on that disk', size(events?.disk_free_bytes)],
                ['Index', indexed(index)],
            ]),
        ),
        h(
            'section.card',
            {},
            h('h2', {}, 'Listeners'),
            table('Listeners', ['Label', 'Kind', 'Address', 'Vantage'], rows, '.stacked'),
        ),
    ];
}

function indexed({ rows, behind } = {}) {
    const known = rows === null || rows === undefined ? 'not to be had' : `${count(rows)} rows`;
    return behind ? `${known}, ${count(behind)} behind` : known;
}

function card(title, entries) {
    return h(
        'section.card',
        {},
        h('h2', {}, title),
        h(
            'dl.facts',
            {},
            entries.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
        ),
    );
}
