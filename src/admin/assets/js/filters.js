// Which exchanges does the viewer want, and is this row one of them?

import { h, show } from './dom.js';
import { go, here } from './route.js';
import { ACTIONS, IDENTIFIERS, SEVERITIES, foreign } from './text.js';

const NAMES = ['host', 'client', 'identifier', 'severity', 'action', 'rule', 'verdict', 'found', 'from', 'to'];
/** These hold of rows with findings only. */
const OF_FINDINGS = ['identifier', 'severity', 'action', 'rule', 'found'];
const LINKED = { rule: 'Rule', verdict: 'Verdict', from: 'From', to: 'Until' };
const PATIENCE = 250;

export const chosen = (parameters) => Object.fromEntries(NAMES.map((name) => [name, parameters[name] ?? '']));
export const isOfFindings = (filters) => OF_FINDINGS.some((name) => filters[name]);
export const isAny = (filters) => NAMES.some((name) => filters[name]);

/** Whether a row of the stream passes, judged as the server judges those it is asked for. */
export function passes(row, filters) {
    const level = SEVERITIES.indexOf(filters.severity);
    return [
        holds(filters.host, row.host),
        holds(filters.client, row.client) || holds(filters.client, row.client_name),
        !filters.identifier || list(row.identifiers).includes(filters.identifier),
        level < 0 || SEVERITIES.indexOf(row.severity) >= level,
        !filters.action || list(row.actions).some((action) => String(action).startsWith(filters.action)),
        !filters.rule || list(row.rules).includes(filters.rule),
        !filters.verdict || row.verdict === filters.verdict,
        !filters.found || Boolean(row.severity),
        !filters.from || Date.parse(row.ts) >= Date.parse(filters.from),
        !filters.to || Date.parse(row.ts) < Date.parse(filters.to),
    ].every(Boolean);
}

const list = (value) => (Array.isArray(value) ? value : []);

/** Part of the text, or a glob of the whole. */
function holds(wanted, text) {
    if (!wanted) return true;
    const [pattern, whole] = [wanted.toLowerCase(), String(text ?? '').toLowerCase()];
    if (!/[*?]/.test(pattern)) return whole.includes(pattern);
    return matches(pattern, whole);
}

/** A glob of `*` and `?`, in time that grows with the product of both lengths at most. */
function matches(pattern, text) {
    let [at, from, star, mark] = [0, 0, -1, 0];
    while (from < text.length) {
        if (at < pattern.length && pattern[at] === '*') {
            [star, mark] = [at, from];
            at += 1;
        } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[from])) {
            at += 1;
            from += 1;
        } else if (star >= 0) {
            mark += 1;
            [at, from] = [star + 1, mark];
        } else return false;
    }
    return /^\**$/.test(pattern.slice(at));
}

/** The form. What is chosen goes into the address, and comes back from there. */
export function form(filters) {
    const fields = [
        text('host', 'Site', 'example.org or *.example', filters),
        text('client', 'Device', 'name or address', filters),
        choice('identifier', 'Identifier', IDENTIFIERS, 'any', filters),
        choice(
            'severity',
            'Severity',
            Object.fromEntries(SEVERITIES.map((name) => [name, `${name}${name === 'critical' ? '' : ' or more'}`])),
            'any',
            filters,
        ),
        choice('action', 'What was done', ACTIONS, 'anything', filters),
        h(
            'label.check',
            {},
            h('input', { type: 'checkbox', name: 'found', checked: Boolean(filters.found) }),
            'With findings only',
        ),
        h('button.quiet', { type: 'button', hidden: !isAny(filters), onclick: () => go('live', {}) }, 'Clear'),
        h('div.chips', {}, chips(filters)),
    ];
    const inside = h('form.filters', { role: 'search', 'aria-label': 'Exchanges' }, fields);
    let timer;
    inside.addEventListener('input', (event) => {
        clearTimeout(timer);
        timer = setTimeout(() => apply(inside), event.target.type === 'text' ? PATIENCE : 0);
    });
    inside.addEventListener('submit', (event) => {
        event.preventDefault();
        apply(inside);
    });
    const isWide = matchMedia('(min-width: 48rem)').matches;
    return h('details.folded', { open: isWide }, h('summary', {}, summed(filters)), inside);
}

/** So that a form that is folded does not hide that it is in use. */
function summed(filters) {
    const used = NAMES.filter((name) => filters[name]).length;
    return used ? `Filter (${used} in use)` : 'Filter';
}

/** Shows in a form what the address says, except where somebody is typing. */
export function reflect(root, filters) {
    for (const field of root.querySelectorAll('input, select')) {
        if (field === document.activeElement && field.type === 'text') continue;
        if (field.type === 'checkbox') field.checked = Boolean(filters[field.name]);
        else field.value = filters[field.name];
    }
    show(root.querySelector('summary'), summed(filters));
    root.querySelector('button').hidden = !isAny(filters);
    show(root.querySelector('.chips'), chips(filters));
}

/** What came with a link and stands in no field; pressed, it holds no longer. */
function chips(filters) {
    const given = Object.entries(LINKED).filter(([name]) => filters[name]);
    const drop = (name) => go('live', { ...here().parameters, [name]: '' });
    return given.map(([name, words]) =>
        h(
            'button.chip',
            { type: 'button', onclick: () => drop(name) },
            words,
            ': ',
            foreign(filters[name], 80),
            h('span.unseen', {}, ', take this filter away'),
            h('span', { 'aria-hidden': 'true' }, ' ×'),
        ),
    );
}

function apply(inside) {
    const said = Object.fromEntries(new FormData(inside));
    const { view, parameters } = here();
    go(view, { ...parameters, ...said, found: said.found ? '1' : '', open: '' }, true);
}

function text(name, label, hint, filters) {
    const field = {
        type: 'text',
        name,
        placeholder: hint,
        value: filters[name],
        autocomplete: 'off',
        autocapitalize: 'none',
        spellcheck: 'false',
        maxlength: '253',
    };
    return h('label', {}, h('span', {}, label), h('input', field));
}

function choice(name, label, options, none, filters) {
    const all = [['', none], ...Object.entries(options)];
    return h(
        'label',
        {},
        h('span', {}, label),
        h(
            'select',
            { name },
            all.map(([value, words]) => h('option', { value, selected: value === filters[name] }, words)),
        ),
    );
}
