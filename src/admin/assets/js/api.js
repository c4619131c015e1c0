// How is the server asked, and what is said when it does not answer?

/** What went wrong, with the server's own words where it has some. */
export class Refused extends Error {
    constructor(status, words, diagnostics) {
        super(words);
        this.status = status;
        this.diagnostics = diagnostics ?? [];
    }
}

/** GET: `ask('exchanges', { limit: 100 })`. Parameters that are empty are left out. */
export function ask(path, parameters = {}, signal) {
    const given = Object.entries(parameters).filter(
        ([, value]) => value !== '' && value !== null && value !== undefined,
    );
    const query = new URLSearchParams(given).toString();
    return answer(fetch(`/api/v1/${path}${query && `?${query}`}`, { headers: { Accept: 'application/json' }, signal }));
}

/** POST, in the way that no other site's page can. */
export function tell(path, body) {
    const headers = { 'Content-Type': 'application/json', 'X-Clir': '1' };
    return answer(fetch(`/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function answer(request) {
    let response;
    try {
        response = await request;
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        throw new Refused(0, 'clir does not answer.');
    }
    if (response.status === 401) {
        location.assign('/login');
        throw new Refused(401, 'Log in again.');
    }
    const said = await response.json().catch(() => null);
    if (response.ok && said !== null) return said;
    throw new Refused(
        response.status,
        said?.error ?? `clir answered ${response.status} and gave no reason.`,
        said?.diagnostics,
    );
}
