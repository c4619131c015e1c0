// What happened in this one exchange, and why?

import { ask } from './api.js';
import { h, show } from './dom.js';
import { draft } from './draft.js';
import { heads } from './heads.js';
import { close } from './route.js';
import { bare, count, doneBy, foreign, moment, originWords, plain, size, wordsOf } from './text.js';

const sheet = document.getElementById('sheet');
let shown = null;

sheet.addEventListener('close', () => {
    shown = null;
    close();
});
// A click beside the sheet.
sheet.addEventListener('click', (event) => event.target === sheet && sheet.close());

/** Opens the exchange with this id; nothing closes what is open. */
export async function openExchange(id) {
    if ((id || null) === shown) return;
    shown = id || null;
    if (!id) {
        if (sheet.open) sheet.close();
        return;
    }
    show(sheet, frame('Looking…'));
    if (!sheet.open) sheet.showModal();
    let parts;
    try {
        parts = account(await ask(`exchanges/${encodeURIComponent(id)}`));
    } catch (error) {
        parts = frame('This exchange cannot be shown', h('p.banner.bad', {}, error.message));
    }
    if (shown === id) show(sheet, parts);
}

function frame(title, ...inside) {
    const button = h('button.quiet.close', { type: 'button', autofocus: true, onclick: () => sheet.close() }, 'Close');
    return h('article.account', {}, h('header.sheet-head', {}, h('h2', { id: 'sheet-title' }, title), button), inside);
}

function account({ event, received, sent, findings }) {
    const whys = findings ?? [];
    const isLeaked = whys.some(({ reached }) => reached);
    const became = isLeaked ? 'leaked' : whys.length ? 'spared' : 'plain';
    const title = [h('span.method', {}, foreign(event.method, 20)), ' ', foreign(event.host, 200)];
    return frame(
        title,
        h(`p.verdict.${became}`, {}, verdict(event, whys, isLeaked)),
        whys.length
            ? h(
                  'section',
                  { 'aria-label': 'What was found' },
                  h('h3', {}, 'What was found, and why'),
                  whys.map((why, at) => finding(event, why, at)),
              )
            : null,
        h(
            'section',
            { 'aria-label': 'The head' },
            h('h3', {}, 'The head of the request'),
            heads(received ?? [], sent, whys),
        ),
        h('section', { 'aria-label': 'Circumstances' }, h('h3', {}, 'Circumstances'), facts(event)),
    );
}

function verdict(event, whys, isLeaked) {
    const site = foreign(event.host, 80);
    if (isLeaked) return [site, ' received ', listed(whys.filter(({ reached }) => reached)), '.'];
    const back = whys.filter(({ finding: { location } }) => location?.direction === 'response');
    if (whys.length && back.length === whys.length) return [site, ' sent ', listed(whys), ' in its answer.'];
    if (whys.length) return [site, ' did not receive ', listed(whys), '.'];
    if (event.error) return ['It did not come to a good end: ', foreign(event.error, 400)];
    if (event.verdict === 'intercepted')
        return 'A tunnel that was opened: each request inside is an exchange of its own.';
    if (event.method === 'CONNECT') return 'A tunnel: its head was looked at, what went through it was not.';
    return 'Nothing that identifies anybody was found in what clir saw of it.';
}

function listed(whys) {
    const words = [...new Set(whys.map(({ finding: { identifier } }) => `the ${wordsOf(identifier)}`))];
    return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : words[0];
}

function finding(event, { finding: found, why, action, reached }, at) {
    const place = found.location ?? {};
    const side = place.direction === 'response' ? ' of the answer' : '';
    const where =
        place.part === 'target'
            ? 'in the request’s target'
            : ['in ', plain(place.part), ' ', h('code', {}, foreign(place.name, 120)), side];
    const holder = h('div', {});
    const write = h(
        'button',
        { type: 'button', onclick: () => draft(holder, event, at, found, write) },
        'Write a rule for this',
    );
    return h(
        `div.finding.${reached ? 'leaked' : 'spared'}`,
        {},
        h('h4', {}, capital(wordsOf(found.identifier)), ' ', where),
        h(
            'p.kinds',
            {},
            [found.severity, found.confidence, originWords(found.origin)].map((word) => h('span', {}, plain(word))),
        ),
        h(
            'ul.why',
            {},
            reasons(found, why, action).map((sentence) => h('li', {}, foreign(capital(sentence), 2000))),
        ),
        h('p.done', {}, done(action, reached)),
        write,
        holder,
    );
}

/** Without what stands above and below them in other words already. */
function reasons({ severity, identifier }, why, action) {
    const sentences = (why ?? []).map(String).filter((sentence) => !sentence.startsWith(`${severity} ${identifier}`));
    return action ? sentences.filter((sentence) => !sentence.startsWith('rule "')) : sentences;
}

function done(action, reached) {
    const end = reached ? h('b', {}, 'It went on to the site.') : h('b', {}, 'It did not reach the site.');
    if (!action) return end;
    const place = action.file
        ? [' (', h('code', {}, plain(`${action.file}${action.line ? `:${action.line}` : ''}`)), ')']
        : null;
    const reason = action.reason ? [', because ', h('q', {}, foreign(action.reason, 500))] : null;
    // A rule that was followed would have kept it here.
    const isWatched = reached && action.action !== 'keep';
    const did = isWatched
        ? `clir only watches: it would have been ${doneBy(action.action)}`
        : capital(doneBy(action.action));
    return [did, ' by the rule ', h('b', {}, foreign(action.rule, 200)), place, reason, '. ', end];
}

function facts(event) {
    const tunnel = event.tunnel ?? {};
    const entries = [
        ['When', moment(event.ts, true)],
        [
            'Device',
            [
                foreign(event.client_name || bare(event.client), 100),
                event.client_name ? h('span.soft', {}, ' ', plain(bare(event.client))) : null,
            ],
        ],
        ['Came in by', `${plain(event.listener)} (${plain(event.vantage)})`],
        ['Asked for', foreign(`${event.scheme}://${event.host}:${event.port}`, 300)],
        ['Protocol', plain(event.version)],
        ['Outcome', [plain(event.verdict), event.status ? `, status ${event.status}` : '']],
        ['Error', event.error && foreign(event.error, 600)],
        ['Sent and received', `${size(event.request_bytes)}, ${size(event.response_bytes)}`],
        ['Took', event.duration_us >= 0 ? `${count(Math.round(event.duration_us / 100) / 10)} ms` : null],
        ['Name inside TLS', tunnel.sni && foreign(tunnel.sni, 253)],
        ['Passed unread because', tunnel.reason && plain(tunnel.reason)],
        ['Offered protocols', tunnel.alpn?.length ? foreign(tunnel.alpn.join(', '), 200) : null],
        ['Fingerprint (JA4)', tunnel.ja4 && h('code', {}, plain(tunnel.ja4))],
        ['Identifier of this line', h('code', {}, plain(event.id))],
    ];
    return h(
        'dl.facts',
        {},
        entries
            .filter(([, value]) => value)
            .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
    );
}

const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
