// Over which network does the phone go to the site, and what does a box do there?

import net from 'node:net';

/** Each network has an address of its own, as seen by the site. */
const ADDRESSES = { wifi: '127.0.0.2', cellular: '127.0.0.3' };

/** Where a phone connects to; from there on it goes by the network that it is on. */
export class Networks {
    /** On Wi-Fi. `insert` is what is written into each request over cellular: whole lines. */
    static async to(site, insert = '') {
        const networks = new Networks();
        Object.assign(networks, { site, insert, network: 'wifi', open: new Set() });
        networks.server = net.createServer((phone) => networks.#pass(phone));
        await new Promise((resolve) => networks.server.listen(0, '127.0.0.1', resolve));
        networks.url = `http://127.0.0.1:${networks.server.address().port}`;
        return networks;
    }

    /** From now on the phone is on this one; connections over the other end. */
    change(network) {
        this.network = network;
        for (const one of this.open) one.destroy();
    }

    close() {
        this.server.close();
        this.change('wifi');
    }

    #pass(phone) {
        const [host, port] = this.site.split(':');
        const site = net.connect({ host, port: Number(port), localAddress: ADDRESSES[this.network] });
        for (const one of [phone, site]) {
            this.open.add(one);
            one.on('error', () => {}).on('close', () => {
                this.open.delete(one);
                phone.destroy();
                site.destroy();
            });
        }
        const insert = this.network === 'cellular' ? this.insert : '';
        // What a box is written into is requests without a body, as browsers ask for pages.
        let head = '';
        phone.on('data', (data) => {
            head += data.toString('latin1');
            for (let end = head.indexOf('\r\n\r\n'); end >= 0; end = head.indexOf('\r\n\r\n')) {
                site.write(`${head.slice(0, end + 2)}${insert}\r\n`, 'latin1');
                head = head.slice(end + 4);
            }
        });
        site.pipe(phone);
    }
}
