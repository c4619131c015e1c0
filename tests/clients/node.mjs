// Do Node's own clients work through clir? Prints `<way> ok` for each.

import assert from 'node:assert';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';

const [host, port] = process.env.PROXY.split(':');
const { PLAIN, TLS, COUNT } = process.env;
const ca = fs.readFileSync(process.env.CA);
const LARGE = 5_000_000;

const read = async (stream) => {
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    return Buffer.concat(pieces);
};

const ask = (library, options, body) =>
    new Promise((resolve, reject) => {
        const request = library.request(options, (answer) => read(answer).then((content) => resolve({ answer, content }), reject));
        request.on('error', reject);
        request.end(body);
    });

// A tunnel to the authority of `url`, with TLS inside.
const tunnel = (url, ALPNProtocols) =>
    new Promise((resolve, reject) => {
        const { hostname, host: authority } = new URL(url);
        const request = http.request({ host, port, method: 'CONNECT', path: authority });
        request.on('error', reject);
        request.on('connect', (answer, socket) => {
            assert.equal(answer.statusCode, 200);
            const inside = tls.connect({ socket, servername: hostname, ca, ALPNProtocols }, () => resolve(inside));
            inside.on('error', reject);
        });
        request.end();
    });

const agent = new http.Agent({ keepAlive: true });
for (let n = 0; n < 3; n++) {
    const { answer, content } = await ask(http, { host, port, agent, path: `${PLAIN}/large.bin`, headers: { Host: new URL(PLAIN).host } });
    assert.equal(answer.statusCode, 200);
    assert.equal(content.length, LARGE);
}
const { content: counted } = await ask(
    http,
    { host, port, agent, method: 'POST', path: COUNT, headers: { Host: new URL(COUNT).host } },
    Buffer.alloc(1_000_000),
);
assert.equal(counted.toString(), '1000000');
agent.destroy();
console.log('cleartext ok');

const socket = await tunnel(TLS, ['http/1.1']);
const { content } = await ask(https, { createConnection: () => socket, path: '/large.bin', headers: { Host: new URL(TLS).host } });
assert.equal(content.length, LARGE);
socket.destroy();
console.log('tls ok');

const inside = await tunnel(TLS, ['h2']);
assert.equal(inside.alpnProtocol, 'h2');
const session = http2.connect(TLS, { createConnection: () => inside });
const sizes = await Promise.all([1, 2, 3, 4].map(() => read(session.request({ ':path': '/large.bin' })).then((all) => all.length)));
assert.deepEqual(sizes, [LARGE, LARGE, LARGE, LARGE]);
session.destroy();
console.log('http2 ok');
