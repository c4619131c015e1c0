// What is to be shown, as the address says: `#/view?filter=…&open=ID`?

export const VIEWS = ['live', 'counts', 'rules', 'passed', 'alerts', 'health'];

/** The view and its parameters. What is unknown leads to the live view. */
export function here() {
    const [name, query = ''] = location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
    const view = VIEWS.includes(name) ? name : 'live';
    return { view, parameters: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a view; parameters that are empty are left out. */
export function to(view, parameters = {}) {
    const given = Object.entries(parameters).filter(
        ([, value]) => value !== '' && value !== null && value !== undefined,
    );
    const query = new URLSearchParams(given).toString();
    return `#/${view}${query && `?${query}`}`;
}

/** Goes there; `isSmall` leaves no step in the history. */
export function go(view, parameters, isSmall = false) {
    const target = to(view, parameters);
    if (target === location.hash) return;
    if (!isSmall) {
        location.hash = target;
        return;
    }
    history.replaceState(null, '', target);
    dispatchEvent(new HashChangeEvent('hashchange'));
}

/** Where one exchange is opened, over whatever is shown now. */
export function opening(id) {
    const { view, parameters } = here();
    return to(view, { ...parameters, open: id });
}

export function close() {
    const { view, parameters } = here();
    go(view, { ...parameters, open: '' }, true);
}
