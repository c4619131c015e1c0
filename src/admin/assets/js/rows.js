// How does one exchange look in a list, and how is a list kept short?

import { ask } from './api.js';
import { h, show } from './dom.js';
import { opening } from './route.js';
import { bare, doneBy, foreign, moment, wordsOf } from './text.js';

/** A list of exchanges, newest first, of `most` rows at most. */
export class Feed {
    /** `query` is what the server is asked for; `wants` says of a row whether it belongs here. */
    constructor({ label, query, wants, most, page }) {
        Object.assign(this, { query, wants, most, page });
        this.items = new Map();
        this.next = null;
        this.isTrimmed = false;
        this.isBehind = false;
        this.list = h('ol.rows', { 'aria-label': label });
    }

    /** Asks for the newest. Returns how many there are. */
    async load(signal) {
        const { items, next } = await ask('exchanges', { ...this.query, limit: this.page }, signal);
        this.items.clear();
        this.next = next;
        this.isTrimmed = this.isBehind = false;
        const wanted = items.filter(this.wants).slice(0, this.most);
        show(
            this.list,
            wanted.map((row) => this.#item(row)),
        );
        return this.items.size;
    }

    /** Asks for the page before the last row. Rows that are too many go from the top. */
    async older(room) {
        this.most = Math.max(this.most, room);
        const before = this.isTrimmed ? { to: justAfter(this.last()?.ts) } : { before: this.next };
        const { items, next } = await ask('exchanges', { ...this.query, ...before, limit: 100 });
        this.next = next;
        this.isTrimmed = false;
        const fresh = items.filter((row) => this.wants(row) && !this.items.has(row.id));
        this.list.append(...fresh.map((row) => this.#item(row)));
        this.#trim('first');
        return fresh[0] ? this.items.get(fresh[0].id).item : null;
    }

    /** Takes rows in, given newest first. What took long stands where it began, as it will when it is asked for again. */
    put(rows) {
        const fresh = rows.filter((row) => this.wants(row) && !this.items.has(row.id)).slice(0, this.most);
        for (const row of fresh) this.#insert(row);
        this.#trim('last');
    }

    #insert(row) {
        let below = this.list.firstElementChild;
        while (below && isLater(this.items.get(below.dataset.id).row, row)) below = below.nextElementSibling;
        // Older than all that is shown: it comes with the page that it is on.
        if (!below && this.items.size && this.hasOlder()) return;
        this.list.insertBefore(this.#item(row), below);
    }

    hasOlder() {
        return this.isTrimmed || Boolean(this.next);
    }

    last() {
        return this.items.get(this.list.lastElementChild?.dataset.id)?.row;
    }

    #item(row) {
        const item = rowItem(row);
        this.items.set(row.id, { row, item });
        return item;
    }

    #trim(end) {
        while (this.items.size > this.most) {
            const gone = end === 'last' ? this.list.lastElementChild : this.list.firstElementChild;
            this.items.delete(gone.dataset.id);
            gone.remove();
            // What lies between the last row and the cursor, or between the first and the newest, is missing now.
            if (end === 'last') this.isTrimmed = true;
            else this.isBehind = true;
        }
    }
}

const isLater = (one, other) => one.ts > other.ts || (one.ts === other.ts && one.id > other.id);

/** `to` leaves its own moment out, and several exchanges may share one. */
function justAfter(time) {
    return time && new Date(Date.parse(time) + 1).toISOString();
}

/** One exchange as a link that opens it. */
function rowItem(row) {
    const { kind, words } = outcome(row);
    const marks = (row.identifiers ?? []).slice(0, 4).map((identifier) => h('span.tag', {}, wordsOf(identifier)));
    const inside = [
        h('span.when', {}, moment(row.ts)),
        h('span.what', {}, h('span.host', {}, foreign(row.host, 120)), ' ', h('span.path', {}, path(row))),
        h('span.who', {}, foreign(row.client_name || bare(row.client), 60)),
        h('span.found', {}, marks, ' ', h('span.outcome', {}, words)),
    ];
    return h(`li.row.${kind}`, { 'data-id': row.id }, h('a', { href: opening(row.id) }, inside));
}

function path(row) {
    if (row.method === 'CONNECT') return 'tunnel';
    const target = String(row.target ?? '');
    const from = /^https?:\/\/[^/]*/i.exec(target.slice(0, 400))?.[0].length ?? 0;
    return [row.method === 'GET' ? '' : h('b', {}, foreign(row.method, 20), ' '), foreign(target.slice(from), 160)];
}

const VERDICTS = {
    tunnelled: 'passed unread',
    intercepted: 'opened',
    redirected: 'sent to HTTPS',
    answered: 'answered by clir',
    blocked: 'blocked',
    refused: 'refused',
};

/** What became of it, in a word or two, and as which kind it is marked. */
export function outcome(row) {
    if (row.leaked) return { kind: 'leaked', words: 'went on to the site' };
    if (row.severity) {
        const done = (row.actions ?? []).filter((action) => action !== 'keep').map(doneBy);
        return { kind: 'spared', words: [...new Set(done)].join(', ') || 'did not reach the site' };
    }
    if (row.error || row.verdict === 'failed') return { kind: 'failed', words: 'failed' };
    if (row.verdict === 'forwarded') return { kind: 'plain', words: row.status ?? '' };
    return { kind: 'plain', words: VERDICTS[row.verdict] ?? row.verdict ?? '' };
}
