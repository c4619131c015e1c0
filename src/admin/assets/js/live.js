// What leaves the phones at this moment?

import { announceRow } from './announce.js';
import { ask } from './api.js';
import { h, show } from './dom.js';
import { chosen, form, isAny, isOfFindings, passes, reflect } from './filters.js';
import { here } from './route.js';
import { Feed } from './rows.js';
import { on } from './stream.js';
import { statement } from './statement.js';
import { some } from './text.js';

/** At most so many rows stand in the page: those with findings, and the others. */
const [FOUND, FIRST, OTHERS] = [150, 8, 350];
const FINDINGS = 'With findings';
const TOGETHER = 200;
const POINTING = 4000;
const AGAIN = 2000;

/** Shows the live view in `root`; returns how it is told of a new address, and how it ends. */
export function live(root) {
    const top = statement();
    const view = new Live(chosen(here().parameters));
    show(root, top.element, view.element);
    const stops = [
        on('exchange', (row) => {
            top.heed(row);
            view.offer(row);
        }),
        on('missed', () => view.missed()),
        on('line', ({ again }) => again && (top.ask(), view.load())),
    ];
    view.load();
    return {
        update: (parameters) => view.filter(chosen(parameters)),
        stop: () => {
            top.stop();
            view.stop();
            for (const stop of stops) stop();
        },
    };
}

class Live {
    constructor(filters) {
        this.filters = filters;
        this.waiting = [];
        this.isPaused = false;
        this.isIncomplete = false;
        this.pointed = 0;
        this.asking = 0;
        this.pause = h('button', { type: 'button', onclick: () => this.togglePause() }, 'Pause');
        this.fresh = h('button.fresh', { type: 'button', hidden: true, onclick: () => this.showWaiting() });
        this.form = form(filters);
        this.lists = h('div.lists', { onpointermove: () => (this.pointed = Date.now()) });
        const head = h('div.stream-head', {}, h('h2', {}, 'What passes now'), this.pause);
        this.element = h(
            'section.stream',
            { 'aria-label': 'Exchanges' },
            head,
            this.form,
            h('div.fresh-place', {}, this.fresh),
            this.lists,
        );
        this.timer = setInterval(() => this.flush(), TOGETHER);
    }

    stop() {
        clearInterval(this.timer);
        this.asked?.abort();
    }

    filter(filters) {
        if (JSON.stringify(filters) === JSON.stringify(this.filters)) return;
        this.filters = filters;
        reflect(this.form, filters);
        this.load();
    }

    /** Asks for what there is, from the newest on. */
    async load() {
        this.asked?.abort();
        this.asked = new AbortController();
        const { signal } = this.asked;
        const feeds = this.feeds();
        this.waiting = [];
        this.isIncomplete = false;
        this.asking = Date.now();
        this.showFresh();
        try {
            await Promise.all(feeds.map(({ feed }) => feed.load(signal)));
        } catch (error) {
            if (error.name !== 'AbortError') show(this.lists, h('p.banner.bad', {}, error.message));
            return;
        }
        this.parts = feeds;
        show(
            this.lists,
            feeds.map((part) => part.element),
        );
        for (const part of feeds) part.refresh();
    }

    feeds() {
        const { filters } = this;
        const found = { ...filters, found: '1' };
        const isFound = (row) => Boolean(row.severity);
        const only = isOfFindings(filters);
        const most = only ? FOUND : FIRST;
        const feed = new Feed({ label: FINDINGS, query: found, wants: isFound, most, page: only ? 100 : FIRST });
        const parts = [new Part(FINDINGS, feed, only ? OTHERS + FOUND : FOUND, filters)];
        if (only) return parts;
        const rest = new Feed({
            label: 'Nothing found',
            query: filters,
            wants: (row) => !isFound(row),
            most: OTHERS,
            page: 100,
        });
        return [...parts, new Part('Nothing found', rest, OTHERS, filters)];
    }

    offer(row) {
        if (!passes(row, this.filters)) return;
        announceRow(row);
        this.waiting.push(row);
        // Older ones would not be shown anyway, but for findings, which are asked for again.
        if (this.waiting.length > FOUND + OTHERS && this.waiting.shift().severity) this.isIncomplete = true;
    }

    /** Some passed too quickly to be told one by one: they are asked for together, now and then. */
    missed() {
        this.isIncomplete = true;
    }

    /** New rows wait while somebody reads, points or has the keyboard in the list: nothing moves under their eyes. */
    isHeld() {
        const isRead = scrollY > 80 && this.lists.getBoundingClientRect().top < 0;
        const isPointed = Date.now() - this.pointed < POINTING;
        return this.isPaused || this.isBehind() || isRead || isPointed || this.lists.contains(document.activeElement);
    }

    isBehind() {
        return Boolean(this.parts?.some(({ feed }) => feed.isBehind));
    }

    flush() {
        const isDue = this.isIncomplete && Date.now() - this.asking > AGAIN;
        if (isDue && !this.isHeld()) this.load();
        else if (this.waiting.length && this.parts && !this.isHeld()) this.release();
        this.showFresh();
    }

    release() {
        const rows = this.waiting.reverse();
        this.waiting = [];
        for (const { feed, refresh } of this.parts) {
            feed.put(rows);
            refresh();
        }
    }

    showFresh() {
        const words = this.waiting.length ? `Show ${some(this.waiting.length, 'new exchange')}` : '';
        if (this.fresh.textContent !== words) this.fresh.textContent = words;
        this.fresh.hidden = !words || !this.isHeld();
    }

    showWaiting() {
        if (this.isPaused) this.togglePause();
        this.pointed = 0;
        if (this.isBehind() || this.isIncomplete) this.load();
        else this.release();
        this.showFresh();
        this.element.scrollIntoView({ block: 'start' });
        this.pause.focus({ preventScroll: true });
    }

    togglePause() {
        this.isPaused = !this.isPaused;
        this.pause.classList.toggle('strong', this.isPaused);
        this.pause.textContent = this.isPaused ? 'Go on' : 'Pause';
        this.flush();
    }
}

/** A list with its heading and the way to what is older. */
class Part {
    constructor(title, feed, room, filters) {
        Object.assign(this, { feed, filters });
        this.empty = h('p.empty', {});
        this.more = h(
            'button.more',
            { type: 'button', onclick: () => this.older(room) },
            title === FINDINGS ? 'Earlier findings' : 'Earlier exchanges',
        );
        this.element = h('div.part', {}, h('h3', {}, title), this.empty, feed.list, this.more);
        this.refresh = this.refresh.bind(this);
    }

    refresh() {
        const isEmpty = this.feed.items.size === 0;
        const isGoingOn = this.feed.hasOlder();
        const words = isGoingOn
            ? 'Nothing among the newest.'
            : isAny(this.filters)
              ? 'Nothing here matches the filter.'
              : 'Nothing yet. It appears here as soon as it passes.';
        show(this.empty, isEmpty ? words : '');
        this.empty.hidden = !isEmpty;
        this.more.hidden = !this.feed.hasOlder();
    }

    async older(room) {
        this.more.disabled = true;
        try {
            const first = await this.feed.older(room);
            first?.querySelector('a').focus();
        } catch (error) {
            show(this.empty, error.message);
            this.empty.hidden = false;
        }
        this.more.disabled = false;
        this.refresh();
    }
}
