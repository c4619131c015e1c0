// How is what stands in the log told to people, and made safe to look at?

import { h } from './dom.js';

/** What each identifier is called. The server's own words come with its answers; these are for menus and marks. */
export const IDENTIFIERS = {
    msisdn: 'phone number',
    imsi: 'subscription number (IMSI)',
    imei: 'device number (IMEI)',
    iccid: 'SIM card number (ICCID)',
    'subscriber-id': 'pseudonym for life',
    acr: 'customer reference (ACR)',
    account: 'account or e-mail address',
    location: 'location',
    'client-ip': 'address inside the carrier',
    device: 'device profile',
    network: 'network details',
};

export const SEVERITIES = ['low', 'medium', 'high', 'critical'];

/** What was done, as one word about the identifier. */
export const ACTIONS = { strip: 'stripped', redact: 'redacted', replace: 'replaced', block: 'blocked', keep: 'kept' };

const ORIGINS = {
    carrier: 'put there by the carrier',
    handset: 'sent by the phone itself',
    unknown: 'nobody knows who put it there',
};

export const wordsOf = (identifier) => IDENTIFIERS[identifier] ?? String(identifier);
export const doneBy = (action) => ACTIONS[String(action).split(/[\s:(]/)[0]] ?? String(action);
export const originWords = (origin) => ORIGINS[origin] ?? String(origin);

// What shows nothing, or turns the direction of what follows: told by its code point instead.
// eslint-disable-next-line no-control-regex
const HIDDEN =
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with nothing in it that cannot be seen. */
export function plain(text) {
    return String(text ?? '').replace(
        HIDDEN,
        (char) => `‹U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`,
    );
}

/** Text of strangers: its direction ends where it ends, and it is cut where nobody reads on. */
export function foreign(text, most = 300) {
    const whole = plain(String(text ?? '').slice(0, most + 1));
    return h('bdi', {}, whole.length > most ? `${whole.slice(0, most)}…` : whole);
}

const NUMBER = new Intl.NumberFormat('en-GB');
export const count = (number) => NUMBER.format(number ?? 0);
export const some = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** A moment in the time of whoever looks: the clock today, the day before that. */
export function moment(time, isFull = false) {
    const date = new Date(time ?? NaN);
    if (Number.isNaN(date.getTime())) return h('span', {}, '–');
    const isToday = date.toDateString() === new Date().toDateString();
    const words = isFull
        ? FULL.format(date)
        : isToday
          ? CLOCK.format(date)
          : `${DAY.format(date)} ${CLOCK.format(date).slice(0, 5)}`;
    return h('time', { datetime: date.toISOString(), title: FULL.format(date) }, words);
}

export const clock = (date) => CLOCK.format(date);

const UNITS = [
    ['d', 86400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
];

/** How long, in the two units that say most. */
export function lasting(seconds) {
    let rest = Math.max(0, Math.round(seconds ?? 0));
    const parts = UNITS.map(([unit, size]) => {
        const amount = Math.floor(rest / size);
        rest -= amount * size;
        return amount ? `${amount} ${unit}` : '';
    });
    return parts.filter(Boolean).slice(0, 2).join(' ') || '0 s';
}

export function size(bytes) {
    if (!Number.isFinite(bytes)) return 'not known';
    const at = bytes > 0 ? Math.min(4, Math.floor(Math.log10(bytes) / 3)) : 0;
    return `${count(Math.round((bytes / 1000 ** at) * 10) / 10)} ${['B', 'kB', 'MB', 'GB', 'TB'][at]}`;
}

export const bare = (client) => String(client ?? '').replace(/^\[(.*)\]:\d+$|^([^:]*):\d+$/, '$1$2');
