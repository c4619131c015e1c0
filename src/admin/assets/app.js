// Which view is shown, and what is true whatever is shown?

import { alerts } from './js/alerts.js';
import { announce } from './js/announce.js';
import { ask } from './js/api.js';
import { counts } from './js/counts.js';
import { h, show } from './js/dom.js';
import { openExchange } from './js/exchange.js';
import { health } from './js/health.js';
import { live } from './js/live.js';
import { passed } from './js/passed.js';
import { here, to } from './js/route.js';
import { rules } from './js/rules.js';
import { on, open } from './js/stream.js';
import { clock, foreign } from './js/text.js';

const TITLES = {
    live: 'Live',
    counts: 'Counts',
    rules: 'Rules',
    passed: 'Passed through',
    alerts: 'Alerts',
    health: 'Health',
};
const VIEWS = { live, counts, rules, passed, alerts, health };
const MINUTE = 60000;

const main = document.getElementById('main');
const banners = document.getElementById('banners');
let current = null;
let unseenAlerts = 0;

function route() {
    const { view, parameters } = here();
    if (current?.name === view) current.shown.update(parameters);
    else turnTo(view);
    openExchange(parameters.open ?? '');
}

function turnTo(name) {
    const isFirst = current === null;
    current?.shown.stop();
    current = { name, shown: VIEWS[name](main) };
    for (const link of document.querySelectorAll('#views a')) {
        if (link.hash !== `#/${name}`) link.removeAttribute('aria-current');
        else {
            link.setAttribute('aria-current', 'page');
            link.scrollIntoView({ block: 'nearest', inline: 'center' });
        }
    }
    if (name === 'alerts') unseenAlerts = 0;
    title();
    if (isFirst) return;
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
}

function title() {
    document.title = `${unseenAlerts ? `(${unseenAlerts}) ` : ''}${TITLES[current.name]} – clir`;
    const link = document.querySelector('#views a[href="#/alerts"]');
    show(link, 'Alerts', unseenAlerts ? h('span.badge', {}, String(unseenAlerts), h('span.unseen', {}, ' new')) : null);
}

function onLine({ up, again }) {
    const line = document.getElementById('line');
    line.className = `line ${up ? 'up' : 'down'}`;
    document.getElementById('line-words').textContent = up ? 'Live' : 'No answer';
    const gone = document.getElementById('gone');
    if (up) {
        gone?.remove();
        if (again) announce('clir answers again.');
        return;
    }
    if (gone) return;
    const words = `clir has not answered since ${clock(new Date())}. What is below may be old; it is asked again every few seconds.`;
    banners.prepend(h('p.banner.bad', { id: 'gone', role: 'alert' }, words));
}

/** Somebody answered, and it was no stream: the words above would be wrong where clir itself is well. */
async function onRefused() {
    const gone = document.getElementById('gone');
    try {
        await ask('health');
        const words = 'clir answers, but does not send what happens now: perhaps too many pages are open. Close one.';
        if (gone && gone.textContent !== words) gone.textContent = words;
    } catch {
        // Then the words above are right.
    }
}

function onAlert({ words }) {
    announce(`Alert: ${words}`);
    if (current.name === 'alerts') return;
    unseenAlerts += 1;
    title();
}

/** What is wrong with clir itself stands above every view. */
async function troubles() {
    let told;
    try {
        told = await ask('health');
    } catch {
        // That it does not answer is said by the line.
        return;
    }
    const found = [told.configuration?.problem, told.events?.problem].filter(Boolean);
    if (told.events?.dropped > 0) found.push(`${told.events.dropped} events were lost: the disk was too slow.`);
    document.getElementById('troubles')?.remove();
    if (!found.length) return;
    const link = h('a', { href: to('health') }, 'See health');
    banners.append(
        h(
            'div.banner.bad',
            { id: 'troubles' },
            found.map((words) => h('p', {}, foreign(words, 600))),
            link,
        ),
    );
}

document.getElementById('skip').addEventListener('click', (event) => {
    event.preventDefault();
    main.focus();
});
addEventListener('hashchange', route);
on('line', onLine);
on('refused', onRefused);
on('alert', onAlert);
on('changed', troubles);
route();
open();
troubles();
setInterval(troubles, MINUTE);
