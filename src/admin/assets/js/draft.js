// How does somebody who writes no TOML get the rule for what was found?

import { announce } from './announce.js';
import { tell } from './api.js';
import { h, show } from './dom.js';
import { plain, wordsOf } from './text.js';

const ACTIONS = {
    strip: 'take it out',
    redact: 'make it unreadable',
    block: 'refuse the request',
    keep: 'let it through',
};

/** Shows in `holder` what the rule could be; the rule is saved only when somebody has seen it. */
export function draft(holder, event, at, found, opener) {
    opener.hidden = true;
    const written = h('div.written', {});
    const choice = (name, options) =>
        Object.entries(options).map(([value, words], first) => radio(`${name}-${at}`, value, words, first === 0));
    const scopes = { site: ['only to ', h('bdi', {}, plain(event.host).slice(0, 80))], everywhere: 'to every site' };
    const form = h(
        'form.draft',
        { 'aria-label': 'A rule' },
        h(
            'fieldset',
            {},
            h('legend', {}, `When the ${wordsOf(found.identifier)} stands there again`),
            choice('action', ACTIONS),
        ),
        h('fieldset', {}, h('legend', {}, 'On its way'), choice('scope', scopes)),
        written,
    );
    form.addEventListener('change', (change) => change.target.type === 'radio' && propose());
    form.addEventListener('submit', (submit) => submit.preventDefault());
    show(holder, form);
    form.querySelector('input').focus();

    async function propose() {
        const [action, scope] = ['action', 'scope'].map((name) => new FormData(form).get(`${name}-${at}`));
        try {
            const proposal = await tell('rules/draft', { exchange: event.id, finding: at, action, scope });
            show(written, editor(proposal, cancel));
        } catch (error) {
            show(written, h('p.banner.bad', {}, error.message));
        }
    }

    function cancel() {
        show(holder);
        opener.hidden = false;
        opener.focus();
    }

    propose();
}

function radio(name, value, words, checked) {
    return h('label.check', {}, h('input', { type: 'radio', name, value, checked }), h('span', {}, words));
}

/** The rule as text, its faults at their lines, and the button that saves it. */
function editor({ toml, file, problem, diagnostics }, cancel) {
    const area = h('textarea', {
        spellcheck: 'false',
        wrap: 'off',
        autocapitalize: 'none',
        'aria-label': 'The rule, in TOML',
        'aria-describedby': 'draft-faults',
    });
    const gutter = h('div.gutter', { 'aria-hidden': 'true' });
    const faults = h('ul.faults', { id: 'draft-faults' });
    const save = h('button.strong', { type: 'button', onclick: keep }, 'Save the rule');
    const buttons = h('div.buttons', {}, save, h('button.quiet', { type: 'button', onclick: cancel }, 'Cancel'));
    const place = h(
        'p.soft',
        {},
        'It is checked, then put before all other rules of ',
        h('code', {}, plain(file ?? 'the policy')),
        ', and holds from the next request on.',
    );
    const words = problem ? h('p.banner.bad', {}, plain(problem)) : place;
    const box = h(
        'div.editor',
        {},
        h('div.code', {}, gutter, area),
        h('div', { role: 'alert' }, faults),
        words,
        buttons,
    );
    area.value = toml;
    area.addEventListener('input', () => tellFaults([]));
    area.addEventListener('scroll', () => (gutter.scrollTop = area.scrollTop));
    tellFaults(diagnostics ?? []);

    function tellFaults(list) {
        const lines = area.value.split('\n').length;
        area.rows = Math.min(16, Math.max(6, lines + 1));
        const bad = new Set(list.map(({ line }) => line));
        show(
            gutter,
            Array.from({ length: lines }, (_, at) => h(`span${bad.has(at + 1) ? '.bad' : ''}`, {}, String(at + 1))),
        );
        show(
            faults,
            list.map((fault) =>
                h(
                    'li',
                    {},
                    h('button.quiet', { type: 'button', onclick: () => lead(area, fault) }, spot(fault)),
                    ' ',
                    plain(fault.message),
                    fault.help ? h('span.soft', {}, ' ', plain(fault.help)) : null,
                ),
            ),
        );
        area.setAttribute('aria-invalid', String(list.length > 0));
    }

    async function keep() {
        save.disabled = true;
        try {
            const saved = await tell('rules', { toml: area.value });
            const done = `Saved in ${plain(saved.file)}${saved.line ? `, line ${saved.line}` : ''}. It holds from the next request on.`;
            show(box, h('p.saved', { tabindex: '-1' }, done));
            box.firstElementChild.focus();
            announce(done);
        } catch (error) {
            tellFaults(error.diagnostics ?? []);
            if (!error.diagnostics?.length) show(faults, h('li', {}, error.message));
            save.disabled = false;
        }
    }

    return box;
}

const spot = ({ line, column }) => (line ? `Line ${line}${column ? `, column ${column}` : ''}:` : 'The rule:');

/** Puts the caret where the fault is. */
function lead(area, { line, column }) {
    const before = area.value.split('\n').slice(0, (line ?? 1) - 1);
    const start = before.reduce((sum, text) => sum + text.length + 1, 0) + Math.max(0, (column ?? 1) - 1);
    area.focus();
    area.setSelectionRange(start, start);
}
