// How is Chromium driven with nothing but Node? Over its own pipe, so that no port has to be found.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// Known to work as root, without a display, on a machine that reaches nobody.
const FLAGS = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--hide-scrollbars',
    '--remote-debugging-pipe',
];

/** How long anything may take on a busy machine. Nothing waits this long when all is well. */
const PATIENCE = 30000;

export const PHONE = { width: 360, height: 760, mobile: true, deviceScaleFactor: 2 };
export const DESK = { width: 1280, height: 860, mobile: false, deviceScaleFactor: 1 };

/** Starts a browser with a profile of its own. `close` ends it and takes its profile away. */
export async function chromium(flags = []) {
    const home = process.env.CLIR_CHROMIUM_HOME ?? fs.mkdtempSync(path.join(os.tmpdir(), 'clir-view-'));
    const every = [...FLAGS, `--user-data-dir=${path.join(home, 'profile')}`, ...flags, 'about:blank'];
    const child = spawn('chromium', every, {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
        env: { ...process.env, HOME: home },
    });
    const pipe = new Pipe(child.stdio[3], child.stdio[4]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const close = async () => {
        pipe.call('Browser.close').catch(() => {});
        await ended;
        if (!process.env.CLIR_CHROMIUM_HOME) fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    };
    return { page: (size, isDark) => Page.open(pipe, size, isDark), close };
}

/** Commands and answers, each ended by a zero byte. */
class Pipe {
    constructor(output, input) {
        Object.assign(this, { output, last: 0, waiting: new Map(), heard: new Set() });
        let left = '';
        input.setEncoding('utf8');
        input.on('data', (text) => {
            const messages = (left + text).split('\0');
            left = messages.pop();
            for (const message of messages) this.#take(JSON.parse(message));
        });
    }

    call(method, params = {}, sessionId = undefined) {
        const id = ++this.last;
        this.output.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
        return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject, method }));
    }

    #take(message) {
        const asked = this.waiting.get(message.id);
        this.waiting.delete(message.id);
        if (!asked) for (const hear of this.heard) hear(message);
        else if (message.error) asked.reject(new Error(`${asked.method}: ${message.error.message}`));
        else asked.resolve(message.result);
    }
}

class Page {
    static async open(pipe, size = DESK, isDark = false) {
        const { targetId } = await pipe.call('Target.createTarget', { url: 'about:blank' });
        const { sessionId } = await pipe.call('Target.attachToTarget', { targetId, flatten: true });
        const page = new Page();
        page.call = (method, params) => pipe.call(method, params, sessionId);
        /** Faults of scripts, what the console was told, and what the content policy refused. */
        page.faults = [];
        pipe.heard.add((message) => message.sessionId === sessionId && page.#hear(message));
        for (const domain of ['Page', 'Runtime', 'Log']) await page.call(`${domain}.enable`);
        const { width, height, mobile, deviceScaleFactor } = size;
        await page.call('Emulation.setDeviceMetricsOverride', { width, height, mobile, deviceScaleFactor });
        await page.call('Emulation.setEmulatedMedia', {
            features: [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }],
        });
        return page;
    }

    #hear({ method, params }) {
        if (method === 'Runtime.exceptionThrown')
            this.faults.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
        if (method === 'Runtime.consoleAPICalled' && params.type === 'error')
            this.faults.push(JSON.stringify(params.args));
        // 422 is how the server says that a rule is not sound: no fault of the page.
        const entry = method === 'Log.entryAdded' ? params.entry : null;
        if (entry?.level === 'error' && !/status of 422/.test(entry.text)) this.faults.push(entry.text);
    }

    async go(url) {
        const { errorText } = await this.call('Page.navigate', { url });
        if (errorText) throw new Error(`${url}: ${errorText}`);
    }

    /** What an expression is worth in the page. */
    async ask(expression) {
        const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
            expression,
            awaitPromise: true,
            returnByValue: true,
        });
        if (exceptionDetails)
            throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
        return result.value;
    }

    /** Asks again until it is worth something; returns that. Between two pages there may be nothing to ask. */
    async until(expression, patience = PATIENCE) {
        const end = Date.now() + patience;
        for (;;) {
            const value = await this.ask(expression).catch((error) => Date.now() > end && Promise.reject(error));
            if (value) return value;
            if (Date.now() > end)
                throw new Error(
                    `in vain: ${expression}\n${await this.ask('document.body.innerText.slice(0, 3000)')}\n${this.faults.join('\n')}`,
                );
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }

    /** Text that stands somewhere, once it does. */
    says(text) {
        return this.until(`document.body.innerText.includes(${JSON.stringify(text)})`);
    }

    /** Presses what has this name, as somebody with a keyboard does: focus, then Enter. */
    async press(selector, words) {
        const found = `[...document.querySelectorAll(${JSON.stringify(selector)})].find((one) => one.innerText.includes(${JSON.stringify(words)}) && !one.disabled && one.checkVisibility())`;
        await this.until(
            `(() => { const one = ${found}; one?.focus(); return one && document.activeElement === one; })()`,
        );
        await this.key('Enter');
    }

    async key(key) {
        const text = key === 'Enter' ? '\r' : undefined;
        await this.call('Input.dispatchKeyEvent', {
            type: 'keyDown',
            key,
            code: key,
            windowsVirtualKeyCode: { Enter: 13, Escape: 27, Tab: 9 }[key],
            text,
        });
        await this.call('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key });
    }

    /** Types into what has the keyboard. */
    type(text) {
        return this.call('Input.insertText', { text });
    }

    async picture(file) {
        const { data } = await this.call('Page.captureScreenshot', { format: 'png' });
        fs.writeFileSync(file, Buffer.from(data, 'base64'));
    }
}
