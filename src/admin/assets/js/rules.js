// Which rules hold, and which of them ever did something?

import { ask } from './api.js';
import { h, show, table } from './dom.js';
import { to } from './route.js';
import { on } from './stream.js';
import { count, foreign, moment, plain } from './text.js';

export function rules(root) {
    const body = h('div', {});
    show(root, h('div.page-head', {}, h('h1', {}, 'Rules')), body);
    async function refresh() {
        try {
            show(body, listed(await ask('rules')));
        } catch (error) {
            show(body, h('p.banner.bad', {}, error.message));
        }
    }
    refresh();
    const stop = on('changed', ({ what }) => what === 'rules' && refresh());
    return { update: () => {}, stop };
}

function listed({ loaded, problem, mode, rules: all, partners }) {
    const idle = all.filter(({ hits }) => !hits).length;
    return [
        problem ? h('p.banner.bad', {}, 'The rules on disk do not hold: ', foreign(problem, 1000)) : null,
        mode === 'observe'
            ? h(
                  'p.banner.bad',
                  {},
                  'clir only watches (',
                  h('code', {}, 'policy.mode = "observe"'),
                  '): nothing is taken out.',
              )
            : null,
        h(
            'p.lead',
            {},
            'For each finding the first rule that matches decides. What no rule matches is kept and logged. ',
            idle ? `${count(idle)} of ${count(all.length)} never matched since these were loaded, ` : 'Loaded ',
            moment(loaded, true),
            '.',
        ),
        h(
            'section.card',
            {},
            table(
                'Rules in their order',
                [
                    'Place',
                    'Rule',
                    'Action',
                    { name: 'Where', kind: 'spot' },
                    { name: 'Hits', kind: 'number' },
                    { name: 'Last', kind: 'number' },
                ],
                all.map(row),
                '.stacked',
            ),
        ),
        partners?.length ? trusted(partners) : null,
    ];
}

function row({ name, action, reason, words, file, line, hits, last }, at) {
    const title = hits ? h('a', { href: to('live', { rule: name }) }, foreign(name, 200)) : foreign(name, 200);
    return [
        h('span.soft', {}, String(at + 1)),
        [
            h('b', {}, title),
            reason ? h('span.because', {}, foreign(reason, 400)) : null,
            h('span.reason', {}, foreign(withoutName(name, words), 1000)),
        ],
        h('span.tag', {}, plain(action)),
        h('code', {}, plain(`${file ?? ''}${line ? `:${line}` : ''}`)),
        hits ? count(hits) : h('span.never', {}, 'never'),
        last ? moment(last) : '–',
    ];
}

/** The whole rule begins with its name, which stands above it. */
function withoutName(name, words) {
    const whole = String(words ?? '');
    return whole.startsWith(`"${name}": `) ? whole.slice(name.length + 4) : whole;
}

function trusted(partners) {
    const rows = partners.map(({ name, hosts, expires, expired }) => [
        h('b', {}, foreign(name, 100)),
        h('code', {}, foreign([hosts ?? []].flat().join(', '), 300)),
        [plain(expires ?? 'never'), expired ? [' ', h('span.tag.leaked', {}, 'expired')] : null],
    ]);
    return h(
        'section.card',
        {},
        h('h2', {}, 'Partners'),
        h(
            'p.soft',
            {},
            'Who may still receive what, and until when. Once expired, a rule that names them no longer holds.',
        ),
        table('Partners', ['Name', 'Sites', 'Until'], rows, '.stacked'),
    );
}
