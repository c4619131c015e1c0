// What happened today, in one sentence that anybody understands?

import { ask } from './api.js';
import { h, show } from './dom.js';
import { to } from './route.js';
import { count, plain, some } from './text.js';

const [QUICK, SLOW, MINUTE] = [300, 4000, 60000];

/** The statement with what belongs to it: `element`, `heed(row)`, `ask()`, `stop()`. */
export function statement() {
    const title = h('h1.statement', { id: 'statement' }, 'Looking…');
    const tally = h('ul.tally', {});
    const figures = h('p.figures', {});
    const seen = h('div.seen', {});
    const element = h('section.today', { 'aria-labelledby': 'statement' }, title, tally, figures, seen);
    let [timer, due, isAsking] = [null, Infinity, false];

    async function refresh() {
        clearTimeout(timer);
        [timer, due] = [null, Infinity];
        if (isAsking) return soon(QUICK);
        isAsking = true;
        try {
            tell(await ask('summary'), { title, tally, figures, seen });
        } catch (error) {
            if (title.textContent === 'Looking…') title.textContent = error.message;
        }
        isAsking = false;
        soon(MINUTE);
    }

    /** Asks again after so many milliseconds, or sooner where that is due already. */
    function soon(pause) {
        if (Date.now() + pause >= due) return;
        clearTimeout(timer);
        due = Date.now() + pause;
        timer = setTimeout(refresh, pause);
    }

    refresh();
    return { element, ask: refresh, heed: (row) => soon(row.severity ? QUICK : SLOW), stop: () => clearTimeout(timer) };
}

function tell(summary, { title, tally, figures, seen }) {
    const isLeak = (summary.identifiers ?? []).some(({ received }) => received > 0);
    title.className = `statement ${isLeak ? 'leak' : 'calm'}`;
    if (title.textContent !== summary.statement) title.textContent = plain(summary.statement);
    show(tally, (summary.identifiers ?? []).map(tallied));
    const parts = [
        `${some(summary.exchanges, 'exchange')} today`,
        `${count(summary.with_findings)} with findings`,
        `${some(summary.tunnels, 'tunnel')} passed unread`,
        some(summary.hosts, 'site'),
        some(summary.clients, 'device'),
    ];
    show(
        figures,
        parts.map((part) => h('span', {}, part)),
    );
    show(seen, vantages(summary.vantages ?? []));
}

function tallied({ identifier, words, severity, received, spared }) {
    const link = h('a', { href: to('live', { identifier }) }, plain(words));
    const went = h('span.went', {}, h('b', {}, count(received)), ` ${received === 1 ? 'site' : 'sites'} received it`);
    const kept = h('span.kept', {}, h('b', {}, count(spared)), ' spared');
    return h(
        `li${received ? '.leaked' : '.spared'}`,
        {},
        link,
        h('span.severity', {}, plain(severity)),
        h('span.sums', {}, received ? went : null, spared || !received ? kept : null),
    );
}

/** Never "nothing found" without what could be seen at all. */
function vantages(items) {
    return items
        .slice(0, 8)
        .map(({ vantage, listener, sees }) =>
            h('p', {}, h('b', {}, `${plain(listener)}, ${plain(vantage)}`), ': ', plain(sees)),
        );
}
