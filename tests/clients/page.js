// Does everything that pages do, and posts what came of it.

const said = { loaded: window.loaded };

const events = () =>
    new Promise((resolve, reject) => {
        const source = new EventSource("/events");
        const got = [];
        source.onerror = () => got.length < 3 && reject(new Error('no events'));
        source.onmessage = (event) => {
            got.push(event.data);
            if (got.length === 3) {
                source.close();
                resolve(got);
            }
        };
    });

const websocket = () =>
    new Promise((resolve, reject) => {
        const socket = new WebSocket('WEBSOCKET');
        socket.onopen = () => socket.send('spoken');
        socket.onerror = () => reject(new Error('no WebSocket'));
        socket.onmessage = (event) => {
            socket.close();
            resolve(event.data);
        };
    });

try {
    said.echo = await (await fetch("/echo", { method: 'POST', body: 'posted' })).text();
    said.events = await events();
    said.websocket = await websocket();
    const file = new Uint8Array(await (await fetch('/large.bin')).arrayBuffer());
    said.download = file.length;
    said.sum = file.reduce((sum, byte) => sum + byte, 0);
    said.protocol = performance.getEntriesByType('resource').find((entry) => entry.name.includes('/r/')).nextHopProtocol;
} catch (error) {
    said.error = String(error);
}
await fetch('REPORT', { method: 'POST', mode: 'no-cors', body: JSON.stringify(said) });
