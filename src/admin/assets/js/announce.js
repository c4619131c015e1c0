// What is read aloud, so that a busy stream does not talk without end?

import { some } from './text.js';

const PAUSE = 6000;

const element = document.getElementById('said');
let waiting = { rows: 0, leaks: 0, words: [] };
let timer = null;

/** Counts a row of the stream; what was found is told together, every few seconds at most. */
export function announceRow(row) {
    if (!row.severity) return;
    waiting.rows += 1;
    if (row.leaked) waiting.leaks += 1;
    soon();
}

/** Says this, with whatever else is waiting. */
export function announce(words) {
    waiting.words = [...waiting.words, words].slice(-3);
    soon();
}

function soon() {
    timer ??= setTimeout(speak, waiting.words.length ? 100 : 1000);
}

function speak() {
    const { rows, leaks, words } = waiting;
    const found = rows ? [`${some(rows, 'exchange')} with an identifier, ${leaks} went on to a site.`] : [];
    element.textContent = [...words, ...found].join(' ');
    waiting = { rows: 0, leaks: 0, words: [] };
    timer = setTimeout(() => {
        timer = null;
        if (waiting.rows || waiting.words.length) soon();
    }, PAUSE);
}
