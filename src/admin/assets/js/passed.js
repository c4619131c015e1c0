// What passes unread, and why?

import { announce } from './announce.js';
import { ask, tell } from './api.js';
import { h, show, table } from './dom.js';
import { on } from './stream.js';
import { bare, count, foreign, moment, plain, some } from './text.js';

export function passed(root) {
    const body = h('div', {});
    const lead = h(
        'p.lead',
        {},
        'Nothing breaks because of clir: what does not accept its certificate passes unread. That hides what apps send in there, so it is all listed here. To forget an entry is to try again.',
    );
    show(root, h('div.page-head', {}, h('h1', { tabindex: '-1' }, 'Passed through')), lead, body);

    async function refresh() {
        try {
            show(body, listed((await ask('passed')).items ?? [], forget));
        } catch (error) {
            show(body, h('p.banner.bad', {}, error.message));
        }
    }

    async function forget(item) {
        try {
            const { forgotten } = await tell('passed/forget', { client: item.client, host: item.host });
            announce(`${some(forgotten, 'entry', 'entries')} forgotten.`);
            await refresh();
            root.querySelector('h1').focus();
        } catch (error) {
            body.prepend(h('p.banner.bad', {}, error.message));
        }
    }

    refresh();
    const stop = on('changed', ({ what }) => what === 'passed' && refresh());
    return { update: () => {}, stop };
}

function listed(items, forget) {
    if (!items.length) return h('p.empty', {}, 'Nothing is passed through that clir would otherwise open.');
    const rows = items.map((item) => [
        foreign(item.client_name || bare(item.client), 80),
        item.host === null ? h('span.soft', {}, 'every site') : h('b', {}, foreign(item.host, 120)),
        [h('span.tag', {}, plain(item.reason)), h('span.reason', {}, foreign(item.words, 300))],
        moment(item.since),
        moment(item.last),
        count(item.count),
        item.expires ? moment(item.expires) : h('span.soft', {}, 'never'),
        item.reason === 'bypass'
            ? h('span.soft', {}, 'configured')
            : h(
                  'button',
                  {
                      type: 'button',
                      'aria-label': `Forget ${plain(item.host ?? 'every site')} for ${plain(item.client_name || bare(item.client))}`,
                      onclick: () => forget(item),
                  },
                  'Forget',
              ),
    ]);
    const columns = [
        'Device',
        'Site',
        'Reason',
        { name: 'Since', kind: 'number' },
        { name: 'Last', kind: 'number' },
        { name: 'Times', kind: 'number' },
        { name: 'Until', kind: 'number' },
        h('span.unseen', {}, 'Forget'),
    ];
    return h('section.card', {}, table('What is passed through unread', columns, rows, '.stacked'));
}
