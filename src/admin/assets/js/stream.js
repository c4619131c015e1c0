// What happens now, and is the line to the server up?

const AGAIN = 3000;

const listeners = new Map();
let source = null;
let isUp = null;
let timer = null;

/**
 * Calls back for `exchange`, `alert`, `changed`, `missed`, for `line` with `{ up, again }`, and for `refused`, when somebody
 * answered with something else. Returns how to stop.
 */
export function on(kind, callback) {
    if (!listeners.has(kind)) listeners.set(kind, new Set());
    listeners.get(kind).add(callback);
    return () => listeners.get(kind).delete(callback);
}

function emit(kind, data) {
    for (const callback of listeners.get(kind) ?? []) callback(data);
}

/** Opens the stream. The browser asks again by itself with `Last-Event-ID`; where it gives up, this does not. */
export function open() {
    source?.close();
    source = new EventSource('/api/v1/stream');
    source.onopen = () => up(true);
    source.onerror = () => {
        up(false);
        if (source.readyState === EventSource.CLOSED) {
            emit('refused');
            clearTimeout(timer);
            timer = setTimeout(open, AGAIN);
        }
    };
    for (const kind of ['exchange', 'alert', 'changed', 'missed']) {
        source.addEventListener(kind, (event) => receive(kind, event.data));
    }
}

function receive(kind, text) {
    let data;
    try {
        data = JSON.parse(text);
    } catch {
        // One line that cannot be read is no reason to lose the others.
        return;
    }
    emit(kind, data);
}

function up(now) {
    if (now === isUp) return;
    const again = now && isUp === false;
    isUp = now;
    emit('line', { up: now, again });
}
